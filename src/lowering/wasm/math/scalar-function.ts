/** Writes library functions: statements, loops and branches on scalars, with expressions as values. */
import { internal } from "../../../diagnostics/error.js";
import type { DType } from "../../../ir/dtype.js";
import type { LoopExpr, LoopLocal, LoopMathFunction, LoopStmt } from "../../../ir/loop.js";
import type { Double } from "./double.js";
import { Value } from "./value.js";

/** A variable that loops and branches assign. */
export interface Variable {
  get(): Value;
  set(x: Value): void;
}

export class ScalarFunction {
  #body: LoopStmt[] = [];
  #locals = 0;

  /** A function of f64 parameters with an f64 result. */
  static make(
    name: string,
    params: readonly string[],
    build: (f: ScalarFunction, ...params: Value[]) => Value,
  ): LoopMathFunction {
    return ScalarFunction.#of(
      name,
      params.map((p) => ({ name: p, dtype: "f64", lanes: 1 })),
      build,
    );
  }
  /**
   * A function of vectors, whose lanes are its parameters: by code for vectors, or lane by lane by a library function of f64. There may be
   * shorter code for vectors where nothing lies beyond.
   */
  static ofVectors(
    { name, dtype, lanes, arity }: { name: string; dtype: DType; lanes: number; arity: number },
    right: string | ((...xs: Value[]) => Value),
    short?: { readonly usual: (x: Value) => Value; readonly beyond: (x: Value) => Value },
  ): LoopMathFunction {
    const params = Array.from({ length: lanes * arity }, (_, i) => ({ name: `x${i}`, dtype, lanes: 1 }));
    return ScalarFunction.#of(name, params, (f, ...all) => {
      const pack = (vs: readonly Value[]): Value =>
        f.let(new Value({ kind: "pack", dtype, lanes, args: vs.map((v) => v.expr) }));
      const args = Array.from({ length: arity }, (_, a) => all.slice(a * lanes, (a + 1) * lanes));
      if (typeof right === "string")
        return pack(args[0].map((_, i) => f.call(right, ...args.map((vs) => vs[i].to("f64"))).to(dtype)));
      const xs = args.map(pack);
      if (!short) return right(...xs);
      const y = f.var(xs[0]);
      f.if(
        short.beyond(xs[0]).any(),
        () => y.set(right(...xs)),
        () => y.set(short.usual(xs[0])),
      );
      return y.get();
    });
  }
  static #of(
    name: string,
    params: readonly { readonly name: string; readonly dtype: DType; readonly lanes: number }[],
    build: (f: ScalarFunction, ...params: Value[]) => Value,
  ): LoopMathFunction {
    const f = new ScalarFunction();
    const locals = params.map((p) => f.#local(p.dtype, p.lanes, p.name));
    const result = f.#tree(build(f, ...locals.map((l) => new Value(l))).expr);
    return { name, params: locals, body: f.#body, result };
  }

  #local(dtype: DType, lanes = 1, name?: string): LoopLocal {
    return { kind: "local", id: this.#locals++, dtype, lanes, name };
  }
  #set(local: LoopLocal, value: LoopExpr): void {
    this.#body.push({ kind: "set", local, value });
  }
  /** The expression as a tree: what occurs twice in it gets a local first. */
  #tree(root: LoopExpr): LoopExpr {
    const uses = new Map<LoopExpr, number>();
    const count = (e: LoopExpr): void => {
      const n = uses.get(e) ?? 0;
      uses.set(e, n + 1);
      if (n === 0) for (const a of operands(e)) count(a);
    };
    count(root);
    const done = new Map<LoopExpr, LoopExpr>();
    const rebuild = (e: LoopExpr): LoopExpr => {
      const known = done.get(e);
      if (known) return known;
      const args = operands(e).map(rebuild);
      // there is no fused operation on scalars, and what a vector function does is rare
      let out: LoopExpr = e.kind === "fma" ? sum(product(args[0], args[1]), args[2]) : withOperands(e, args);
      if ((uses.get(e) ?? 0) > 1 && e.kind !== "const" && e.kind !== "local") {
        const local = this.#local(e.dtype, e.lanes);
        this.#set(local, out);
        out = local;
      }
      done.set(e, out);
      return out;
    };
    return rebuild(root);
  }

  /** The value at this point, computed here. */
  let(x: Value): Value {
    const value = this.#tree(x.expr);
    const local = this.#local(x.dtype, x.lanes);
    this.#set(local, value);
    return new Value(local);
  }
  letDouble({ high, low }: Double): Double {
    // the low part is made of the high one: let both share it
    const h = this.let(high);
    return { high: h, low: this.let(new Value(replace(low.expr, high.expr, h.expr))) };
  }
  var(first: Value): Variable {
    const local = this.#local(first.dtype, first.lanes);
    this.#set(local, this.#tree(first.expr));
    return { get: () => new Value(local), set: (x) => this.#set(local, this.#tree(x.expr)) };
  }
  #inner(f: () => void): LoopStmt[] {
    const outer = this.#body;
    this.#body = [];
    f();
    const inner = this.#body;
    this.#body = outer;
    return inner;
  }
  if(test: Value, then: () => void, otherwise: () => void = () => {}): void {
    const t = this.#tree(test.expr);
    this.#body.push({ kind: "if", test: t, then: this.#inner(then), else: this.#inner(otherwise) });
  }
  while(test: () => Value, body: () => void): void {
    let t: LoopExpr | undefined;
    const cond = this.#inner(() => {
      t = this.#tree(test().expr);
    });
    if (!t) internal("a loop without a test");
    this.#body.push({ kind: "while", cond, test: t, body: this.#inner(body) });
  }
  /** Another library function. */
  call(callee: string, ...args: Value[]): Value {
    return this.let(new Value({ kind: "call", dtype: "f64", lanes: 1, callee, args: args.map((a) => a.expr) }));
  }
}

function product(a: LoopExpr, b: LoopExpr): LoopExpr {
  return { kind: "op", prim: "mul", dtype: a.dtype, lanes: a.lanes, args: [a, b], params: {} };
}
function sum(a: LoopExpr, b: LoopExpr): LoopExpr {
  return { kind: "op", prim: "add", dtype: a.dtype, lanes: a.lanes, args: [a, b], params: {} };
}
function operands(e: LoopExpr): readonly LoopExpr[] {
  switch (e.kind) {
    case "const":
    case "local":
      return [];
    case "op":
    case "fma":
    case "call":
    case "pack":
      return e.args;
    case "widen":
    case "reduce_lanes":
      return [e.arg];
    case "narrow":
      return [e.low, e.high];
    default:
      return internal(`${e.kind} in a scalar function`);
  }
}
function withOperands(e: LoopExpr, args: readonly LoopExpr[]): LoopExpr {
  if (args.every((a, i) => a === operands(e)[i])) return e;
  if (e.kind === "op" || e.kind === "call" || e.kind === "pack") return { ...e, args };
  if (e.kind === "widen" || e.kind === "reduce_lanes") return { ...e, arg: args[0] };
  if (e.kind === "narrow") return { ...e, low: args[0], high: args[1] };
  if (e.kind === "fma") return { ...e, args: [args[0], args[1], args[2]] };
  return e;
}
function replace(e: LoopExpr, from: LoopExpr, to: LoopExpr): LoopExpr {
  const done = new Map<LoopExpr, LoopExpr>([[from, to]]);
  const go = (x: LoopExpr): LoopExpr => {
    let y = done.get(x);
    if (!y) done.set(x, (y = withOperands(x, operands(x).map(go))));
    return y;
  };
  return go(e);
}
