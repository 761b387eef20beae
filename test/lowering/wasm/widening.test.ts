/**
 * The shape of our kernels is what V8's revectorizer can widen: its own trace says so, for each of them. It needs an engine
 * that has the pass and a CPU with AVX2: Node 24 or later, this one or the one that TILEWORK_WIDE_NODE names (`npm run test:engines`).
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { makeProgram, nn, numpy as np, type Tensor } from "../../../src/index.js";
import { compileProgram } from "../../../src/jit/compile.js";
import { wasmTarget } from "../../../src/lowering/wasm/features.js";
import { validated } from "../validate.js";

const found =
  Number(process.versions.node.split(".")[0]) >= 24 ? process.execPath : (process.env.TILEWORK_WIDE_NODE ?? "");
// npm run test:engines knows whether there is AVX2
const node = process.env["TILEWORK_TEST_WIDE"] === "0" ? "" : found;
if (node === "") console.warn("WIDENING IS NOT TESTED here: it takes Node 24 (npm run test:engines) and AVX2");

type T = Tensor;
const KERNELS: Record<string, { f: (...xs: T[]) => T; shapes: number[][] }> = {
  chain: { f: (x, y) => x.mul(y).add(x), shapes: [[1000], [1000]] },
  "broadcast row": { f: (x, y) => nn.relu(x.add(y)), shapes: [[64, 100], [100]] },
  "broadcast column": {
    f: (x, y) => x.mul(y),
    shapes: [
      [64, 100],
      [64, 1],
    ],
  },
  exp: { f: (x) => np.exp(x), shapes: [[1000]] },
  tanh: { f: (x) => np.tanh(x), shapes: [[1000]] },
  "logistic and log1p": { f: (x) => np.log1p(nn.sigmoid(x)), shapes: [[1000]] },
  // with a rare part: a branch in the loop, and calls in it
  sin: { f: (x) => np.sin(x), shapes: [[1000]] },
  "sin of cos, times x": { f: (x) => np.multiply(np.sin(np.cos(x)), x), shapes: [[1000]] },
  pow: { f: (x, y) => np.power(x, y), shapes: [[1000], [1000]] },
  "sum of sin": { f: (x) => np.sum(np.sin(x), 1), shapes: [[64, 256]] },
  integers: { f: (x) => x.mul(3).add(1), shapes: [[1000]] },
  softmax: { f: (x) => nn.softmax(x), shapes: [[64, 256]] },
  "normalisation of rows": {
    f: (x) => {
      const d = x.sub(np.mean(x, -1, { keepdims: true }));
      return d.div(np.sqrt(np.mean(d.mul(d), -1, { keepdims: true }).add(1e-5)));
    },
    shapes: [[64, 256]],
  },
  "sum of exp": { f: (x) => np.sum(np.exp(x), 1), shapes: [[64, 256]] },
  "greatest of rows": { f: (x) => np.max(x, 1), shapes: [[64, 256]] },
  "least of columns": { f: (x) => np.min(x, 0), shapes: [[64, 256]] },
  "sum along the first axis": { f: (x) => np.sum(x, 0), shapes: [[64, 256]] },
  "matrix product": {
    f: (x, y) => np.dot(x, y),
    shapes: [
      [64, 64],
      [64, 64],
    ],
  },
};

/** Where values that a call takes or gives are stored in pairs, too. */
const CALLS: Record<string, (x: T) => T[]> = {
  "the result of a call": (x) => [np.sin(x)],
  "its argument and its result": (x) => {
    const y = x.mul(2);
    return [np.sin(y), y, np.tan(y)];
  },
};

describe.skipIf(node === "")("the revectorizer widens", () => {
  const folder = mkdtempSync(join(tmpdir(), "tilework-widening-"));
  afterAll(() => rmSync(folder, { recursive: true }));

  it.each(Object.entries(KERNELS))("%s", (name, { f, shapes }) => {
    const { stdout, stderr, status } = compileWide(name, f, shapes);
    expect(stderr).toBe("");
    expect(status).toBe(0);
    expect(stdout, stdout.slice(0, 2000)).toMatch(/Decided? to vectorize(?!, 0)/);
  });
  it.each(Object.entries(CALLS))("or leaves, and goes on: %s", (name, f) => {
    const { stderr, status } = compileWide(name, f, [[1000]]);
    expect(stderr).toBe("");
    expect(status).toBe(0);
  });

  function compileWide(
    name: string,
    f: (...xs: T[]) => T | T[],
    shapes: number[][],
  ): { stdout: string; stderr: string; status: number | null } {
    const program = makeProgram(f)(...shapes.map((s) => np.ones(s)));
    const { bytes } = compileProgram(program, { target: wasmTarget({ simd: true, relaxedSimd: true, wide: true }) });
    const file = join(folder, `${name}.wasm`);
    writeFileSync(file, validated(bytes));
    const flags = ["experimental-wasm-revectorize", "trace-wasm-revectorize", "wasm-tier-mask-for-testing=-1"];
    flags.push("no-wasm-lazy-compilation");
    const code = `new WebAssembly.Module(require("node:fs").readFileSync(${JSON.stringify(file)}))`;
    return spawnSync(node, [...flags.map((x) => `--${x}`), "-e", code], { encoding: "utf8", maxBuffer: 2 ** 28 });
  }
});
