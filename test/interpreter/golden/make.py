"""Makes values.json, the numbers that test/interpreter quotes: `python3 make.py > values.json`, by hand, once.

Computed by us with NumPy 1.24 and SciPy 1.10 (both BSD-3-Clause) and, for special functions, mpmath 1.2 (BSD-3-Clause) at
60 digits. Operands are small integers given by a formula, so that linear results are exact.
"""
import json
import mpmath as mp
import numpy as np
import scipy.linalg
import scipy.signal
import scipy.special

mp.mp.dps = 60


def seq(*shape, a=7, c=3, m=11):
    """The operand that the tests make too: ((a·i + c) mod m) - m//2."""
    n = int(np.prod(shape))
    return (((np.arange(n) * a + c) % m) - m // 2).astype(np.float64).reshape(shape)


out = {}


# special functions: rows of [arguments…, value]
def rows(name, f, args):
    table = []
    for a in args:
        a = a if isinstance(a, tuple) else (a,)
        table.append([*map(float, a), float(f(*[mp.mpf(float(x)) for x in a]))])
    out[name] = table


def dp(a, x):
    with mp.workdps(90):
        h = a * mp.mpf(10) ** -25
        p = lambda s: mp.gammainc(s, 0, x, regularized=True)
        return (p(a + h) - p(a - h)) / (2 * h)


rows("erf", mp.erf, [1e-20, 0.1, 0.5, 1, 1.99, 2.01, 3.5, -0.7])
rows("erfc", mp.erfc, [0.1, 0.5, 0.999, 1.001, 2, 5, 10, 26, -1.5])
rows("erf_inv", mp.erfinv, [1e-12, 0.1, 0.4999, 0.5001, 0.9, 0.999999, -0.3])
rows("lgamma", lambda x: mp.log(abs(mp.gamma(x))), [1e-10, 0.1, 0.5, 0.999, 1.001, 1.5, 1.999, 2.001, 2.6, 5, 9.9, 10.1, 100, -0.3, -0.7, -5.2])
rows("digamma", mp.digamma, [1e-5, 0.1, 0.5, 1, 2.5, 9.9, 10.1, 1000, -0.3, -5.2])
rows("bessel_i0e", lambda x: mp.besseli(0, x) * mp.exp(-abs(x)), [0, 0.5, 3, 10, 19.9, 20.1, 100, -2])
rows("bessel_i1e", lambda x: mp.besseli(1, x) * mp.exp(-abs(x)), [1e-5, 0.5, 3, 10, 19.9, 20.1, 100, -2])
rows("zeta", mp.zeta, [(1.01, 1), (1.5, 0.1), (2, 1), (3, 2.5), (20, 1.5), (3, -0.5), (6.5, 30)])
rows("polygamma", lambda n, x: mp.polygamma(int(n), x), [(0, 2.5), (1, 0.5), (2, 1.5), (3, 0.2), (5, 10), (1, -0.5)])
gamma_points = [(0.001, 0.5), (0.1, 0.1), (0.5, 1.4), (1, 1), (2.5, 1), (2.5, 10), (10, 9.9), (10, 11.1), (100, 80), (100, 130), (1000, 1010)]
rows("igamma", lambda a, x: mp.gammainc(a, 0, x, regularized=True), gamma_points)
rows("igammac", lambda a, x: mp.gammainc(a, x, mp.inf, regularized=True), gamma_points)
rows("igamma_grad_a", dp, gamma_points)
rows("random_gamma_grad", lambda a, x: -dp(a, x) / (x ** (a - 1) * mp.exp(-x) / mp.gamma(a)), gamma_points)
rows("regularized_incomplete_beta", lambda a, b, x: mp.betainc(a, b, 0, x, regularized=True), [(0.5, 0.5, 0.3), (2, 3, 0.9), (10, 0.1, 0.5), (100, 200, 0.33), (1000, 1000, 0.49), (5, 5, 0.001)])
rows("expm1", mp.expm1, [1e-10, 0.5, -2, 10])
rows("log1p", mp.log1p, [1e-10, 0.5, -0.9, 10])
rows("cbrt", lambda x: mp.sign(x) * mp.cbrt(abs(x)), [2, -3, 1e-10, 27])
rows("logistic", lambda x: 1 / (1 + mp.exp(-x)), [-40, -1, 0.5, 30])

# contractions
x, y = seq(2, 3, 4), seq(3, 5, 2, 4, a=5, c=1, m=7)
out["dot_general"] = np.einsum("abk,bnak->abn", x, y).ravel().tolist()


def conv(lhs, rhs, strides, padding, ldil, rdil, groups=1, batch_groups=1):
    """NCHW · OIHW by zero-stuffing and SciPy's correlate."""
    def spread(v, dil, axes):
        for ax, d in zip(axes, dil):
            n = v.shape[ax]
            shape = list(v.shape)
            shape[ax] = 0 if n == 0 else (n - 1) * d + 1
            w = np.zeros(shape)
            index = [slice(None)] * v.ndim
            index[ax] = slice(None, None, d)
            w[tuple(index)] = v
            v = w
        return v

    axes = range(2, lhs.ndim)
    lhs, rhs = spread(lhs, ldil, axes), spread(rhs, rdil, axes)
    for ax, (lo, hi) in zip(axes, padding):
        widths = [(0, 0)] * lhs.ndim
        widths[ax] = (max(lo, 0), max(hi, 0))
        lhs = np.pad(lhs, widths)
        index = [slice(None)] * lhs.ndim
        index[ax] = slice(max(-lo, 0), lhs.shape[ax] - max(-hi, 0))
        lhs = lhs[tuple(index)]
    o, i = rhs.shape[:2]
    n = lhs.shape[0] // batch_groups
    result = []
    for b in range(n):
        per = []
        for f in range(o):
            fg, bg = f // (o // groups), f // (o // batch_groups)
            total = 0
            for c in range(i):
                image = lhs[b + (bg * n if batch_groups > 1 else 0), c + (fg * i if groups > 1 else 0)]
                total = total + scipy.signal.correlate(image, rhs[f, c], mode="valid", method="direct")
            per.append(total[tuple(slice(None, None, s) for s in strides)])
        result.append(per)
    return np.array(result)


def save_conv(name, lhs, rhs, *args, **kw):
    v = conv(lhs, rhs, *args, **kw)
    out[name] = {"shape": list(v.shape), "values": v.ravel().tolist()}


save_conv("conv plain", seq(2, 3, 6, 5), seq(4, 3, 3, 2, a=5, c=1, m=7), [1, 1], [(0, 0), (0, 0)], [1, 1], [1, 1])
save_conv("conv strided and padded", seq(1, 2, 6, 5), seq(3, 2, 3, 2, a=5, c=1, m=7), [2, 3], [(1, 2), (0, 1)], [1, 1], [1, 1])
save_conv("conv dilated", seq(1, 2, 5, 4), seq(2, 2, 2, 3, a=5, c=1, m=7), [2, 1], [(1, 2), (3, 1)], [2, 3], [2, 1])
save_conv("conv negative padding", seq(1, 1, 7, 6), seq(1, 1, 2, 2, a=5, c=1, m=7), [1, 1], [(-1, 1), (0, -2)], [1, 1], [1, 1])
save_conv("conv feature groups", seq(2, 4, 4, 4), seq(6, 2, 2, 2, a=5, c=1, m=7), [1, 1], [(0, 0), (0, 0)], [1, 1], [1, 1], groups=2)
save_conv("conv batch groups", seq(4, 2, 3, 3), seq(4, 2, 2, 2, a=5, c=1, m=7), [1, 1], [(0, 0), (0, 0)], [1, 1], [1, 1], batch_groups=2)

# reductions
x = seq(2, 3, 4)
out["reduce_sum"] = x.sum((0, 2)).tolist()
out["reduce_prod"] = x.prod(1).ravel().tolist()
out["reduce_max"] = x.max(2).ravel().tolist()
out["argmax"] = x.argmax(1).ravel().tolist()
out["cumsum"] = x.cumsum(1).ravel().tolist()
out["cumprod reversed"] = np.flip(np.flip(x, 2).cumprod(2), 2).ravel().tolist()
out["cummax"] = np.maximum.accumulate(x, 2).ravel().tolist()
out["cumlogsumexp"] = np.logaddexp.accumulate(x, 1).ravel().tolist()
padded = np.pad(seq(5, 6), ((1, 1), (1, 1)), constant_values=-np.inf)
windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 2))[::2, ::3]
out["reduce_window max"] = windows.max((2, 3)).ravel().tolist()
out["reduce_window sum"] = np.where(np.isinf(windows), 0, windows).sum((2, 3)).ravel().tolist()

# sorting and linear algebra
x = seq(4, 5)
out["sort"] = np.sort(x, 1).ravel().tolist()
out["argsort"] = np.argsort(x, 0, kind="stable").ravel().tolist()
a = seq(4, 4) + 6 * np.eye(4)
spd = a @ a.T
out["cholesky"] = np.linalg.cholesky(spd).ravel().tolist()
out["eigvalsh"] = np.linalg.eigvalsh(spd).tolist()
lu, piv = scipy.linalg.lu_factor(seq(4, 4, a=9, c=2, m=13))
out["lu"] = {"packed": lu.ravel().tolist(), "pivots": piv.tolist()}
q, r = np.linalg.qr(seq(5, 3))
out["qr"] = {"q": q.ravel().tolist(), "r": r.ravel().tolist()}
q, r = np.linalg.qr(seq(3, 5))
out["qr wide"] = {"q": q.ravel().tolist(), "r": r.ravel().tolist()}
out["svd"] = np.linalg.svd(seq(5, 3), compute_uv=False).tolist()
out["svd wide"] = np.linalg.svd(seq(3, 5), compute_uv=False).tolist()
t = np.tril(a)
out["solve lower"] = scipy.linalg.solve_triangular(t, seq(4, 2), lower=True).ravel().tolist()
out["solve lower transposed"] = scipy.linalg.solve_triangular(t, seq(4, 2), lower=True, trans=1).ravel().tolist()
out["solve unit upper"] = scipy.linalg.solve_triangular(a, seq(4, 2), lower=False, unit_diagonal=True).ravel().tolist()
out["solve right"] = scipy.linalg.solve_triangular(t.T, seq(2, 4).T, lower=False).T.ravel().tolist()

lines = ",\n".join(f"  {json.dumps(k)}: {json.dumps(v)}" for k, v in out.items())
print("{\n" + lines + "\n}")
