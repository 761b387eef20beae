/** Collectives over a named axis of vmap (and later pmap and shardMap). Trees are taken leaf by leaf. */
import { axisSize, bind1 } from "../tracer/frame.js";
import { leafTensor } from "../tracer/leaf.js";
import type { Tensor } from "../tracer/tensor.js";
import * as tree from "../tree/index.js";
import { isFloat } from "../ir/dtype.js";
import { convertElementType, div } from "./elementwise.js";
import { full } from "./structure.js";

function each<T>(what: string, x: T, f: (leaf: Tensor) => Tensor): T {
  return tree.map((leaf: unknown) => f(leafTensor(leaf, () => `${what}: an operand`)), x) as T;
}
/** One axis name, or several: the operation runs along all of them. */
export type AxisNames = string | readonly string[];

function along<T>(prim: "psum" | "pmax" | "pmin", x: T, axisNames: AxisNames): T {
  const names = typeof axisNames === "string" ? [axisNames] : axisNames;
  names.forEach(axisSize);
  return each(prim, x, (t) => names.reduce((v, axisName) => bind1(prim, [v], { axisName }), t));
}
/** The sum over the named axis or axes. */
export function psum<T>(x: T, axisName: AxisNames): T {
  return along("psum", x, axisName);
}
/** The mean over the named axis or axes; integers give f32. */
export function pmean<T>(x: T, axisName: AxisNames): T {
  const n = typeof axisName === "string" ? axisSize(axisName) : axisName.reduce((m, name) => m * axisSize(name), 1);
  return each("pmean", x, (t) => {
    const s = along("psum", isFloat(t.aval.dtype) ? t : convertElementType(t, "f32"), axisName);
    return div(s, full(s.aval.shape, n, s.aval.dtype));
  });
}
export function pmax<T>(x: T, axisName: AxisNames): T {
  return along("pmax", x, axisName);
}
export function pmin<T>(x: T, axisName: AxisNames): T {
  return along("pmin", x, axisName);
}
export function allGather<T>(x: T, axisName: string, options: { axis?: number; tiled?: boolean } = {}): T {
  return each("allGather", x, (t) =>
    bind1("all_gather", [t], {
      axisName,
      axisSize: axisSize(axisName),
      axis: options.axis ?? 0,
      tiled: options.tiled ?? false,
    }),
  );
}
export function psumScatter<T>(
  x: T,
  axisName: string,
  options: { scatterDimension?: number; tiled?: boolean } = {},
): T {
  return each("psumScatter", x, (t) =>
    bind1("psum_scatter", [t], {
      axisName,
      axisSize: axisSize(axisName),
      axis: options.scatterDimension ?? 0,
      tiled: options.tiled ?? false,
    }),
  );
}
export function allToAll<T>(
  x: T,
  axisName: string,
  splitAxis: number,
  concatAxis: number,
  options: { tiled?: boolean } = {},
): T {
  return each("allToAll", x, (t) =>
    bind1("all_to_all", [t], {
      axisName,
      axisSize: axisSize(axisName),
      splitAxis,
      concatAxis,
      tiled: options.tiled ?? false,
    }),
  );
}
export function ppermute<T>(x: T, axisName: string, perm: readonly (readonly [number, number])[]): T {
  return each("ppermute", x, (t) => bind1("ppermute", [t], { axisName, axisSize: axisSize(axisName), perm }));
}
/** Position along the named axis, i32. */
export function axisIndex(axisName: string): Tensor {
  return bind1("axis_index", [], { axisName, axisSize: axisSize(axisName) });
}
export { axisSize };
