import { array, numpy as np, type Tensor, tree } from "tilework";
import {
  readIdx,
  readNpy,
  readNpz,
  readSafetensors,
  writeIdx,
  writeNpy,
  writeNpz,
  writeSafetensors,
} from "tilework/io";
import { describe, expect, it } from "vitest";
import { errorOf } from "./helpers.js";

const params = () => ({
  embed: array([
    [1, 2],
    [3, 4],
  ]),
  layers: [
    { w: array([1.5, -2], { dtype: "f16" }), b: array([1n, 2n]) },
    { w: np.zeros([0, 3]), b: array(true) },
  ],
  none: null,
  "odd key": new Map([["k", array([1, 2], { dtype: "bf16" })]]),
});
const plain = (t: Tensor) => ({ dtype: t.dtype, shape: [...t.shape], values: t.js() });

describe("trees of tensors", () => {
  it("come back from safetensors with `like`, and by name without", async () => {
    const bytes = await writeSafetensors(params(), { metadata: { step: "7" } });
    const { tensors, metadata } = readSafetensors(bytes, { like: params() });
    expect(metadata).toEqual({ step: "7" });
    expect(tree.map(plain, tensors)).toEqual(tree.map(plain, params()));
    const named = readSafetensors(bytes).tensors;
    expect(Object.keys(named).sort()).toEqual([
      "embed",
      "layers.0.b",
      "layers.0.w",
      "layers.1.b",
      "layers.1.w",
      "odd key.k",
    ]);
    expect(named["layers.0.b"].js()).toEqual([1n, 2n]);
  });

  it("come back from npz", async () => {
    const value = [{ a: array([1, 2, 3]) }, array(4, { dtype: "f64" })];
    for (const compress of [true, false]) {
      const bytes = await writeNpz(value, { compress });
      expect(tree.map(plain, readNpz(bytes, { like: value }))).toEqual(tree.map(plain, value));
      expect(Object.keys(readNpz(bytes)).sort()).toEqual(["0.a", "1"]);
    }
  });

  it("are refused where the file does not have them, or has others", async () => {
    const bytes = await writeSafetensors({ a: array([1, 2]) });
    expect(errorOf(() => readSafetensors(bytes, { like: { b: array([1, 2]) } }))).toMatch(
      /TW5003: safetensors: there is no "b"[\s\S]*the file has a/,
    );
    expect(errorOf(() => readSafetensors(bytes, { like: { a: array([1]) } }))).toContain(
      '"a" is f32[2] in the file, and f32[1] is wanted',
    );
  });

  it("must hold tensors only, under different names", async () => {
    await expect(writeSafetensors({ a: "text" })).rejects.toThrow("safetensors: a is not a tensor");
    const clash = { "a.b": array(1), a: { b: array(2) } };
    await expect(writeSafetensors(clash)).rejects.toThrow('two tensors of the tree have the name "a.b"');
  });
});

it("single tensors come back from npy and idx", async () => {
  const x = array([[1, 2, 3]], { dtype: "i32" });
  expect(plain(readNpy(await writeNpy(x)))).toEqual(plain(x));
  expect(plain(readIdx(await writeIdx(x)))).toEqual(plain(x));
});

it("a tensor does not change with the bytes that it was read from", async () => {
  const bytes = await writeNpy(array([1, 2]));
  const x = readNpy(bytes);
  bytes.fill(0);
  expect(x.js()).toEqual([1, 2]);
});
