/** The package in processes of its own: they end by themselves, and do without threads where there can be none. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { beforeAll, expect, it } from "vitest";
import { buildDist, type Outcome, root, runNode } from "../../pack/workspace.js";

beforeAll(buildDist);

const PROGRAM = `
  const x = random.normal(random.key(0), [128, 128]);
  const f = jit((x) => nn.softmax(np.dot(x, x)));
  for (let i = 0; i < 5; i++) f(x);
  console.log(np.sum(f(x)).item().toFixed(3), explain(f)(x).notes.at(-1));`;

function run(before: string, after: string, env: Readonly<Record<string, string>> = {}): Outcome {
  const address = pathToFileURL(join(root, "dist", "index.js")).href;
  const source = `${before}
    const { configure, explain, init, jit, nn, numpy: np, random } = await import(${JSON.stringify(address)});
    ${after}`;
  return runNode(["--input-type=module", "-e", source], root, { ...process.env, ...env });
}

it("a script ends when it is done, with its own exit code, whatever the workers do", () => {
  expect(run("", PROGRAM, { TILEWORK_THREADS: "3" })).toEqual({ status: 0, output: "128.000 threads: 3" });
  expect(run("", `${PROGRAM} process.exit(7);`, { TILEWORK_THREADS: "3" }).status).toBe(7);
  const failed = run("", `${PROGRAM} throw new Error("own mistake");`, { TILEWORK_THREADS: "3" });
  expect(failed.status).toBe(1);
  expect(failed.output).toMatch(/own mistake/);
  // the workers keep it alive for as long as they start, no longer
  const waited = run("", "console.log((await init({ threads: 4 })).threads);");
  expect(waited).toEqual({ status: 0, output: "4" });
});
it("one thread is enough", () => {
  expect(run("", PROGRAM, { TILEWORK_THREADS: "1" }).output).toMatch(/^128\.000 threads: 1 \(one is wanted/);
  expect(run("", `configure({ threads: 1 }); ${PROGRAM}`).output).toMatch(/^128\.000 threads: 1/);
});
it("without SharedArrayBuffer, and where the memory cannot be reserved, it says why", () => {
  const two = { TILEWORK_THREADS: "2" };
  expect(run("delete globalThis.SharedArrayBuffer;", PROGRAM, two).output).toMatch(
    /^128\.000 threads: 1 \(there is no SharedArrayBuffer\)$/,
  );
  const refusing = `const { Memory } = WebAssembly;
    WebAssembly.Memory = function (options) {
      if (options.shared) throw new RangeError("could not allocate memory");
      return new Memory(options);
    };`;
  expect(run(refusing, PROGRAM, two).output).toMatch(/^128\.000 threads: 1 \(.*no room for a shared memory\)$/);
});
it("a wrong number of threads is a named error", () => {
  expect(run("", PROGRAM, { TILEWORK_THREADS: "many" }).output).toMatch(/TW1007[\s\S]*TILEWORK_THREADS is "many"/);
  expect(run("", "configure({ threads: 0 });").output).toMatch(/TW1007/);
});
it("worker threads that each have a copy of the package may optimise at the same time", () => {
  // each switches tiers of V8 on and off for the whole process: no mixture of them may stop it
  const address = JSON.stringify(pathToFileURL(join(root, "dist", "index.js")).href);
  const work = `import(${address}).then(({ grad, jit, numpy: np }) => {
    let sum = 0;
    for (let n = 60; n < 66; n++) {
      const x = np.ones([8 * n, 8 * n]).mul(1e-4);
      const y = jit(grad((x) => np.tanh(np.dot(x, np.sin(x))).sum()))(x);
      sum += np.isfinite(y).sum().item() / (64 * n * n);
    }
    process.getBuiltinModule("node:worker_threads").parentPort.postMessage(sum);
  })`;
  const program = `
    const { Worker } = await import("node:worker_threads");
    const one = () => new Promise((ok, no) => {
      const w = new Worker(${JSON.stringify(work)}, { eval: true });
      w.on("message", ok).on("error", no);
    });
    console.log(...(await Promise.all([one(), one(), one()])));`;
  expect(run("", program, { TILEWORK_THREADS: "2" })).toEqual({ status: 0, output: "6 6 6" });
});

/** In a shell that limits the process's addresses to so many kB. */
function runLimited(kB: number, flags: readonly string[]): Outcome {
  const address = pathToFileURL(join(root, "dist", "index.js")).href;
  const source = `const { explain, jit, nn, numpy: np, random } = await import(${JSON.stringify(address)}); ${PROGRAM}`;
  const command = 'ulimit -v "$0" && exec "$@"';
  const node = [process.execPath, ...flags, "--input-type=module", "-e", source];
  const { status, stdout, stderr } = spawnSync("sh", ["-c", command, String(kB), ...node], { encoding: "utf8" });
  return { status, output: `${stdout}${stderr}`.trim() };
}
it.runIf(process.platform === "linux")(
  "where addresses are scarce there is one thread, or an error that says what to do",
  () => {
    expect(runLimited(3_000_000, ["--disable-wasm-trap-handler"])).toEqual({
      status: 0,
      output: "128.000 threads: 1 (workers need more addresses than the process may have, 2.9 GB)",
    });
    // engines differ in whether they do without guard regions by themselves
    const { status, output } = runLimited(3_000_000, []);
    expect(output).toMatch(status === 0 ? /^128\.000 threads: 1/ : /TW4001[\s\S]*--disable-wasm-trap-handler/);
  },
);
