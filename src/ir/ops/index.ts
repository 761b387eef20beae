import type { CollectiveOps } from "./collective.js";
import type { ContractionOps } from "./contraction.js";
import type { ControlOps } from "./control.js";
import type { ElementwiseOps } from "./elementwise.js";
import type { IndexingOps } from "./indexing.js";
import type { KernelOps } from "./kernel.js";
import type { LinalgOps } from "./linalg.js";
import type { MovementOps } from "./movement.js";
import type { RandomOps } from "./random.js";
import type { ReductionOps } from "./reduction.js";
import type { SortOps } from "./sort.js";

/** The vocabulary of core programs: each primitive's name and the type of its parameters. */
export interface Ops
  extends ElementwiseOps,
    MovementOps,
    ReductionOps,
    ContractionOps,
    IndexingOps,
    ControlOps,
    RandomOps,
    LinalgOps,
    SortOps,
    CollectiveOps,
    KernelOps {}

export type Prim = keyof Ops;
export type Params<P extends Prim = Prim> = Ops[P];

export type {
  CollectiveOps,
  ContractionOps,
  ControlOps,
  ElementwiseOps,
  IndexingOps,
  KernelOps,
  LinalgOps,
  MovementOps,
  RandomOps,
  ReductionOps,
  SortOps,
};
export type * from "./collective.js";
export type * from "./contraction.js";
export type * from "./control.js";
export type { None } from "./elementwise.js";
export type * from "./indexing.js";
export type * from "./kernel.js";
export type * from "./reduction.js";
