/** `vmap` as users call it. */
import { fail } from "../diagnostics/error.js";
import { aval, printAval } from "../ir/aval.js";
import { dce } from "../simplify/index.js";
import { checkFunction, checkOptions } from "../tracer/leaf.js";
import { applyProgram } from "../tracer/frame.js";
import { type AnyFunction, argumentName, traceFunction } from "../tracer/trace.js";
import { batchProgram } from "../transforms/vmap/index.js";
import * as tree from "../tree/index.js";
import { flattenCall } from "./flatten.js";
import type { Sync, UserFunction } from "../tracer/signatures.js";
import type { Vmapped } from "./types.js";

/** Axis numbers in a tree that is a prefix of what they apply to; null: not batched. */
// biome-ignore lint/suspicious/noExplicitAny: a tree of numbers and nulls
export type AxesTree = any;

/** Mapped axes (a number, null for none, or a tree of them), and their name for collectives. */
export interface VmapOptions {
  /** Which axis of each argument is mapped: a number for all, or one entry for each argument; null: the argument is not mapped. Default 0. */
  inAxes?: AxesTree;
  /** Where the mapped axis stands in the results. Default 0. */
  outAxes?: AxesTree;
  /** A name for collectives (`lax.psum(x, name)`). */
  axisName?: string;
  /** Needed only when nothing is mapped. */
  axisSize?: number;
}

/**
 * Maps `f` over an axis of its arguments: the result of stacking `f` of each slice, computed at once.
 *
 * @throws TW3005 when mapped sizes differ, TW3006 for axes that do not exist
 * @example vmap((x: Tensor, y: Tensor) => np.dot(x, y))(xs, ys)
 */
export function vmap<F extends UserFunction>(
  f: F & Sync<F>,
  options?: VmapOptions | number | readonly AxesTree[],
  outAxes?: AxesTree,
): Vmapped<F>;
export function vmap(
  f: AnyFunction,
  options: VmapOptions | number | readonly AxesTree[] = {},
  positionalOutAxes: AxesTree = 0,
): AnyFunction {
  const o: VmapOptions =
    typeof options === "number" || Array.isArray(options)
      ? { inAxes: options, outAxes: positionalOutAxes }
      : (options as VmapOptions);
  checkFunction("vmap", f);
  const name = f.name;
  const label = `vmap(${name || "function"})`;
  checkOptions(label, o, ["inAxes", "outAxes", "axisName", "axisSize"] satisfies (keyof VmapOptions)[]);
  return (...args) => {
    const flat = flattenCall(label, args);
    const inAxes = o.inAxes === undefined ? 0 : o.inAxes;
    if (Array.isArray(inAxes) && inAxes.length !== args.length) {
      fail("TW3006", `${label}: inAxes has ${inAxes.length} entries for ${args.length} arguments`, {
        help: "give one entry for each argument, or one number for all",
      });
    }
    const axes = tree.broadcastPrefix(inAxes, args, { nullIsLeaf: true }) as (number | null)[];
    let size: number | undefined = o.axisSize;
    let sizeFrom = "axisSize";
    const inDims = flat.leaves.map((x, i) => {
      const axis = axes[i];
      if (axis === null || axis === undefined) return null;
      if (!Number.isInteger(axis) || axis < -x.ndim || axis >= x.ndim) {
        fail(
          "TW3006",
          `${label}: ${argumentName("", args, i)} is ${printAval(x.aval)}, which has no axis ${axis} to map`,
          {
            help:
              x.ndim === 0
                ? "a scalar cannot be mapped: put null in its place in inAxes"
                : `axes run from ${-x.ndim} to ${x.ndim - 1}`,
          },
        );
      }
      const at = axis < 0 ? axis + x.ndim : axis;
      const n = x.shape[at];
      if (size !== undefined && size !== n) {
        fail(
          "TW3005",
          `${label}: ${argumentName("", args, i)} has size ${n} along its mapped axis ${axis}, ${sizeFrom} has ${size}`,
          {
            help: "mapped axes must have one size; give null in inAxes to what is not mapped",
          },
        );
      }
      if (size === undefined) sizeFrom = argumentName("", args, i);
      size = n;
      return at;
    });
    if (size === undefined)
      fail("TW3006", `${label}: no argument is mapped, so the size of the mapped axis is unknown`, {
        help: "map at least one argument, or give axisSize",
      });
    const avals = flat.leaves.map((x, i) => {
      const d = inDims[i];
      return d === null
        ? x.aval
        : aval(
            x.aval.shape.filter((_, k) => k !== d),
            x.aval.dtype,
            x.aval.weak,
          );
    });
    const traced = traceFunction(f, avals, flat.treedef, {
      kind: "vmap",
      name,
      ...(o.axisName === undefined ? {} : { axis: { name: o.axisName, size } }),
    });
    const outShape = tree.unflatten(
      traced.outTree,
      traced.program.outputs.map((x) => x.aval),
    );
    const outAxes = tree.broadcastPrefix(o.outAxes === undefined ? 0 : o.outAxes, outShape, {
      nullIsLeaf: true,
      isLeaf: (x) => isAval(x),
    }) as (number | null)[];
    const outDims = traced.program.outputs.map((x, i) => {
      const axis = outAxes[i];
      if (axis === null || axis === undefined) return null;
      const rank = x.aval.shape.length + 1;
      if (axis < -rank || axis >= rank)
        fail(
          "TW3006",
          `${label}: outAxes asks for axis ${axis} of a result ${printAval(x.aval)}, which gets rank ${rank}`,
          {},
        );
      return axis < 0 ? axis + rank : axis;
    });
    const { program } = batchProgram(traced.program, {
      axisSize: size,
      inDims: [...traced.captures.map(() => null), ...inDims],
      outDims,
      axisName: o.axisName,
    });
    return tree.unflatten(traced.outTree, applyProgram(dce(program), [...traced.captures, ...flat.leaves]));
  };
}

function isAval(x: unknown): boolean {
  return typeof x === "object" && x !== null && "dtype" in x && "shape" in x;
}
