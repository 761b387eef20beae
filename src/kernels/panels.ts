/**
 * Householder reflections kept four at a time, and applied four at a time: what they change is then read and written once
 * for all four (Schreiber & Van Loan 1989, with the triangular factor solved by substitution).
 */
import type { Dim } from "../ir/dim.js";
import type { DType } from "../ir/dtype.js";
import type { TileAtom, TileRef } from "../ir/tile.js";
import { range } from "../util/index.js";
import { MatrixView, type Operand, type ScalarCode, VectorView } from "./scalar-code.js";

/** Reflections of a panel. */
export const PANEL = 4;

/** Elements of a row of a block of columns: a cache line. */
export const blockWidth = (dtype: DType): number => (dtype === "f64" ? 8 : 16);
export const roundUp = (n: number, to: number): number => Math.ceil(n / to) * to;

/** Memory of the reflections of one matrix. */
export interface PanelRefs {
  readonly vectors: TileRef;
  readonly taus: TileRef;
  readonly products: TileRef;
}
/** `count` reflections of vectors with `rows` elements, for each matrix. */
export function panelRefs(
  k: ScalarCode,
  name: string,
  dtype: DType,
  count: number,
  rows: number,
  several: (each: number) => Dim,
): PanelRefs {
  const padded = roundUp(count, PANEL);
  const scratch = (part: string, size: number): TileRef =>
    k.t.ref(`${name}_${part}`, dtype, "scratch", several(Math.max(1, size)));
  return {
    vectors: scratch("vectors", padded * rows),
    taus: scratch("taus", padded),
    products: scratch("products", padded * PANEL),
  };
}

export class Panels {
  readonly panels: number;
  /** Row p·rows + i: element i of each of the four vectors of panel p. */
  readonly #vectors: MatrixView;
  readonly #taus: VectorView;
  /** Row j: products of vector j with the four of its panel. */
  readonly #products: MatrixView;
  constructor(
    readonly k: ScalarCode,
    refs: PanelRefs,
    readonly count: number,
    readonly rows: number,
    matrix: TileAtom,
  ) {
    const padded = roundUp(count, PANEL);
    this.panels = padded / PANEL;
    this.#vectors = new MatrixView(k, refs.vectors, k.mul(matrix, padded * rows), PANEL);
    this.#taus = new VectorView(k, refs.taus, k.mul(matrix, padded));
    this.#products = new MatrixView(k, refs.products, k.mul(matrix, padded * PANEL), PANEL);
  }
  get dtype(): DType {
    return this.#taus.dtype;
  }
  /** No reflections at all: those that are never set, and elements before a vector's first, are zero. */
  clear(): void {
    const padded = this.panels * PANEL;
    this.#vectors.row(0).fill(0, 0, padded * this.rows);
    this.#taus.fill(0, 0, padded);
  }
  /** Reflection j is I - τ v vᵀ with the elements of v from `first` on. */
  set(j: TileAtom, v: VectorView, first: Operand, tau: TileAtom): void {
    this.setPart(j, v, first, this.rows);
    this.setTau(j, tau);
  }
  /** Elements [first, end) of vector j. */
  setPart(j: TileAtom, v: VectorView, first: Operand, end: Operand): void {
    const { k } = this;
    const { t } = k;
    const panel = k.t.op("shift_right_logical", [j, t.i32(Math.log2(PANEL))]);
    const at = t.op("and", [j, t.i32(PANEL - 1)]);
    const base = k.mul(panel, this.rows);
    k.for(first, end, (i) => this.#vectors.set(k.add(base, i), at, t.convert(v.at(i), this.dtype)));
  }
  setTau(j: TileAtom, tau: TileAtom): void {
    this.#taus.set(j, this.k.t.convert(tau, this.dtype));
  }
  /** To be called for each panel when its reflections are known. */
  close(panel: Operand): void {
    const { k, dtype } = this;
    const { t } = k;
    const sums = range(PANEL).map(() => t.var(t.const(0, dtype, [PANEL])));
    const base = k.mul(panel, this.rows);
    k.for(k.mul(panel, PANEL), this.rows, (i) => {
      const row = k.add(base, i);
      const all = this.#vectors.at(row, 0, PANEL);
      sums.forEach((sum, r) => {
        t.assign(sum, k.add(sum, k.mul(all, this.#vectors.at(row, r))));
      });
    });
    sums.forEach((sum, r) => {
      this.#products.set(k.add(k.mul(panel, PANEL), r), 0, sum, PANEL);
    });
  }
  /**
   * Rows [4·panel, bottom) of m's columns [c, c + width) become H₀H₁H₂H₃ times themselves; `transposed`: H₃H₂H₁H₀ times.
   */
  apply(panel: TileAtom, m: MatrixView, bottom: Operand, c: Operand, width: number, transposed: boolean): void {
    const { k, dtype } = this;
    const { t } = k;
    const top = k.mul(panel, PANEL);
    const base = k.mul(panel, this.rows);
    const sums = range(PANEL).map(() => t.var(t.const(0, dtype, [width])));
    k.for(top, bottom, (i) => {
      const row = m.at(i, c, width);
      sums.forEach((sum, r) => {
        t.assign(sum, k.add(sum, k.mul(row, this.#vectors.at(k.add(base, i), r))));
      });
    });
    // zᵢ = -τᵢ (vᵢᵀ m + Σ (vᵢᵀ vⱼ) zⱼ), j being those that act before i
    const order = transposed ? range(PANEL) : range(PANEL).reverse();
    const changes = new Map<number, TileAtom>();
    for (const i of order) {
      const at = k.add(top, i);
      const sum = t.var(sums[i]);
      for (const [j, z] of changes) t.assign(sum, k.add(sum, k.mul(z, this.#products.at(at, j))));
      changes.set(i, k.mul(sum, k.neg(this.#taus.at(at))));
    }
    k.for(top, bottom, (i) => {
      const row = t.var(m.at(i, c, width));
      for (const [j, z] of changes) t.assign(row, k.add(row, k.mul(z, this.#vectors.at(k.add(base, i), j))));
      m.set(i, c, row, width);
    });
  }
  /** Columns [c, c + width) of H₀H₁… as they lie in `block`, a matrix of so many columns. */
  form(block: MatrixView, c: TileAtom, width: number): void {
    const { k, rows } = this;
    const { t } = k;
    block.row(0).fill(0, 0, rows * width);
    k.for(0, width, (l) => t.if(k.lt(k.add(c, l), rows), () => block.set(k.add(c, l), l, 1)));
    // a reflection leaves the columns of the identity alone that are zero where it acts
    const last = k.min(
      t.op("shift_right_logical", [k.add(c, width + PANEL - 1), t.i32(Math.log2(PANEL))]),
      this.panels,
    );
    k.forDown(0, last, (panel) => this.apply(panel, block, rows, 0, width, false));
  }
}
