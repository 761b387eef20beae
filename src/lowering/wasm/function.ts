/** Loop functions to Wasm functions. */
import { internal } from "../../diagnostics/error.js";
import type { DType } from "../../ir/dtype.js";
import type { LoopBuffer, LoopExpr, LoopFunction, LoopLocal, LoopMathFunction, LoopStmt } from "../../ir/loop.js";
import { Code, type FunctionType } from "./assembler.js";
import type { ForkRole } from "./fork.js";
import { emitExpr, emitInitial, type Scope } from "./expression.js";
import { storeValue } from "./memory.js";
import { valueType } from "./types.js";

/** Parameters: the address of each buffer, then the first program and the one after the last, then sizes. */
export function stageType(f: LoopFunction): FunctionType {
  const params = new Array<"i32">(f.buffers.length + 2 + f.sizes.length).fill("i32");
  return { params, results: [] };
}
/** What each is to a job (`fork.ts`). */
export function stageRoles(f: LoopFunction): ForkRole[] {
  const words = (n: number): ForkRole[] => new Array<ForkRole>(n).fill("word");
  return [...words(f.buffers.length), "begin", "end", ...words(f.sizes.length)];
}
export function emitFunction(f: LoopFunction, callee: (name: string) => number): Code {
  const code = new Code(stageType(f));
  const emitter = new FunctionEmitter(code, f.buffers, callee);
  emitter.parameter(f.begin, f.buffers.length);
  emitter.parameter(f.end, f.buffers.length + 1);
  f.sizes.forEach((s, i) => {
    emitter.parameter(s.local, f.buffers.length + 2 + i);
  });
  emitter.body(f.body);
  return code;
}

export function emitMathFunction(f: LoopMathFunction, callee: (name: string) => number): Code {
  const code = new Code({
    params: f.params.map((p) => valueType(p.dtype, p.lanes)),
    results: [valueType(f.result.dtype, f.result.lanes)],
  });
  const emitter = new FunctionEmitter(code, [], callee);
  f.params.forEach((p, i) => {
    emitter.parameter(p, i);
  });
  emitter.body(f.body);
  emitExpr(code, emitter, f.result);
  return code;
}

class FunctionEmitter implements Scope {
  readonly #locals = new Map<number, number>();
  readonly #buffers = new Map<number, number>();
  constructor(
    readonly c: Code,
    buffers: readonly LoopBuffer[],
    readonly callee: (name: string) => number,
  ) {
    buffers.forEach((b, i) => {
      this.#buffers.set(b.id, i);
    });
  }
  parameter(local: LoopLocal, index: number): void {
    this.#locals.set(local.id, index);
  }
  local(local: LoopLocal): number {
    return this.#locals.get(local.id) ?? internal(`local ${local.name ?? local.id} is used before it is set`);
  }
  buffer(buffer: LoopBuffer): number {
    return this.#buffers.get(buffer.id) ?? internal(`buffer ${buffer.name} is not a parameter`);
  }
  #define(local: LoopLocal): number {
    let index = this.#locals.get(local.id);
    if (index === undefined) {
      index = this.c.local(valueType(local.dtype, local.lanes));
      this.#locals.set(local.id, index);
    }
    return index;
  }

  body(stmts: readonly LoopStmt[]): void {
    for (const s of stmts) this.#stmt(s);
  }
  #stmt(s: LoopStmt): void {
    const { c } = this;
    switch (s.kind) {
      case "set":
        emitInitial(c, this, s.value);
        c.set(this.#define(s.local));
        return;
      case "store":
        emitExpr(c, this, s.address);
        emitExpr(c, this, s.value);
        storeValue(c, storedType(s.buffer.dtype, s.value), s.value.lanes, s.offset);
        return;
      case "for":
        this.#for(s);
        return;
      case "while":
        c.block().loop();
        this.body(s.cond);
        emitExpr(c, this, s.test);
        c.op("i32.eqz").brIf(1);
        this.body(s.body);
        c.br(0).end().end();
        return;
      case "if":
        emitExpr(c, this, s.test);
        c.if();
        this.body(s.then);
        if (s.else.length > 0) {
          c.else();
          this.body(s.else);
        }
        c.end();
        return;
    }
  }

  /** A test before the first iteration where it may be needed, then one at the end of each. */
  #for(s: Extract<LoopStmt, { kind: "for" }>): void {
    const { c } = this;
    const index = this.#define(s.index);
    const start = s.start.kind === "const" ? Number(s.start.value) : undefined;
    const end = s.end.kind === "const" ? Number(s.end.value) : undefined;
    const runs = start !== undefined && end !== undefined && start < end;
    emitExpr(c, this, s.start);
    c.set(index);
    if (runs && start + s.step >= end) {
      this.body(s.body);
      return;
    }
    const last = c.local("i32");
    if (end === undefined) {
      emitExpr(c, this, s.end);
      c.set(last);
    }
    const limit = (): void => {
      if (end === undefined) c.get(last);
      else c.i32(end);
    };
    if (!runs) {
      c.get(index);
      limit();
      c.op("i32.lt_s").if();
    }
    c.loop();
    this.body(s.body);
    c.get(index).i32(s.step).op("i32.add").tee(index);
    limit();
    c.op("i32.lt_s").brIf(0).end();
    if (!runs) c.end();
  }
}

/** Masks that are written to no mask's memory, where nobody reads, are written as the registers they are. */
function storedType(memory: DType, { dtype, lanes }: LoopExpr): DType {
  if (dtype !== "bool" || memory === "bool") return dtype;
  return lanes === 2 ? "f64" : "f32";
}
