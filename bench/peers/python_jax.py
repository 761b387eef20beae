"""JAX on the CPU as a peer: everything under jit, as its users write it."""
import os

import numpy as np

from python_results import as_list


def open_peer(threads):
    # XLA has as many threads as the process may use processors, and no other setting
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])
    os.environ["JAX_PLATFORMS"] = "cpu"
    import jax
    import jax.numpy as jnp
    from jax import lax, nn

    def ready(f):
        return f, lambda: [np.asarray(y) for y in as_list(f())]

    def compiled(f, *args):
        """A jitted function of arrays that are on the device already; a run ends when its results are there."""
        jitted, given = jax.jit(f), [jnp.asarray(x) for x in args]
        return ready(lambda: jax.block_until_ready(jitted(*given)))

    def named(arrays):
        return {n: jnp.asarray(v) for n, v in arrays.items()}

    def sgd():
        return lambda p: (), lambda p, g, s: (jax.tree.map(lambda x, d: x - 0.05 * d, p, g), s)

    def adam():
        def init(p):
            zeros = lambda: jax.tree.map(jnp.zeros_like, p)
            return zeros(), zeros(), jnp.zeros((), jnp.int32)

        def update(p, g, s):
            m = jax.tree.map(lambda m, d: 0.9 * m + 0.1 * d, s[0], g)
            v = jax.tree.map(lambda v, d: 0.999 * v + 0.001 * d * d, s[1], g)
            n = s[2] + 1
            a, b = 1 - 0.9 ** n.astype(jnp.float32), 1 - 0.999 ** n.astype(jnp.float32)
            step = lambda x, m, v: x - 1e-3 * (m / a) / (jnp.sqrt(v / b) + 1e-8)
            return jax.tree.map(step, p, m, v), (m, v, n)

        return init, update

    def train(w, start, loss_of, shown):
        """A training step whose state is donated."""
        init, update = sgd() if w.get("optimizer") == "sgd" else adam()

        def step(p, s):
            loss, g = jax.value_and_grad(loss_of)(p)
            return *update(p, g, s), loss

        jitted = jax.jit(step, donate_argnums=(0, 1))

        def begin():
            p = {n: jnp.array(v) for n, v in start.items()}
            return p, init(p)

        state = begin()

        def run():
            nonlocal state
            *state, loss = jitted(*state)
            jax.block_until_ready(loss)

        def outputs():
            s, losses, first = begin(), [], []
            for i in range(3):
                *s, loss = jitted(*s)
                losses.append(float(loss))
                if i == 0 and w.get("optimizer") == "sgd":
                    first = [np.array(s[0][n]) for n in start if n in shown]
            return [np.array(losses, np.float32), *first]

        return run, outputs

    def norm(x, g, b):
        mean = x.mean(-1, keepdims=True)
        variance = jnp.square(x - mean).mean(-1, keepdims=True)
        return (x - mean) * lax.rsqrt(variance + 1e-5) * g + b

    def cross_entropy(x, y):
        return -jnp.take_along_axis(nn.log_softmax(x), y[:, None], 1).mean()

    def convolve(x, k, w):
        pads = [(w["pad"], w["pad"])] * 2
        names = ("NHWC", "HWIO", "NHWC")
        return lax.conv_general_dilated(
            x, k, (w["stride"], w["stride"]), pads, dimension_numbers=names, feature_group_count=w["groups"]
        )

    def max_pool(x):
        return lax.reduce_window(x, -jnp.inf, lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")

    def transformer(p, x, heads):
        b, t, d = x.shape
        size = d // heads
        qkv = norm(x, p["n1"], p["m1"]) @ p["qkv"] + p["qkvb"]
        q, k, v = (y.reshape(b, t, heads, size) for y in jnp.split(qkv, 3, -1))
        seen = nn.dot_product_attention(q, k, v).reshape(b, t, d)
        y = x + (seen @ p["o"] + p["ob"])
        h = nn.gelu(norm(y, p["n2"], p["m2"]) @ p["u"] + p["ub"])
        return y + (h @ p["d"] + p["db"])

    def recurrent(w, x, wx, wh, b):
        zero = jnp.zeros((w["batch"], w["hidden"]), jnp.float32)

        def cell(state, g):
            h, c = state
            i, f, j, o = jnp.split(g + h @ wh, 4, -1)
            c = nn.sigmoid(f) * c + nn.sigmoid(i) * jnp.tanh(j)
            h = nn.sigmoid(o) * jnp.tanh(c)
            return (h, c), h

        return lax.scan(cell, (zero, zero), x @ wx + b)[1]

    def tanh_mlp(p, x):
        h = jnp.tanh(jnp.tanh(x @ p["w1"] + p["b1"]) @ p["w2"] + p["b2"])
        return h @ p["w3"] + p["b3"]

    class JAX:
        version = jax.__version__
        cannot = {}

        def matmul(self, w, /, a, b):
            return compiled(lambda a, b: a @ b, a, b)

        batched = matmul

        def elementwise(self, w, a, b, c):
            return compiled(lambda a, b, c: nn.sigmoid(a) * jnp.tanh(b) + c, a, b, c)

        def reduce(self, w, x):
            return compiled(lambda x: getattr(jnp, w["op"])(x, w["axis"]), x)

        def softmax(self, w, x):
            return compiled(nn.softmax, x)

        def layerNorm(self, w, x, g, b):
            return compiled(norm, x, g, b)

        def crossEntropy(self, w, x, y):
            return compiled(cross_entropy, x, y)

        def crossEntropyGradient(self, w, x, y):
            return compiled(jax.grad(cross_entropy), x, y)

        def conv(self, w, /, x, **p):
            return compiled(lambda x, k: convolve(x, k, w), x, p["w"])

        def convGradient(self, w, /, x, g, **p):
            loss = lambda x, k, g: (convolve(x, k, w) * g).sum()
            return compiled(jax.grad(loss, (0, 1)), x, p["w"], g)

        def mlpTrain(self, w, /, x, y, **start):
            x, y = jnp.asarray(x), jnp.asarray(y)

            def loss_of(p):
                h = nn.relu(nn.relu(x @ p["w1"] + p["b1"]) @ p["w2"] + p["b2"])
                return cross_entropy(h @ p["w3"] + p["b3"], y)

            return train(w, start, loss_of, ("w1", "w3"))

        def cnnTrain(self, w, /, x, y, **start):
            x, y, same = jnp.asarray(x), jnp.asarray(y), {"pad": 1, "stride": 1, "groups": 1}

            def loss_of(p):
                h = max_pool(nn.relu(convolve(x, p["k1"], same) + p["c1"]))
                h = max_pool(nn.relu(convolve(h, p["k2"], same) + p["c2"]))
                return cross_entropy(h.reshape(len(y), -1) @ p["w"] + p["b"], y)

            return train(w, start, loss_of, ("k1", "k2"))

        def block(self, w, /, x, **p):
            jitted, x, p = jax.jit(lambda p, x: transformer(p, x, w["heads"])), jnp.asarray(x), named(p)
            return ready(lambda: jax.block_until_ready(jitted(p, x)))

        def blockTrain(self, w, /, x, t, **start):
            x, t = jnp.asarray(x), jnp.asarray(t)
            return train(w, start, lambda p: jnp.square(transformer(p, x, w["heads"]) - t).mean(), ())

        def lstm(self, w, /, x, wx, wh, b):
            return compiled(lambda *args: recurrent(w, *args), x, wx, wh, b)

        def lstmGradient(self, w, /, x, wx, wh, b):
            return compiled(jax.grad(lambda *args: jnp.square(recurrent(w, *args)).mean(), (1, 2, 3)), x, wx, wh, b)

        def attention(self, w, q, k, v):
            return compiled(nn.dot_product_attention, q, k, v)

        def sort(self, w, x):
            return compiled(jnp.sort, x)

        def cumsum(self, w, x):
            return compiled(jnp.cumsum, x)

        def cholesky(self, w, x):
            return compiled(jnp.linalg.cholesky, x @ x.T / np.float32(len(x)) + np.eye(len(x), dtype=np.float32))

        def svd(self, w, x):
            run, outputs = compiled(lambda x: jnp.linalg.svd(x, full_matrices=False), x)
            return run, lambda: [outputs()[1]]

        def eigh(self, w, x):
            run, outputs = compiled(jnp.linalg.eigh, x + x.T)
            return run, lambda: [outputs()[0]]

        def qr(self, w, x):
            run, outputs = compiled(jnp.linalg.qr, x)
            return run, lambda: [np.abs(outputs()[1])]

        def solve(self, w, x, y):
            return compiled(jnp.linalg.solve, x @ x.T / np.float32(len(x)) + np.eye(len(x), dtype=np.float32), y)

        def scatterAdd(self, w, table, i, u):
            return compiled(lambda table, i, u: table.at[i].add(u), table, i, u)

        def randomNormal(self, w):
            jitted, key = jax.jit(lambda k: jax.random.normal(k, (w["size"],))), jax.random.key(0)
            f = lambda: jax.block_until_ready(jitted(key))

            def outputs():
                x = np.asarray(f())
                return [np.array([np.mean(x * x), x.mean() + 1])]

            return f, outputs

        def dispatch(self, w):
            add, a, b = jax.jit(lambda a, b: a + b), jnp.float32(1), jnp.float32(2)

            def f():
                for _ in range(w["calls"]):
                    r = add(a, b)
                return jax.block_until_ready(r)

            return ready(f)

        def adamUpdate(self, w, p, g):
            init, update = adam()
            jitted, g = jax.jit(update, donate_argnums=(0, 2)), jnp.asarray(g)

            def begin():
                q = jnp.array(p)
                return q, init(q)

            state = begin()

            def run():
                nonlocal state
                state = jax.block_until_ready(jitted(state[0], g, state[1]))

            def first():
                q, s = begin()
                return [np.asarray(jitted(q, g, s)[0])]

            return run, first

        def perExample(self, w, /, x, t, **p):
            loss = lambda p, x, t: jnp.square(tanh_mlp(p, x) - t).mean()
            jitted = jax.jit(jax.vmap(jax.grad(loss), (None, 0, 0)))
            x, t, p = jnp.asarray(x), jnp.asarray(t), named(p)
            f = lambda: jax.block_until_ready(jitted(p, x, t))
            return f, lambda: [np.asarray(f()[n]) for n in ("w1", "b1", "w2", "b2", "w3", "b3")]

        def jacobian(self, w, x, **p):
            jitted, x, p = jax.jit(jax.jacrev(lambda x, p: tanh_mlp(p, x))), jnp.asarray(x), named(p)
            return ready(lambda: jax.block_until_ready(jitted(x, p)))

        def whileLoop(self, w):
            def f(x):
                more, step = lambda s: s[0] < w["iterations"], lambda s: (s[0] + 1, s[1] * 0.999 + 0.5)
                return lax.while_loop(more, step, (jnp.int32(0), x))[1]

            return compiled(f, np.float32(1))

    return JAX()
