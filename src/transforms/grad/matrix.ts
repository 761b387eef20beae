/** Small matrix algebra on the last two axes, all axes before them being batch axes. */
import type { Builder } from "../../ir/builder.js";
import type { Shape } from "../../ir/dim.js";
import type { Atom } from "../../ir/program.js";
import { indicator, maskTo } from "./emit.js";
import { range } from "../../util/index.js";

/** x y, either one transposed on demand. */
export function matmul(b: Builder, x: Atom, y: Atom, transposed: { x?: boolean; y?: boolean } = {}): Atom {
  const n = x.aval.shape.length;
  const batch = range(n - 2);
  return b.emit1("dot_general", [x, y], {
    lhsContract: [transposed.x ? n - 2 : n - 1],
    rhsContract: [transposed.y ? n - 1 : n - 2],
    lhsBatch: batch,
    rhsBatch: batch,
    preferred: null,
  });
}

export function transposed(b: Builder, x: Atom): Atom {
  const n = x.aval.shape.length;
  return b.transpose(x, [...range(n - 2), n - 1, n - 2]);
}

type Comparison = "ge" | "gt" | "le" | "lt" | "eq";

/** A bool matrix: where (row + shift) compares so with column. */
export function triangle(b: Builder, shape: Shape, comparison: Comparison): Atom {
  const n = shape.length;
  return b.op(comparison, b.iota(shape, n - 2, "i32"), b.iota(shape, n - 1, "i32"));
}

/** The part of x where row compares so with column: ge lower, gt strictly lower, le upper, lt strictly upper, eq diagonal. */
export function part(b: Builder, x: Atom, comparison: Comparison): Atom {
  return maskTo(b, triangle(b, x.aval.shape, comparison), x);
}

export function identity(b: Builder, like: Atom): Atom {
  return indicator(b, triangle(b, like.aval.shape, "eq"), like.aval.dtype);
}

/** The diagonal of a square matrix as a vector. */
export function diagonal(b: Builder, x: Atom): Atom {
  return b.reduceSum(part(b, x, "eq"), [x.aval.shape.length - 1]);
}

/** A vector spread over rows (`down`: it varies along the last axis) or columns. */
export function spread(b: Builder, v: Atom, shape: Shape, along: "rows" | "columns"): Atom {
  const n = shape.length;
  return b.broadcast(v, shape, [...range(n - 2), along === "rows" ? n - 1 : n - 2]);
}

/** The symmetric matrix that a routine reading only the lower triangle sees. */
export function symmetric(b: Builder, x: Atom): Atom {
  return b.add(part(b, x, "ge"), transposed(b, part(b, x, "gt")));
}

/** x^T: the antisymmetric or symmetric combinations below want both. */
export function plusTranspose(b: Builder, x: Atom): Atom {
  return b.add(x, transposed(b, x));
}
export function minusTranspose(b: Builder, x: Atom): Atom {
  return b.sub(x, transposed(b, x));
}
