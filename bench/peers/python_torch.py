"""PyTorch as a peer."""
import math

import numpy as np
import torch

from python_results import as_list, plain


def open_peer(threads):
    torch.set_num_threads(threads)
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
