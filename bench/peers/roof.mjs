// Not a peer but the machine: how fast memory can be copied, and how many multiply-adds there are, with so many threads.
import v8 from "node:v8";
import { Worker } from "node:worker_threads";
import { settle } from "../lib/placement.mjs";
import { roofFunctions } from "../lib/roof-module.mjs";

const PAGE = 65536;

export async function open(threads) {
  // 256 bits where the engine has them, as in our own code
  if (Number(process.versions.node.split(".")[0]) >= 24) v8.setFlagsFromString("--experimental-wasm-revectorize");
  return { version: "", kinds: { copy: (w) => roof(threads, w), fma: (w) => roof(threads, w) }, rates: rates(threads) };
}

/** Bytes copied and operations done in a millisecond right now, each the best of a few: what a workload is held against. */
function rates(threads) {
  const [size, count] = [1 << 25, 1 << 20];
  let made;
  return async () => {
    made ??= { copy: await roof(threads, { kind: "copy", size }), fma: await roof(threads, { kind: "fma", count }) };
    const best = async (run, work) => {
      await settle(run, threads);
      let ms = Number.POSITIVE_INFINITY;
      for (let i = 0; i < 4; i++) {
        const start = performance.now();
        run();
        ms = Math.min(ms, performance.now() - start);
      }
      return work / ms;
    };
    return { copy: await best(made.copy.run, 2 * size), fma: await best(made.fma.run, count * 128) };
  };
}

async function roof(threads, { kind, size = 1 << 16, count = 1 }) {
  const pages = (2 * size) / PAGE + 2;
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
  const numbers = new Float32Array(memory.buffer, 0, (2 * PAGE) / 4);
  const control = new SharedArrayBuffer(4 * 8 * (threads + 1));
  const command = new Int32Array(control);
  const workers = [];
  for (let index = 1; index < threads; index++) {
    const worker = new Worker(new URL("../lib/roof-worker.mjs", import.meta.url), {
      workerData: { memory, pages, control, index },
    });
    worker.unref();
    await new Promise((resolve) => worker.once("message", resolve));
    workers.push(worker);
  }
  const { copy, fma } = roofFunctions(memory, pages);
  for (let t = 0; t < threads; t++) numbers.set([0.999, 0.001], (t * 4096 + 1024) / 4);
  const shareOf = (t, form) => {
    if (kind === "copy") {
      const part = size / threads;
      return [0, 2 * PAGE + t * part, 2 * PAGE + size + t * part, part];
    }
    // as many multiply-adds in all, whatever the width of the form
    return [form + 1, t * 4096, Math.round((count * 16) / fma[form].width / threads), 0];
  };
  const runForm = (form) => {
    Atomics.store(command, 1, 0);
    for (let t = 1; t < threads; t++) command.set(shareOf(t, form), 8 * t);
    Atomics.add(command, 0, 1);
    Atomics.notify(command, 0);
    const [, a, b, c] = shareOf(0, form);
    if (kind === "copy") copy(a, b, c);
    else fma[form].run(a, b);
    while (Atomics.load(command, 1) < threads - 1);
  };
  let best = 0;
  if (kind === "fma") {
    const timeOf = (form) => {
      for (let i = 0; i < 20; i++) runForm(form);
      const start = performance.now();
      for (let i = 0; i < 5; i++) runForm(form);
      return performance.now() - start;
    };
    const times = fma.map((_, form) => timeOf(form));
    best = times.indexOf(Math.min(...times));
  }
  return { run: () => runForm(best), outputs: () => [Float32Array.of(1)] };
}
