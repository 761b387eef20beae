// Arrays: data by dtype, and everything that a person reads from them.
import { array, isTileworkError, numpy as np, random, type Tensor } from "tilework";
import { readSafetensors, writeNpz } from "tilework/io";

declare const f: Tensor<[2], "f32">;
declare const l: Tensor<[2], "i64">;
const a: Promise<Float32Array> = f.data();
const b: BigInt64Array = l.dataSync();
const c: number = f.item();
const shape: readonly number[] = f.shape;
const sum: Tensor = np.sum(array([[1, 2], [3, 4]]), { axis: 0 });
const [k1, k2] = random.split(random.key(0));
const [, , k3] = random.split(k2, 3);
const keys: readonly Tensor[] = [k1, k2, k3, random.split(k1)[1], ...random.split(k1, 1000), ...random.split(k1, [2, 2])];
// @ts-expect-error a third key of two
random.split(k1)[2];

const { tensors } = readSafetensors(new Uint8Array(8), { like: { w: f } });
const w: Tensor<[2], "f32"> = tensors.w;
const bytes: Promise<Uint8Array> = writeNpz({ w, sum }, { compress: true });

export function codeOf(e: unknown): string {
  return isTileworkError(e) ? `${e.code}: ${e.message}` : "";
}
export { a, b, bytes, c, keys, shape };

// matrices of literal sizes
export const square: Tensor<[3, 3], "f32"> = np.eye(3);
export const wide: Tensor<[2, 4], "i32"> = np.eye(2, 4, 0, "i32");
export const same: Tensor<[5, 5]> = np.identity(5);
// @ts-expect-error three rows
export const tall: Tensor<[2, 3]> = np.eye(3);
