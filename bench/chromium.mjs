// Matrix products in Chromium, where no switch of V8 can be set: ours and TensorFlow.js's WebAssembly backend in turns in one page,
// with one thread, and NumPy's (OpenBLAS) on the same machine before and after: `node bench/chromium.mjs`.
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build, root } from "../scripts/build.mjs";

const SIZES = [256, 512, 1024];
const bench = fileURLToPath(new URL(".", import.meta.url));
const modules = process.env.TILEWORK_BENCH_MODULES ?? join(bench, "node_modules");
const TYPES = { ".js": "text/javascript", ".mjs": "text/javascript", ".wasm": "application/wasm" };

const PAGE = `<!doctype html>
<script type="importmap">{ "imports": { "acorn": "/node_modules/acorn/dist/acorn.mjs" } }</script>
<script src="/peers/@tensorflow/tfjs/dist/tf.min.js"></script>
<script src="/peers/@tensorflow/tfjs-backend-wasm/dist/tf-backend-wasm.min.js"></script>
<script type="module">
const median = (list) => list.sort((a, b) => a - b)[list.length >> 1];
async function measure() {
  // imported here, so that a module that does not load is reported too
  const { array, configure, jit, numpy: np } = await import("/dist/index.js");
  configure({ threads: 1 });
  tf.wasm.setWasmPaths("/peers/@tensorflow/tfjs-backend-wasm/dist/");
  if (!(await tf.setBackend("wasm"))) throw new Error("TensorFlow.js's backend does not start");
  await tf.ready();
  const rows = [];
  for (const n of ${JSON.stringify(SIZES)}) {
    const wave = (k) => Float32Array.from({ length: n * n }, (_, i) => Math.sin(i * i + k));
    const [x, y] = [wave(0), wave(1)];
    const [a, b] = [x, y].map((v) => array(v).reshape([n, n]));
    const [c, d] = [x, y].map((v) => tf.tensor(v, [n, n]));
    const f = jit((p, q) => np.dot(p, q));
    const ours = () => f(a, b)[Symbol.dispose]();
    const theirs = () => tf.dispose(tf.matMul(c, d));
    const [r, s] = [f(a, b).dataSync(), tf.matMul(c, d).dataSync()];
    const error = r.reduce((m, v, i) => Math.max(m, Math.abs(v - s[i])), 0);
    if (!(error < 1e-3 * Math.sqrt(n))) throw new Error("results differ by " + error);
    const times = { ours: [], tfjs: [] };
    // as many calls in a turn as take about 30 ms
    const calls = Math.max(1, Math.round(1.2e9 / (2 * n ** 3)));
    for (let round = 0; round < 12; round++) {
      for (const [name, run] of [["ours", ours], ["tfjs", theirs]]) {
        const start = performance.now();
        for (let i = 0; i < calls; i++) run();
        if (round > 2) times[name].push((performance.now() - start) / calls);
        await new Promise((resolve) => setTimeout(resolve));
      }
    }
    rows.push({ n, ours: median(times.ours), tfjs: median(times.tfjs) });
  }
  return { version: navigator.userAgent, rows };
}
measure().then(
  (found) => fetch("/report", { method: "POST", body: JSON.stringify(found) }),
  (e) => fetch("/report", { method: "POST", body: JSON.stringify({ error: String(e?.stack ?? e) }) }),
);
</script>`;

const NUMPY = `
import json, time, numpy as np
rows = {}
for n in ${JSON.stringify(SIZES)}:
    a = np.random.rand(n, n).astype(np.float32); b = np.random.rand(n, n).astype(np.float32)
    out = np.empty((n, n), np.float32); times = []
    calls = max(1, round(1.2e9 / (2 * n ** 3)))
    for _ in range(12):
        start = time.perf_counter()
        for _ in range(calls): np.dot(a, b, out)
        times.append((time.perf_counter() - start) / calls * 1e3)
    rows[n] = sorted(times[3:])[4]
print(json.dumps(rows))`;

function numpy() {
  const env = { ...process.env, OPENBLAS_NUM_THREADS: "1", OMP_NUM_THREADS: "1" };
  const { stdout } = spawnSync("python3", ["-c", NUMPY], { env, encoding: "utf8" });
  return stdout ? JSON.parse(stdout) : undefined;
}

function browser() {
  const names = [process.env.CHROME_PATH, "chromium", "google-chrome"].filter(Boolean);
  const found = names.find((name) => spawnSync(name, ["--version"], { stdio: "ignore" }).status === 0);
  if (!found) throw new Error("no Chromium: set CHROME_PATH, or apt-get install -y chromium");
  return found;
}

async function inChromium() {
  let settle;
  const report = new Promise((resolve) => {
    settle = resolve;
  });
  const server = createServer((request, response) => {
    const [path] = request.url.split("?");
    if (path === "/report") {
      let text = "";
      request.on("data", (chunk) => {
        text += chunk;
      });
      request.on("end", () => {
        response.end();
        settle(JSON.parse(text));
      });
      return;
    }
    const file = path.startsWith("/peers/") ? join(modules, path.slice(7)) : join(root, path);
    const known = path === "/" || existsSync(file);
    response.writeHead(known ? 200 : 404, {
      "Content-Type": path === "/" ? "text/html" : (TYPES[extname(path)] ?? ""),
    });
    response.end(path === "/" ? PAGE : known ? readFileSync(file) : "");
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const profile = mkdtempSync(join(tmpdir(), "tilework-bench-"));
  const url = `http://127.0.0.1:${server.address().port}/`;
  const args = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    `--user-data-dir=${profile}`,
    url,
  ];
  const child = spawn(browser(), args, { stdio: "ignore", detached: true });
  const late = new Promise((_, reject) =>
    setTimeout(() => reject(new Error("the page reported nothing")), 120_000).unref(),
  );
  try {
    return await Promise.race([report, late]);
  } finally {
    process.kill(-child.pid, "SIGKILL");
    server.close();
    server.closeAllConnections();
    rmSync(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }
}

if (build() !== 0) process.exit(1);
const before = numpy();
const found = await inChromium();
const after = numpy();
if (found.error) throw new Error(found.error);
console.log(`${/Chrome\/[\d.]+/.exec(found.version)?.[0]}, one thread\n`);
console.log(
  "| matmul | ours | GFLOP/s | of NumPy's speed | TensorFlow.js | our speed to its |\n|---|---|---|---|---|---|",
);
for (const { n, ours, tfjs } of found.rows) {
  const native = before && (before[n] + after[n]) / 2;
  const share = native ? `${(native / ours).toFixed(2)} (${native.toFixed(2)} ms)` : "no NumPy";
  const speed = ((2 * n ** 3) / ours / 1e6).toFixed(1);
  console.log(
    `| ${n} | ${ours.toFixed(2)} ms | ${speed} | ${share} | ${tfjs.toFixed(2)} ms | ${(tfjs / ours).toFixed(2)} |`,
  );
}
