"""NumPy or PyTorch as a peer: the protocol of lib/child.mjs (JSON lines in, answers on file descriptor 3)."""
import json
import math
import os
import sys
import time

PEER, THREADS = sys.argv[1], int(sys.argv[2])
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = str(THREADS)
import numpy as np

BLOCK = ["n1", "m1", "qkv", "qkvb", "o", "ob", "n2", "m2", "u", "ub", "d", "db"]


def make_input(spec):
    """lib/data.mjs again: the same numbers."""
    shape, seed = spec["shape"], spec["seed"]
    n = int(np.prod(shape)) if shape else 1
    with np.errstate(over="ignore"):
        x = np.arange(n, dtype=np.uint32) * np.uint32(0x9E3779B1) + np.uint32(seed * 0x85EBCA6B & 0xFFFFFFFF)
        x = (x ^ (x >> 16)) * np.uint32(0x21F0AAAD)
        x = (x ^ (x >> 15)) * np.uint32(0x735A2D97)
        x = x ^ (x >> 15)
    if "below" in spec:
        return (x % np.uint32(spec["below"])).astype(np.int32).reshape(shape)
    return ((x / 4294967296.0 * 2 - 1) * spec.get("scale", 1) + spec.get("mean", 0)).astype(np.float32).reshape(shape)


class Skip(Exception):
    pass


def plain(f):
    return f, lambda: as_list(f())


def as_list(x):
    return list(x) if isinstance(x, (tuple, list)) else [x]


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


def torch_peer():
    import torch

    torch.set_num_threads(THREADS)
    F = torch.nn.functional
    T = torch.from_numpy

    def train(w, start, loss_of, show):
        names = list(start)

        def begin():
            p = {n: T(start[n].copy()).requires_grad_() for n in names}
            o = torch.optim.SGD(p.values(), lr=0.05) if w.get("optimizer") == "sgd" else torch.optim.Adam(p.values(), lr=1e-3)
            return p, o

        def step(state):
            p, o = state
            o.zero_grad(set_to_none=True)
            loss = loss_of(p)
            loss.backward()
            o.step()
            return loss

        state = begin()

        def outputs():
            s, losses, shown = begin(), [], []
            for i in range(3):
                losses.append(step(s).item())
                if i == 0 and w.get("optimizer") == "sgd":
                    shown = [show(n, s[0][n].detach().numpy().copy()) for n in names if show(n, None) is not None]
            return [np.array(losses, np.float32), *shown]

        return lambda: step(state), outputs

    def infer(f):
        def run():
            with torch.no_grad():
                return f()

        return run, lambda: [y.numpy() for y in as_list(run())]

    class Torch:
        version = torch.__version__
        cannot = {"perExample": "no vmap in this version"}

        def matmul(self, w, /, a, b):
            a, b = T(a), T(b)
            return infer(lambda: a @ b)

        batched = matmul

        def elementwise(self, w, a, b, c):
            a, b, c = T(a), T(b), T(c)
            return infer(lambda: torch.sigmoid(a).mul_(torch.tanh(b)).add_(c))

        def reduce(self, w, x):
            x, axis = T(x), w["axis"]
            if w["op"] == "max":
                return infer(lambda: torch.amax(x, axis))
            return infer(lambda: x.sum() if axis is None else x.sum(axis))

        def softmax(self, w, x):
            x = T(x)
            return infer(lambda: torch.softmax(x, -1))

        def layerNorm(self, w, x, g, b):
            x, g, b = T(x), T(g), T(b)
            return infer(lambda: F.layer_norm(x, [x.shape[-1]], g, b, 1e-5))

        def crossEntropy(self, w, x, y):
            x, y = T(x), T(y).long()
            return infer(lambda: F.cross_entropy(x, y))

        def crossEntropyGradient(self, w, x, y):
            x, y = T(x).requires_grad_(), T(y).long()
            return plain(lambda: torch.autograd.grad(F.cross_entropy(x, y), x)[0])

        def _nchw(self, x):
            return T(np.ascontiguousarray(x.transpose(0, 3, 1, 2)))

        def _oihw(self, k):
            return T(np.ascontiguousarray(k.transpose(3, 2, 0, 1)))

        def conv(self, w, /, x, **p):
            x, k = self._nchw(x), self._oihw(p["w"])
            run, _ = infer(lambda: F.conv2d(x, k, None, w["stride"], w["pad"], 1, w["groups"]))
            return run, lambda: [run().numpy().transpose(0, 2, 3, 1)]

        def convGradient(self, w, /, x, g, **p):
            x, k, g = self._nchw(x).requires_grad_(), self._oihw(p["w"]).requires_grad_(), self._nchw(g)
            f = lambda: torch.autograd.grad(F.conv2d(x, k, None, w["stride"], w["pad"], 1, w["groups"]), (x, k), g)

            def outputs():
                dx, dk = f()
                return [dx.numpy().transpose(0, 2, 3, 1), dk.numpy().transpose(2, 3, 1, 0)]

            return f, outputs

        def mlpTrain(self, w, /, x, y, **start):
            x, y = T(x), T(y).long()

            def loss_of(p):
                h1 = F.relu(torch.addmm(p["b1"], x, p["w1"]))
                h2 = F.relu(torch.addmm(p["b2"], h1, p["w2"]))
                return F.cross_entropy(torch.addmm(p["b3"], h2, p["w3"]), y)

            return train(w, start, loss_of, lambda n, v: ({"w1": v, "w3": v}.get(n) if v is not None else (n in ("w1", "w3") or None)))

        def cnnTrain(self, w, /, x, y, **start):
            x, y, s = self._nchw(x), T(y).long(), w["size"] // 4
            start = dict(start)
            for n in ("k1", "k2"):
                start[n] = np.ascontiguousarray(start[n].transpose(3, 2, 0, 1))
            start["w"] = np.ascontiguousarray(start["w"].reshape(s, s, 64, 10).transpose(2, 0, 1, 3).reshape(-1, 10))

            def loss_of(p):
                h1 = F.max_pool2d(F.relu(F.conv2d(x, p["k1"], p["c1"], padding=1)), 2)
                h2 = F.max_pool2d(F.relu(F.conv2d(h1, p["k2"], p["c2"], padding=1)), 2)
                return F.cross_entropy(torch.addmm(p["b"], h2.flatten(1), p["w"]), y)

            def show(n, v):
                if v is None:
                    return n in ("k1", "k2") or None
                return v.transpose(2, 3, 1, 0)

            return train(w, start, loss_of, show)

        def _block(self, p, x, heads):
            b, t, d = x.shape
            size = d // heads
            q, k, v = (
                F.linear(F.layer_norm(x, [d], p["n1"], p["m1"]), p["qkv"].t(), p["qkvb"])
                .view(b, t, 3, heads, size)
                .permute(2, 0, 3, 1, 4)
            )
            s = torch.softmax((q @ k.transpose(-1, -2)) * (1 / math.sqrt(size)), -1)
            seen = (s @ v).transpose(1, 2).reshape(b, t, d)
            y = x + F.linear(seen, p["o"].t(), p["ob"])
            h = F.gelu(F.linear(F.layer_norm(y, [d], p["n2"], p["m2"]), p["u"].t(), p["ub"]), approximate="tanh")
            return y + F.linear(h, p["d"].t(), p["db"])

        def block(self, w, /, x, **p):
            x, p = T(x), {n: T(v) for n, v in p.items()}
            return infer(lambda: self._block(p, x, w["heads"]))

        def blockTrain(self, w, /, x, t, **start):
            x, t = T(x), T(t)
            return train(w, start, lambda p: ((self._block(p, x, w["heads"]) - t) ** 2).mean(), lambda n, v: None)

        def _lstm(self, w, wx, wh, b):
            m = torch.nn.LSTM(wx.shape[0], w["hidden"])
            with torch.no_grad():
                m.weight_ih_l0.copy_(T(wx).t())
                m.weight_hh_l0.copy_(T(wh).t())
                m.bias_ih_l0.copy_(T(b))
                m.bias_hh_l0.zero_()
            return m

        def lstm(self, w, /, x, wx, wh, b):
            x, m = T(x), self._lstm(w, wx, wh, b)
            return infer(lambda: m(x)[0])

        def lstmGradient(self, w, /, x, wx, wh, b):
            x, m = T(x), self._lstm(w, wx, wh, b)
            parameters = [m.weight_ih_l0, m.weight_hh_l0, m.bias_ih_l0]
            f = lambda: torch.autograd.grad((m(x)[0] ** 2).mean(), parameters)

            def outputs():
                dx, dh, db = f()
                return [dx.t().numpy(), dh.t().numpy(), db.numpy()]  # in the order of the inputs

            return f, outputs

        def attention(self, w, q, k, v):
            q, k, v = (T(np.ascontiguousarray(x[0].transpose(1, 0, 2))) for x in (q, k, v))
            scale = 1 / math.sqrt(q.shape[-1])
            run, _ = infer(lambda: torch.bmm(torch.softmax(torch.bmm(q * scale, k.transpose(1, 2)), -1), v))
            return run, lambda: [run().numpy().transpose(1, 0, 2)]

        def sort(self, w, x):
            x = T(x)
            return infer(lambda: torch.sort(x)[0])

        def cumsum(self, w, x):
            x = T(x)
            return infer(lambda: torch.cumsum(x, 0))

        def cholesky(self, w, x):
            a = T(x @ x.T / np.float32(len(x)) + np.eye(len(x), dtype=np.float32))
            return infer(lambda: torch.linalg.cholesky(a))

        def svd(self, w, x):
            x = T(x)
            run, _ = infer(lambda: torch.linalg.svd(x, full_matrices=False))
            return run, lambda: [run()[1].numpy()]

        def eigh(self, w, x):
            a = T(x + x.T)
            run, _ = infer(lambda: torch.linalg.eigh(a))
            return run, lambda: [run()[0].numpy()]

        def qr(self, w, x):
            x = T(x)
            run, _ = infer(lambda: torch.linalg.qr(x))
            return run, lambda: [np.abs(run()[1].numpy())]

        def solve(self, w, x, y):
            a = T(x @ x.T / np.float32(len(x)) + np.eye(len(x), dtype=np.float32))
            y = T(y)
            return infer(lambda: torch.linalg.solve(a, y))

        def scatterAdd(self, w, table, i, u):
            table, i, u = T(table), T(i).long(), T(u)
            return infer(lambda: table.index_add(0, i, u))

        def randomNormal(self, w):
            f = lambda: torch.randn(w["size"])

            def outputs():
                x = f()
                return [np.array([(x * x).mean().item(), x.mean().item() + 1])]

            return f, outputs

        def dispatch(self, w):
            a, b = torch.tensor(1.0), torch.tensor(2.0)

            def f():
                for _ in range(w["calls"]):
                    r = torch.add(a, b)
                return r

            return infer(f)

        def adamUpdate(self, w, p, g):
            def begin():
                q = T(p.copy()).requires_grad_()
                q.grad = T(g)
                return q, torch.optim.Adam([q], lr=1e-3)

            _, optimizer = begin()

            def first():
                q, o = begin()
                o.step()
                return [q.detach().numpy()]

            return optimizer.step, first

        def jacobian(self, w, x, **p):
            x, p = T(x), {n: T(v) for n, v in p.items()}
            mlp = lambda x: torch.tanh(torch.tanh(x @ p["w1"] + p["b1"]) @ p["w2"] + p["b2"]) @ p["w3"] + p["b3"]
            return plain(lambda: torch.autograd.functional.jacobian(mlp, x))

        def whileLoop(self, w):
            @torch.jit.script
            def loop(x: float, n: int) -> float:
                i = 0
                while i < n:
                    x = x * 0.999 + 0.5
                    i += 1
                return x

            return plain(lambda: np.float32(loop(1.0, w["iterations"])))

    return Torch()


# a run that takes longer is not disturbed by what comes before it
LONG_MS = 400


def main():
    out = os.fdopen(3, "w", buffering=1)
    reply = lambda message: print(json.dumps(message), file=out, flush=True)
    peer = run = outputs = None

    def sample(count, estimate=0):
        # as child.mjs: what comes first after a stop does not count
        if estimate < LONG_MS:
            run()
        start = time.perf_counter()
        for _ in range(count):
            run()
        return (time.perf_counter() - start) / count * 1e3

    for line in sys.stdin:
        m = json.loads(line)
        try:
            if m["command"] == "open":
                peer = NumPy() if PEER == "numpy" else torch_peer()
                reply({"version": peer.version, "engine": f"Python {sys.version.split()[0]}", "pid": os.getpid()})
            elif m["command"] == "make":
                run = outputs = None
                w = m["workload"]
                make = getattr(peer, w["kind"], None)
                if make is None:
                    reply({"skip": peer.cannot.get(w["kind"], "no such operation")})
                    continue
                given = {n: make_input(s) for n, s in w.get("inputs", {}).items()}
                start = time.perf_counter()
                run, outputs = make(w, **given)
                run()
                first = (time.perf_counter() - start) * 1e3
                if first > 1500:
                    reply({"first": first, "estimate": first})
                    continue
                estimate = sample(1)
                until = time.perf_counter() + m["warmUpMs"] / 1e3
                while time.perf_counter() < until:
                    estimate = sample(1 if estimate > 1 else 20)
                reply({"first": first, "estimate": estimate})
            elif m["command"] == "outputs":
                arrays = [np.ascontiguousarray(a, dtype=np.float32).reshape(-1) for a in outputs()]
                with open(m["file"], "wb") as file:
                    for a in arrays:
                        file.write(a.tobytes())
                reply({"lengths": [int(a.size) for a in arrays]})
            elif m["command"] == "sample":
                reply({"ms": sample(m["count"], m["estimate"])})
        except Exception as e:
            reply({"error": f"{type(e).__name__}: {e}"[:300]})


main()
