// Every workload: which numbers go in, how much work it is, and how far results may be apart. A peer implements a `kind`.

/** Input specs with their seeds counted up. */
function inputs(specs) {
  let seed = 1;
  return Object.fromEntries(Object.entries(specs).map(([name, spec]) => [name, { seed: seed++, ...spec }]));
}
const f = (shape, scale = 1, mean = 0) => ({ shape, scale, mean });
const ids = (shape, below) => ({ shape, below });

function matmul(m, k, n, group = "matmul") {
  return {
    id: m === k && k === n ? `matmul ${m}` : `matmul ${m}x${k}x${n}`,
    group,
    kind: "matmul",
    m,
    k,
    n,
    inputs: inputs({ a: f([m, k]), b: f([k, n]) }),
    flops: 2 * m * k * n,
    bytes: 4 * (m * k + k * n + m * n),
  };
}

function batched(b, m, k, n) {
  return {
    id: `batched matmul ${b}x${m}x${k}x${n}`,
    group: "batched matmul",
    kind: "batched",
    inputs: inputs({ a: f([b, m, k]), b: f([b, k, n]) }),
    flops: 2 * b * m * k * n,
    bytes: 4 * b * (m * k + k * n + m * n),
  };
}

function elementwise(n) {
  return {
    id: `elementwise ${n >= 1e6 ? "4M" : n}`,
    group: "elementwise",
    kind: "elementwise",
    inputs: inputs({ a: f([n], 4), b: f([n], 4), c: f([n]) }),
    bytes: 16 * n,
    tolerance: 1e-5,
  };
}

function reduction(rows, columns, axis, op = "sum") {
  const where = axis === null ? "all" : `axis ${axis}`;
  return {
    id: `${op} ${rows}x${columns} ${where}`,
    group: "reductions",
    kind: "reduce",
    op,
    axis,
    inputs: inputs({ x: f([rows, columns], 0.5, 0.5) }),
    bytes: 4 * rows * columns,
    tolerance: 1e-4,
  };
}

function rowwise(kind, id, rows, columns, extra = {}) {
  return {
    id: `${id} ${rows}x${columns}`,
    group: "normalisations and losses",
    kind,
    inputs: inputs({ x: f([rows, columns], 3), ...extra }),
    bytes: 8 * rows * columns,
    tolerance: 2e-5,
  };
}

/** One step of Adam over so many parameters: four arrays are read and three written. */
function adamUpdate(n) {
  return {
    id: `Adam update ${n >= 1e6 ? "4M" : n}`,
    group: "elementwise",
    kind: "adamUpdate",
    inputs: inputs({ p: f([n]), g: f([n], 0.1) }),
    bytes: 28 * n,
    tolerance: 1e-5,
  };
}

function conv(name, n, size, cin, cout, k, stride, groups, gradient) {
  const out = size / stride;
  const flops = 2 * n * out * out * cout * k * k * (cin / groups);
  return {
    id: `conv2d ${name} ${n}x${size}x${size}x${cin}${gradient ? " gradient" : ""}`,
    group: gradient ? "convolution gradient" : "convolution",
    kind: gradient ? "convGradient" : "conv",
    n,
    size,
    cin,
    cout,
    k,
    stride,
    groups,
    pad: (k - 1) / 2,
    out,
    inputs: inputs({
      x: f([n, size, size, cin]),
      w: f([k, k, cin / groups, cout], 0.1),
      ...(gradient ? { g: f([n, out, out, cout]) } : {}),
    }),
    flops: gradient ? 2 * flops : flops,
    bytes: (4 * n * (size * size * cin + out * out * cout) + 4 * k * k * (cin / groups) * cout) * (gradient ? 2 : 1),
    tolerance: 2e-4,
  };
}

const MLP_SHAPES = (input, hidden, output) => ({
  w1: f([input, hidden], 1.7 / Math.sqrt(input)),
  b1: f([hidden], 0.01),
  w2: f([hidden, hidden], 1.7 / Math.sqrt(hidden)),
  b2: f([hidden], 0.01),
  w3: f([hidden, output], 1.7 / Math.sqrt(hidden)),
  b3: f([output], 0.01),
});

function mlpTrain(optimizer, batch, input, hidden, output) {
  const forward = 2 * batch * (input * hidden + hidden * hidden + hidden * output);
  return {
    id: `MLP train ${optimizer}`,
    group: "training steps",
    kind: "mlpTrain",
    optimizer,
    inputs: inputs({ x: f([batch, input]), y: ids([batch], output), ...MLP_SHAPES(input, hidden, output) }),
    flops: 3 * forward - 2 * batch * input * hidden,
    tolerance: 1e-3,
  };
}

function cnnTrain(optimizer, batch, size) {
  const flat = (size / 4) ** 2 * 64;
  const conv1 = 2 * batch * size * size * 32 * 9;
  const conv2 = 2 * batch * (size / 2) ** 2 * 64 * 9 * 32;
  return {
    id: `CNN train ${optimizer}`,
    group: "training steps",
    kind: "cnnTrain",
    optimizer,
    batch,
    size,
    flat,
    inputs: inputs({
      x: f([batch, size, size, 1]),
      y: ids([batch], 10),
      k1: f([3, 3, 1, 32], 0.5),
      c1: f([32], 0.01),
      k2: f([3, 3, 32, 64], 0.1),
      c2: f([64], 0.01),
      w: f([flat, 10], 1.7 / Math.sqrt(flat)),
      b: f([10], 0.01),
    }),
    flops: 2 * conv1 + 3 * conv2 + 6 * batch * flat * 10,
    tolerance: 1e-3,
  };
}

function block(kind, batch, time, features, heads) {
  const wide = 4 * features;
  const tokens = batch * time;
  const forward = 2 * tokens * (4 * features * features + 2 * features * wide) + 4 * batch * time * time * features;
  const w = (a, b) => f([a, b], 1.7 / Math.sqrt(a));
  return {
    id: kind === "block" ? "transformer block" : "transformer block train",
    group: kind === "block" ? "transformer" : "training steps",
    kind,
    batch,
    time,
    features,
    heads,
    inputs: inputs({
      x: f([batch, time, features]),
      ...(kind === "block" ? {} : { t: f([batch, time, features]) }),
      n1: f([features], 0.1, 1),
      m1: f([features], 0.1),
      qkv: w(features, 3 * features),
      qkvb: f([3 * features], 0.02),
      o: w(features, features),
      ob: f([features], 0.02),
      n2: f([features], 0.1, 1),
      m2: f([features], 0.1),
      u: w(features, wide),
      ub: f([wide], 0.02),
      d: w(wide, features),
      db: f([features], 0.02),
    }),
    flops: kind === "block" ? forward : 3 * forward,
    tolerance: 1e-3,
  };
}
export const BLOCK_PARAMS = ["n1", "m1", "qkv", "qkvb", "o", "ob", "n2", "m2", "u", "ub", "d", "db"];

function lstm(kind, time, batch, hidden) {
  const forward = 2 * time * batch * 2 * hidden * 4 * hidden;
  return {
    id: kind === "lstm" ? `LSTM ${time} steps` : `LSTM ${time} steps gradient`,
    group: "LSTM",
    kind,
    time,
    batch,
    hidden,
    inputs: inputs({
      x: f([time, batch, hidden]),
      wx: f([hidden, 4 * hidden], 1 / Math.sqrt(hidden)),
      wh: f([hidden, 4 * hidden], 1 / Math.sqrt(hidden)),
      b: f([4 * hidden], 0.1),
    }),
    flops: kind === "lstm" ? forward : 3 * forward - forward / 2,
    tolerance: 1e-3,
  };
}

function attention(time, heads = 4, size = 64) {
  const spec = f([1, time, heads, size]);
  return {
    id: `attention ${time}`,
    group: "attention",
    kind: "attention",
    time,
    heads,
    size,
    inputs: inputs({ q: spec, k: spec, v: spec }),
    flops: 4 * heads * time * time * size,
    tolerance: 1e-4,
  };
}

/**
 * Kernels of the library, written in the kernel language (`ours`), beside the same thing composed of np and nn (`composed`) and whoever else
 * offers it. `kernel` names what `ours` runs; everybody else goes by the kind.
 */
export const KERNELS = "kernels";
function kernelWorkloads(tiny) {
  const s = (full, small) => (tiny ? small : full);
  const as = (workload, kernel) => ({ ...workload, id: `kernel: ${workload.id}`, group: KERNELS, kernel });
  const norm = { g: f([s(768, 16)], 0.5, 1), b: f([s(768, 16)]) };
  const labels = { y: ids([s(4096, 8)], s(1000, 16)) };
  const table = { table: f([s(10000, 16), 64]), i: ids([s(65536, 16)], s(10000, 16)) };
  return [
    as(matmul(s(511, 9), s(509, 8), s(513, 7)), "matmul"),
    as(matmul(s(512, 8), s(512, 8), s(512, 8)), "matmul"),
    as(rowwise("softmax", "softmax", s(1024, 8), s(1000, 15)), "softmax"),
    as(
      rowwise("softmaxGradient", "softmax gradient", s(1024, 8), s(1000, 15), { g: f([s(1024, 8), s(1000, 15)]) }),
      "softmaxGradient",
    ),
    as(rowwise("layerNorm", "layer norm", s(2048, 8), s(768, 16), norm), "layerNorm"),
    as(rowwise("rmsNorm", "RMS norm", s(2048, 8), s(768, 16), { g: norm.g }), "rmsNorm"),
    as(rowwise("crossEntropy", "cross-entropy", s(4096, 8), s(1000, 16), labels), "crossEntropy"),
    as(
      rowwise("crossEntropyGradient", "cross-entropy gradient", s(4096, 8), s(1000, 16), labels),
      "crossEntropyGradient",
    ),
    ...(tiny ? [16] : [512, 1024, 2048]).map((t) => as(attention(t), "attention")),
    as(
      {
        ...attention(s(512, 16)),
        id: `causal attention ${s(512, 16)}`,
        kind: "causalAttention",
        flops: attention(s(512, 16)).flops / 2,
      },
      "causalAttention",
    ),
    as(
      {
        ...attention(s(512, 16)),
        id: `attention gradient ${s(512, 16)}`,
        kind: "attentionGradient",
        flops: 3.5 * attention(s(512, 16)).flops,
      },
      "attentionGradient",
    ),
    as(
      single(
        "rotary embedding",
        "rotary",
        { x: f([s(8, 2), s(512, 8), 4, 64]) },
        { bytes: 8 * s(8, 2) * s(512, 8) * 256 },
      ),
      "rotary",
    ),
    as(conv("3x3", s(8, 1), s(56, 8), s(64, 8), s(64, 8), 3, 1, 1, false), "conv"),
    as(
      { ...conv("3x3", s(2, 1), s(28, 8), s(32, 8), s(32, 8), 3, 1, 1, false), id: "conv2d direct 2x28x28x32" },
      "convDirect",
    ),
    as(conv("3x3", s(2, 1), s(28, 8), s(32, 8), s(32, 8), 3, 1, 1, true), "convGradient"),
    as(
      single(
        "max pool 2x2",
        "maxPool",
        { x: f([s(8, 1), s(56, 8), s(56, 8), 64]) },
        { bytes: 5 * s(8, 1) * s(56, 8) ** 2 * 64, tolerance: 0 },
      ),
      "maxPool",
    ),
    as(
      single(
        "top 8 of rows",
        "topK",
        { x: f([s(1024, 8), s(1024, 32)]) },
        { bytes: 4 * s(1024, 8) * s(1024, 32), tolerance: 0 },
      ),
      "topK",
    ),
    as(
      single("dropout", "dropout", { x: f([s(1 << 20, 64)]) }, { bytes: 8 * s(1 << 20, 64), tolerance: 2 }),
      "dropout",
    ),
    as(
      single(
        "Adam",
        "adam",
        { p: f([s(1 << 20, 64)]), m: f([s(1 << 20, 64)]), v: f([s(1 << 20, 64)], 0.01, 1), g: f([s(1 << 20, 64)]) },
        { bytes: 28 * s(1 << 20, 64), tolerance: 1e-4 },
      ),
      "adam",
    ),
    as(
      single(
        "decoding, caches of 2048",
        "decode",
        {
          q: f([4, 8, 64]),
          k: f([4, s(2048, 16), 2, 64]),
          v: f([4, s(2048, 16), 2, 64]),
          l: ids([4], s(2048, 16)),
        },
        { bytes: 4 * 4 * s(2048, 16) * 2 * 128, tolerance: 1e-4 },
      ),
      "decode",
    ),
    as(
      single(
        "scatter-add of rows",
        "scatterAddRows",
        { i: ids([s(65536, 16)], s(10000, 16)), u: f([s(65536, 16), 64]) },
        { bytes: 4 * 64 * (3 * s(65536, 16) + s(10000, 16)), tolerance: 1e-4 },
      ),
      "scatterAddRows",
    ),
    as(batched(s(64, 2), s(128, 8), s(64, 8), s(128, 8)), "batched"),
    as(
      {
        ...matmul(s(512, 8), s(512, 8), s(512, 8)),
        id: "matmul 512, bias and relu",
        kind: "matmulBias",
        inputs: inputs({ a: f([s(512, 8), s(512, 8)]), b: f([s(512, 8), s(512, 8)]), c: f([s(512, 8)]) }),
      },
      "matmulBias",
    ),
    as(single("embedding", "embedding", table, { bytes: 8 * 64 * s(65536, 16), tolerance: 0 }), "embedding"),
    as(
      single(
        "cumsum of rows",
        "cumsumRows",
        { x: f([s(1024, 8), s(4096, 16)]) },
        { bytes: 8 * s(1024, 8) * s(4096, 16), tolerance: 1e-3 },
      ),
      "cumsumRows",
    ),
    as(
      single(
        "int8 weights",
        "int8",
        { x: f([s(64, 4), s(1024, 32)]), w: f([s(1024, 32), s(1024, 32)], 0.05) },
        { flops: 2 * s(64, 4) * s(1024, 32) ** 2 },
      ),
      "int8",
    ),
    as(
      single(
        "int4 weights, one row",
        "int4",
        { x: f([1, s(1024, 32)]), w: f([s(1024, 32), s(1024, 32)], 0.05) },
        { flops: 2 * s(1024, 32) ** 2 },
      ),
      "int4",
    ),
    as(
      single(
        "int4 weights, 64 rows",
        "int4",
        { x: f([s(64, 9), s(1024, 32)]), w: f([s(1024, 32), s(1024, 32)], 0.05) },
        { flops: 2 * s(64, 9) * s(1024, 32) ** 2 },
      ),
      "int4",
    ),
  ];
}

/** The group of those that are run where the filter asks for them: programs over a named size against those of each size. */
export const DYNAMIC = "dynamic sizes";
const DYNAMIC_SIZES = [1, 2, 3, 7, 8, 9, 16, 31, 32, 33, 64, 100, 128];

/** A workload at one size of the axes `sized`, for a program that was compiled when 7 and 8 had been seen. */
function dynamicAt(name, of, sized, n) {
  return {
    ...resized({ ...of, sized }, n),
    id: `dynamic ${name} at ${n}`,
    group: DYNAMIC,
    kind: "dynamic",
    of: of.kind,
  };
}
/** The workload with another size of its sized axes. */
export function resized(workload, n) {
  const specs = Object.entries(workload.inputs).map(([name, spec]) => {
    const axis = workload.sized[name];
    return [name, axis === undefined ? spec : { ...spec, shape: spec.shape.map((d, i) => (i === axis ? n : d)) }];
  });
  return { ...workload, inputs: Object.fromEntries(specs) };
}
function dynamicWorkloads(tiny) {
  const s = (full, small) => (tiny ? small : full);
  const mlp = (optimizer) => mlpTrain(optimizer, 1, s(784, 8), s(512, 8), s(10, 4));
  const cnn = (kind) => ({ ...cnnTrain("sgd", 1, s(28, 8)), kind });
  const blockOf = block("block", s(4, 1), s(32, 4), s(128, 16), s(4, 2));
  const rows = { x: 0, y: 0 };
  const columns = s(1000, 16);
  const list = [
    ["MLP", { ...mlp("sgd"), kind: "mlp" }, rows],
    ["MLP train sgd", mlp("sgd"), rows],
    ["MLP train adam", mlp("adam"), rows],
    ["CNN", cnn("cnn"), rows],
    ["CNN train sgd", cnn("cnnTrain"), rows],
    ["transformer block, batches", blockOf, { x: 0 }],
    ["transformer block, sequences", blockOf, { x: 1 }],
    ["softmax", rowwise("softmax", "softmax", 1, columns), rows],
    ["layer norm", rowwise("layerNorm", "layer norm", 1, columns, { g: f([columns], 0.5, 1), b: f([columns]) }), rows],
    ["cross-entropy", rowwise("crossEntropy", "cross-entropy", 1, columns, { y: ids([1], columns) }), rows],
    [
      "elementwise",
      { ...elementwise(1), inputs: inputs({ a: f([1, 500], 4), b: f([1, 500], 4), c: f([1, 500]) }) },
      { a: 0, b: 0, c: 0 },
    ],
  ];
  const at = tiny ? [2, 9] : DYNAMIC_SIZES;
  return list.flatMap(([name, of, sized]) => at.map((n) => dynamicAt(name, of, sized, n)));
}

const single = (id, kind, inputSpecs, more = {}) => ({ id, group: "other", kind, inputs: inputs(inputSpecs), ...more });

/** Full sizes, or tiny ones that check the harness and the peers in moments. */
export function workloads(tiny = false) {
  const s = (full, small) => (tiny ? small : full);
  const M = s(1 << 20, 1 << 10);
  const convs = [
    ["3x3", s(8, 1), s(56, 8), s(64, 8), s(64, 8), 3, 1, 1],
    ["1x1", s(8, 1), s(28, 8), s(256, 8), s(256, 8), 1, 1, 1],
    ["depthwise 3x3", s(8, 1), s(56, 8), s(128, 8), s(128, 8), 3, 1, s(128, 8)],
    ["3x3 stride 2", s(8, 1), s(56, 8), s(64, 8), s(128, 8), 3, 2, 1],
  ];
  const small = MLP_SHAPES(16, 32, 8);
  return [
    { id: "roof: copy", group: "roof", kind: "copy", size: s(1 << 26, 1 << 16), bytes: s(1 << 27, 1 << 17) },
    { id: "roof: FMA", group: "roof", kind: "fma", count: s(1 << 22, 1 << 10), flops: s(1 << 22, 1 << 10) * 128 },
    ...(tiny ? [8] : [64, 128, 256, 512, 1024, 2048]).map((n) => matmul(n, n, n)),
    ...(tiny ? [7] : [63, 127, 501, 1023]).map((n) => matmul(n, n, n, "matmul, odd sizes")),
    ...(tiny
      ? [matmul(1, 8, 8, "matmul, skinny")]
      : [
          [1, 1024, 1024],
          [1024, 1024, 1],
          [8, 1024, 1024],
          [1024, 1024, 16],
          [1024, 8, 1024],
          [16, 65536, 16],
        ].map(([m, k, n]) => matmul(m, k, n, "matmul, skinny"))),
    batched(s(64, 2), s(128, 8), s(64, 8), s(128, 8)),
    ...(tiny ? [] : [batched(256, 32, 32, 32)]),
    elementwise(4 * M),
    ...[0, 1, null].map((axis) => reduction(s(2048, 16), s(2048, 16), axis)),
    ...[0, 1].map((axis) => reduction(s(2048, 16), s(2048, 16), axis, "max")),
    rowwise("softmax", "softmax", s(1024, 8), s(1024, 16)),
    rowwise("layerNorm", "layer norm", s(2048, 8), s(768, 16), {
      g: f([s(768, 16)], 0.5, 1),
      b: f([s(768, 16)]),
    }),
    {
      ...rowwise("crossEntropy", "cross-entropy", s(4096, 8), s(1000, 16), { y: ids([s(4096, 8)], s(1000, 16)) }),
      bytes: 4 * s(4096, 8) * s(1000, 16),
    },
    rowwise("crossEntropyGradient", "cross-entropy gradient", s(4096, 8), s(1000, 16), {
      y: ids([s(4096, 8)], s(1000, 16)),
    }),
    adamUpdate(s(4 * M, 16)),
    ...convs.map((c) => conv(...c, false)),
    ...convs.map((c) => conv(...c, true)),
    ...["sgd", "adam"].map((o) => mlpTrain(o, s(128, 4), s(784, 8), s(512, 8), s(10, 4))),
    ...["sgd", "adam"].map((o) => cnnTrain(o, s(64, 2), s(28, 8))),
    block("block", s(8, 1), s(128, 8), s(256, 16), s(8, 2)),
    block("blockTrain", s(8, 1), s(128, 8), s(256, 16), s(8, 2)),
    lstm("lstm", s(128, 4), s(32, 2), s(256, 8)),
    lstm("lstmGradient", s(128, 4), s(32, 2), s(256, 8)),
    ...(tiny ? [16] : [512, 1024, 2048, 4096]).map((t) => attention(t)),
    single("sort 1M", "sort", { x: f([M]) }, { bytes: 8 * M, tolerance: 0 }),
    single("cumsum 4M", "cumsum", { x: f([4 * M]) }, { bytes: 32 * M, tolerance: 1e-3 }),
    single("cholesky 256", "cholesky", { x: f([s(256, 8), s(256, 8)]) }, { flops: s(256, 8) ** 3 / 3 }),
    single("SVD 256", "svd", { x: f([s(256, 8), s(256, 8)]) }, {}),
    single("symmetric eigenvalues 256", "eigh", { x: f([s(256, 8), s(256, 8)]) }, {}),
    single("QR 256", "qr", { x: f([s(256, 8), s(256, 8)]) }, { flops: (8 / 3) * s(256, 8) ** 3 }),
    single(
      "solve 256",
      "solve",
      { x: f([s(256, 8), s(256, 8)]), y: f([s(256, 8), s(256, 8)]) },
      { flops: (8 / 3) * s(256, 8) ** 3 },
    ),
    single(
      "scatter-add",
      "scatterAdd",
      { table: f([s(10000, 16), 64]), i: ids([s(65536, 16)], s(10000, 16)), u: f([s(65536, 16), 64]) },
      { bytes: 4 * 64 * (s(65536, 16) * 3 + 2 * s(10000, 16)), tolerance: 1e-5 },
    ),
    single("random normal 10M", "randomNormal", {}, { size: s(1e7, 1e5), bytes: s(4e7, 4e5), tolerance: s(0.02, 0.1) }),
    single("dispatch: scalar add", "dispatch", {}, { calls: s(1000, 10), tolerance: 0 }),
    single("vmap: gradient per example", "perExample", { x: f([s(256, 4), 16]), t: f([s(256, 4), 8]), ...small }, {}),
    single("jacobian of a small MLP", "jacobian", { x: f([16]), ...small }, {}),
    single("while, 10^6 iterations", "whileLoop", {}, { iterations: s(1e6, 100), tolerance: 1e-3 }),
    ...kernelWorkloads(tiny),
    ...dynamicWorkloads(tiny),
  ];
}
