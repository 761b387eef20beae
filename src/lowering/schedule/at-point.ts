/** What follows a reduction whose result another writer has found. */
import type { TileAtom } from "../../ir/tile.js";
import type { TileBuilder } from "../../ir/tile-builder.js";
import type { Loop } from "./affine.js";
import { NestEmitter, type RefOf } from "./emit.js";
import type { PreparedNest } from "./nest.js";
import type { Member } from "./node.js";

/** Computes and stores what follows a reduction at one point of the kept loops, or along `nest.vector`, from its result. */
export function emitAtPoint(
  b: TileBuilder,
  nest: PreparedNest,
  refOf: RefOf,
  point: ReadonlyMap<Loop, TileAtom>,
  reduction: Member,
  result: TileAtom,
): void {
  new NestEmitter(b, nest, refOf).at(point, new Map([[reduction, result]]));
}
