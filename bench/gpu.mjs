// `npm run bench:gpu`: the shaders of library kernels on this machine's GPU, through the package `webgpu`. `-- --help` lists the options.
//
// Nothing of Tilework runs shaders yet: this measures what lowering makes, alone. Each workload's launches are recorded many times
// in one pass, between two timestamps of the device, and some of its results are compared with sums in f64.
import { createRequire } from "node:module";
import { parseArgs } from "node:util";
import {
  kernels as library,
  lowerToPlan,
  lowerToWgsl,
  machine,
  numpy as np,
  program,
  simplify,
} from "./lib/gpu-parts.mjs";

const HELP = `npm run bench:gpu -- [options] [workload…]
  workloads        names or parts of them; default: all
  --seconds N      device time for each workload (default 0.5)
  --limits LIMITS  default: what every device has; device: what this one has (workgroups, shared memory)
  --small          sizes for drivers that run on the CPU, to see that all is right
  --unchecked      without the checks of bounds that browsers make (Dawn's toggle disable_robustness)
  --json           one line of JSON for each workload
Needs the build (npm run build) and a driver for Vulkan, Metal or Direct3D 12. The workgroup limits of "default" are those of every WebGPU device.`;

const { values: given, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seconds: { type: "string", default: "0.5" },
    limits: { type: "string", default: "default" },
    small: { type: "boolean", default: false },
    unchecked: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});
if (given.help) {
  console.log(HELP);
  process.exit(0);
}

const scale = given.small ? 8 : 1;
const dot = (n, x, y) => {
  let sum = 0;
  for (let i = 0; i < n; i++) sum += x(i) * y(i);
  return sum;
};
/** f(i) for each i below n over their sum. */
const weights = (n, f) => {
  const x = Array.from({ length: n }, (_, i) => f(i));
  const most = Math.max(...x);
  const e = x.map((v) => Math.exp(v - most));
  const sum = e.reduce((a, b) => a + b, 0);
  return e.map((v) => v / sum);
};

function product(name, n, f) {
  return {
    name: `${name} ${n}`,
    args: [
      [n, n],
      [n, n],
    ],
    f,
    flops: 2 * n ** 3,
    bytes: 12 * n * n,
    at: ([a, b], k) =>
      dot(
        n,
        (i) => a[Math.floor(k / n) * n + i],
        (i) => b[i * n + (k % n)],
      ),
  };
}
function rowwise(name, rows, columns, f, row, extra = []) {
  return {
    name: `${name} ${rows}×${columns}`,
    args: [[rows, columns], ...extra],
    f,
    bytes: 8 * rows * columns,
    at: (inputs, k) => {
      const start = Math.floor(k / columns) * columns;
      return row(inputs[0].subarray(start, start + columns), k % columns, inputs);
    },
  };
}
const softmaxAt = (x, i) => weights(x.length, (j) => x[j])[i];
function normAt(x, i, [, s, o]) {
  const mean = x.reduce((a, b) => a + b, 0) / x.length;
  const variance = x.reduce((a, b) => a + (b - mean) ** 2, 0) / x.length;
  return ((x[i] - mean) / Math.sqrt(variance + 1e-5)) * s[i] + o[i];
}
function attention(t, heads, d, causal) {
  return {
    name: `attention ${t}, ${heads} heads of ${d}${causal ? ", causal" : ""}`,
    args: [0, 1, 2].map(() => [1, t, heads, d]),
    f: (q, k, v) => library.flashAttention(q, k, v, { causal }),
    flops: (4 * t * t * heads * d) / (causal ? 2 : 1),
    bytes: 16 * t * heads * d,
    at: ([q, k, v], e) => {
      const [i, h, c] = [Math.floor(e / (heads * d)), Math.floor(e / d) % heads, e % d];
      const place = (row, j) => (row * heads + h) * d + j;
      const w = weights(
        causal ? i + 1 : t,
        (r) =>
          dot(
            d,
            (j) => q[place(i, j)],
            (j) => k[place(r, j)],
          ) / Math.sqrt(d),
      );
      return dot(
        w.length,
        (r) => w[r],
        (r) => v[place(r, c)],
      );
    },
  };
}
const long = (1 << 25) / scale ** 2;
const rows = 8192 / scale;
const workloads = [
  {
    name: `x + y, ${long}`,
    args: [[long], [long]],
    f: (x, y) => x.add(y),
    bytes: 12 * long,
    at: ([x, y], k) => x[k] + y[k],
  },
  {
    name: `gelu, ${long}`,
    args: [[long]],
    f: (x) => x.add(x.mul(x).mul(x).mul(0.044715)).mul(0.7978845608).tanh().add(1).mul(x).mul(0.5),
    bytes: 8 * long,
    at: ([x], k) => 0.5 * x[k] * (1 + Math.tanh(0.7978845608 * (x[k] + 0.044715 * x[k] ** 3))),
  },
  ...[512, 1024, 2048].map((n) => product("kernel matmul", n / scale, (a, b) => library.matmul(a, b))),
  ...[512, 1024, 2048].map((n) => product("np.matmul", n / scale, (a, b) => np.matmul(a, b))),
  rowwise("kernel softmax", rows, 1024, (x) => library.softmax(x), softmaxAt),
  rowwise(
    "np softmax",
    rows,
    1024,
    (x) => {
      const e = x.sub(x.max({ axis: 1, keepdims: true })).exp();
      return e.div(e.sum({ axis: 1, keepdims: true }));
    },
    softmaxAt,
  ),
  rowwise("kernel layer norm", rows, 1024, (x, s, o) => library.layerNorm(x, s, o), normAt, [[1024], [1024]]),
  {
    name: `sum of rows ${rows}×1024`,
    args: [[rows, 1024]],
    f: (x) => x.sum({ axis: 1 }),
    bytes: 4 * rows * 1024,
    at: ([x], k) => x.subarray(k * 1024, k * 1024 + 1024).reduce((a, b) => a + b, 0),
  },
  attention(1024 / scale, 16, 64, true),
  attention(2048 / scale, 16, 64, true),
].filter(({ name }) => positionals.length === 0 || positionals.some((p) => name.includes(p)));

const { create, globals } = createRequire(new URL("../package.json", import.meta.url))("webgpu");
Object.assign(globalThis, globals);
const toggles = ["allow_unsafe_apis", ...(given.unchecked ? ["disable_robustness"] : [])];
// what is collected while work is pending brings the process down
globalThis.tileworkGpu = create([
  `enable-dawn-features=${toggles.join(",")}`,
  "disable-dawn-features=timestamp_quantization",
]);
const adapter = await globalThis.tileworkGpu.requestAdapter({ powerPreference: "high-performance" });
if (!adapter) {
  console.error("There is no GPU that WebGPU can use here: is there a driver (for Vulkan: VK_DRIVER_FILES)?");
  process.exit(1);
}
const { limits: has } = adapter;
const ofDevice = given.limits === "device";
const gpu = await adapter.requestDevice({
  requiredFeatures: ["timestamp-query"],
  requiredLimits: {
    maxBufferSize: has.maxBufferSize,
    maxStorageBufferBindingSize: has.maxStorageBufferBindingSize,
    ...(ofDevice && {
      maxComputeWorkgroupStorageSize: has.maxComputeWorkgroupStorageSize,
      maxComputeInvocationsPerWorkgroup: has.maxComputeInvocationsPerWorkgroup,
      maxComputeWorkgroupSizeX: has.maxComputeWorkgroupSizeX,
    }),
  },
});
const problems = [];
gpu.addEventListener("uncapturederror", (e) => problems.push(e.error.message));
const limits = {
  ...machine.gpu,
  ...(ofDevice && {
    workgroupSize: has.maxComputeInvocationsPerWorkgroup,
    workgroupBytes: has.maxComputeWorkgroupStorageSize,
  }),
};

/** The dispatches of a plan, with a buffer for each place that it names. */
async function record(plan, inputs) {
  const buffers = new Map();
  const bufferOf = (slot) => {
    const key = slot.space === "input" || slot.space === "output" ? `${slot.space} ${slot.offset}` : slot;
    let b = buffers.get(key);
    if (!b) {
      b = gpu.createBuffer({ size: Math.ceil(Math.max(slot.bytes, 4) / 16) * 16, usage: 0x80 | 4 | 8 });
      buffers.set(key, b);
    }
    return b;
  };
  plan.inputs.forEach((i, at) => {
    gpu.queue.writeBuffer(bufferOf(i.slot), 0, inputs[at]);
  });
  const dispatches = [];
  const pipelines = new Map();
  for (const s of plan.steps) {
    if (s.kind !== "launch") throw new Error(`a plan with a ${s.kind} is not timed`);
    for (const shader of lowerToWgsl(s.kernel, { limits, distribution: s.kernel.distribution ?? "invocation" })
      .shaders) {
      let pipeline = pipelines.get(shader.code);
      if (!pipeline) {
        const module = gpu.createShaderModule({ code: shader.code });
        pipeline = await gpu.createComputePipelineAsync({ layout: "auto", compute: { module, entryPoint: "main" } });
        pipelines.set(shader.code, pipeline);
      }
      const words = shader.parameters.map((p) => {
        if (p.kind === "programs") return shader.programs;
        if (p.kind === "start") return s.args[shader.bindings[p.binding - 1].position].offset / 4;
        return p.size;
      });
      const uniform = gpu.createBuffer({ size: Math.ceil(words.length / 4) * 16, usage: 0x40 | 8 });
      gpu.queue.writeBuffer(uniform, 0, new Int32Array(words));
      const resources = [uniform, ...shader.bindings.map(({ position }) => bufferOf(s.args[position].slot))];
      const count =
        shader.distribution === "workgroup" ? shader.programs : Math.ceil(shader.programs / shader.workgroupSize);
      const x = Math.min(count, limits.gridSize);
      dispatches.push({
        pipeline,
        group: gpu.createBindGroup({
          layout: pipeline.getBindGroupLayout(0),
          entries: resources.map((buffer, binding) => ({ binding, resource: { buffer } })),
        }),
        grid: [x, Math.ceil(count / x)],
        shader,
      });
    }
  }
  return {
    dispatches,
    output: bufferOf(plan.outputs[0].slot),
    free: () => {
      for (const b of buffers.values()) b.destroy();
    },
  };
}

const stamps = gpu.createQuerySet({ type: "timestamp", count: 2 });
const stampBuffer = gpu.createBuffer({ size: 16, usage: 0x200 | 4 });
async function readBack(buffer, size) {
  const copy = gpu.createBuffer({ size, usage: 1 | 8 });
  const encoder = gpu.createCommandEncoder();
  encoder.copyBufferToBuffer(buffer, 0, copy, 0, size);
  gpu.queue.submit([encoder.finish()]);
  await copy.mapAsync(1);
  const data = copy.getMappedRange().slice(0);
  copy.destroy();
  return data;
}
/** Seconds of the device for `times` runs in one pass. */
async function timed(dispatches, times) {
  const encoder = gpu.createCommandEncoder();
  const pass = encoder.beginComputePass({
    timestampWrites: { querySet: stamps, beginningOfPassWriteIndex: 0, endOfPassWriteIndex: 1 },
  });
  for (let k = 0; k < times; k++) {
    for (const d of dispatches) {
      pass.setPipeline(d.pipeline);
      pass.setBindGroup(0, d.group);
      pass.dispatchWorkgroups(...d.grid);
    }
  }
  pass.end();
  encoder.resolveQuerySet(stamps, 0, 2, stampBuffer, 0);
  gpu.queue.submit([encoder.finish()]);
  const [from, to] = new BigUint64Array(await readBack(stampBuffer, 16));
  return Number(to - from) / 1e9;
}

function numbers(count, seed) {
  let state = seed * 2654435761 + 1;
  const x = new Float32Array(count);
  for (let i = 0; i < count; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    x[i] = state / 2 ** 31 - 1;
  }
  return x;
}

const { vendor, architecture, description } = adapter.info;
if (!given.json)
  console.log(
    `${vendor} ${architecture}: ${description}; limits: ${given.limits}${given.unchecked ? ", unchecked" : ""}\n`,
  );
for (const w of workloads) {
  const inputs = w.args.map((shape, i) =>
    numbers(
      shape.reduce((a, b) => a * b, 1),
      i + 1,
    ),
  );
  const core = program(w.f, w.args);
  const begun = performance.now();
  const { dispatches, output, free } = await record(lowerToPlan(simplify(core), { ...machine, gpu: limits }), inputs);
  const compiled = performance.now() - begun;
  let once = await timed(dispatches, 1);
  once = Math.max(await timed(dispatches, 1), 1e-7);
  const got = new Float32Array(await readBack(output, output.size));
  const size = core.outputs[0].aval.shape.reduce((a, b) => a * b, 1);
  // of the largest of those looked at
  let [error, largest] = [0, 1e-30];
  for (let k = 0; k < 200; k++) {
    const at = k === 0 ? size - 1 : Math.floor(((k * 0.6180339887) % 1) * size);
    const expected = w.at(inputs, at);
    const off = Math.abs(got[at] - expected);
    // NaN stays
    error = off <= error ? error : Number.isNaN(error) ? error : off;
    largest = Math.max(largest, Math.abs(expected));
  }
  error /= largest;
  const rounds = [];
  const times = Math.max(1, Math.min(2000, Math.floor(Number(given.seconds) / 5 / once)));
  for (let k = 0; k < 5; k++) rounds.push((await timed(dispatches, times)) / times);
  rounds.sort((a, b) => a - b);
  const seconds = rounds[2];
  const spread = rounds[4] / rounds[0];
  const line = {
    name: w.name,
    ms: seconds * 1e3,
    gflops: w.flops && w.flops / seconds / 1e9,
    gbytes: w.bytes / seconds / 1e9,
    error,
    spread,
    right: error < 2e-4,
    dispatches: dispatches.map((d) => `${d.shader.distribution} ${d.grid.join("×")} of ${d.shader.workgroupSize}`),
    compiled,
    problems: problems.splice(0),
  };
  if (given.json) console.log(JSON.stringify(line));
  else {
    const speed = line.gflops ? `${line.gflops.toFixed(0)} GFLOP/s` : `${line.gbytes.toFixed(0)} GB/s`;
    const verdict = line.right ? `error ${error.toExponential(1)}` : `WRONG: error ${error.toExponential(1)}`;
    console.log(`${w.name.padEnd(44)} ${line.ms.toFixed(3).padStart(10)} ms ${speed.padStart(16)}   ${verdict}`);
    if (spread > 1.1) console.log(`  the slowest of five rounds took ${spread.toFixed(1)} times the fastest`);
    for (const p of line.problems) console.log(`  ${p}`);
  }
  if (!line.right || line.problems.length > 0) process.exitCode = 1;
  free();
}
gpu.destroy();
