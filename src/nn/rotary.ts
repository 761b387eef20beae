/** Rotary position embedding (Su et al. 2021): pairs (i, i + d/2) of features turned by an angle that grows with the position. */
import { fail } from "../diagnostics/error.js";
import { printAval } from "../ir/aval.js";
import * as lax from "../lax/index.js";
import type { TensorLike } from "../lax/operand.js";
import { asTensor } from "../lax/operand.js";
import * as np from "../numpy/index.js";
import type { Like } from "../tracer/num.js";
import type { Tensor } from "../tracer/tensor.js";

/** Tables of `rotary` for positions 0, 1, … and d features of a head: cosines and sines [positions, d / 2]. */
export function rotaryTables(
  positions: number,
  features: number,
  options: { base?: number } = {},
): [cos: Tensor, sin: Tensor] {
  const rates = np.exp(
    np.multiply(np.arange(features / 2, { dtype: "f32" }), (-2 * Math.log(options.base ?? 10000)) / features),
  );
  const angles = np.outer(np.arange(positions, { dtype: "f32" }), rates);
  return [np.cos(angles), np.sin(angles)];
}

/**
 * x [..., position, heads, features] with the pairs (i, i + features/2) of each head turned by the angles of tables
 * [position, features / 2], or of tables [features / 2] where all have one position.
 */
export function rotary<X extends TensorLike>(x: X, cos: TensorLike, sin: TensorLike): Like<X>;
export function rotary(given: TensorLike, cosines: TensorLike, sines: TensorLike): Tensor {
  const [x, cos, sin] = [given, cosines, sines].map((t) => asTensor("rotary", t));
  const shape = x.aval.shape;
  const d = shape[shape.length - 1];
  if (x.ndim < 2 || typeof d !== "number" || d % 2 !== 0 || cos.ndim < 1 || cos.aval.shape[cos.ndim - 1] !== d / 2)
    fail("TW2001", `rotary: tables ${printAval(cos.aval)} do not fit ${printAval(x.aval)}`, {
      help: "x is [..., position, heads, features], the tables of nn.rotaryTables(positions, features) [positions, features / 2]",
    });
  // [..., heads, half, features / 2]: the other half of a pair is the same array, read the other way round
  const halves = lax.reshape(x, [...shape.slice(0, -1), 2, d / 2]);
  const inside = (t: Tensor): Tensor => np.expandDims(np.expandDims(t.astype(x.dtype), -2), -2);
  const signed = np.concatenate([np.negative(inside(sin)), inside(sin)], -2);
  const y = np.add(np.multiply(halves, inside(cos)), np.multiply(np.flip(halves, -2), signed));
  return lax.reshape(y, shape);
}
