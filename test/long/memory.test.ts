/**
 * 100,000 training steps stay flat in memory: without any await, with `await x.data()` in each step, and with timers; eager and
 * jitted. Nothing is donated or disposed. Each run is a process of its own (memory/train.mjs).
 */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { beforeAll, describe, expect, it } from "vitest";
import { buildDist, root } from "../pack/workspace.js";

const MB = 1024 * 1024;
const STEPS = 100_000;

interface Sample {
  readonly rss: number;
  /** What is held after a collection. */
  readonly heapUsed: number;
  readonly arrayBuffers: number;
  readonly wasm: number;
}
interface Report {
  readonly seconds: number;
  readonly finite: boolean;
  readonly samples: readonly Sample[];
}

beforeAll(() => buildDist());

async function train(style: string, mode: string): Promise<Report> {
  const script = join(root, "test", "long", "memory", "train.mjs");
  const { stdout } = await promisify(execFile)(process.execPath, ["--expose-gc", script, style, mode, String(STEPS)], {
    maxBuffer: 64 * MB,
  });
  return JSON.parse(stdout) as Report;
}

const most = (samples: readonly Sample[], of: keyof Sample): number => Math.max(...samples.map((s) => s[of]));

describe.each(["jit", "eager"])("%s", (mode) => {
  it.each(["sync", "data", "timer"])("%s", async (style) => {
    const { finite, samples, seconds } = await train(style, mode);
    expect(finite).toBe(true);
    // the first tenth is start-up: modules, caches, the first spills
    const rest = samples.slice(Math.floor(samples.length / 10));
    const early = rest.slice(0, Math.floor(rest.length / 2));
    const late = rest.slice(Math.floor(rest.length / 2));
    const grown = (of: keyof Sample): number => most(late, of) - most(early, of);
    const figures = `${style} ${mode}, ${seconds.toFixed(0)} s: rss ${(most(late, "rss") / MB).toFixed(0)} MB`;
    console.log(`${figures}, grown by ${(grown("rss") / MB).toFixed(1)} MB in the second half`);
    expect(grown("heapUsed")).toBeLessThan(4 * MB);
    expect(grown("arrayBuffers")).toBeLessThan(4 * MB);
    expect(grown("wasm")).toBeLessThan(1 * MB);
    expect(grown("rss")).toBeLessThan(24 * MB);
    expect(most(samples, "rss")).toBeLessThan(400 * MB);
  });
});
