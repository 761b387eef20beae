// TensorFlow.js with its WebAssembly backend (SIMD; its threads do not start in Node).
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { BLOCK_PARAMS } from "../lib/workloads.mjs";

export async function open() {
  const require = createRequire(import.meta.url);
  const tf = require("@tensorflow/tfjs");
  const wasm = require("@tensorflow/tfjs-backend-wasm");
  wasm.setWasmPaths(`${dirname(require.resolve("@tensorflow/tfjs-backend-wasm"))}/`);
  if (!(await tf.setBackend("wasm"))) throw new Error("its WebAssembly backend does not start");
  await tf.ready();
  const { version } = require(join("@tensorflow/tfjs-backend-wasm", "package.json"));
  return { version, kinds: kinds(tf), cannot };
}

const cannot = {
  cholesky: "no such operation",
  svd: "no such operation in its WebAssembly backend",
  perExample: "no vmap",
  jacobian: "no jacobian",
  whileLoop: "no compiled loop",
  sort: "topk is its only sort",
};

function kinds(tf) {
  const tensors = (workload, data) =>
    Object.fromEntries(Object.entries(data).map(([name, x]) => [name, tf.tensor(x, workload.inputs[name].shape)]));
  const listOf = (x) => (Array.isArray(x) ? x : [x]);
  const plain = (f) => (workload, data) => {
    const given = tensors(workload, data);
    const run = () => tf.dispose(tf.tidy(() => f(given, workload)));
    const outputs = () => {
      const results = listOf(tf.tidy(() => f(given, workload)));
      return results.map((x) => Float32Array.from(x.dataSync()));
    };
    return { run, outputs };
  };
  const training = (lossOf, names, show) => (workload, data) => {
    const all = tensors(workload, data);
    const start = () => ({
      variables: Object.fromEntries(names.map((name) => [name, tf.variable(all[name])])),
      optimizer: (workload.optimizer ?? "adam") === "sgd" ? tf.train.sgd(0.05) : tf.train.adam(1e-3, 0.9, 0.999, 1e-8),
    });
    const step = ({ variables, optimizer }) =>
      tf.tidy(() => optimizer.minimize(() => lossOf(variables, all, workload), true, Object.values(variables)));
    const state = start();
    return {
      run: () => tf.dispose(step(state)),
      outputs: () => {
        const s = start();
        const losses = [];
        let shown = [];
        for (let i = 0; i < 3; i++) {
          losses.push(step(s).dataSync()[0]);
          if (i === 0 && workload.optimizer === "sgd") shown = show.map((name) => s.variables[name].dataSync().slice());
        }
        return [Float32Array.from(losses), ...shown];
      },
    };
  };
  const crossEntropy = (z, y) => {
    const hot = tf.oneHot(y, z.shape[1]).toFloat();
    return tf.neg(tf.mean(tf.sum(tf.mul(tf.logSoftmax(z), hot), -1)));
  };
  const norm = (x, g, b) => {
    const c = x.sub(x.mean(-1, true));
    return c.mul(c.square().mean(-1, true).add(1e-5).rsqrt()).mul(g).add(b);
  };
  const dense = (x, w, b) => {
    const rows = x.reshape([-1, w.shape[0]]);
    return tf
      .matMul(rows, w)
      .add(b)
      .reshape([...x.shape.slice(0, -1), w.shape[1]]);
  };
  const mlp = (p, x) => dense(tf.relu(dense(tf.relu(dense(x, p.w1, p.b1)), p.w2, p.b2)), p.w3, p.b3);
  const cnn = (p, x) => {
    const layer = (x, k, c) => tf.maxPool(tf.relu(tf.conv2d(x, k, 1, "same").add(c)), 2, 2, "valid");
    const h = layer(layer(x, p.k1, p.c1), p.k2, p.c2);
    return dense(h.reshape([h.shape[0], -1]), p.w, p.b);
  };
  const convolve = (x, w, { stride, groups, pad }) => {
    const padding =
      pad === 0
        ? 0
        : [
            [0, 0],
            [pad, pad],
            [pad, pad],
            [0, 0],
          ];
    return groups > 1
      ? tf.depthwiseConv2d(x, w.reshape([w.shape[0], w.shape[1], groups, 1]), stride, "same")
      : tf.conv2d(x, w, stride, padding);
  };
  const gelu = (x) =>
    x.mul(0.5).mul(
      x
        .add(x.mul(x).mul(x).mul(0.044715))
        .mul(Math.sqrt(2 / Math.PI))
        .tanh()
        .add(1),
    );
  const block = (p, x, heads) => {
    const [b, t, d] = x.shape;
    const parts = tf.split(dense(norm(x, p.n1, p.m1), p.qkv, p.qkvb), 3, -1);
    const [q, k, v] = parts.map((y) => y.reshape([b, t, heads, d / heads]).transpose([0, 2, 1, 3]));
    const s = tf.softmax(tf.matMul(q, k, false, true).mul(1 / Math.sqrt(d / heads)));
    const seen = tf.matMul(s, v).transpose([0, 2, 1, 3]).reshape([b, t, d]);
    const y = x.add(dense(seen, p.o, p.ob));
    return y.add(dense(gelu(dense(norm(y, p.n2, p.m2), p.u, p.ub)), p.d, p.db));
  };
  const lstm = ({ x, wx, wh, b }, { time, batch, hidden }) => {
    const gates = tf.unstack(dense(x, wx, b));
    let [h, c] = [tf.zeros([batch, hidden]), tf.zeros([batch, hidden])];
    const out = [];
    for (let s = 0; s < time; s++) {
      const [i, f, j, o] = tf.split(gates[s].add(tf.matMul(h, wh)), 4, -1);
      c = tf
        .sigmoid(f)
        .mul(c)
        .add(tf.sigmoid(i).mul(tf.tanh(j)));
      h = tf.sigmoid(o).mul(tf.tanh(c));
      out.push(h);
    }
    return tf.stack(out);
  };
  return {
    matmul: plain(({ a, b }) => tf.matMul(a, b)),
    batched: plain(({ a, b }) => tf.matMul(a, b)),
    elementwise: plain(({ a, b, c }) => tf.sigmoid(a).mul(tf.tanh(b)).add(c)),
    reduce: plain(({ x }, { op, axis }) => tf[op](x, axis ?? undefined)),
    softmax: plain(({ x }) => tf.softmax(x)),
    layerNorm: plain(({ x, g, b }) => norm(x, g, b)),
    crossEntropy: plain(({ x, y }) => crossEntropy(x, y)),
    crossEntropyGradient: plain(({ x, y }) => tf.grad((z) => crossEntropy(z, y))(x)),
    conv: plain(({ x, w }, c) => convolve(x, w, c)),
    convGradient: plain(({ x, w, g }, c) => tf.grads((x, w) => convolve(x, w, c))([x, w], g)),
    mlpTrain: training((p, { x, y }) => crossEntropy(mlp(p, x), y), ["w1", "b1", "w2", "b2", "w3", "b3"], ["w1", "w3"]),
    cnnTrain: training((p, { x, y }) => crossEntropy(cnn(p, x), y), ["k1", "c1", "k2", "c2", "w", "b"], ["k1", "k2"]),
    block: plain((p, { heads }) => block(p, p.x, heads)),
    blockTrain: training((p, { x, t }, { heads }) => block(p, x, heads).sub(t).square().mean(), BLOCK_PARAMS, []),
    lstm: plain(lstm),
    lstmGradient: plain(({ x, wx, wh, b }, w) =>
      tf.grads((wx, wh, b) => lstm({ x, wx, wh, b }, w).square().mean())([wx, wh, b]),
    ),
    attention: plain(({ q, k, v }, { size }) => {
      const [a, b, c] = [q, k, v].map((x) => x.transpose([0, 2, 1, 3]));
      const s = tf.softmax(tf.matMul(a, b, false, true).mul(1 / Math.sqrt(size)));
      return tf.matMul(s, c).transpose([0, 2, 1, 3]);
    }),
    cumsum: plain(({ x }) => tf.cumsum(x)),
    scatterAdd: plain(({ table, i, u }) => table.add(tf.scatterND(i.reshape([-1, 1]), u, table.shape))),
    randomNormal({ size }) {
      const run = () => tf.dispose(tf.randomNormal([size]));
      const outputs = () => [
        tf
          .tidy(() => {
            const x = tf.randomNormal([size]);
            return tf.stack([x.square().mean(), x.mean().add(1)]);
          })
          .dataSync(),
      ];
      return { run, outputs };
    },
    dispatch({ calls }) {
      const [a, b] = [tf.scalar(1), tf.scalar(2)];
      const run = () => {
        for (let i = 0; i < calls; i++) tf.add(a, b).dispose();
      };
      return { run, outputs: () => [tf.add(a, b).dataSync()] };
    },
  };
}
