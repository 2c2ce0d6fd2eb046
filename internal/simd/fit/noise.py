"""Minimax polynomials of noise_portable.go and noise_*_amd64.s (Remez exchange in 50 digits; needs mpmath).

Prints each coefficient, rounded to float32, with the largest weighted error before and after that rounding:

    python3 fit/noise.py
"""
import struct

from mpmath import cos, log1p, lu_solve, matrix, mp, mpf, pi, sin

mp.dps = 50


def float32(x):
    return struct.unpack("f", struct.pack("f", float(x)))[0]


def remez(f, weight, a, b, degree, grid_size=400, rounds=12):
    """Minimizes max |weight·(P − f)| over [a, b]; returns the coefficients in rising degree and that maximum."""
    mid, half, n = (a + b) / 2, (b - a) / 2, degree + 2
    nodes = [mid + half * cos(pi * mpf(2 * (n - i) - 1) / (2 * n)) for i in range(n)]
    grid = [mid + half * cos(pi * mpf(grid_size - i) / grid_size) for i in range(grid_size + 1)]
    for _ in range(rounds):
        left, right = matrix(n, n), matrix(n, 1)
        for i, x in enumerate(nodes):
            for j in range(degree + 1):
                left[i, j] = x**j
            left[i, degree + 1] = (-1) ** i / weight(x)
            right[i] = f(x)
        p = list(lu_solve(left, right))[: degree + 1]
        error = [weight(x) * (mp.polyval(p[::-1], x) - f(x)) for x in grid]
        peaks, at = [], 0
        for i in range(1, len(grid)):
            if (error[i] > 0) != (error[at] > 0):
                peaks.append(at)
                at = i
            elif abs(error[i]) > abs(error[at]):
                at = i
        peaks.append(at)
        while len(peaks) > n:
            peaks.pop(0 if abs(error[peaks[0]]) < abs(error[peaks[-1]]) else -1)
        if len(peaks) < n:
            break
        nodes = [grid[i] for i in peaks]
    return p, max(abs(e) for e in error)


def show(name, f, weight, a, b, degree):
    p, error = remez(f, weight, a, b, degree)
    rounded = [mpf(float32(c)) for c in p]
    points = [a + (b - a) * mpf(i) / 1000 for i in range(1001)]
    after = max(abs(weight(x) * (mp.polyval(rounded[::-1], x) - f(x))) for x in points)
    print(name, "degree", degree, "minimax", mp.nstr(error, 3), "after rounding", mp.nstr(after, 3))
    for c in rounded:
        print("   ", float(c).hex())


def log_rest(x):
    """(−2·log1p(x) + 2x − x²)/x³."""
    if abs(x) < mpf(10) ** -8:
        return mpf(-2) / 3 + x / 2
    return (-2 * log1p(x) + 2 * x - x * x) / x**3


def sin_even(y):
    """sin(π/2·t)/t at t² = y."""
    if y < mpf(10) ** -20:
        return pi / 2
    return sin(pi / 2 * mp.sqrt(y)) / mp.sqrt(y)


def cos_even(y):
    """cos(π/2·t) at t² = y."""
    return cos(pi / 2 * mp.sqrt(y))


if __name__ == "__main__":
    quarter = mpf(1) / 4
    show("log", log_rest, lambda x: x * x / 2 + mpf(10) ** -12, -quarter, 2 * quarter, 7)
    show("sin", sin_even, lambda y: 1 / sin_even(y), mpf(0), quarter, 3)
    show("cos", cos_even, lambda y: 1 / cos_even(y), mpf(0), quarter, 4)
