/** Kernels: indices name elements of a reference, and a body keeps the types of what it stores to. */
import { fail } from "../../diagnostics/error.js";
import { type Aval, aval, avalSame, printAval } from "../aval.js";
import { isInt } from "../dtype.js";
import type { KernelOps } from "../ops/index.js";
import type { Rules } from "../rules.js";
import { accepts, bad, checkLength, checkRank, checkSizes, sameDtype, sameShape } from "./check.js";
import type { AbstractEvalContext, AbstractEvalKind } from "./index.js";

/** Checks the indices and the mask against the reference; gives what follows them. */
function indices(
  ctx: AbstractEvalContext,
  ref: Aval,
  rest: readonly Aval[],
  masked: boolean,
  block: Aval | null,
): readonly Aval[] {
  const rank = ref.shape.length;
  const at = rest.slice(0, rank);
  checkLength(ctx, "the index", at, rank);
  for (const a of at)
    if (a.dtype !== "i32")
      fail("TW2005", `${ctx.prim}: an index is ${printAval(a)}`, { span: ctx.span, help: "indices are i32" });
  const mask = masked ? rest[rank] : null;
  if (mask) accepts(ctx, mask, (d) => d === "bool", "a bool mask");
  const sized = [...(block ? [block] : []), ...at, ...(mask ? [mask] : [])];
  // A reference of rank 0 has no index, so a load of it without a mask has nothing to compare: its block is of rank 0.
  if (sized.length > 0) sameShape(ctx, sized);
  return rest.slice(rank + (masked ? 1 : 0));
}

export const kernel = {
  kernel_call: (ctx, operands, { body, grid, inits, name }) => {
    checkSizes(ctx, grid);
    const reads = operands.length - inits.filter((x) => x).length;
    const wanted = reads + grid.length + inits.length;
    if (body.inputs.length !== wanted)
      bad(ctx, `the body of ${name} takes ${body.inputs.length} operands, not ${wanted}`);
    const outs = body.inputs.slice(reads + grid.length).map((v) => v.aval);
    const given = [...operands.slice(0, reads), ...grid.map(() => aval([], "i32"))];
    let next = reads;
    outs.forEach((o, k) => {
      if (inits[k]) sameType(ctx, o, operands[next++], `what out ${k} of ${name} starts from`);
    });
    given.forEach((a, i) => {
      sameType(ctx, body.inputs[i].aval, a, `operand ${i} of ${name}`);
    });
    outs.forEach((o, k) => {
      const result = body.outputs[k];
      if (!result) bad(ctx, `the body of ${name} gives ${body.outputs.length} results for ${outs.length} outs`);
      sameType(ctx, o, result.aval, `out ${k} of ${name} after the body`);
    });
    return outs;
  },
  load: (ctx, [ref, ...rest], { masked, other }) => {
    const tail = indices(ctx, ref, rest, masked, null);
    if (tail.length !== (other ? 1 : 0)) bad(ctx, `${tail.length} operands after the index`);
    if (other) {
      checkRank(ctx, tail[0], 0, "other");
      sameDtype(ctx, [ref, tail[0]]);
    }
    return [aval(rest[0]?.shape ?? [], ref.dtype)];
  },
  store: (ctx, [ref, value, ...rest], { masked }) => {
    sameDtype(ctx, [ref, value]);
    if (indices(ctx, ref, rest, masked, value).length > 0) bad(ctx, "operands after the index");
    return [ref];
  },
  atomic: (ctx, [ref, value, ...rest], { op, masked }) => {
    sameDtype(ctx, [ref, value]);
    if (op === "and" || op === "or" || op === "xor") accepts(ctx, ref, (d) => isInt(d) || d === "bool", "integers");
    if (indices(ctx, ref, rest, masked, value).length > 0) bad(ctx, "operands after the index");
    return [ref, aval(value.shape, value.dtype)];
  },
  atomic_cas: (ctx, [ref, compare, value, ...rest], { masked }) => {
    sameDtype(ctx, [ref, compare, value]);
    sameShape(ctx, [compare, value]);
    if (indices(ctx, ref, rest, masked, value).length > 0) bad(ctx, "operands after the index");
    return [ref, aval(value.shape, value.dtype)];
  },
  empty: (ctx, _inputs, { shape, dtype }) => {
    checkSizes(ctx, shape);
    return [aval(shape, dtype)];
  },
} satisfies Rules<KernelOps, AbstractEvalKind>;

function sameType(ctx: AbstractEvalContext, a: Aval, b: Aval, what: string): void {
  if (!avalSame(a, b) && !(a.dtype === b.dtype && avalSame(aval(a.shape, a.dtype), aval(b.shape, b.dtype))))
    fail("TW3008", `kernel_call: ${what} is ${printAval(b)}, the body has ${printAval(a)}`, {
      span: ctx.span,
      help: "a body keeps the shape and dtype of what it stores to",
    });
}
