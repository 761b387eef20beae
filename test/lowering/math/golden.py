"""Writes reference values as [arguments…, value, what rounding the value lost]: python3 golden.py COUNT SEED > golden.json
mpmath, 40 digits (more where terms cancel)."""
import json, random, sys
from mpmath import *
mp.dps = 40
count, seed = int(sys.argv[1]), int(sys.argv[2])

def log_uniform(lo, hi, signed=True):
    def draw(r):
        v = 10 ** r.uniform(lo, hi)
        return -v if signed and r.random() < 0.5 else v
    return draw
def uniform(lo, hi):
    return lambda r: r.uniform(lo, hi)
def either(*draws):
    return lambda r: r.choice(draws)(r)
def near(points, width):
    return lambda r: r.choice(points) + width * r.uniform(-1, 1) * 10 ** r.uniform(-12, 0)

def erfinv_true(x):
    if abs(x) < 0.99:
        return erfinv(x)
    c = 1 - abs(x)
    y = sqrt(-log(c))
    for _ in range(80):
        step = (log(erfc(y)) - log(c)) * erfc(y) * sqrt(pi) / 2 * exp(y * y)
        y += step
        if abs(step) < mpf(10) ** -38:
            break
    return sign(x) * y
def lower(a, x):
    return gammainc(a, 0, x, regularized=True)
def upper(a, x):
    return gammainc(a, x, regularized=True)
def grad_a(a, x):
    with workdps(60):
        h = mpf(10) ** -18 * a
        # the side that is small, so that the difference keeps its digits
        side, sign = (upper, -1) if x > a else (lower, 1)
        return sign * (side(a + h, x) - side(a - h, x)) / (2 * h)
def sample_grad(a, x):
    with workdps(60):
        return -grad_a(a, x) / (exp((a - 1) * log(x) - x - loggamma(a)))
def near_a(lo, hi):
    def draw(r):
        a = 10 ** r.uniform(lo, hi)
        return a, max(a * (1 + r.gauss(0, 2) / sqrt(a)) if r.random() < 0.7 else a * 10 ** r.uniform(-1, 1), mpf(10) ** -6)
    return draw

ONE = {
    "exp": (exp, either(uniform(-745, 709.7), uniform(-2, 2), log_uniform(-12, 0))),
    "exp2": (lambda x: power(2, x), either(uniform(-1073, 1023), uniform(-2, 2))),
    "expm1": (expm1, either(uniform(-40, 709), uniform(-2, 2), log_uniform(-20, 0))),
    "log": (log, either(log_uniform(-307, 308, False), uniform(0.5, 2), near([1], 1e-3))),
    "log1p": (log1p, either(log_uniform(-20, 300, False), uniform(-0.999, 2), log_uniform(-20, -0.1))),
    "logistic": (lambda x: 1 / (1 + exp(-x)), either(uniform(-700, 40), uniform(-4, 4))),
    "tanh": (tanh, either(uniform(-20, 20), uniform(-1.5, 1.5), log_uniform(-15, 0))),
    "sinh": (sinh, either(uniform(-710, 710), uniform(-2, 2), log_uniform(-15, 0))),
    "cosh": (cosh, either(uniform(-710, 710), uniform(-2, 2))),
    "sin": (sin, either(uniform(-10, 10), log_uniform(-15, 5), log_uniform(5, 300), near([3.141592653589793 * k for k in range(1, 9)], 1e-2))),
    "cos": (cos, either(uniform(-10, 10), log_uniform(-15, 5), log_uniform(5, 300), near([1.5707963267948966 * k for k in range(1, 9, 2)], 1e-2))),
    "tan": (tan, either(uniform(-10, 10), log_uniform(-15, 5), log_uniform(5, 300), near([1.5707963267948966 * k for k in range(1, 9)], 1e-2))),
    "asin": (asin, either(uniform(-1, 1), log_uniform(-15, 0))),
    "acos": (acos, either(uniform(-1, 1), log_uniform(-15, 0))),
    "atan": (atan, either(uniform(-3, 3), log_uniform(-15, 20))),
    "asinh": (asinh, either(uniform(-3, 3), log_uniform(-15, 300))),
    "acosh": (acosh, either(uniform(1, 3), log_uniform(0.1, 300, False), lambda r: 1 + 10 ** r.uniform(-12, 0))),
    "atanh": (atanh, either(uniform(-1, 1), log_uniform(-15, -0.01))),
    "cbrt": (lambda x: sign(x) * cbrt(abs(x)), either(log_uniform(-307, 308), uniform(-8, 8))),
    "erf": (erf, either(uniform(-6, 6), uniform(-1, 1), log_uniform(-15, 0))),
    "erfc": (erfc, either(uniform(-6, 26.5), uniform(-1, 1))),
    "erf_inv": (erfinv_true, either(uniform(-1, 1), log_uniform(-15, 0), lambda r: 1 - 10 ** r.uniform(-15, -1))),
    "lgamma": (lambda x: log(abs(gamma(x))) if x < 1e4 else loggamma(x), either(uniform(0, 20), log_uniform(-15, 15, False), uniform(-9.9, 0), near([1, 2], 0.1))),
    "digamma": (digamma, either(uniform(0, 20), log_uniform(-10, 15, False), uniform(-9.9, 0), near([1.4616321449683622], 1e-2))),
    "bessel_i0e": (lambda x: besseli(0, x) * exp(-abs(x)), either(uniform(-20, 20), log_uniform(-5, 4))),
    "bessel_i1e": (lambda x: besseli(1, x) * exp(-abs(x)), either(uniform(-20, 20), log_uniform(-5, 4))),
}
MANY = {
    "pow": (power, lambda r: r.choice([(10 ** r.uniform(-5, 5), r.uniform(-50, 50)), (r.uniform(0.5, 2), r.uniform(-700, 700)), (1 + r.uniform(-1, 1) * 1e-6, r.uniform(-1e8, 1e8)), (-10 ** r.uniform(-3, 3), float(r.randint(-60, 60)))])),
    "atan2": (atan2, lambda r: r.choice([(r.uniform(-2, 2), r.uniform(-2, 2)), (r.choice([-1, 1]) * 10 ** r.uniform(-9, 9), r.choice([-1, 1]) * 10 ** r.uniform(-9, 9))])),
    "igamma": (lower, either(near_a(-2, 2), near_a(0, 4))),
    "igammac": (upper, either(near_a(-2, 2), near_a(0, 4))),
    "igamma_grad_a": (grad_a, either(near_a(-1, 2), near_a(0, 3))),
    "random_gamma_grad": (sample_grad, either(near_a(-1, 2), near_a(0, 3))),
    "polygamma": (lambda n, x: polygamma(int(n), x), lambda r: (float(r.randint(1, 8)), 10 ** r.uniform(-2, 3))),
    "zeta": (lambda x, q: zeta(x, q), lambda r: (1 + 10 ** r.uniform(-2, 1.5), 10 ** r.uniform(-1, 3))),
    "regularized_incomplete_beta": (lambda a, b, x: betainc(a, b, 0, x, regularized=True), lambda r: (10 ** r.uniform(-1, 2.5), 10 ** r.uniform(-1, 2.5), r.uniform(0, 1))),
}
out = {}
for name, (f, draw) in list(ONE.items()) + list(MANY.items()):
    r = random.Random(f"{seed} {name}")
    rows = []
    n = count if name in ONE else max(count // 3, 40)
    while len(rows) < n:
        args = draw(r)
        args = [float(a) for a in (args if isinstance(args, tuple) else (args,))]
        extra = 30 + int(max(0, mp.log10(abs(args[0]) + 1))) if name in ("sin", "cos", "tan") else 120 if name in ("zeta", "polygamma") else 10
        with workdps(40 + extra):
            y = f(*[mpf(a) for a in args])
            if not isinstance(y, mpf) or not isfinite(y) or y == 0 or abs(y) > 1.7e308 or abs(y) < 1e-300:
                continue
            hi = float(y)
            rows.append(args + [hi, float(y - hi)])
    out[name] = rows
print("{")
print(",\n".join(f'"{k}": [\n' + ",\n".join(json.dumps(row) for row in rows) + "]" for k, rows in out.items()))
print("}")
