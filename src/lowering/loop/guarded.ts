/**
 * Functions whose usual arguments have short code: all registers of a block are computed by that, then one test asks whether any
 * element lies beyond, and only where one does a library function is called. No element's result depends on its neighbours; those that are
 * left over beside vectors are computed the general way, which may round the last place otherwise.
 */
import type { DType } from "../../ir/dtype.js";
import type { LoopExpr } from "../../ir/loop.js";
import type { ElementwisePrim } from "../../ir/tile.js";
import type { LoopBuilder } from "./builder.js";
import type { Node } from "./graph.js";

/** `prim` of the operands of each register. */
export function guardedPieces(
  b: LoopBuilder,
  prim: ElementwisePrim,
  dtype: DType,
  pieces: readonly (readonly Node[])[],
  params: object,
): Node[] {
  const vectors = pieces.filter((xs) => xs[0].lanes > 1);
  const short = vectors.length > 0 ? b.target.math.guarded(prim, dtype, vectors[0][0].lanes) : undefined;
  // what is the same in all iterations is computed before the loop, where there are no tests to be saved
  if (!short || vectors.every((xs) => xs.every((x) => x.region !== b.region)))
    return pieces.map((xs) => b.op(prim, dtype, xs, params));
  const parts = vectors.map((xs) => {
    const bound = new Map<LoopExpr, Node>(short.params.map((p, i) => [p, xs[i]]));
    return { xs, usual: b.import(short.usual, bound), beyond: b.import(short.beyond, bound) };
  });
  const any = parts.map((p) => p.beyond).reduce((all, m) => b.op("or", "bool", [all, m]));
  const results = parts.map(({ usual }) => {
    const v = b.variable(dtype, usual.lanes);
    b.assign(v, usual);
    return v;
  });
  b.if(
    b.reduceLanes("or", any),
    () => {
      // All calls first: a widening engine joins nothing across a call. And what it joins is no argument of a call: V8 13.6 ends the process.
      const rights = parts.map(({ xs }) =>
        b.call(
          short.callee,
          dtype,
          xs.flatMap((x) => b.lanes(x)),
          xs[0].lanes,
        ),
      );
      parts.forEach(({ beyond }, i) => {
        b.assign(results[i], b.op("select", dtype, [beyond, b.fromLanes(rights[i]), b.read(results[i])]));
      });
    },
    () => {},
  );
  let next = 0;
  return pieces.map((xs) => (xs[0].lanes > 1 ? b.read(results[next++]) : b.op(prim, dtype, xs, params)));
}
