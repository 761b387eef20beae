"""NumPy as a peer."""
import math

import numpy as np

from python_results import plain


class NumPy:
    """In-place ufuncs where NumPy has them; no gradients, so training only where it is written out by hand."""

    version = np.__version__
    cannot = {k: "no automatic differentiation" for k in ("blockTrain", "cnnTrain", "convGradient", "lstmGradient", "perExample", "jacobian")}
    cannot["whileLoop"] = "no compiled loop"

    def matmul(self, w, /, a, b):
        out = np.empty((a.shape[0], b.shape[1]), np.float32)
        return plain(lambda: np.dot(a, b, out=out))

    def batched(self, w, a, b):
        return plain(lambda: np.matmul(a, b))

    def elementwise(self, w, a, b, c):
        t, u = np.empty_like(a), np.empty_like(a)

        def f():
            np.negative(a, out=t)
            np.exp(t, out=t)
            np.add(t, 1, out=t)
            np.tanh(b, out=u)
            np.divide(u, t, out=t)
            return np.add(t, c, out=t)

        return plain(f)

    def reduce(self, w, x):
        f = getattr(np, w["op"])
        return plain(lambda: f(x, axis=w["axis"]))

    @staticmethod
    def _softmax(x):
        t = x - x.max(-1, keepdims=True)
        np.exp(t, out=t)
        t /= t.sum(-1, keepdims=True)
        return t

    @staticmethod
    def _norm(x, g, b):
        t = x - x.mean(-1, keepdims=True)
        v = np.einsum("...i,...i->...", t, t)[..., None] / np.float32(x.shape[-1])
        t *= 1 / np.sqrt(v + np.float32(1e-5))
        t *= g
        t += b
        return t

    def softmax(self, w, x):
        return plain(lambda: self._softmax(x))

    def layerNorm(self, w, x, g, b):
        return plain(lambda: self._norm(x, g, b))

    def crossEntropy(self, w, x, y):
        rows = np.arange(len(y))

        def f():
            m = x.max(-1, keepdims=True)
            return np.mean(np.log(np.exp(x - m).sum(-1)) + m[:, 0] - x[rows, y])

        return plain(f)

    def crossEntropyGradient(self, w, x, y):
        rows = np.arange(len(y))

        def f():
            p = self._softmax(x)
            p[rows, y] -= 1
            p /= len(y)
            return p

        return plain(f)

    def conv(self, w, /, x, **p):
        k = p["w"]
        size, groups, s, pad, out = w["k"], w["groups"], w["stride"], w["pad"], w["out"]
        n, cin, cout = w["n"], w["cin"], w["cout"]
        if groups > 1:
            def f():
                xp = np.pad(x, ((0, 0), (pad, pad), (pad, pad), (0, 0)))
                y = np.zeros((n, out, out, cout), np.float32)
                for i in range(size):
                    for j in range(size):
                        y += xp[:, i : i + s * out : s, j : j + s * out : s] * k[i, j, 0]
                return y

            return plain(f)
        flat = k.reshape(-1, cout)

        def f():
            if size == 1:
                return (x.reshape(-1, cin) @ flat).reshape(n, out, out, cout)
            xp = np.pad(x, ((0, 0), (pad, pad), (pad, pad), (0, 0)))
            columns = np.empty((n, out, out, size, size, cin), np.float32)
            for i in range(size):
                for j in range(size):
                    columns[:, :, :, i, j] = xp[:, i : i + s * out : s, j : j + s * out : s]
            return (columns.reshape(-1, size * size * cin) @ flat).reshape(n, out, out, cout)

        return plain(f)

    def mlpTrain(self, w, /, x, y, **start):
        names = list(start)
        rows = np.arange(len(y))
        adam = w["optimizer"] == "adam"

        def begin():
            return {n: start[n].copy() for n in names}, {n: (np.zeros_like(start[n]), np.zeros_like(start[n])) for n in names}, [0]

        def step(state):
            p, moments, count = state
            h1 = np.maximum(x @ p["w1"] + p["b1"], 0)
            h2 = np.maximum(h1 @ p["w2"] + p["b2"], 0)
            z = h2 @ p["w3"] + p["b3"]
            z -= z.max(-1, keepdims=True)
            e = np.exp(z)
            total = e.sum(-1)
            loss = np.mean(np.log(total) - z[rows, y])
            e /= total[:, None]
            e[rows, y] -= 1
            e /= len(y)
            d2 = (e @ p["w3"].T) * (h2 > 0)
            d1 = (d2 @ p["w2"].T) * (h1 > 0)
            g = {"w3": h2.T @ e, "b3": e.sum(0), "w2": h1.T @ d2, "b2": d2.sum(0), "w1": x.T @ d1, "b1": d1.sum(0)}
            count[0] += 1
            for n in names:
                if not adam:
                    g[n] *= np.float32(0.05)
                    p[n] -= g[n]
                    continue
                m, v = moments[n]
                m *= np.float32(0.9)
                m += np.float32(0.1) * g[n]
                v *= np.float32(0.999)
                v += np.float32(0.001) * g[n] * g[n]
                scale = np.float32(1e-3 / (1 - 0.9 ** count[0]))
                p[n] -= scale * m / (np.sqrt(v / np.float32(1 - 0.999 ** count[0])) + np.float32(1e-8))
            return loss

        state = begin()

        def outputs():
            s, losses, shown = begin(), [], []
            for i in range(3):
                losses.append(step(s))
                if i == 0 and not adam:
                    shown = [s[0]["w1"].copy(), s[0]["w3"].copy()]
            return [np.array(losses, np.float32), *shown]

        return lambda: step(state), outputs

    def block(self, w, /, x, **p):
        heads, (b, t, d) = w["heads"], x.shape
        size = d // heads

        def f():
            qkv = self._norm(x, p["n1"], p["m1"]).reshape(-1, d) @ p["qkv"] + p["qkvb"]
            q, k, v = (qkv.reshape(b, t, 3, heads, size)[:, :, i].transpose(0, 2, 1, 3) for i in range(3))
            s = self._softmax((q @ k.transpose(0, 1, 3, 2)) * np.float32(1 / math.sqrt(size)))
            seen = (s @ v).transpose(0, 2, 1, 3).reshape(-1, d)
            y = x + (seen @ p["o"] + p["ob"]).reshape(x.shape)
            h = self._norm(y, p["n2"], p["m2"]).reshape(-1, d) @ p["u"] + p["ub"]
            u = h * h
            u *= h
            u *= np.float32(0.044715)
            u += h
            u *= np.float32(math.sqrt(2 / math.pi))
            np.tanh(u, out=u)
            u += 1
            u *= h
            u *= np.float32(0.5)
            return y + (u @ p["d"] + p["db"]).reshape(x.shape)

        return plain(f)

    def lstm(self, w, /, x, wx, wh, b):
        t, n, h = x.shape[0], w["batch"], w["hidden"]

        def sigmoid(z):
            return 1 / (1 + np.exp(-z))

        def f():
            gates = (x.reshape(t * n, -1) @ wx + b).reshape(t, n, 4 * h)
            out = np.empty((t, n, h), np.float32)
            y, c = np.zeros((n, h), np.float32), np.zeros((n, h), np.float32)
            for i in range(t):
                g = gates[i] + y @ wh
                c = sigmoid(g[:, h : 2 * h]) * c + sigmoid(g[:, :h]) * np.tanh(g[:, 2 * h : 3 * h])
                y = sigmoid(g[:, 3 * h :]) * np.tanh(c)
                out[i] = y
            return out

        return plain(f)

    def attention(self, w, q, k, v):
        q, k, v = (np.ascontiguousarray(x[0].transpose(1, 0, 2)) for x in (q, k, v))
        scale = np.float32(1 / math.sqrt(q.shape[-1]))
        f = lambda: self._softmax((q * scale) @ k.transpose(0, 2, 1)) @ v
        return f, lambda: [f().transpose(1, 0, 2)]

    def sort(self, w, x):
        return plain(lambda: np.sort(x))

    def cumsum(self, w, x):
        return plain(lambda: np.cumsum(x))

    def cholesky(self, w, x):
        a = x @ x.T / np.float32(len(x)) + np.eye(len(x), dtype=np.float32)
        return plain(lambda: np.linalg.cholesky(a))

    def svd(self, w, x):
        f = lambda: np.linalg.svd(x, full_matrices=False)
        return f, lambda: [f()[1]]

    def eigh(self, w, x):
        a = x + x.T
        f = lambda: np.linalg.eigh(a)
        return f, lambda: [f()[0]]

    def qr(self, w, x):
        f = lambda: np.linalg.qr(x)
        return f, lambda: [np.abs(f()[1])]

    def solve(self, w, x, y):
        a = x @ x.T / np.float32(len(x)) + np.eye(len(x), dtype=np.float32)
        return plain(lambda: np.linalg.solve(a, y))

    def scatterAdd(self, w, table, i, u):
        def f():
            y = table.copy()
            np.add.at(y, i, u)
            return y

        return plain(f)

    def randomNormal(self, w):
        rng = np.random.default_rng(0)
        f = lambda: rng.standard_normal(w["size"], dtype=np.float32)

        def outputs():
            x = f()
            return [np.array([np.mean(x * x), x.mean() + 1])]

        return f, outputs

    def dispatch(self, w):
        a, b = np.float32(1).reshape(1)[0:1].reshape(()), np.float32(2).reshape(1).reshape(())

        def f():
            for _ in range(w["calls"]):
                r = np.add(a, b)
            return r

        return plain(f)


def open_peer(threads):
    return NumPy()
