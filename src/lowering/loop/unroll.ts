/**
 * Loops that only add products to registers, or combine what they read, a few steps at a time. A step of a register tile keeps both
 * multipliers busy for six cycles, in which a core passes on 36 instructions, or half as many where a neighbour on the same core wants
 * the rest: then it is counters and pointers that cost time. The order of additions stays as it is.
 */
import { isFloat } from "../../ir/dtype.js";
import type { LoopExpr, LoopLocal, LoopStmt } from "../../ir/loop.js";

/** Steps that are written out: a power of two. */
const STEPS = 4;
/** Products of a step in vectors, at least. */
const FEW_PRODUCTS = 4;

/** Statements of a step that only combines what it reads, at most. */
const SHORT = 25;

type For = Extract<LoopStmt, { kind: "for" }>;
type Assignment = Extract<LoopStmt, { kind: "set" }>;

export function unroll(body: readonly LoopStmt[]): LoopStmt[] {
  return body.flatMap((s): LoopStmt[] => {
    switch (s.kind) {
      case "for":
        return unrolled(s) ?? [{ ...s, body: unroll(s.body) }];
      case "while":
        return [{ ...s, body: unroll(s.body) }];
      case "if":
        return [{ ...s, then: unroll(s.then), else: unroll(s.else) }];
      default:
        return [s];
    }
  });
}

/** `STEPS` at a time, then one by one. */
function unrolled(s: For): LoopStmt[] | undefined {
  const { index, start, end, step } = s;
  if (s.axis !== "serial") return undefined;
  const from = start.kind === "const" ? Number(start.value) : undefined;
  const count = end.kind === "const" && from !== undefined ? (Number(end.value) - from) / step : undefined;
  if (count !== undefined && count < STEPS) return undefined;
  const body = s.body.filter((x): x is Assignment => x.kind === "set");
  if (body.length < s.body.length) return undefined;
  const few = (test: (e: LoopExpr) => boolean): boolean => body.filter((x) => test(x.value)).length < FEW_PRODUCTS;
  if (few((e) => e.kind === "fma")) {
    if (step === 1 || body.length > SHORT || few((e) => e.lanes > 1) || !body.every((x) => combines(x.value)))
      return undefined;
  } else if (step !== 1 || from !== 0 || (end.kind !== "local" && !count)) return undefined;
  let work = body.length;
  const pointers = new Map<LoopLocal, number>();
  for (; work > 0; work--) {
    const { local } = body[work - 1];
    const by = incrementOf(body[work - 1]);
    if (by === undefined || pointers.has(local)) break;
    pointers.set(local, by);
  }
  const stepped = new Set<LoopLocal>();
  for (const { value } of body.slice(0, work)) others(value, stepped);
  if (stepped.has(index)) return undefined;
  // no load lies below its address
  for (const [local, by] of pointers) if (by < 0) stepped.add(local);
  const copies: LoopStmt[] = [];
  for (let n = 0; n < STEPS; n++) {
    const displaced = (e: LoopExpr): LoopExpr =>
      e.kind === "load" && e.address.kind === "local" && !stepped.has(e.address)
        ? { ...e, offset: e.offset + n * (pointers.get(e.address) ?? 0) }
        : withOperands(e, displaced);
    for (const x of body.slice(0, work)) copies.push({ ...x, value: displaced(x.value) });
    for (const [local, by] of pointers) {
      if (stepped.has(local)) copies.push(increment(local, by));
      else if (n === STEPS - 1) copies.push(increment(local, by * STEPS));
    }
  }
  // where all steps of the last time lie before the end
  const whole: LoopExpr =
    count === undefined || from === undefined
      ? binary("add", end, step - STEPS * step)
      : i32(from + (count - (count % STEPS)) * step);
  const main: LoopStmt = { ...s, end: whole, step: STEPS * step, body: copies };
  return count !== undefined && count % STEPS === 0
    ? [main]
    : [main, { ...s, start: count === undefined ? index : whole }];
}

/** Sums, and greatest and least whole numbers, of what is read. */
function combines(e: LoopExpr): boolean {
  if (e.kind !== "op") return e.kind === "local" || e.kind === "load" || e.kind === "const";
  const { prim } = e;
  const plain = prim === "add" || prim === "bitcast_convert_type" || (!isFloat(e.dtype) && /^m(ax|in)$/.test(prim));
  return plain && e.args.every(combines);
}

/** Locals that are used otherwise than as the address of a load. Those of a copied element count: such loads have no offset on x64. */
function others(e: LoopExpr, found: Set<LoopLocal>): LoopExpr {
  if (e.kind === "local") found.add(e);
  return e.kind === "load" && e.address.kind === "local" ? e : withOperands(e, (x) => others(x, found));
}
/** The same expression of other operands. */
function withOperands(e: LoopExpr, f: (e: LoopExpr) => LoopExpr): LoopExpr {
  switch (e.kind) {
    case "const":
    case "local":
      return e;
    case "fma":
      return { ...e, args: [f(e.args[0]), f(e.args[1]), f(e.args[2])] };
    case "address":
      return { ...e, index: f(e.index) };
    case "load":
    case "load_splat":
      return { ...e, address: f(e.address) };
    case "splat":
    case "lane":
    case "widen":
    case "reduce_lanes":
      return { ...e, arg: f(e.arg) };
    case "shuffle":
      return { ...e, a: f(e.a), b: f(e.b) };
    case "narrow":
      return { ...e, low: f(e.low), high: f(e.high) };
    default:
      return { ...e, args: e.args.map(f) };
  }
}

function i32(value: number): LoopExpr {
  return { kind: "const", dtype: "i32", lanes: 1, value };
}
function binary(prim: "add" | "and", x: LoopExpr, y: number): LoopExpr {
  return { kind: "op", prim, dtype: "i32", lanes: 1, args: [x, i32(y)], params: {} };
}
function increment(local: LoopLocal, by: number): LoopStmt {
  return { kind: "set", local, value: binary("add", local, by) };
}
function incrementOf({ local, value }: Assignment): number | undefined {
  if (value.kind !== "op" || value.prim !== "add" || value.dtype !== "i32" || value.lanes !== 1) return undefined;
  const [x, by] = value.args;
  return x === local && by.kind === "const" ? Number(by.value) : undefined;
}
