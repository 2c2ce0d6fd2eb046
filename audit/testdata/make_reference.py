#!/usr/bin/env python3
"""Writes reference.json: what scikit-learn, scipy and numpy say about the scores in it.

Run once with scipy 1.17.1 and scikit-learn 1.9.1:  python3 make_reference.py > reference.json
DeLong is computed here from its definition, over all pairs; everything else by the library named.
"""
import json
import sys

import numpy as np
from scipy import integrate, optimize, stats
from sklearn.metrics import roc_auc_score, roc_curve

rng = np.random.default_rng(20240517)


def delong(pos, neg):
    psi = (pos[:, None] > neg[None, :]) + 0.5 * (pos[:, None] == neg[None, :])
    v10, v01 = psi.mean(1), psi.mean(0)
    return psi.mean(), v10.var(ddof=1) / len(pos) + v01.var(ddof=1) / len(neg)


def ranking(name, pos, neg):
    score = np.concatenate([pos, neg])
    member = np.concatenate([np.ones(len(pos), bool), np.zeros(len(neg), bool)])
    order = rng.permutation(len(score))
    score, member = score[order], member[order]
    auc, var = delong(score[member], score[~member])
    z = stats.norm.ppf(0.975)
    logit, half = np.log(auc / (1 - auc)), z * np.sqrt(var) / (auc * (1 - auc))
    fpr, tpr, _ = roc_curve(member, score, drop_intermediate=False)
    u = stats.mannwhitneyu(score[member], score[~member], method="asymptotic", use_continuity=True)
    at = {}
    for f in (0.001, 0.01, 0.1):
        t = tpr[fpr <= f + 1e-12].max()
        ci = stats.binomtest(int(round(t * len(pos))), len(pos)).proportion_ci(0.95, method="exact")
        at[str(f)] = [float(t), ci.low, ci.high]
    return dict(name=name, score=score.tolist(), member=member.tolist(), auc=float(roc_auc_score(member, score)),
                auc_pairs=float(auc), variance=float(var), low=float(1 / (1 + np.exp(half - logit))),
                high=float(1 / (1 + np.exp(-half - logit))), advantage=float((tpr - fpr).max()),
                p=float(u.pvalue), tpr_at=at)


def r3(x):
    return np.round(x, 3)


rankings = [
    ranking("normal, unequal sides", r3(rng.normal(0.5, 1, 60)), r3(rng.normal(0, 1, 45))),
    ranking("many ties", rng.integers(0, 6, 50).astype(float), rng.integers(0, 5, 70).astype(float)),
    ranking("no difference", r3(rng.normal(size=40)), r3(rng.normal(size=40))),
    ranking("nearly separated", r3(rng.normal(3, 1, 30)), r3(rng.normal(0, 1, 120))),
    ranking("two values", (rng.random(55) < 0.97).astype(float), (rng.random(65) < 0.8).astype(float)),
    ranking("reversed", r3(rng.normal(-1, 1, 25)), r3(rng.normal(0, 2, 35))),
]

clopper = []
for k, n, level in [(0, 5, .95), (5, 5, .95), (1, 2, .9), (3, 10, .95), (200, 1000, .95), (10, 1000, .95), (1, 100000, .999),
                    (99999, 100000, .999), (50000, 100000, .99375), (0, 10000, .99), (10000, 10000, .99), (7, 8, .5)]:
    ci = stats.binomtest(k, n).proportion_ci(level, method="exact")
    clopper.append([k, n, level, ci.low, ci.high])


def one_run(m, r, v, eps, delta):
    q = 1 / (1 + np.exp(-eps))
    beta = stats.binom.sf(v - 1, r, q)
    i = np.arange(1, v + 1)
    alpha = max((stats.binom.cdf(v - 1, r, q) - stats.binom.cdf(v - i - 1, r, q)) / i) if v else 0
    return min(1.0, float(beta + 2 * m * delta * alpha))


def one_run_lower(m, r, v, delta, conf):
    f = lambda e: one_run(m, r, v, e, delta) - (1 - conf)
    return float(optimize.brentq(f, 0, 40, xtol=1e-11)) if f(0) < 0 else 0.0


onerun = []
for m, r, v, eps, delta in [(1000, 100, 90, 1, 0), (1000, 100, 90, 1, 1e-5), (100, 10, 10, 1, 1e-5), (1000, 1000, 900, 2, 1e-5),
                            (20, 2, 2, .1, 1e-3), (5000, 500, 400, .5, 1e-5), (10000, 10000, 5100, .01, 1e-6), (50, 5, 0, 3, 1e-5),
                            (10000, 1000, 1000, 3, 1e-5)]:
    onerun.append([m, r, v, eps, delta, one_run(m, r, v, eps, delta), one_run_lower(m, r, v, delta, .95),
                   one_run_lower(m, r, v, delta, .999)])


def ceiling(eps, delta):
    top = lambda x: min(1, np.exp(eps) * x + delta, 1 - np.exp(-eps) * (1 - delta - x))
    knots = [(1 - delta) / (np.exp(eps) + 1), 1 - delta]
    auc = integrate.quad(top, 0, 1, points=knots, epsabs=1e-12, limit=200)[0]
    xs = np.append(np.linspace(0, 1, 20001), knots)
    return [eps, delta, float(auc), float(max(top(x) - x for x in xs)), float(top(.001)), float(top(.01))]


ceilings = [ceiling(e, d) for e in (0, .5, 1, 2.38, 3, 8) for d in (0, 1e-5, .01, .3)]


def gdp_delta(mu, e):
    return float(stats.norm.cdf(-e / mu + mu / 2) - np.exp(e + stats.norm.logcdf(-e / mu - mu / 2)))


gdp = []
for mu in (.1, .25, .5, 1, 2, 3, 5):
    gdp.append([mu, float(stats.norm.cdf(mu / np.sqrt(2))), float(2 * stats.norm.cdf(mu / 2) - 1),
                float(stats.norm.cdf(stats.norm.ppf(.001) + mu)), gdp_delta(mu, 1.0),
                float(optimize.brentq(lambda e: gdp_delta(mu, e) - 1e-5, 0, 60, xtol=1e-12))])

json.dump(dict(origin="make_reference.py; scipy, scikit-learn, numpy", rankings=rankings, clopper_pearson=clopper, one_run=onerun,
               ceilings=ceilings, gdp=gdp), sys.stdout, separators=(",", ":"))
print()
