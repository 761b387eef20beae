/** Reductions and scans over one axis of a block: registers are combined pairwise, the last axis also across lanes. */
import { internal } from "../../diagnostics/error.js";
import { isFloat } from "../../ir/dtype.js";
import { COMBINE, identityOf } from "../../ir/reduce-op.js";
import type { TileReduceOp } from "../../ir/tile.js";
import { type Block, columnsOf, cuts, RegisterBlock, ravel, rowsOf, unravel } from "./block.js";
import type { LoopBuilder } from "./builder.js";
import type { Node } from "./graph.js";

/** `passNaN`, of a maximum: a comparison decides, which is one instruction where the maximum that keeps NaN is eight. */
export function reduceBlock(b: LoopBuilder, op: TileReduceOp, arg: Block, axis: number, passNaN = false): Block {
  const { dtype, shape } = arg;
  const out = shape.filter((_, i) => i !== axis);
  const combine = (x: Node, y: Node): Node =>
    passNaN ? b.op("select", dtype, [b.op("lt", "bool", [x, y]), y, x]) : b.op(COMBINE[op], dtype, [x, y]);
  const lanes = arg.lanes > 1 ? arg.lanes : b.lanesOf(dtype);
  if (shape[axis] === 0) {
    const pieces = cuts(out, 1).map(() => b.const(identityOf(op, dtype), dtype));
    return new RegisterBlock(b, dtype, out, 1, pieces);
  }
  if (axis === shape.length - 1) {
    const columns = columnsOf(shape);
    const pieces: Node[] = [];
    for (let row = 0; row < rowsOf(shape); row++) {
      const vectors = lanes > 1 ? Math.floor(columns / lanes) : 0;
      const parts: Node[] = [];
      if (vectors > 0) {
        const registers = Array.from({ length: vectors }, (_, i) => arg.piece(row, i * lanes, lanes));
        const all = tree(b.sideBySide(registers), combine);
        parts.push(passNaN ? acrossLanes(b, all, combine) : b.reduceLanes(op, all));
      }
      for (let c = vectors * lanes; c < columns; c++) parts.push(arg.piece(row, c, 1));
      pieces.push(tree(parts, combine));
    }
    return new RegisterBlock(b, dtype, out, 1, pieces);
  }
  const pieces = cuts(out, lanes).map((c) => {
    const index = out.length ? [...unravel(c.row, out.slice(0, -1)), c.column] : [];
    const parts = Array.from({ length: shape[axis] }, (_, k) => {
      const from = [...index.slice(0, axis), k, ...index.slice(axis)];
      return arg.piece(ravel(from.slice(0, -1), shape), from[from.length - 1], c.lanes);
    });
    return tree(parts, combine);
  });
  return new RegisterBlock(b, dtype, out, lanes, pieces);
}

/** Each element combined with those before it (with `reverse`, after it) along the last axis. */
export function scanBlock(b: LoopBuilder, op: TileReduceOp, arg: Block, axis: number, reverse: boolean): Block {
  const { dtype, shape } = arg;
  if (axis !== shape.length - 1) internal("a scan of a block along an axis that is not its last");
  const combine = (x: Node, y: Node): Node => b.op(COMBINE[op], dtype, [x, y]);
  const columns = columnsOf(shape);
  const lanes = columns % b.lanesOf(dtype) === 0 ? b.lanesOf(dtype) : 1;
  // -0 in sums, so that a sum of zeros keeps its sign
  const nothing = b.splat(b.const(op === "sum" && isFloat(dtype) ? -0 : identityOf(op, dtype), dtype), lanes);
  const lanesFrom = (x: Node, y: Node, first: number): Node =>
    b.shuffle(
      x,
      y,
      Array.from({ length: lanes }, (_, i) => first + i),
    );
  /** Within a register: what lies 1, 2, 4… lanes before is added in turn. */
  const within = (x: Node): Node => {
    let sum = x;
    for (let by = 1; by < lanes; by *= 2)
      sum = combine(reverse ? lanesFrom(sum, nothing, by) : lanesFrom(nothing, sum, lanes - by), sum);
    return sum;
  };
  const lastOf = (x: Node): Node =>
    lanes === 1 ? x : b.shuffle(x, x, new Array<number>(lanes).fill(reverse ? 0 : lanes - 1));
  const pieces: Node[] = [];
  for (let row = 0; row < rowsOf(shape); row++) {
    const registers = Array.from({ length: columns / lanes }, (_, i) => within(arg.piece(row, i * lanes, lanes)));
    if (reverse) registers.reverse();
    let before: Node | undefined;
    const scanned = registers.map((x) => {
      const sum = before ? combine(before, x) : x;
      before = before ? combine(before, lastOf(x)) : lastOf(x);
      return sum;
    });
    pieces.push(...(reverse ? scanned.reverse() : scanned));
  }
  return new RegisterBlock(b, dtype, shape, lanes, pieces);
}

function tree(xs: readonly Node[], combine: (x: Node, y: Node) => Node): Node {
  let level = xs;
  while (level.length > 1) {
    const next: Node[] = [];
    for (let i = 0; i + 1 < level.length; i += 2) next.push(combine(level[i], level[i + 1]));
    if (level.length % 2 === 1) next.push(level[level.length - 1]);
    level = next;
  }
  return level[0];
}

function acrossLanes(b: LoopBuilder, x: Node, combine: (x: Node, y: Node) => Node): Node {
  let all = x;
  for (let by = x.lanes / 2; by >= 1; by /= 2) {
    const turned = Array.from({ length: x.lanes }, (_, i) => (i + by) % x.lanes);
    all = combine(all, b.shuffle(all, all, turned));
  }
  return b.lane(all, 0);
}
