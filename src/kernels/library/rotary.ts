/** Rotary position embedding (Su et al. 2021): pairs (i, i + d/2) of features turned by an angle that grows with the position. */
import { kernel } from "../../dsl/kernel/own.js";
import * as np from "../../numpy/index.js";
import { customVjp } from "../../tracer/custom.js";
import type { Tensor } from "../../tracer/tensor.js";
import { arange, type constexpr, expandDims, load, programId, type Ref, store } from "../../dsl/kernel/index.js";

/** x [b, t, h, d], cos and sin [t, d / 2]; SIGN is -1 to turn back. */
export const rotaryKernel = kernel(
  function rotary(x: Ref, cos: Ref, sin: Ref, out: Ref, SIGN: constexpr) {
    const [b, t] = [programId(0), programId(1)];
    const half = x.shape[3] / 2;
    const [head, feature] = [expandDims(arange(x.shape[2]), 1), arange(half)];
    const [c, s] = [load(cos, [t, null]), load(sin, [t, null]) * SIGN];
    const [u, v] = [load(x, [b, t, head, feature]), load(x, [b, t, head, feature + half])];
    store(out, [b, t, head, feature], u * c - v * s);
    store(out, [b, t, head, feature + half], v * c + u * s);
  },
  { out: (x: Tensor) => x, grid: (x: Tensor) => x.shape.slice(0, 2) },
);

/** A turn is orthogonal: its transpose is the turn back. */
const turn = customVjp((x: Tensor, cos: Tensor, sin: Tensor) => rotaryKernel(x, cos, sin, { SIGN: 1 })).defvjp(
  (x, cos, sin) => [rotaryKernel(x, cos, sin, { SIGN: 1 }), [cos, sin]],
  ([cos, sin]: Tensor[], g) => [rotaryKernel(g, cos, sin, { SIGN: -1 }), null, null],
);

/** Tables for positions 0, 1, … and d features: cos and sin [positions, d / 2]. */
export function rotaryTables(positions: number, features: number, { base = 10000 } = {}): [cos: Tensor, sin: Tensor] {
  const rates = np.exp(np.multiply(np.arange(features / 2, { dtype: "f32" }), (-2 * Math.log(base)) / features));
  const angles = np.outer(np.arange(positions, { dtype: "f32" }), rates);
  return [np.cos(angles), np.sin(angles)];
}
/** x [b, t, h, d] turned by tables [t, d / 2]; they get no gradient. */
export const rotary = (x: Tensor, cos: Tensor, sin: Tensor): Tensor => turn(x, cos, sin);
