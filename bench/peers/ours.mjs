// Tilework itself, as a user has it: the built package.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { makeInputs } from "../lib/data.mjs";
import { BLOCK_PARAMS, resized } from "../lib/workloads.mjs";

const root = join(fileURLToPath(import.meta.url), "..", "..", "..");

/** Sizes that a program over a named size is compiled after. */
const SEEN = [7, 8];

export async function open(threads) {
  const { tw, optim, library, version } = await load(threads);
  const dynamic = (workload, data) => {
    // one function for all sizes
    let shared;
    const jit = (f, options) => (shared ??= tw.jit(f, options));
    const make = kinds({ ...tw, jit }, optim)[workload.of];
    for (const n of SEEN) {
      const other = resized(workload, n);
      make(other, makeInputs(other)).run();
    }
    return make(workload, data);
  };
  const own = kinds(tw, optim);
  const kernels = libraryKernels(tw, library);
  const made = (workload, data) => kernels[workload.kernel](workload, data);
  const all = Object.keys({ ...own, ...kernels }).map((kind) => [
    kind,
    (workload, data) => (workload.kernel ? made(workload, data) : own[kind](workload, data)),
  ]);
  return { version, kinds: { ...Object.fromEntries(all), dynamic } };
}

/** The same as the library's kernels, composed of np and nn: what they are held against. */
export async function openComposed(threads) {
  const { tw, optim, library, version } = await load(threads);
  const made = { ...kinds(tw, optim), ...composed(tw, library) };
  // only where there is a kernel beside it
  const all = Object.entries(made).map(([kind, make]) => [
    kind,
    (workload, data) => (workload.kernel ? make(workload, data) : "there is no kernel beside it"),
  ]);
  return { version, kinds: Object.fromEntries(all) };
}

/** Kinds that only kernels have, composed of np and nn. */
function composed(tw, library) {
  const { grad, lax, nn, numpy: np, random } = tw;
  const { plain } = helpers(tw);
  const product = ({ x, w, scale }) => nn.quantizedDot(x, { values: w, scale: scale.reshape(-1, w.shape[1]) });
  const prepare = preparations(tw, library);
  return {
    softmaxGradient: plain(({ x, g }) => grad((z) => nn.softmax(z, -1).mul(g).sum())(x)),
    rmsNorm: plain(({ x, g }) => x.div(np.sqrt(np.square(x).mean(-1, { keepdims: true }).add(1e-6))).mul(g)),
    causalAttention: plain(({ q, k, v }) => nn.dotProductAttention(q, k, v, { causal: true })),
    attentionGradient: plain(({ q, k, v }) => grad((p) => np.square(nn.dotProductAttention(...p)).sum())([q, k, v])),
    rotary: plain(({ x, cos, sin }) => nn.rotary(x, cos, sin), prepare.rotary),
    embedding: plain(({ table, i }) => np.take(table, i, 0)),
    cumsumRows: plain(({ x }) => np.cumsum(x, 1)),
    int8: plain(product, prepare.int8),
    int4: plain(product, prepare.int4),
    maxPool: plain(({ x }) => nn.maxPool(x, [2, 2])),
    topK: plain(({ x }) => lax.topK(x, 8)),
    // other elements stay: only the work is alike
    dropout: plain(({ x, key }) => np.where(random.bernoulli(key, 0.5, x.shape), x.mul(2), 0), prepare.dropout),
    adam: plain(({ p, m, v, g, rates }) => {
      const [first, second] = [m.mul(0.9).add(g.mul(0.1)), v.mul(0.999).add(g.mul(g).mul(0.001))];
      const [rate, correction] = np.split(rates, 2);
      return [p.sub(first.mul(rate).div(np.sqrt(second.mul(correction)).add(1e-8))), first, second];
    }, prepare.adam),
    decode: plain(
      ({ q, k, v, l }) => nn.dotProductAttention(np.expandDims(q, 1), k, v, { keyValueSeqLengths: l }),
      prepare.decode,
    ),
    scatterAddRows: plain(({ i, u }, w) => np.at(np.zeros([scatterSize(w), u.shape[1]]), i).add(u)),
    matmulBias: plain(({ a, b, c }) => nn.relu(np.matmul(a, b).add(c))),
  };
}

/** What is made once of a workload's inputs: tables, and weights of few bits. */
function preparations({ numpy: np, random }, library) {
  const quantized = (quantize) => (given) => {
    const [w, scale] = quantize(given.w);
    return { x: given.x, w, scale };
  };
  return {
    rotary({ x }) {
      const [cos, sin] = library.rotaryTables(x.shape[1], x.shape[3]);
      return { x, cos, sin };
    },
    int8: quantized(library.quantizeInt8),
    int4: quantized(library.quantizeInt4),
    dropout: ({ x }) => ({ x, key: random.key(3), seed: np.array(3, { dtype: "i32" }) }),
    adam: (given) => ({ ...given, rates: np.array([0.001, 1.5]) }),
    decode: (given) => ({ ...given, l: given.l.add(1) }),
  };
}

const scatterSize = (workload) => workload.inputs.i.below;

/** The library's kernels. */
function libraryKernels(tw, library) {
  const { grad, numpy: np } = tw;
  const { plain } = helpers(tw);
  const prepare = preparations(tw, library);
  return {
    matmul: plain(({ a, b }) => library.matmul(a, b)),
    softmax: plain(({ x }) => library.softmax(x)),
    softmaxGradient: plain(({ x, g }) => grad((z) => library.softmax(z).mul(g).sum())(x)),
    layerNorm: plain(({ x, g, b }) => library.layerNorm(x, g, b)),
    rmsNorm: plain(({ x, g }) => library.rmsNorm(x, g)),
    crossEntropy: plain(({ x, y }) => library.crossEntropy(x, y).mean()),
    crossEntropyGradient: plain(({ x, y }) => grad((z) => library.crossEntropy(z, y).mean())(x)),
    attention: plain(({ q, k, v }) => library.flashAttention(q, k, v)),
    causalAttention: plain(({ q, k, v }) => library.flashAttention(q, k, v, { causal: true })),
    attentionGradient: plain(({ q, k, v }) => grad((p) => np.square(library.flashAttention(...p)).sum())([q, k, v])),
    rotary: plain(({ x, cos, sin }) => library.rotary(x, cos, sin), prepare.rotary),
    conv: plain(({ x, w }, { stride, pad }) => library.conv2d(x, w, { stride, padding: pad })),
    embedding: plain(({ table, i }) => library.embedding(table, i)),
    cumsumRows: plain(({ x }) => library.cumsum(x)),
    int8: plain(({ x, w, scale }) => library.matmulInt8(x, w, scale), prepare.int8),
    int4: plain(({ x, w, scale }) => library.matmulInt4(x, w, scale), prepare.int4),
    batched: plain(({ a, b }) => library.matmul(a, b)),
    matmulBias: plain(({ a, b, c }) =>
      library.matmul(a, b, { bias: c, epilogue: (y, d) => np.maximum(np.add(y, d), 0) }),
    ),
    convDirect: plain(({ x, w }, { stride, pad }) => {
      const sides = [0, pad, pad, 0].map((n) => [n, n]);
      return library.convDirectKernel(np.pad(x, sides), w, { STRIDE: stride, PAD: 0 });
    }),
    convGradient: plain(({ x, w, g }, { stride, pad }) =>
      grad(([y, z]) => library.conv2d(y, z, { stride, padding: pad }).mul(g).sum())([x, w]),
    ),
    maxPool: plain(({ x }) => library.maxPool(x, { size: 2 })),
    topK: plain(({ x }) => library.topK(x, 8)),
    dropout: plain(({ x, seed }) => library.dropout(x, seed), prepare.dropout),
    adam: plain(({ p, m, v, g, rates }) => library.adamStep(p, m, v, g, rates), prepare.adam),
    decode: plain(({ q, k, v, l }) => library.decodeAttention(q, k, v, l), prepare.decode),
    scatterAddRows: plain(({ i, u }, w) => library.scatterAdd(i, u, scatterSize(w))),
  };
}

/** Each size compiled for itself: what programs over named sizes are held against. */
export async function openStatic(threads) {
  const { tw, optim, version } = await load(threads);
  const made = kinds({ ...tw, jit: (f, options) => tw.jit(f, { ...options, dynamic: false }) }, optim);
  return { version, kinds: { dynamic: (workload, data) => made[workload.of](workload, data) } };
}

async function load(threads) {
  const dist = join(root, "dist", "node");
  const tw = await import(join(dist, "tilework.js"));
  const optim = await import(join(dist, "tilework-optim.js"));
  const { library } = await import(join(dist, "tilework-kernels.js"));
  tw.configure({ threads });
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  return { tw, optim, library, version };
}

function helpers({ array, jit, tree }) {
  /** As `using` does: results of the other peers are given back too, those of NumPy and PyTorch by counting. */
  const dispose = (results) => {
    for (const x of tree.leaves(results)) x[Symbol.dispose]();
  };
  const tensors = (workload, data) =>
    Object.fromEntries(Object.entries(data).map(([name, x]) => [name, array(x).reshape(workload.inputs[name].shape)]));
  /** A jitted function of the named inputs, or of what is prepared of them once. */
  const plain =
    (f, prepare = (x) => x) =>
    (workload, data) => {
      const given = prepare(tensors(workload, data));
      const jitted = jit((args) => f(args, workload));
      return {
        run: () => dispose(jitted(given)),
        outputs: () => tree.leaves(jitted(given)).map((x) => x.dataSync()),
      };
    };
  return { dispose, plain, tensors };
}

function kinds(tw, optim) {
  const { array, grad, jacrev, jit, nn, numpy: np, random, scan, valueAndGrad, vmap, whileLoop } = tw;
  const { dispose, plain, tensors } = helpers(tw);
  /** A training step whose state is donated; the outputs are the losses of the first three steps and a few parameters after one. */
  const training = (lossOf, names, show) => (workload, data) => {
    const all = tensors(workload, data);
    const batch = Object.fromEntries(Object.entries(all).filter(([name]) => !names.includes(name)));
    const tx = (workload.optimizer ?? "adam") === "sgd" ? optim.sgd(0.05) : optim.adam(1e-3);
    const step = jit(
      (state, given) => {
        const [loss, gradient] = valueAndGrad((p) => lossOf(p, given, workload))(state.params);
        const [updates, next] = tx.update(gradient, state.optimizer, state.params);
        return [{ params: optim.applyUpdates(state.params, updates), optimizer: next }, loss];
      },
      { donate: 0 },
    );
    const start = () => {
      const params = Object.fromEntries(
        names.map((name) => [name, array(data[name]).reshape(workload.inputs[name].shape)]),
      );
      return { params, optimizer: tx.init(params) };
    };
    let state = start();
    let loss;
    return {
      run: () => {
        [state, loss] = step(state, batch);
        loss[Symbol.dispose]();
      },
      outputs: () => {
        let s = start();
        const losses = [];
        let shown = [];
        for (let i = 0; i < 3; i++) {
          let l;
          [s, l] = step(s, batch);
          losses.push(l.item());
          if (i === 0 && workload.optimizer === "sgd") shown = show.map((name) => s.params[name].dataSync().slice());
        }
        return [Float32Array.from(losses), ...shown];
      },
    };
  };
  const mlp = (p, x) => {
    const h1 = nn.relu(np.dot(x, p.w1).add(p.b1));
    const h2 = nn.relu(np.dot(h1, p.w2).add(p.b2));
    return np.dot(h2, p.w3).add(p.b3);
  };
  const tanhMlp = (p, x) => {
    const h1 = np.tanh(np.dot(x, p.w1).add(p.b1));
    const h2 = np.tanh(np.dot(h1, p.w2).add(p.b2));
    return np.dot(h2, p.w3).add(p.b3);
  };
  const cnn = (p, x) => {
    const h1 = nn.maxPool(nn.relu(nn.conv({ w: p.k1, b: p.c1 }, x, { padding: 1 })), [2, 2]);
    const h2 = nn.maxPool(nn.relu(nn.conv({ w: p.k2, b: p.c2 }, h1, { padding: 1 })), [2, 2]);
    return np.dot(h2.reshape(h2.shape[0], -1), p.w).add(p.b);
  };
  const block = (p, x, heads) => {
    const [b, t, d] = x.shape;
    const qkv = np.dot(nn.layerNorm({ scale: p.n1, bias: p.m1 }, x), p.qkv).add(p.qkvb);
    const [q, k, v] = np.split(qkv, 3, -1).map((y) => y.reshape(b, t, heads, d / heads));
    const seen = nn.dotProductAttention(q, k, v).reshape(b, t, d);
    const y = x.add(np.dot(seen, p.o).add(p.ob));
    const hidden = nn.gelu(np.dot(nn.layerNorm({ scale: p.n2, bias: p.m2 }, y), p.u).add(p.ub));
    return y.add(np.dot(hidden, p.d).add(p.db));
  };
  const convolve = (x, w, { stride, groups, pad }) => nn.conv({ w }, x, { strides: stride, groups, padding: pad });
  const lstm = ({ x, wx, wh, b }, { batch, hidden }) => {
    // the inputs' part of the gates for all steps at once
    const gates = np.dot(x, wx).add(b);
    const zero = np.zeros([batch, hidden]);
    const cell = ([h, c], g) => {
      const [i, f, j, o] = np.split(g.add(np.dot(h, wh)), 4, -1);
      const c2 = nn
        .sigmoid(f)
        .mul(c)
        .add(nn.sigmoid(i).mul(np.tanh(j)));
      const h2 = nn.sigmoid(o).mul(np.tanh(c2));
      return [[h2, c2], h2];
    };
    return scan(cell, [zero, zero], gates)[1];
  };
  return {
    matmul: plain(({ a, b }) => np.dot(a, b)),
    batched: plain(({ a, b }) => np.matmul(a, b)),
    elementwise: plain(({ a, b, c }) => nn.sigmoid(a).mul(np.tanh(b)).add(c)),
    reduce: plain(({ x }, { op, axis }) => np[op](x, axis)),
    softmax: plain(({ x }) => nn.softmax(x, -1)),
    layerNorm: plain(({ x, g, b }) => nn.layerNorm({ scale: g, bias: b }, x)),
    crossEntropy: plain(({ x, y }) => nn.crossEntropy(x, y)),
    crossEntropyGradient: plain(({ x, y }) => grad((z) => nn.crossEntropy(z, y))(x)),
    adamUpdate(workload, data) {
      const { g } = tensors(workload, data);
      const tx = optim.adam(1e-3);
      const step = jit(
        (state, gradient) => {
          const [updates, next] = tx.update(gradient, state.optimizer, state.params);
          return { params: optim.applyUpdates(state.params, updates), optimizer: next };
        },
        { donate: 0 },
      );
      const start = () => {
        const params = tensors(workload, data).p;
        return { params, optimizer: tx.init(params) };
      };
      let state = start();
      return {
        run: () => {
          state = step(state, g);
        },
        outputs: () => [step(start(), g).params.dataSync()],
      };
    },
    conv: plain(({ x, w }, c) => convolve(x, w, c)),
    convGradient: plain(({ x, w, g }, c) => grad(([x, w]) => convolve(x, w, c).mul(g).sum())([x, w])),
    mlp: plain(({ x, ...p }) => mlp(p, x)),
    cnn: plain(({ x, ...p }) => cnn(p, x)),
    mlpTrain: training(
      (p, { x, y }) => nn.crossEntropy(mlp(p, x), y),
      ["w1", "b1", "w2", "b2", "w3", "b3"],
      ["w1", "w3"],
    ),
    cnnTrain: training(
      (p, { x, y }) => nn.crossEntropy(cnn(p, x), y),
      ["k1", "c1", "k2", "c2", "w", "b"],
      ["k1", "k2"],
    ),
    block: plain((p, { heads }) => block(p, p.x, heads)),
    blockTrain: training((p, { x, t }, { heads }) => np.mean(np.square(block(p, x, heads).sub(t))), BLOCK_PARAMS, []),
    lstm: plain(lstm),
    lstmGradient: plain(({ x, ...p }, w) => {
      const g = grad((p) => np.mean(np.square(lstm({ x, ...p }, w))))(p);
      return [g.wx, g.wh, g.b];
    }),
    attention: plain(({ q, k, v }) => nn.dotProductAttention(q, k, v)),
    sort: plain(({ x }) => np.sort(x)),
    cumsum: plain(({ x }) => np.cumsum(x)),
    cholesky(workload, data) {
      const x = tensors(workload, data).x;
      const n = x.shape[0];
      const a = jit(() => np.dot(x, x.T).div(n).add(np.eye(n)))();
      const f = jit((m) => np.linalg.cholesky(m));
      return { run: () => f(a)[Symbol.dispose](), outputs: () => [f(a).dataSync()] };
    },
    svd(workload, data) {
      const { x } = tensors(workload, data);
      const f = jit((m) => np.linalg.svd(m, { fullMatrices: false }));
      return { run: () => dispose(f(x)), outputs: () => [f(x)[1].dataSync()] };
    },
    eigh(workload, data) {
      const { x } = tensors(workload, data);
      const a = jit(() => x.add(x.T))();
      const f = jit((m) => np.linalg.eigh(m));
      return { run: () => dispose(f(a)), outputs: () => [f(a)[0].dataSync()] };
    },
    qr(workload, data) {
      const { x } = tensors(workload, data);
      const f = jit((m) => np.linalg.qr(m));
      // signs are not the same everywhere
      const sizes = jit((m) => np.abs(np.linalg.qr(m)[1]));
      return { run: () => dispose(f(x)), outputs: () => [sizes(x).dataSync()] };
    },
    solve(workload, data) {
      const { x, y } = tensors(workload, data);
      const n = x.shape[0];
      const a = jit(() => np.dot(x, x.T).div(n).add(np.eye(n)))();
      const f = jit((m, b) => np.linalg.solve(m, b));
      return { run: () => f(a, y)[Symbol.dispose](), outputs: () => [f(a, y).dataSync()] };
    },
    scatterAdd: plain(({ table, i, u }) => np.at(table, i).add(u)),
    randomNormal({ size }) {
      const f = jit((k) => random.normal(k, [size]));
      let seed = 0;
      const keys = Array.from({ length: 64 }, (_, i) => random.key(i));
      const moments = jit((x) => np.stack([np.square(x).mean(), x.mean().add(1)]));
      return { run: () => f(keys[seed++ % 64])[Symbol.dispose](), outputs: () => [moments(f(keys[0])).dataSync()] };
    },
    dispatch({ calls }) {
      const add = jit((a, b) => a.add(b));
      const [a, b] = [array(1), array(2)];
      const run = () => {
        let r;
        for (let i = 0; i < calls; i++) r = add(a, b);
        return r;
      };
      return { run, outputs: () => [run().dataSync()] };
    },
    perExample: plain(({ x, t, ...p }) => {
      const g = vmap(
        grad((p, x, t) => np.mean(np.square(tanhMlp(p, x).sub(t)))),
        { inAxes: [null, 0, 0] },
      )(p, x, t);
      return [g.w1, g.b1, g.w2, g.b2, g.w3, g.b3];
    }),
    jacobian: plain(({ x, ...p }) => jacrev((x) => tanhMlp(p, x))(x)),
    whileLoop({ iterations }) {
      const f = jit((x) =>
        whileLoop(
          ([i]) => np.less(i, iterations),
          ([i, x]) => [i.add(1), x.mul(0.999).add(0.5)],
          [np.array(0, { dtype: "i32" }), x],
        ),
      );
      const x = array(1);
      return { run: () => dispose(f(x)), outputs: () => [f(x)[1].dataSync()] };
    },
  };
}
