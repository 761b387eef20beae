/** Collectives over a named axis of vmap (and later pmap and shardMap). Trees are taken leaf by leaf. */
import { axisSize, bind1 } from "../tracer/frame.js";
import { leafTensor } from "../tracer/leaf.js";
import type { Tensor } from "../tracer/tensor.js";
import * as tree from "../tree/index.js";
import { div } from "./elementwise.js";
import { full } from "./structure.js";

function each<T>(what: string, x: T, f: (leaf: Tensor) => Tensor): T {
  return tree.map((leaf: unknown) => f(leafTensor(leaf, () => `${what}: an operand`)), x) as T;
}
export function psum<T>(x: T, axisName: string): T {
  axisSize(axisName);
  return each("psum", x, (t) => bind1("psum", [t], { axisName }));
}
export function pmean<T>(x: T, axisName: string): T {
  const n = axisSize(axisName);
  return each("pmean", x, (t) => {
    const s = bind1("psum", [t], { axisName });
    return div(s, full(s.aval.shape, n, s.aval.dtype));
  });
}
export function pmax<T>(x: T, axisName: string): T {
  axisSize(axisName);
  return each("pmax", x, (t) => bind1("pmax", [t], { axisName }));
}
export function pmin<T>(x: T, axisName: string): T {
  axisSize(axisName);
  return each("pmin", x, (t) => bind1("pmin", [t], { axisName }));
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
