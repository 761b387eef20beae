"""Fits the polynomials in src/lowering/wasm/math/coefficients.ts: near-minimax (interpolation at Chebyshev nodes in 60
digits), with the largest error of each rounded polynomial. Run: python3 fit.py > ../../../src/lowering/wasm/math/coefficients.ts
"""
from mpmath import *
mp.dps = 60

def interpolate(f, lo, hi, degree):
    """Monomial coefficients of the interpolant at Chebyshev nodes, by Newton's divided differences."""
    n = degree + 1
    xs = [(lo + hi) / 2 + (hi - lo) / 2 * cos(pi * (2 * k + 1) / (2 * n)) for k in range(n)]
    d = [f(x) for x in xs]
    for j in range(1, n):
        for i in range(n - 1, j - 1, -1):
            d[i] = (d[i] - d[i - 1]) / (xs[i] - xs[i - j])
    c = [mpf(0)] * n
    for i in range(n - 1, -1, -1):  # c = c * (x - xs[i]) + d[i]
        c = [d[i] - xs[i] * c[0]] + [c[k - 1] - xs[i] * c[k] for k in range(1, n)]
    return c

def fit(name, what, f, lo, hi, degree):
    lo, hi = mpf(lo), mpf(hi)
    c = [float(x) for x in interpolate(f, lo, hi, degree)]
    worst = mpf(0)
    for k in range(301):
        x = lo + (hi - lo) * k / 300
        if x == 0:
            continue
        y = f(x)
        p = polyval([mpf(v) for v in reversed(c)], x)
        worst = max(worst, abs(p / y - 1))
    print(f"/** {what}; on [{nstr(lo, 4)}, {nstr(hi, 4)}], relative error {nstr(worst, 2)}. */")
    print(f"export const {name}: readonly number[] = [")
    line = " "
    for v in c:
        if len(line) + len(repr(v)) > 116:
            print(line)
            line = " "
        line += f" {v!r},"
    print(line)
    print("];")

def taylor_safe(f, series):
    """f away from zero, a few terms of its series near zero (where f cancels)."""
    return lambda x: f(x) if abs(x) > mpf(10) ** -25 else series

print('/** Coefficients of polynomials, lowest degree first; written by test/lowering/math/fit.py, which says how. */')
print()
L = log(2) / 2 * mpf("1.001")
expq = taylor_safe(lambda r: (exp(r) - 1 - r) / r**2, mpf(1) / 2)
fit("EXP_F32", "(exp r - 1 - r) / r²", expq, -L, L, 4)
print("/** The same for tanh: the least relative error of exp r - 1, then last bits by search for the least error of tanh. */")
print("export const TANH_EXP_F32: readonly number[] = [\n  0.5, 0.16666537523269653, 0.041666604578495026, 0.008367746137082577, 0.0013925557723268867,\n];")
fit("EXP_F64", "(exp r - 1 - r) / r²", expq, -L, L, 10)
fit("LOG_F32", "(log(1 + f) - f + f²/2) / f³", taylor_safe(lambda f: (log(1 + f) - f + f * f / 2) / f**3, mpf(1) / 3), sqrt(mpf(1) / 2) - 1, sqrt(2) - 1, 8)
S = (sqrt(2) - 1) / (sqrt(2) + 1) * mpf("1.0001")
fit("LOG_F64", "(2 artanh s / s - 2) / s², in s²", taylor_safe(lambda z: (2 * atanh(sqrt(z)) / sqrt(z) - 2) / z, mpf(2) / 3), 0, S * S, 6)
fit("LOG_TAIL_F64", "(2 artanh s / s - 2 - 2s²/3) / s⁴, in s²", taylor_safe(lambda z: (2 * atanh(sqrt(z)) / sqrt(z) - 2 - 2 * z / 3) / z**2, mpf(2) / 5), 0, S * S, 8)
P4 = pi / 4 * mpf("1.001")
sinq = taylor_safe(lambda z: (sin(sqrt(z)) / sqrt(z) - 1) / z, -mpf(1) / 6)
cosq = taylor_safe(lambda z: (cos(sqrt(z)) - 1 + z / 2) / z**2, mpf(1) / 24)
fit("SIN_F32", "(sin r / r - 1) / r², in r²", sinq, 0, P4**2, 3)
fit("COS_F32", "(cos r - 1 + r²/2) / r⁴, in r²", cosq, 0, P4**2, 2)
tanq = taylor_safe(lambda z: (tan(sqrt(z)) / sqrt(z) - 1) / z, mpf(1) / 3)
fit("TAN_F32", "(tan r / r - 1) / r², in r²", tanq, 0, P4**2, 6)
fit("SIN_F64", "(sin r / r - 1) / r², in r²", sinq, 0, P4**2, 6)
fit("COS_F64", "(cos r - 1 + r²/2) / r⁴, in r²", cosq, 0, P4**2, 6)
T8 = tan(pi / 8) * mpf("1.001")
fit("ATAN_F64", "(arctan t / t - 1) / t², in t²", taylor_safe(lambda z: (atan(sqrt(z)) / sqrt(z) - 1) / z, -mpf(1) / 3), 0, T8**2, 12)
fit("ASIN_F64", "(arcsin s / s - 1) / s², in s²", taylor_safe(lambda z: (asin(sqrt(z)) / sqrt(z) - 1) / z, mpf(1) / 6), 0, mpf("0.2501"), 13)
fit("ATAN_F32", "(arctan t / t - 1) / t², in t²", taylor_safe(lambda z: (atan(sqrt(z)) / sqrt(z) - 1) / z, -mpf(1) / 3), 0, 1, 8)
fit("ASIN_F32", "(arcsin s / s - 1) / s², in s²", taylor_safe(lambda z: (asin(sqrt(z)) / sqrt(z) - 1) / z, mpf(1) / 6), 0, mpf("0.2501"), 5)
fit("SINH_F32", "(sinh x / x - 1) / x², in x²", taylor_safe(lambda z: (sinh(sqrt(z)) / sqrt(z) - 1) / z, mpf(1) / 6), 0, 1, 3)
fit("CBRT_START", "∛m", cbrt, mpf("0.35"), mpf("2.83"), 5)
erfq = taylor_safe(lambda z: erf(sqrt(z)) / sqrt(z) - 2 / sqrt(pi), None)
fit("ERF_F32", "erf x / x - 1, in x²", taylor_safe(lambda z: erf(sqrt(z)) / sqrt(z) - 1, 2 / sqrt(pi) - 1), 0, mpf("0.9") ** 2, 6)
fit("ERF_TAIL_F32", "-log2(erfc x)", lambda x: -log(erfc(x), 2), mpf("0.88"), mpf("4"), 8)
fit("ERF_F64", "erf x / x - 1, in x²", taylor_safe(lambda z: erf(sqrt(z)) / sqrt(z) - 1, 2 / sqrt(pi) - 1), 0, mpf("0.85") ** 2, 11)
def erfcx_scaled(t):
    # x = 4 (1 + t) / (1 - t); the limit at t = 1 is 2/√π
    if t >= 1 - mpf(10) ** -12:
        return 2 / sqrt(pi) * 1
    x = 4 * (1 + t) / (1 - t)
    if x < 200:
        return (1 + 2 * x) * exp(x * x) * erfc(x)
    y = 1 / (2 * x * x)
    s, term = mpf(1), mpf(1)
    for k in range(1, 25):
        term *= -(2 * k - 1) * y
        s += term
    return (1 + 2 * x) / (x * sqrt(pi)) * s
fit("ERFCX_F64", "(1 + 2x) exp(x²) erfc x, in (x - 4)/(x + 4)", erfcx_scaled, -1, 1, 27)
def erfinv_of_w(w):
    # w = -log(1 - x²)
    x = sqrt(1 - exp(-w))
    return erfinv(x) / x
def erfcx3(t):
    """exp(x²) erfc x (x + 3) where t = (x - 3)/(x + 3)"""
    x = 3 * (1 + t) / (1 - t)
    return exp(x * x) * erfc(x) * (x + 3)
fit("ERFCX_F32", "(3 + x) exp(x²) erfc x, in (x - 3)/(x + 3), x up to 10.2", erfcx3, -1, mpf("7.2") / mpf("13.2"), 11)
fit("EXPM1_F32_IN_F64", "(exp r - 1) / r", taylor_safe(lambda r: (exp(r) - 1) / r, mpf(1)), -L, L, 6)
fit("ERFINV_CENTRAL", "erf⁻¹ x / x, in w - 3 where w = -log(1 - x²)", lambda v: erfinv_of_w(v + 3) if v > -3 + mpf(10) ** -20 else sqrt(pi) / 2, -3, 3, 13)
def erfinv_tail(s):
    # erf⁻¹(1 - u) where u (2 - u) = exp(-s²)
    c = 1 - sqrt(1 - exp(-s * s))
    y = s  # Newton on log erfc
    for _ in range(60):
        f = log(erfc(y)) - log(c)
        step = f * erfc(y) / (2 / sqrt(pi) * exp(-y * y))
        y += step
        if abs(step) < mpf(10) ** -45:
            break
    return y
fit("ERFINV_TAIL", "erf⁻¹ x, in √w - 4, w = -log(1 - x²) up to 39", lambda v: erfinv_tail(v + 4), sqrt(mpf(5.9)) - 4, sqrt(mpf(39)) - 4, 13)
fit("ERFINV_CENTRAL_F32", "erf⁻¹ x / x - 1 (to 4.5e-9 of erf⁻¹ x / x), in w - 1 where w = -log(1 - x²)", lambda v: (erfinv_of_w(v + 1) if v > -1 + mpf(10) ** -20 else sqrt(pi) / 2) - 1, -1, 4, 10)
fit("ERFINV_TAIL_F32", "erf⁻¹ x, in √w - 3, w = -log(1 - x²) up to 17", lambda v: erfinv_tail(v + 3), sqrt(mpf(4.9)) - 3, sqrt(mpf(17)) - 3, 8)
def lgq(z):
    if abs(z) < mpf(10) ** -15:
        return (zeta(2) - 1) / 2 - (zeta(3) - 1) / 3 * z
    return (loggamma(2 + z) / z - (1 - euler)) / z
fit("LGAMMA_2", "(log Γ(2 + z) / z - (1 - γ)) / z", lambda z: lgq(z).real, -mpf(1) / 2, mpf(1) / 2, 19)
x0 = findroot(digamma, 1.46)
def digq(v):
    x = v + mpf("1.5")
    return digamma(x) / (x - x0) if abs(x - x0) > mpf(10) ** -20 else polygamma(1, x0)
fit("DIGAMMA_1_2", "ψ(x) / (x - x₀), in x - 1.5, x₀ its zero", digq, -mpf(1) / 2, mpf(1) / 2, 24)
hi = float(x0)
mid = float(x0 - mpf(hi))
print(f"/** The zero of ψ in two parts. */")
print(f"export const DIGAMMA_ZERO: readonly [number, number] = [{hi!r}, {mid!r}];")
fit("I0E_SMALL", "I₀(x), in x²", lambda z: besseli(0, sqrt(z)), 0, 64, 17)
fit("I0E_LARGE", "√x exp(-x) I₀(x), in 16/x - 1", lambda t: sqrt(16 / (t + 1)) * exp(-16 / (t + 1)) * besseli(0, 16 / (t + 1)) if t > -1 + mpf(10) ** -10 else 1 / sqrt(2 * pi), -1, 1, 22)
fit("I1E_SMALL", "I₁(x) / x, in x²", lambda z: besseli(1, sqrt(z)) / sqrt(z) if z > mpf(10) ** -25 else mpf(1) / 2, 0, 64, 17)
fit("I1E_LARGE", "√x exp(-x) I₁(x), in 16/x - 1", lambda t: sqrt(16 / (t + 1)) * exp(-16 / (t + 1)) * besseli(1, 16 / (t + 1)) if t > -1 + mpf(10) ** -10 else 1 / sqrt(2 * pi), -1, 1, 22)
