/** The transpose of pooling: each source element is added where its window's extremum stands. */
import { type Dim, dimAdd, dimAtLeast, dimMul, dimProduct, dimSub, type Shape } from "../ir/dim.js";
import type { DType } from "../ir/dtype.js";
import type { ReductionOps } from "../ir/ops/index.js";
import type { Program } from "../ir/program.js";
import type { TileAtom } from "../ir/tile.js";
import { TileBuilder } from "../ir/tile-builder.js";
import { strides as placesOf } from "./contract/pack.js";
import { disjointWindows } from "./disjoint-windows.js";
import { overlappingWindows } from "./overlapping-windows.js";
import { type Operand, ScalarCode } from "./scalar-code.js";
import { windowShapes } from "./window-shapes.js";
import { prod, range } from "../util/index.js";

/** Windows of at most so many elements are written out, where none of them reaches into padding. */
const UNROLLED = 32;

/**
 * Refs: source in, operand in, out out, and a scratch of f32 for half types. Windows may overlap, so one program owns a
 * whole slice of the axes that windows slide along; the other axes are the grid.
 */
export function selectAndScatterAdd(
  given: ReductionOps["select_and_scatter_add"],
  givenSource: Shape,
  givenOperand: Shape,
  sourceDtype: DType,
  operandDtype: DType,
): Program<"tile"> {
  const [params, shapes] = windowShapes(given, givenSource, givenOperand);
  const { batch, source: sourceShape, operand: operandShape } = shapes;
  const sideBySide =
    sourceDtype === operandDtype
      ? (disjointWindows(params, shapes, operandDtype) ?? overlappingWindows(params, shapes, operandDtype))
      : undefined;
  if (sideBySide) return sideBySide;
  const { windowDims, strides, padding, select } = params;
  const t = new TileBuilder("select_and_scatter_add");
  const k = new ScalarCode(t);
  const source = t.ref("source", sourceDtype, "in", dimMul(batch, dimProduct(sourceShape)));
  const operand = t.ref("operand", operandDtype, "in", dimMul(batch, dimProduct(operandShape)));
  const out = t.ref("out", operandDtype, "out", dimMul(batch, dimProduct(operandShape)));
  const half = operandDtype === "f16" || operandDtype === "bf16";
  const sums = half ? t.ref("sums", "f32", "scratch", dimMul(batch, dimProduct(operandShape))) : out;
  const accumulate = sums.dtype;

  const sourceStrides = placesOf(sourceShape, 1);
  const operandStrides = placesOf(operandShape, 1);
  const axes = range(operandShape.length);
  const still = (i: number): boolean =>
    windowDims[i] === 1 && strides[i] === 1 && padding[i][0] === 0 && padding[i][1] === 0;
  const grid = axes.filter(still);
  const sliding = axes.filter((i) => !still(i));
  const zero = k.const(0, accumulate);

  /** `body` at every index of `list`, with the flat position that the strides give it. */
  const everywhere = (list: readonly number[], base: TileAtom, body: (at: TileAtom) => void): void => {
    if (list.length === 0) {
      body(base);
      return;
    }
    const [axis, ...rest] = list;
    k.for(0, operandShape[axis], (i) => everywhere(rest, k.add(base, k.mul(i, operandStrides[axis])), body));
  };

  t.stage(
    grid.map((i) => (i === 0 ? batch : operandShape[i])),
    (...ids) => {
      const flat = (s: readonly Dim[]): TileAtom =>
        ids.reduce<TileAtom>((at, id, i) => k.add(at, k.mul(id, s[grid[i]])), t.i32(0));
      const operandBase = flat(operandStrides);
      everywhere(sliding, operandBase, (at) => t.store(sums, at, zero));

      const windows = (n: number, position: TileAtom, corners: readonly TileAtom[]): void => {
        if (n < sliding.length) {
          const axis = sliding[n];
          k.for(0, sourceShape[axis], (i) => {
            const corner = k.add(k.mul(i, strides[axis]), t.i32(-padding[axis][0]));
            windows(n + 1, k.add(position, k.mul(i, sourceStrides[axis])), [...corners, corner]);
          });
          return;
        }
        const best = t.var(k.const(0, operandDtype));
        const where = t.var(t.i32(-1));
        const visit = (at: TileAtom): void => {
          const x = t.load(operand, at);
          // the first NaN wins over all, then the first extremum
          const beaten = t.op(select === "ge" ? "le" : "ge", [x, best]);
          const better = k.and(k.eq(best, best), k.not(beaten));
          const takes = k.or(k.lt(where, 0), better);
          t.assign(where, k.select(takes, at, where));
          t.assign(best, k.select(takes, x, best));
        };
        const unrolled = prod(windowDims) <= UNROLLED;
        const taps = (m: number, at: TileAtom): void => {
          if (m === sliding.length) {
            visit(at);
            return;
          }
          const axis = sliding[m];
          const stride = operandStrides[axis];
          const next = (o: Operand): void => taps(m + 1, k.add(at, k.mul(k.add(corners[m], o), stride)));
          if (covered(axis, sourceShape, operandShape, params)) {
            if (unrolled) for (let o = 0; o < windowDims[axis]; o++) next(o);
            else k.for(0, windowDims[axis], next);
          } else {
            const low = k.max(k.neg(corners[m]), 0);
            k.for(low, k.min(k.sub(operandShape[axis], corners[m]), windowDims[axis]), next);
          }
        };
        taps(0, operandBase);
        // a window that lies in the padding selects nothing
        t.if(k.ge(where, 0), () => {
          const sum = k.add(t.load(sums, where), t.convert(t.load(source, position), accumulate));
          t.store(sums, where, sum);
        });
      };
      windows(0, flat(sourceStrides), []);
      if (half) everywhere(sliding, operandBase, (at) => t.store(out, at, t.convert(t.load(sums, at), operandDtype)));
    },
  );
  t.notes.push(`windows of ${windowDims.join("×")}`);
  return t.finish();
}

/** Whether every window lies inside the operand along this axis. */
function covered(
  axis: number,
  sourceShape: Shape,
  operandShape: Shape,
  { windowDims, strides, padding }: ReductionOps["select_and_scatter_add"],
): boolean {
  const first = -padding[axis][0];
  const last = dimAdd(dimMul(dimSub(sourceShape[axis], 1), strides[axis]), first + windowDims[axis]);
  return first >= 0 && dimAtLeast(operandShape[axis], last) === true;
}
