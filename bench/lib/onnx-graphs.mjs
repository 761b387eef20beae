// The workloads as ONNX graphs: `build(graph, workload, data)` says which data are fed at each run and how results are laid out.
import { Graph } from "./onnx.mjs";

/** [n, h, w, c] → [n, c, h, w], and back: a peer works in the layout that it likes. */
export function toNchw(x, [n, h, w, c]) {
  return permute(x, [n, h, w, c], [0, 3, 1, 2]);
}
export function permute(x, shape, order) {
  const strides = shape.map((_, i) => shape.slice(i + 1).reduce((a, b) => a * b, 1));
  const out = new x.constructor(x.length);
  const sizes = order.map((o) => shape[o]);
  const steps = order.map((o) => strides[o]);
  const walk = (axis, from, to) => {
    const inner = sizes.slice(axis + 1).reduce((a, b) => a * b, 1);
    for (let i = 0; i < sizes[axis]; i++) {
      if (axis === sizes.length - 1) out[to + i] = x[from + i * steps[axis]];
      else walk(axis + 1, from + i * steps[axis], to + i * inner);
    }
  };
  walk(0, 0, 0);
  return out;
}

/** A graph whose operands are fed at every run; `f(g, names)` gives the result and its shape. */
const fed = (f) => (workload, data) => {
  const g = new Graph();
  const names = Object.fromEntries(
    Object.entries(workload.inputs).map(([name, { shape, below }]) => [
      name,
      g.input(name, shape, below === undefined ? 1 : 6),
    ]),
  );
  const [y, shape] = f(g, names, workload, (name) => workload.inputs[name].shape);
  const output = g.output(y, shape);
  const feeds = Object.fromEntries(Object.entries(data).map(([name, x]) => [name, [x, workload.inputs[name].shape]]));
  return { model: g.model(), feeds, outputs: [output] };
};

/** The same with the named operands as weights. */
const weighted = (weights, f) => (workload, data) => {
  const g = new Graph();
  const shape = (name) => workload.inputs[name].shape;
  const names = {};
  const feeds = {};
  for (const name of Object.keys(workload.inputs)) {
    if (weights.includes(name)) names[name] = g.constant(data[name], shape(name));
    else {
      names[name] = g.input(name, shape(name), data[name] instanceof Int32Array ? 6 : 1);
      feeds[name] = [data[name], shape(name)];
    }
  }
  const [y, outShape, read] = f(g, names, workload, shape, data);
  g.output(y, outShape);
  return { model: g.model(), feeds, outputs: [y], read };
};

const linear = (g, x, w, b) => g.add("Add", [g.add("MatMul", [x, w]), b]);
const norm = (g, x, scale, bias) =>
  g.add("LayerNormalization", [x, scale, bias], { axis: -1, epsilon: { float: 1e-5 } });

function convolution(workload, data) {
  const { n, size, cin, cout, k, stride, groups, pad, out } = workload;
  const g = new Graph();
  const x = g.input("x", [n, cin, size, size]);
  const w = g.constant(permute(data.w, [k, k, cin / groups, cout], [3, 2, 0, 1]), [cout, cin / groups, k, k]);
  const y = g.add("Conv", [x, w], {
    strides: [stride, stride],
    pads: [pad, pad, pad, pad],
    group: groups,
    kernel_shape: [k, k],
  });
  g.output(y, [n, cout, out, out]);
  return {
    model: g.model(),
    feeds: { x: [toNchw(data.x, [n, size, size, cin]), [n, cin, size, size]] },
    outputs: [y],
    read: ([r]) => [permute(r, [n, cout, out, out], [0, 2, 3, 1])],
  };
}

function block(g, p, { batch, time, features, heads }) {
  const size = features / heads;
  const qkv = linear(g, norm(g, p.x, p.n1, p.m1), p.qkv, p.qkvb);
  const parts = g.add("Split", [qkv, g.constant([features, features, features])], { axis: 2 }, 3);
  const [q, k, v] = parts.map((part, i) => {
    const split = g.add("Reshape", [part, g.constant([batch, time, heads, size])]);
    return g.add("Transpose", [split], { perm: i === 1 ? [0, 2, 3, 1] : [0, 2, 1, 3] });
  });
  const scores = g.add("Mul", [g.add("MatMul", [q, k]), g.scalar(1 / Math.sqrt(size))]);
  const seen = g.add("MatMul", [g.add("Softmax", [scores], { axis: -1 }), v]);
  const merged = g.add("Reshape", [
    g.add("Transpose", [seen], { perm: [0, 2, 1, 3] }),
    g.constant([batch, time, features]),
  ]);
  const y = g.add("Add", [p.x, linear(g, merged, p.o, p.ob)]);
  const hidden = g.add("Gelu", [linear(g, norm(g, y, p.n2, p.m2), p.u, p.ub)], { approximate: "tanh" });
  return [g.add("Add", [y, linear(g, hidden, p.d, p.db)]), [batch, time, features]];
}
const BLOCK_WEIGHTS = ["n1", "m1", "qkv", "qkvb", "o", "ob", "n2", "m2", "u", "ub", "d", "db"];

/** ONNX's LSTM takes gates in the order input, output, forget, cell, and weights transposed. */
function lstm(workload, data) {
  const { time, batch, hidden } = workload;
  const gates = (x, columns) => {
    const rows = permute(x, [columns, 4, hidden], [1, 2, 0]);
    const part = (i) => rows.subarray(i * hidden * columns, (i + 1) * hidden * columns);
    const out = new Float32Array(rows.length);
    [0, 3, 1, 2].forEach((from, to) => out.set(part(from), to * hidden * columns));
    return out;
  };
  const g = new Graph();
  const x = g.input("x", [time, batch, hidden]);
  const w = g.constant(gates(data.wx, hidden), [1, 4 * hidden, hidden]);
  const r = g.constant(gates(data.wh, hidden), [1, 4 * hidden, hidden]);
  const b = new Float32Array(8 * hidden);
  b.set(gates(data.b, 1));
  const y = g.add("LSTM", [x, w, r, g.constant(b, [1, 8 * hidden])], { hidden_size: hidden });
  g.output(y, [time, 1, batch, hidden]);
  return { model: g.model(), feeds: { x: [data.x, [time, batch, hidden]] }, outputs: [y] };
}

function attention(workload, data) {
  const { time, heads, size } = workload;
  const g = new Graph();
  const shape = [heads, time, size];
  const [q, k, v] = ["q", "k", "v"].map((name) => g.input(name, shape));
  const scores = g.add("MatMul", [
    g.add("Mul", [q, g.scalar(1 / Math.sqrt(size))]),
    g.add("Transpose", [k], { perm: [0, 2, 1] }),
  ]);
  const y = g.add("MatMul", [g.add("Softmax", [scores], { axis: -1 }), v]);
  g.output(y, shape);
  const feed = (x) => [permute(x, [time, heads, size], [1, 0, 2]), shape];
  return {
    model: g.model(),
    feeds: { q: feed(data.q), k: feed(data.k), v: feed(data.v) },
    outputs: [y],
    read: ([r]) => [permute(r, shape, [1, 0, 2])],
  };
}

/** One step of SGD with its backward pass written out: weights go in and come out at every run. */
function mlpTrain(workload, data) {
  if (workload.optimizer !== "sgd") return "the gradient graph is written for SGD only";
  const names = ["w1", "b1", "w2", "b2", "w3", "b3"];
  const g = new Graph();
  const shape = (name) => workload.inputs[name].shape;
  const [batch, classes] = [shape("x")[0], shape("b3")[0]];
  const p = Object.fromEntries(["x", ...names].map((name) => [name, g.input(name, shape(name))]));
  const y = g.input("y", [batch], 6);
  const transposed = (x) => g.add("Transpose", [x], { perm: [1, 0] });
  const h1 = g.add("Relu", [linear(g, p.x, p.w1, p.b1)]);
  const h2 = g.add("Relu", [linear(g, h1, p.w2, p.b2)]);
  const z = g.add("LogSoftmax", [linear(g, h2, p.w3, p.b3)], { axis: 1 });
  const hot = g.add(
    "OneHot",
    [g.add("Cast", [y], { to: 7 }), g.constant([classes]), g.constant(Float32Array.of(0, 1))],
    { axis: -1 },
  );
  const picked = g.add("ReduceSum", [g.add("Mul", [z, hot])], { keepdims: 0 });
  const loss = g.add("Mul", [picked, g.scalar(-1 / batch)]);
  const dz = g.add("Mul", [g.add("Sub", [g.add("Exp", [z]), hot]), g.scalar(1 / batch)]);
  const through = (d, w, h) =>
    g.add("Mul", [g.add("MatMul", [d, transposed(w)]), g.add("Cast", [g.add("Greater", [h, g.scalar(0)])], { to: 1 })]);
  const d2 = through(dz, p.w3, h2);
  const d1 = through(d2, p.w2, h1);
  const columns = (d) => g.add("ReduceSum", [d, g.constant([0])], { keepdims: 0 });
  const gradients = {
    w1: g.add("MatMul", [transposed(p.x), d1]),
    b1: columns(d1),
    w2: g.add("MatMul", [transposed(h1), d2]),
    b2: columns(d2),
    w3: g.add("MatMul", [transposed(h2), dz]),
    b3: columns(dz),
  };
  const next = {};
  for (const name of names) {
    const update = g.add("Mul", [gradients[name], g.scalar(0.05)]);
    next[name] = g.output(g.add("Sub", [p[name], update]), shape(name));
  }
  g.output(loss, []);
  const feeds = Object.fromEntries(["x", "y", ...names].map((name) => [name, [data[name], shape(name)]]));
  return { model: g.model(), feeds, outputs: [loss, ...names.map((n) => next[n])], next, shown: ["w1", "w3"] };
}

export const graphs = {
  matmul: fed((g, { a, b }, { m, n }) => [g.add("MatMul", [a, b]), [m, n]]),
  batched: fed((g, { a, b }, _, shape) => [g.add("MatMul", [a, b]), [shape("a")[0], shape("a")[1], shape("b")[2]]]),
  elementwise: fed((g, { a, b, c }, _, shape) => [
    g.add("Add", [g.add("Mul", [g.add("Sigmoid", [a]), g.add("Tanh", [b])]), c]),
    shape("a"),
  ]),
  reduce: fed((g, { x }, { op, axis }, shape) => {
    const axes = axis === null ? [0, 1] : [axis];
    const kept = shape("x").filter((_, i) => !axes.includes(i));
    return [g.add(op === "sum" ? "ReduceSum" : "ReduceMax", [x, g.constant(axes)], { keepdims: 0 }), kept];
  }),
  softmax: fed((g, { x }, _, shape) => [g.add("Softmax", [x], { axis: -1 }), shape("x")]),
  layerNorm: weighted(["g", "b"], (g, p, _, shape) => [norm(g, p.x, p.g, p.b), shape("x")]),
  crossEntropy: fed((g, { x, y }) => [g.add("SoftmaxCrossEntropyLoss", [x, y], { reduction: "mean" }), []]),
  conv: convolution,
  mlpTrain,
  block: weighted(BLOCK_WEIGHTS, block),
  lstm,
  attention,
  sort: fed((g, { x }, _, shape) => [
    g.add("TopK", [x, g.constant(shape("x"))], { largest: 0, sorted: 1 }, 2)[0],
    shape("x"),
  ]),
  cumsum: fed((g, { x }, _, shape) => [g.add("CumSum", [x, g.constant([0], [])]), shape("x")]),
  scatterAdd: fed((g, { table, i, u }, _, shape) => {
    const index = g.add("Reshape", [i, g.constant([shape("i")[0], 1])]);
    const wide = g.add("Cast", [index], { to: 7 });
    return [g.add("ScatterND", [table, wide, u], { reduction: "add" }), shape("table")];
  }),
};

export const cannot = {
  crossEntropyGradient: "no gradients",
  convGradient: "no gradients",
  cnnTrain: "no gradients",
  blockTrain: "no gradients",
  lstmGradient: "no gradients",
  perExample: "no gradients",
  jacobian: "no gradients",
  cholesky: "no such operator",
  svd: "no such operator",
  whileLoop: "its Loop operator is not tried here",
};
