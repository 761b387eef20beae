/** Tensors as the interpreter's arrays. */
import type { Tensor } from "../../../src/index.js";
import type { NDArray } from "../../../src/interpreter/array.js";
import { read } from "../run-plan.js";
import { random } from "../../../src/index.js";

export function evaluated(tensors: readonly Tensor[]): NDArray[] {
  return tensors.map((t) => {
    const isKey = (t.dtype as string) === "key";
    const data = isKey ? (random.keyData(t as never) as unknown as Tensor).dataSync() : t.dataSync();
    if (t.dtype === "bf16" || t.dtype === "f16")
      return {
        dtype: t.dtype,
        shape: t.shape,
        data: Float64Array.from(t.astype("f32").dataSync() as Float32Array),
      } as never;
    const copy = (data as Uint8Array).slice();
    return read(copy.buffer as ArrayBuffer, copy.byteOffset, t.shape as number[], t.dtype);
  });
}
