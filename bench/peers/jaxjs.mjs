// jax-js with its WebAssembly backend. Its arrays are counted: an operation consumes what it is given unless `.ref` is passed.
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { BLOCK_PARAMS } from "../lib/workloads.mjs";

export async function open() {
  const jax = await import("@jax-js/jax");
  await jax.init("wasm");
  jax.defaultDevice("wasm");
  const folder = dirname(fileURLToPath(import.meta.resolve("@jax-js/jax")));
  const { version } = JSON.parse(readFileSync(join(folder, "..", "package.json"), "utf8"));
  return { version, kinds: kinds(jax), cannot };
}

const cannot = {
  whileLoop: "no loops in compiled functions",
  lstmGradient: "no scan: the gradient of 128 steps unrolled does not compile in reasonable time",
  scatterAdd: "no scatter",
};

function kinds({ grad, jacrev, jit, lax, nn, numpy: np, random, tree, valueAndGrad, vmap, blockUntilReady }) {
  const tensor = (x, shape) => np.array(x).reshape(shape);
  const tensors = (workload, data) =>
    Object.fromEntries(Object.entries(data).map(([name, x]) => [name, tensor(x, workload.inputs[name].shape)]));
  const finish = async (results) => {
    await blockUntilReady(results);
    tree.dispose(results);
  };
  const plain = (f) => (workload, data) => {
    const given = tensors(workload, data);
    const jitted = jit((args) => f(args, workload));
    const call = () => jitted(tree.ref(given));
    return {
      run: () => finish(call()),
      outputs: async () => {
        const out = [];
        for (const x of tree.leaves(call())) out.push(Float32Array.from(await x.data()));
        return out;
      },
    };
  };
  // each name is read through a getter that takes a new reference; jit disposes of what was given
  const refs = (p) => new Proxy(p, { get: (target, name) => target[name].ref });
  const training = (lossOf, names, show) => (workload, data) => {
    const all = tensors(workload, data);
    const batch = Object.fromEntries(Object.entries(all).filter(([name]) => !names.includes(name)));
    const adam = workload.optimizer !== "sgd";
    const step = jit((p, m, v, scale, given) => {
      const [loss, g] = valueAndGrad((q) => lossOf(refs(q), refs(given), workload))(tree.ref(p));
      if (!adam) return [loss, tree.map((x, d) => x.sub(d.mul(0.05)), p, g), m, v];
      const m2 = tree.map((x, d) => x.mul(0.9).add(d.mul(0.1)), m, tree.ref(g));
      const v2 = tree.map((x, d) => x.mul(0.999).add(d.ref.mul(d).mul(0.001)), v, g);
      const next = tree.map(
        (x, a, b) => x.sub(a.mul(scale.ref.slice(0)).div(np.sqrt(b.mul(scale.ref.slice(1))).add(1e-8))),
        p,
        tree.ref(m2),
        tree.ref(v2),
      );
      return [loss, next, m2, v2];
    });
    const start = () => {
      const zero = () => (adam ? Object.fromEntries(names.map((n) => [n, np.zeros(workload.inputs[n].shape)])) : {});
      const p = Object.fromEntries(names.map((n) => [n, tensor(data[n], workload.inputs[n].shape)]));
      return { p, m: zero(), v: zero(), count: 0 };
    };
    const advance = async (s) => {
      s.count++;
      const scale = np.array(Float32Array.of(1e-3 / (1 - 0.9 ** s.count), 1 / (1 - 0.999 ** s.count)));
      const [loss, p, m, v] = step(s.p, s.m, s.v, scale, tree.ref(batch));
      Object.assign(s, { p, m, v });
      await blockUntilReady([loss, p]);
      return loss;
    };
    const state = start();
    return {
      run: async () => (await advance(state)).dispose(),
      outputs: async () => {
        const s = start();
        const losses = [];
        const shown = [];
        for (let i = 0; i < 3; i++) {
          losses.push(Number((await (await advance(s)).data())[0]));
          if (i === 0 && !adam) for (const name of show) shown.push(Float32Array.from(await s.p[name].ref.data()));
        }
        return [Float32Array.from(losses), ...shown];
      },
    };
  };
  const crossEntropy = (z, y) => {
    const classes = z.shape[1];
    return nn.logSoftmax(z, -1).mul(nn.oneHot(y, classes)).sum(-1).mean().neg();
  };
  const norm = (x, g, b) => {
    const c = x.ref.sub(np.mean(x, -1, { keepdims: true }));
    const v = np.mean(np.square(c.ref), -1, { keepdims: true });
    return c
      .div(np.sqrt(v.add(1e-5)))
      .mul(g)
      .add(b);
  };
  const dense = (x, w, b) => np.matmul(x, w).add(b);
  const mlp = (p, x) => dense(nn.relu(dense(nn.relu(dense(x, p.w1, p.b1)), p.w2, p.b2)), p.w3, p.b3);
  const tanhMlp = (p, x) => dense(np.tanh(dense(np.tanh(dense(x, p.w1, p.b1)), p.w2, p.b2)), p.w3, p.b3);
  const convolve = (x, w, { stride, groups, pad }) =>
    lax.convGeneralDilated(
      np.transpose(x, [0, 3, 1, 2]),
      np.transpose(w, [3, 2, 0, 1]),
      [stride, stride],
      [
        [pad, pad],
        [pad, pad],
      ],
      { featureGroupCount: groups },
    );
  const cnn = (p, x) => {
    // pooling by shape: windows of two by two become axes
    const layer = (x, k, c) => {
      const w = np.transpose(k, [3, 2, 0, 1]);
      const y = lax.convGeneralDilated(
        x,
        w,
        [1, 1],
        [
          [1, 1],
          [1, 1],
        ],
      );
      const z = nn.relu(y.add(c.reshape([-1, 1, 1])));
      const [b, f, h] = z.shape;
      return np.max(z.reshape([b, f, h / 2, 2, h / 2, 2]), [3, 5]);
    };
    const h = layer(layer(np.transpose(x, [0, 3, 1, 2]), p.k1, p.c1), p.k2, p.c2);
    return dense(nhwc(h).reshape([x.shape[0], -1]), p.w, p.b);
  };
  const nhwc = (x) => np.transpose(x, [0, 2, 3, 1]);
  const block = (p, x, heads) => {
    const [b, t, d] = x.shape;
    const parts = np.split(dense(norm(x.ref, p.n1, p.m1), p.qkv, p.qkvb), 3, -1);
    const [q, k, v] = parts.map((y) => y.reshape([b, t, heads, d / heads]));
    const y = x.add(dense(nn.dotProductAttention(q, k, v).reshape([b, t, d]), p.o, p.ob));
    return y.ref.add(dense(nn.gelu(dense(norm(y, p.n2, p.m2), p.u, p.ub)), p.d, p.db));
  };
  /** No scan: a jitted cell is called once for each step. */
  const lstm = (workload, data) => {
    const { time, batch, hidden } = workload;
    const given = tensors(workload, data);
    const gatesOf = jit((x, wx, b) => dense(x, wx, b));
    const cell = jit((g, h, c, wh) => {
      const [i, f, j, o] = np.split(g.add(np.matmul(h, wh)), 4, -1);
      const c2 = nn
        .sigmoid(f)
        .mul(c)
        .add(nn.sigmoid(i).mul(np.tanh(j)));
      return [nn.sigmoid(o).mul(np.tanh(c2.ref)), c2];
    });
    const call = () => {
      const { x, wx, wh, b } = given;
      const gates = np.unstack(gatesOf(x.ref, wx.ref, b.ref));
      let [h, c] = [np.zeros([batch, hidden]), np.zeros([batch, hidden])];
      const out = [];
      for (let s = 0; s < time; s++) {
        [h, c] = cell(gates[s], h, c, wh.ref);
        out.push(h.ref);
      }
      tree.dispose([h, c]);
      return np.stack(out);
    };
    return { run: () => finish([call()]), outputs: async () => [Float32Array.from(await call().data())] };
  };
  return {
    matmul: plain(({ a, b }) => np.matmul(a, b)),
    batched: plain(({ a, b }) => np.matmul(a, b)),
    elementwise: plain(({ a, b, c }) => nn.sigmoid(a).mul(np.tanh(b)).add(c)),
    reduce: plain(({ x }, { op, axis }) => np[op](x, axis)),
    softmax: plain(({ x }) => nn.softmax(x, -1)),
    layerNorm: plain(({ x, g, b }) => norm(x, g, b)),
    crossEntropy: plain(({ x, y }) => crossEntropy(x, y)),
    crossEntropyGradient: plain(({ x, y }) => grad((z) => crossEntropy(z, y))(x)),
    conv: plain(({ x, w }, c) => nhwc(convolve(x, w, c))),
    convGradient: plain(({ x, w, g }, c) =>
      grad(
        (x, w) =>
          nhwc(convolve(x, w, c))
            .mul(g)
            .sum(),
        { argnums: [0, 1] },
      )(x, w),
    ),
    mlpTrain: training((p, { x, y }) => crossEntropy(mlp(p, x), y), ["w1", "b1", "w2", "b2", "w3", "b3"], ["w1", "w3"]),
    cnnTrain: training((p, { x, y }) => crossEntropy(cnn(p, x), y), ["k1", "c1", "k2", "c2", "w", "b"], ["k1", "k2"]),
    block: plain(({ x, ...p }, { heads }) => block(p, x, heads)),
    blockTrain: training((p, { x, t }, { heads }) => np.square(block(p, x, heads).sub(t)).mean(), BLOCK_PARAMS, []),
    lstm,
    attention: plain(({ q, k, v }) => nn.dotProductAttention(q, k, v)),
    sort: plain(({ x }) => np.sort(x)),
    cumsum: plain(({ x }) => np.cumsum(x)),
    cholesky(workload, data) {
      const { x } = tensors(workload, data);
      const n = x.shape[0];
      const a = np.matmul(x.ref, np.transpose(x)).div(n).add(np.eye(n));
      const f = jit((m) => np.linalg.cholesky(m));
      return { run: () => finish([f(a.ref)]), outputs: async () => [Float32Array.from(await f(a.ref).data())] };
    },
    svd(workload, data) {
      const { x } = tensors(workload, data);
      const f = jit((m) => np.linalg.svd(m, { fullMatrices: false }));
      return { run: () => finish(f(x.ref)), outputs: async () => [Float32Array.from(await f(x.ref)[1].data())] };
    },
    eigh(workload, data) {
      const { x } = tensors(workload, data);
      const a = np.add(x.ref, np.transpose(x));
      const f = jit((m) => np.linalg.eigh(m));
      return { run: () => finish(f(a.ref)), outputs: async () => [Float32Array.from(await f(a.ref)[0].data())] };
    },
    solve(workload, data) {
      const { x, y } = tensors(workload, data);
      const n = x.shape[0];
      const a = np.matmul(x.ref, np.transpose(x)).div(n).add(np.eye(n));
      const f = jit((m, b) => np.linalg.solve(m, b));
      const solved = () => f(a.ref, y.ref);
      return { run: () => finish([solved()]), outputs: async () => [Float32Array.from(await solved().data())] };
    },
    randomNormal({ size }) {
      const f = jit((k) => random.normal(k, [size]));
      const moments = jit((x) => np.stack([np.square(x.ref).mean(), x.mean().add(1)]));
      let seed = 0;
      return {
        run: () => finish([f(random.key(seed++ % 64))]),
        outputs: async () => [Float32Array.from(await moments(f(random.key(0))).data())],
      };
    },
    dispatch({ calls }) {
      const add = jit((a, b) => a.add(b));
      const [a, b] = [np.array(1), np.array(2)];
      const run = async () => {
        let r = add(a.ref, b.ref);
        for (let i = 1; i < calls; i++) {
          r.dispose();
          r = add(a.ref, b.ref);
        }
        await r.blockUntilReady();
        return r;
      };
      return {
        run: async () => (await run()).dispose(),
        outputs: async () => [Float32Array.from(await (await run()).data())],
      };
    },
    perExample: plain(({ x, t, ...p }) => {
      const loss = (p, x, t) => np.square(tanhMlp(p, x).sub(t)).mean();
      const g = vmap(grad(loss), [null, 0, 0])(p, x, t);
      return [g.w1, g.b1, g.w2, g.b2, g.w3, g.b3];
    }),
    jacobian: plain(({ x, ...p }) => jacrev((x) => tanhMlp(tree.ref(p), x.reshape([1, -1])).reshape([-1]))(x)),
  };
}
