/** Elementwise operations on blocks, register by register. */
import type { DType } from "../../ir/dtype.js";
import type { ElementwisePrim } from "../../ir/tile.js";
import { type Block, cuts, RegisterBlock } from "./block.js";
import type { LoopBuilder } from "./builder.js";
import type { Node } from "./graph.js";
import { guardedPieces } from "./guarded.js";
import { canNarrow, canWiden } from "./legal.js";

const SHIFTS: ReadonlySet<ElementwisePrim> = new Set(["shift_left", "shift_right_logical", "shift_right_arithmetic"]);

export function lowerOp(
  b: LoopBuilder,
  prim: ElementwisePrim,
  dtype: DType,
  shape: readonly number[],
  args: readonly Block[],
  params: object,
): Block {
  if (prim === "stop_gradient") return args[0];
  const at = (block: Block, row: number, column: number, lanes: number): Node =>
    block.shape.length === 0 ? block.piece(0, 0, lanes) : block.piece(row, column, lanes);
  if (shape.length === 0) {
    const result = b.op(
      prim,
      dtype,
      args.map((a) => a.scalar(0, 0)),
      params,
    );
    return new RegisterBlock(b, dtype, shape, 1, [result]);
  }
  if (prim === "convert_element_type" || prim === "bitcast_convert_type")
    return convertBlock(b, prim, dtype, shape, args[0], params);
  const lanes = registerLanes(b, prim, dtype, args);
  const parts = cuts(shape, lanes);
  const pieces = parts.map((c) => {
    const operands = args.map((a) => at(a, c.row, c.column, c.lanes));
    if (c.lanes > 1 && SHIFTS.has(prim)) {
      const amount = b.uniform(operands[1]);
      if (amount) operands[1] = amount;
    }
    return operands;
  });
  return new RegisterBlock(b, dtype, shape, lanes, guardedPieces(b, prim, dtype, pieces, params));
}

/** x · y + sum, register by register. */
export function lowerMulAdd(b: LoopBuilder, shape: readonly number[], x: Block, y: Block, sum: Block): Block {
  const { dtype } = sum;
  const lanes = b.lanesOf(dtype);
  const at = (block: Block, row: number, column: number, n: number): Node =>
    block.shape.length === 0 ? block.piece(0, 0, n) : block.piece(row, column, n);
  const pieces = cuts(shape, lanes).map((c) => {
    const [p, q, r] = [x, y, sum].map((block) => at(block, c.row, c.column, c.lanes));
    return b.fma(p, q, r);
  });
  return new RegisterBlock(b, dtype, shape, lanes, pieces);
}

/** Masks have as many lanes as the values that they come from. */
function registerLanes(b: LoopBuilder, prim: ElementwisePrim, dtype: DType, args: readonly Block[]): number {
  if (dtype !== "bool") return b.lanesOf(dtype);
  if (args[0].dtype !== "bool") return b.lanesOf(args[0].dtype);
  return Math.max(...args.map((a) => (a.dtype === "bool" && a.lanes > 1 ? a.lanes : 1))) === 2 ? 2 : b.lanesOf("bool");
}

function convertBlock(
  b: LoopBuilder,
  prim: "convert_element_type" | "bitcast_convert_type",
  dtype: DType,
  shape: readonly number[],
  arg: Block,
  params: object,
): Block {
  const from = arg.dtype;
  if (from === dtype) return arg;
  const convert = (x: Node): Node => b.op(prim, dtype, [x], params);
  const lanes = dtype === "bool" ? b.lanesOf(from) : b.lanesOf(dtype);
  const source = from === "bool" ? lanes : b.lanesOf(from);
  const rank0 = arg.shape.length === 0;
  const piece = (row: number, column: number, n: number): Node =>
    rank0 ? arg.piece(0, 0, n) : arg.piece(row, column, n);
  const columns = shape[shape.length - 1];
  const pieces = cuts(shape, lanes).map(({ row, column, lanes: n }) => {
    if (n === 1 || source === n) return convert(piece(row, column, n));
    const aligned = column - (column % 4);
    if (n === 2 && aligned + 4 <= columns && canWiden(from, dtype)) {
      return b.widen(piece(row, aligned, 4), dtype, column !== aligned);
    }
    if (n === 4 && canNarrow(from, dtype)) return b.narrow(piece(row, column, 2), piece(row, column + 2, 2), dtype);
    return b.pack(Array.from({ length: n }, (_, i) => convert(piece(row, column + i, 1))));
  });
  return new RegisterBlock(b, dtype, shape, lanes, pieces);
}
