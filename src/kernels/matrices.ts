/** Stacks of matrices as factorisations see them: the axes before the last two are one, whose size need not be known. */
import type { Aval } from "../ir/aval.js";
import { type Dim, dimMax, dimMul, dimProduct } from "../ir/dim.js";
import { staticSizes } from "../ir/size.js";

export interface MatrixStack {
  readonly rows: number;
  readonly columns: number;
  readonly batch: Dim;
  /** Elements of all, at so many for each matrix. */
  all(each: number): Dim;
  /** The same for working memory, which is never empty. */
  scratch(each: number): Dim;
}

export function matricesOf(a: Aval): MatrixStack {
  const [rows, columns] = staticSizes(a.shape.slice(-2));
  const batch = dimProduct(a.shape.slice(0, -2));
  const all = (each: number): Dim => dimMul(batch, each);
  return { rows, columns, batch, all, scratch: (each) => dimMax(all(each), 1) };
}
