/**
 * A kernel call as one tile program with whole blocks, equation by equation: what a workgroup of a GPU runs. (CPUs fuse the same body into
 * strips instead.) Arrays of the call are references; a store is in place.
 */
import { type Dim, isStatic } from "../../../ir/dim.js";
import type { KernelOps } from "../../../ir/ops/index.js";
import { needsStatic } from "../../../ir/size.js";
import type { TileAtom, TileProgram, TileRef } from "../../../ir/tile.js";
import { TileBuilder } from "../../../ir/tile-builder.js";
import { kernelDType } from "../expand.js";
import { lowerEqn } from "./equations.js";
import { type Thing, WholeKernel } from "./kernel.js";

/** Refs: the operands that the call reads, then its results, whose first contents are there already. */
export function wholeKernel({ body, grid, serial, name }: KernelOps["kernel_call"]): TileProgram {
  const b = new TileBuilder(name);
  const outputs = body.outputs.length;
  const reads = body.inputs.length - grid.length - outputs;
  const refs = body.inputs.map((v, i): TileRef | null => {
    if (i >= reads && i < reads + grid.length) return null;
    const size = v.aval.shape.reduce<Dim>(
      (n, d) => (isStatic(n) && isStatic(d) ? n * d : needsStatic("arrays of a kernel")),
      1,
    );
    return b.ref(v.name ?? `ref${i}`, kernelDType(v.aval.dtype), i < reads ? "in" : "inout", size);
  });
  // the axes whose programs run one after the other are loops of one program
  const isSerial = (axis: number): boolean => serial?.[axis] === true;
  const parallel = grid.filter((_, axis) => !isSerial(axis));
  const kernel = new WholeKernel(b, parallel, lowerEqn);
  b.stage(parallel, (...own) => {
    kernel.setIds(own);
    const ids: TileAtom[] = [];
    const open = (axis: number): void => {
      if (axis === grid.length) {
        const things = body.inputs.map((v, i): Thing => {
          const ref = refs[i];
          return ref ? { ref, base: b.i32(0), shape: v.aval.shape } : ids[i - reads];
        });
        kernel.call(body, things);
        return;
      }
      if (!isSerial(axis)) {
        ids.push(own[grid.slice(0, axis).filter((_, i) => !isSerial(i)).length]);
        open(axis + 1);
        return;
      }
      b.for(b.i32(0), b.i32(grid[axis]), 1, (i) => {
        ids.push(i);
        open(axis + 1);
        ids.pop();
      });
    };
    open(0);
  });
  return { ...b.finish(), distribution: "workgroup" };
}
