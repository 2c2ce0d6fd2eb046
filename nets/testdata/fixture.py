"""Writes fixture.json: what PyTorch makes of the nets of the catalog, for TestFixture.

Run once with `python fixture.py > fixture.json` (the file records the version). Weights and records are not stored: both sides compute
them from the formulas below, in float64 rounded to float32. Torch then works in float64. Gradients are taken one slot
at a time. The layers are written out here in the order of the papers, NCHW, independently of the Go descriptions; only
the parameters have hush's layout (dense [in, out], convolution [KH, KW, C, P]) and features are flattened in the order
row, column, channel.
"""
import json
import math

import numpy as np
import torch
import torch.nn.functional as F

torch.set_num_threads(1)
UNITS, SLOTS = 4, 2
MASK = [[1, 1], [1, 0], [0, 1], [1, 1]]


def values(n, tensor):
    """n values on (-1, 1): the top 24 bits of SplitMix64 (Steele et al. 2014), started at 2^32 times the tensor's number."""
    z = (np.arange(1, n + 1, dtype=np.uint64) + np.uint64(tensor << 32)) * np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    z = z ^ (z >> np.uint64(31))
    return (z >> np.uint64(40)).astype(np.float64) / 2**23 - 1


def weights(shape, tensor, fan_in):
    v = values(math.prod(shape), tensor + 1) * math.sqrt(3 / fan_in)  # variance 1/fan_in: gradients reach the first layer
    return torch.tensor(v.astype(np.float32).astype(np.float64).reshape(shape), requires_grad=True)


class Net:
    """Hands out parameters in order and applies layers."""

    def __init__(self):
        self.params, self.at = [], 0

    def take(self, shape, fan_in):
        if self.at == len(self.params):
            self.params.append(weights(shape, self.at, fan_in))
        self.at += 1
        return self.params[self.at - 1]

    def dense(self, x, out):
        d = x.shape[1]
        w, b = self.take((d, out), d), self.take((out,), d)
        return x @ w + b

    def conv(self, x, filters, side, stride, pad):
        d = side * side * x.shape[1]
        w, b = self.take((side, side, x.shape[1], filters), d), self.take((filters,), d)
        return F.conv2d(x, w.permute(3, 2, 0, 1), b, stride, pad)


def flat(x):
    return x.permute(0, 2, 3, 1).flatten(1)


def linear(n, x):
    return n.dense(flat(x), 10)


def mlp(n, x):
    h = torch.relu(n.dense(flat(x), 24))
    h = torch.relu(n.dense(h, 16))
    return n.dense(h, 5)


def fcn(n, x):
    h = flat(x)
    for w in (1024, 512, 256, 128):
        h = torch.tanh(n.dense(h, w))
    return n.dense(h, 100)


def tramer28(n, x):
    h = F.max_pool2d(torch.tanh(n.conv(x, 16, 8, 2, 2)), 2, 1)
    h = F.max_pool2d(torch.tanh(n.conv(h, 32, 4, 2, 0)), 2, 1)
    return n.dense(torch.tanh(n.dense(flat(h), 32)), 10)


def tramer32(n, x):
    h = x
    for f in (32, 64, 128):
        h = torch.tanh(n.conv(h, f, 3, 1, 1))
        h = F.max_pool2d(torch.tanh(n.conv(h, f, 3, 1, 1)), 2, 2)
    return n.dense(torch.tanh(n.dense(flat(h), 128)), 10)


def opacus(n, x):
    h = F.max_pool2d(F.relu(n.conv(x, 16, 8, 2, 3)), 2, 1)
    h = F.max_pool2d(F.relu(n.conv(h, 32, 4, 2, 0)), 2, 1)
    return n.dense(F.relu(n.dense(flat(h), 32)), 10)


def dormann(n, x):
    h = F.max_pool2d(torch.tanh(n.conv(x, 16, 5, 1, 0)), 2, 2)
    h = F.max_pool2d(torch.tanh(n.conv(h, 32, 4, 1, 0)), 2, 2)
    return n.dense(torch.tanh(n.dense(flat(h), 32)), 10)


NETS = [
    ("linear", linear, (1, 1, 3969), 10),
    ("mlp:24,16", mlp, (1, 1, 30), 5),
    ("fcn", fcn, (1, 1, 600), 100),
    ("cnn28-tanh", tramer28, (28, 28, 1), 10),
    ("cnn32-tanh", tramer32, (32, 32, 3), 10),
    ("opacus-mnist", opacus, (28, 28, 1), 10),
    ("dormann-mnist", dormann, (28, 28, 1), 10),
]


def short(v):
    return [float("%.9g" % u) for u in v]


def case(name, forward, shape, classes):
    n = Net()
    size = math.prod(shape)
    x = values(UNITS * SLOTS * size, 1000).astype(np.float32).astype(np.float64)
    x = torch.tensor(x.reshape(UNITS * SLOTS, *shape)).permute(0, 3, 1, 2)
    logits, losses, grads = [], [], []
    for u in range(UNITS):
        total = None
        for s in range(SLOTS):
            r = u * SLOTS + s
            n.at = 0
            z = forward(n, x[r : r + 1])
            loss = F.cross_entropy(z, torch.tensor([(3 * r + 1) % classes]), reduction="sum")
            g = torch.autograd.grad(loss, n.params)
            logits += z[0].tolist()
            losses.append(loss.item() * MASK[u][s])
            if MASK[u][s]:
                g = [v / sum(MASK[u]) for v in g]
                total = g if total is None else [a + b for a, b in zip(total, g)]
        grads.append(total)
    norms = [math.sqrt(sum((v * v).sum().item() for v in g)) for g in grads]
    clip = float("%.4g" % sorted(norms)[1])  # the second smallest: some are clipped, some are not
    tensors = []
    for t in range(len(n.params)):
        total = sum(min(1, clip / m) * g[t].flatten().numpy() for m, g in zip(norms, grads))
        step = max(1, len(total) // 32)
        tensors.append({
            "size": len(total),
            "norm": float("%.9g" % np.linalg.norm(total)),
            "projection": float("%.9g" % (total @ values(len(total), 2000))),
            "step": step,
            "values": short(total[::step]),
        })
    return {"net": name, "input": shape, "classes": classes, "clip": clip, "logits": short(logits), "losses": short(losses),
            "norms": short(norms), "sums": tensors}


print(json.dumps({"torch": torch.__version__, "units": UNITS, "slots": SLOTS, "mask": sum(MASK, []), "cases": [case(*c) for c in NETS]}))
