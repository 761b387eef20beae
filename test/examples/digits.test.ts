/** The digits example as a user calls it: options, both sources of data, and that it learns. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Writable } from "node:stream";
import { gzipSync } from "node:zlib";
import { array } from "tilework";
import { writeIdx } from "tilework/io";
import { afterEach, describe, expect, it, vi } from "vitest";
import { loadMnist, makeDigits } from "../../examples/digits/data.js";
import { drawDigits } from "../../examples/digits/draw.js";
import { main, parseOptions } from "../../examples/digits/main.js";
import { cnnModel, mlpModel } from "../../examples/digits/models.js";
import { accuracy, train, windows } from "../../examples/digits/train.js";

/** Runs the program with these arguments; what it wrote, and its exit status. */
async function run(...args: string[]): Promise<{ status: number; out: string; err: string }> {
  let out = "";
  const sink = new Writable({
    write(chunk, _, done) {
      out += String(chunk);
      done();
    },
  });
  let err = "";
  vi.spyOn(process.stderr, "write").mockImplementation((text) => {
    err += String(text);
    return true;
  });
  const status = await main(args, sink as unknown as NodeJS.WriteStream);
  return { status, out, err };
}
afterEach(() => vi.restoreAllMocks());

describe("the command line", () => {
  it("--help names every option", async () => {
    const { status, out } = await run("--help");
    expect(status).toBe(0);
    for (const option of ["--data", "--model", "--epochs", "--steps", "--batch", "--seed", "--help"])
      expect(out).toContain(option);
  });
  it.each([
    [["--modle", "cnn"], /no option --modle; --help shows all/],
    [["--model", "rnn"], /mlp, cnn or both, not "rnn"/],
    [["--steps", "0"], /--steps must be a whole number of at least 1, not "0"/],
    [["--epochs", "x"], /--epochs must be a whole number/],
    [["--epochs", "1", "--steps", "1"], /not both/],
    [["--seed"], /--seed/],
    [["--seed", "-1"], /'--seed' argument is ambiguous; --help shows all/],
    [["--data", "/no/such/folder"], /^There is no folder \/no\/such\/folder\.$/m],
    [["--batch", "1000000"], /more than the 6000 images/],
  ])("%j is one sentence", async (args, message) => {
    const { status, err } = await run(...args);
    expect(status).toBe(2);
    expect(err).toMatch(message);
    expect(err.trim().split("\n").length).toBe(1);
  });
  it("defaults", () => {
    expect(parseOptions([])).toMatchObject({ models: ["mlp", "cnn"], batch: 100, seed: 0 });
  });
});

describe("drawn digits", () => {
  const digits = drawDigits(200, 3);
  it("are the same for the same seed, and others for another", () => {
    expect(drawDigits(200, 3)).toEqual(digits);
    expect(drawDigits(200, 4).images).not.toEqual(digits.images);
  });
  it("have every class equally often, ink in the middle and none at the edge", () => {
    expect(Array.from({ length: 10 }, (_, c) => digits.labels.filter((l) => l === c).length)).toEqual(
      Array(10).fill(20),
    );
    const mean = new Float64Array(784);
    digits.images.forEach((v, i) => (mean[i % 784] += v / 200));
    expect(Math.max(...mean)).toBeGreaterThan(60);
    expect(mean[0] + mean[27] + mean[783]).toBeLessThan(60);
  });
  it("the two sets differ", () => {
    const { train: a, test: b } = makeDigits(0, 20, 20);
    expect(a.images).not.toEqual(b.images);
  });
});

describe("idx files", () => {
  const folder = mkdtempSync(join(tmpdir(), "digits-"));
  afterEach(() => vi.restoreAllMocks());
  it("are read from a folder, packed or not", async () => {
    const { images, labels } = drawDigits(30, 1);
    const idx = await writeIdx(array(images, { shape: [30, 28, 28] }));
    const names = await writeIdx(array(labels));
    writeFileSync(join(folder, "train10k-images-idx3-ubyte.gz"), gzipSync(idx));
    writeFileSync(join(folder, "train10k-labels-idx1-ubyte"), names);
    expect(() => loadMnist(folder)).toThrow(/has no t10k-images-idx3-ubyte/);
    writeFileSync(join(folder, "t10k-images-idx3-ubyte"), idx);
    writeFileSync(join(folder, "t10k-labels-idx1-ubyte"), names);
    const data = loadMnist(folder);
    expect(data.train).toEqual({ images, labels, count: 30 });
    writeFileSync(join(folder, "t10k-labels-idx1-ubyte"), await writeIdx(array(labels.subarray(1))));
    expect(() => loadMnist(folder)).toThrow(/30 images and 29 labels/);
    writeFileSync(join(folder, "train10k-images-idx3-ubyte.gz"), gzipSync(idx).subarray(0, 500));
    expect(() => loadMnist(folder)).toThrow(/train10k-images-idx3-ubyte\.gz cannot be read \(/);
    rmSync(folder, { recursive: true });
  });
});

describe("training", () => {
  it("windows move over the bordered image", () => {
    const image = array(
      Uint8Array.from({ length: 32 * 32 }, (_, i) => i % 251),
      { shape: [1, 32, 32] },
    );
    const [a, b] = windows(image, array([[0, 0, 0], [0, 4, 1]], "i32")).js() as number[][][]; // biome-ignore format: a matrix
    expect(a[0][0]).toBeCloseTo(0, 6);
    expect(b[2][3]).toBeCloseTo(((6 * 32 + 4) % 251) / 255, 6);
  });
  it("both models learn drawn digits", async () => {
    const data = makeDigits(0, 1000, 300);
    for (const [model, steps] of [
      [mlpModel(32), 120],
      [cnnModel(), 80],
    ] as const) {
      const seen: number[] = [];
      const params = await train(model as ReturnType<typeof mlpModel>, data.train, {
        steps,
        batch: 50,
        seed: 0,
        onStep: (_, loss) => seen.push(loss),
      });
      expect(seen.length).toBe(steps);
      expect(seen[0]).toBeGreaterThan(2);
      expect(seen[steps - 1]).toBeLessThan(seen[0] * 0.6);
      expect(accuracy(model as ReturnType<typeof mlpModel>, params, data.test, 128)).toBeGreaterThan(0.7);
    }
  });
  it("a run says what it does and how well", async () => {
    const { status, out } = await run("--model", "mlp", "--steps", "3", "--batch", "20");
    expect(status).toBe(0);
    expect(out).toMatch(/6000 drawn digits/);
    expect(out).toMatch(/mlp {2}3\/3 {2}loss \d\.\d{4} {2}took 0:0\d/);
    expect(out).toMatch(/mlp: \d+\.\d\d % of 2000 test digits are right/);
  });
});
