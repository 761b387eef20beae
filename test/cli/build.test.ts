/** `tilework build --aot`: what it writes runs without Tilework, and gives what jit gives. */
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { buildDist, root, runNode, temporaryFolder } from "../pack/workspace.js";

const modules = join(root, "test", "cli", "modules");
const folder = temporaryFolder();
// without the switches of V8: everything is computed with the same instructions, and bits can be compared
const env = { ...process.env, TILEWORK_V8: "0" };
const build = (place: string, ...rest: string[]) =>
  runNode([join(root, "dist", "cli", "main.js"), "build", "--aot", place, "--out", folder, ...rest], modules, env);
const TRAIN = "{w: f32[4,3], b: f32[3]}, [f32[7,4], f32[7,3]], f32[]";

/** Runs a script in the folder of the built files, where there is no Tilework, and reads the JSON that it prints. */
function run(name: string, script: string): unknown {
  const file = join(folder, `${name}.mjs`);
  writeFileSync(file, script);
  const { status, output } = runNode([file], folder, env);
  expect(status, output).toBe(0);
  return JSON.parse(output);
}

beforeAll(() => {
  buildDist();
  writeFileSync(join(folder, "package.json"), '{"type":"module"}');
});

describe("tilework build --aot", () => {
  it("writes a module that gives the bits of jit, with what it closes over", () => {
    const { status, output } = build("served.ts#classify", "--args", "f32[6,12]");
    expect(status, output).toBe(0);
    for (const file of ["classify.wasm", "classify.weights", "classify.js", "classify.d.ts"])
      expect(existsSync(join(folder, file)), file).toBe(true);
    expect(statSync(join(folder, "classify.weights")).size).toBeGreaterThanOrEqual((12 * 33 + 33 * 5) * 4);
    const input = "Float32Array.from({ length: 72 }, (_, i) => Math.sin(i * i))";
    const built = run(
      "classify-run",
      `import { load } from "./classify.js";
      const classify = await load();
      const first = classify(${input});
      classify(new Float32Array(72));
      console.log(JSON.stringify([...first]));`,
    );
    const jitted = run(
      "classify-jit",
      `import { jit, nn, numpy as np, random, array } from ${JSON.stringify(join(root, "dist", "index.js"))};
      const hidden = random.normal(random.key(3), [12, 33]), out = random.normal(random.key(4), [33, 5]);
      const classify = jit((x) => nn.softmax(np.dot(np.tanh(np.dot(x, hidden)), out)));
      console.log(JSON.stringify([...classify(np.reshape(array(${input}), [6, 12])).dataSync()]));`,
    );
    expect(built).toEqual(jitted);
  });

  it("takes and gives structures, scalars and other dtypes", () => {
    const { status, output } = build("served.ts#train", "--args", TRAIN, "--name", "train-step");
    expect(status, output).toBe(0);
    const result = run(
      "train-run",
      `import { load } from "./train-step.js";
      const step = await load();
      const w = Float32Array.of(1, 0, 2, 0, 5, 1, 3, 2, 0, 0, 1, 4), x = new Float32Array(28).fill(1);
      const r = step({ w, b: new Float32Array(3) }, [x, new Float32Array(21)], 0.5);
      console.log(JSON.stringify({ ...r, best: [...r.best], kind: r.best.constructor.name, input: r.input.length, params: [...r.params.w, ...r.params.b] }));`,
    ) as { loss: number; params: number[] };
    // y = 0, so the prediction (4, 8, 7) is the error: loss is the mean of its squares, every gradient is 2·error/3
    expect(result.loss).toBeCloseTo((16 + 64 + 49) / 3, 4);
    expect(result).toMatchObject({ finite: true, best: [2, 1, 3], kind: "Int32Array", input: 28 });
    const step = [4, 8, 7].map((e) => (0.5 * 2 * e) / 3);
    const w = [1, 0, 2, 0, 5, 1, 3, 2, 0, 0, 1, 4];
    const expected = [...w.map((v, i) => v - step[i % 3]), ...step.map((s) => -s)];
    for (const [i, p] of result.params.entries()) expect(p).toBeCloseTo(expected[i], 4);
  });

  it("types what it wrote", () => {
    const file = join(folder, "user.ts");
    writeFileSync(
      file,
      `import { load, type Program } from "./train-step.js";
      const f = new Float32Array(3);
      export async function use(): Promise<number> {
        const step: Program = await load();
        const { loss, finite, best, params } = step({ w: f, b: f }, [f, f], 0.5);
        const all: [number, boolean, Int32Array, Float32Array] = [loss, finite, best, params.w];
        // @ts-expect-error the second argument is a pair
        step({ w: f, b: f }, [f], 0.5);
        return all[0];
      }`,
    );
    const tsc = join(root, "node_modules", "typescript", "bin", "tsc");
    const options = ["--strict", "--noEmit", "--target", "es2022", "--module", "nodenext"];
    expect(runNode([tsc, ...options, file], folder)).toEqual({ status: 0, output: "" });
  });

  it("wrong arguments are errors that name them", () => {
    const messages = run(
      "wrong-run",
      `import { load } from "./train-step.js";
      const step = await load();
      const f = (n) => new Float32Array(n);
      const p = { w: f(12), b: f(3) };
      const calls = [[], [p, [f(28), f(20)], 1], [{ w: f(12) }, [f(28), f(21)], 1], [p, f(28), 1], [p, [f(28), new Float64Array(21)], 1], [p, [f(28), f(21)], "a"]];
      console.log(JSON.stringify(calls.map((args) => { try { step(...args); return "no error"; } catch (e) { return String(e); } })));`,
    );
    expect(messages).toEqual([
      "TypeError: train-step takes 3 arguments, not 0",
      "TypeError: train-step: argument 1[1] must be Float32Array of 21 elements (f32[7,3]), not Float32Array of 20 elements",
      "TypeError: train-step: argument 0.b must be Float32Array of 3 elements (f32[3]), not undefined",
      "TypeError: train-step: argument 1 must be a list of 2, not Float32Array of 28 elements",
      "TypeError: train-step: argument 1[1] must be Float32Array of 21 elements (f32[7,3]), not Float64Array of 21 elements",
      "TypeError: train-step: argument 2 must be Float32Array of 1 elements (f32[]), not string",
    ]);
  });

  it("one module for all sizes of a name, with what jit gives at each", () => {
    const named = [
      build("served.ts#classify", "--args", "f32[batch,12]", "--name", "any-batch"),
      build("served.ts#meanLoss", "--args", "f32[4,3], [f32[batch,4], f32[batch,3]]", "--name", "any-loss"),
      build("served.ts#sorted", "--args", "f32[n]", "--name", "any-sorted"),
    ];
    for (const { status, output } of named) expect(status, output).toBe(0);
    const data = "const data = (n) => Float32Array.from({ length: n }, (_, i) => Math.sin(i * i));";
    // memory grows at 9000, and later calls with few rows run in it
    const sizes = "[1, 2, 7, 8, 31, 9000, 3]";
    const built = run(
      "any-run",
      `import { load as first } from "./any-batch.js";
      import { load as second } from "./any-loss.js";
      const [classify, loss] = [await first(), await second()];
      ${data}
      console.log(JSON.stringify(${sizes}.map((n) => {
        const l = loss(data(12), [data(4 * n), data(3 * n)]);
        return [[...classify(data(12 * n)).slice(-50)], l.loss, [...l.rows]];
      })));`,
    ) as [number[], number, number[]][];
    const jitted = run(
      "any-jit",
      `import { jit, nn, numpy as np, random, array } from ${JSON.stringify(join(root, "dist", "index.js"))};
      const hidden = random.normal(random.key(3), [12, 33]), out = random.normal(random.key(4), [33, 5]);
      const classify = jit((x) => nn.softmax(np.dot(np.tanh(np.dot(x, hidden)), out)));
      const loss = jit((w, x, y) => [np.mean(np.square(np.dot(x, w).sub(y))), np.sum(x, 0)]);
      ${data}
      const of = (rows, columns) => np.reshape(array(data(rows * columns)), [rows, columns]);
      console.log(JSON.stringify(${sizes}.map((n) => {
        const [l, rows] = loss(of(4, 3), of(n, 4), of(n, 3));
        return [[...classify(of(n, 12)).dataSync().slice(-50)], l.item(), [...rows.dataSync()]];
      })));`,
    ) as [number[], number, number[]][];
    expect(built.length).toBe(7);
    const inOrder = run(
      "any-order",
      `import { load } from "./any-sorted.js";
      const sort = await load();
      ${data}
      console.log(JSON.stringify(${sizes}.map((n) => {
        const wanted = data(n).sort();
        return sort(data(n)).every((v, i) => v === wanted[i]);
      })));`,
    );
    expect(inOrder).toEqual(Array.from({ length: 7 }, () => true));
    const wanted = jitted.flat(2);
    built
      .flat(2)
      .forEach((x, i) => expect(Math.abs(x - wanted[i])).toBeLessThan(1e-5 * Math.max(1, Math.abs(wanted[i]))));
    const messages = run(
      "any-wrong",
      `import { load } from "./any-loss.js";
      const loss = await load();
      const f = (n) => new Float32Array(n);
      const calls = [[f(12), [f(7), f(6)]], [f(12), [f(8), f(9)]], [f(12), [f(0), f(0)]], [f(12), 1], [f(12), [{ length: 2 ** 31 }, f(3)]]];
      console.log(JSON.stringify(calls.map((args) => { try { loss(...args); return "no error"; } catch (e) { return String(e); } })));`,
    );
    expect(messages).toEqual([
      "TypeError: any-loss: an argument must be Float32Array (f32[batch,4]), not Float32Array of 7 elements",
      "TypeError: any-loss: argument 1[1] must be Float32Array of 6 elements (f32[batch,3]), not Float32Array of 9 elements",
      "TypeError: any-loss: an argument must be Float32Array (f32[batch,4]), not Float32Array of 0 elements",
      "TypeError: any-loss: an argument must be Float32Array (f32[batch,4]), not undefined",
      "TypeError: any-loss: batch is 536870912, and 268435456 at most",
    ]);
    for (const [place, args, why] of [
      ["branches", "f32[n,3]", /branches is not one program for all sizes: .*(sin|cos)/],
      ["inverse", "f32[n,n]", /inverse is not one program for all sizes: lu/],
      ["talks", "f32[n]", /talks calls back into JavaScript/],
      ["classify", "f32[n,m]", /error\[TW/],
    ] as const) {
      const { status, output } = build(`served.ts#${place}`, "--args", args);
      expect(status, output).toBe(1);
      expect(output).toMatch(why);
    }
  });

  it("says which name is never 1, and serves 1 of the others", () => {
    const { status, output } = build("served.ts#attention", "--args", "f32[n,3], f32[m,3]");
    expect(status, output).toBe(0);
    expect(output.split("\n").at(-1)).toMatch(/^m is 2 at least: .*build it with 1 in the place of the name$/);
    expect(readFileSync(join(folder, "attention.d.ts"), "utf8")).toContain("\n * - m is 2 at least: ");
    const q = [0.5, -1, 2];
    const keys = [
      [1, 0, 0.25],
      [-1, 0.5, 1],
    ];
    const served = run(
      "attention-run",
      `import { load } from "./attention.js";
      const attention = await load();
      const q = Float32Array.of(${q.join()}), k = Float32Array.of(${keys.flat().join()});
      const tried = (...args) => { try { return attention(...args).length; } catch (e) { return String(e); } };
      console.log(JSON.stringify([[...attention(q, k)], tried(q, q)]));`,
    ) as [number[], string];
    const weights = keys.map((k) => Math.exp(k.reduce((sum, x, i) => sum + x * q[i], 0)));
    const total = weights[0] + weights[1];
    for (const [i, x] of served[0].entries())
      expect(x).toBeCloseTo((weights[0] * keys[0][i] + weights[1] * keys[1][i]) / total, 5);
    expect(served[1]).toMatch(/m at least 2/);
  });

  it("what cannot be built is refused, and nothing is written", () => {
    expect(build("served.ts#talks", "--args", "f32[2]").output).toMatch(
      /^error\[TW6002\]: talks calls back into JavaScript/,
    );
    expect(build("served.ts#named", "--args", "f32[2]").output).toMatch(
      /^error\[TW6002\]: the result of named holds a Map/,
    );
    expect(existsSync(join(folder, "talks.js")) || existsSync(join(folder, "named.js"))).toBe(false);
    expect(build("served.ts#train").status).toBe(2);
    expect(build("served.ts#train", "--arg", TRAIN).output).toMatch(/^Unknown option/);
  });

  it("a folder that cannot be made is one sentence", () => {
    if (process.platform !== "linux") return;
    const { status, output } = build("served.ts#classify", "--args", "f32[6,12]", "--out", "/proc/nope/out");
    expect(status).toBe(2);
    expect(output).toMatch(/^The folder \/proc\/nope\/out cannot be made \(ENOENT[^\n]*'\/proc\/nope'\)\.$/);
  });

  it("binaryen leaves out what nobody calls, and names", () => {
    const wasm = readFileSync(join(folder, "train-step.wasm"));
    expect(WebAssembly.validate(wasm)).toBe(true);
    expect(wasm.includes("softmax") || wasm.includes("dot")).toBe(false);
  });
});
