/** A small assembler for WebAssembly modules: function bodies are written instruction by instruction straight into bytes. */
import { internal } from "../../diagnostics/error.js";
import {
  ATOMIC,
  type AtomicOp,
  LANE,
  LANE_MEMORY,
  type LaneMemoryOp,
  type LaneOp,
  MEMORY,
  type MemoryOp,
  type PlainOp,
  SATURATING,
  SCALAR,
  VALUE_TYPE,
  type ValueType,
  VECTOR,
  VECTOR_MEMORY,
} from "./opcodes.js";

const scratch = new DataView(new ArrayBuffer(8));

const encoder = new TextEncoder();

/** Growing bytes with the LEB128 encodings. A plain array: most modules are short, and a buffer costs more than they are. */
class Bytes {
  #data: number[] = [];
  /** What comes before, in parts that other bytes were. */
  readonly #parts: (readonly number[])[] = [];
  #before = 0;
  get length(): number {
    return this.#before + this.#data.length;
  }
  byte(x: number): void {
    this.#data.push(x);
  }
  raw(bytes: ArrayLike<number>): void {
    for (let i = 0; i < bytes.length; i++) this.#data.push(bytes[i]);
  }
  /** Takes over what others hold, without a copy: they are not written to any more. */
  append(other: Bytes): void {
    this.#parts.push(this.#data, ...other.#parts, other.#data);
    this.#before += this.#data.length + other.length;
    this.#data = [];
  }
  /** Unsigned LEB128 of a number below 2^32. */
  u32(x: number): void {
    let rest = x >>> 0;
    while (rest > 127) {
      this.byte((rest & 127) | 128);
      rest >>>= 7;
    }
    this.byte(rest);
  }
  /** Signed LEB128 of a 32-bit number. */
  s32(x: number): void {
    let rest = x | 0;
    for (;;) {
      const low = rest & 127;
      rest >>= 7;
      if ((rest === 0 && !(low & 64)) || (rest === -1 && low & 64)) {
        this.byte(low);
        return;
      }
      this.byte(low | 128);
    }
  }
  /** Signed LEB128 of a 64-bit number. */
  s64(x: bigint): void {
    let rest = BigInt.asIntN(64, x);
    for (;;) {
      const low = Number(rest & 127n);
      rest >>= 7n;
      if ((rest === 0n && !(low & 64)) || (rest === -1n && low & 64)) {
        this.byte(low);
        return;
      }
      this.byte(low | 128);
    }
  }
  text(s: string): void {
    const bytes = encoder.encode(s);
    this.u32(bytes.length);
    this.raw(bytes);
  }
  finish(): Uint8Array<ArrayBuffer> {
    const all = new Uint8Array(this.length);
    let at = 0;
    for (const part of this.#parts) {
      all.set(part, at);
      at += part.length;
    }
    all.set(this.#data, at);
    return all;
  }
}

export interface FunctionType {
  readonly params: readonly ValueType[];
  readonly results: readonly ValueType[];
}

const MEMORY_OPS: Readonly<Record<string, readonly [number, number]>> = MEMORY;
const VECTOR_MEMORY_OPS: Readonly<Record<string, readonly [number, number]>> = VECTOR_MEMORY;
/** Instructions without immediates: the number, with its prefix in the bits from 16 on. */
const PLAIN_OPS: ReadonlyMap<string, number> = new Map([
  ...Object.entries(SCALAR),
  ...Object.entries(VECTOR).map(([name, n]): [string, number] => [name, 0xfd0000 | n]),
  ...Object.entries(SATURATING).map(([name, n]): [string, number] => [name, 0xfc0000 | n]),
]);

/** One function's code. Locals are numbered after the parameters, in the order in which they are asked for. */
export class Code {
  readonly #body = new Bytes();
  /** Runs before the body: constants that are kept in locals. */
  readonly #prologue = new Bytes();
  readonly #constants = new Map<string, number>();
  readonly #locals: ValueType[] = [];
  readonly #free: Record<ValueType, number[]> = { i32: [], i64: [], f32: [], f64: [], v128: [] };
  constructor(readonly type: FunctionType) {}

  local(type: ValueType): number {
    this.#locals.push(type);
    return this.type.params.length + this.#locals.length - 1;
  }
  /** A scratch local that is given back after `use`, for sequences that no other value may cross. */
  temp<T>(type: ValueType, use: (local: number) => T): T {
    const local = this.#free[type].pop() ?? this.local(type);
    const result = use(local);
    this.#free[type].push(local);
    return result;
  }

  op(name: PlainOp): this {
    const b = this.#body;
    const code = PLAIN_OPS.get(name);
    if (code === undefined) internal(`no instruction ${name}`);
    if (code > 0xffff) {
      b.byte(code >> 16);
      b.u32(code & 0xffff);
    } else b.byte(code);
    return this;
  }
  get(local: number): this {
    this.#body.byte(0x20);
    this.#body.u32(local);
    return this;
  }
  set(local: number): this {
    this.#body.byte(0x21);
    this.#body.u32(local);
    return this;
  }
  tee(local: number): this {
    this.#body.byte(0x22);
    this.#body.u32(local);
    return this;
  }
  i32(x: number): this {
    this.#body.byte(0x41);
    this.#body.s32(x);
    return this;
  }
  i64(x: bigint): this {
    this.#body.byte(0x42);
    this.#body.s64(x);
    return this;
  }
  f32(x: number): this {
    this.#body.byte(0x43);
    scratch.setFloat32(0, x, true);
    for (let i = 0; i < 4; i++) this.#body.byte(scratch.getUint8(i));
    return this;
  }
  f64(x: number): this {
    this.#body.byte(0x44);
    scratch.setFloat64(0, x, true);
    for (let i = 0; i < 8; i++) this.#body.byte(scratch.getUint8(i));
    return this;
  }
  /**
   * A vector constant. It is set once in a local before the body: written inline in a loop, V8 (13.6, 14.6) makes it anew
   * at each use, which costs up to 3x.
   */
  v128(bytes: Uint8Array): this {
    const view = new DataView(bytes.buffer, bytes.byteOffset, 16);
    return this.constant(
      `${view.getInt32(0)},${view.getInt32(4)},${view.getInt32(8)},${view.getInt32(12)}`,
      () => bytes,
    );
  }
  /** The same, of a value that `key` names in this function. */
  constant(key: string, make: () => Uint8Array): this {
    return this.#kept("v128", key, (b) => {
      b.raw([0xfd, 12]);
      b.raw(make());
    });
  }
  /** A vector of equal lanes, made by an instruction of its own. V8 joins two of these where they are made of the same scalar. */
  splat(bytes: Uint8Array, lanes: number): this {
    const view = new DataView(bytes.buffer, bytes.byteOffset, 16);
    if (lanes === 4) {
      const value = view.getInt32(0, true);
      this.#kept("i32", `i32:${value}`, (b) => {
        b.byte(0x41);
        b.s32(value);
      });
      return this.op("i32x4.splat");
    }
    const value = view.getBigInt64(0, true);
    this.#kept("i64", `i64:${value}`, (b) => {
      b.byte(0x42);
      b.s64(value);
    });
    return this.op("i64x2.splat");
  }
  #kept(type: ValueType, key: string, make: (b: Bytes) => void): this {
    let local = this.#constants.get(key);
    if (local === undefined) {
      local = this.local(type);
      this.#constants.set(key, local);
      make(this.#prologue);
      this.#prologue.byte(0x21);
      this.#prologue.u32(local);
    }
    return this.get(local);
  }
  memory(name: MemoryOp, offset = 0): this {
    const b = this.#body;
    const scalar = MEMORY_OPS[name];
    const [code, align] = scalar ?? VECTOR_MEMORY_OPS[name];
    if (scalar) b.byte(code);
    else {
      b.byte(0xfd);
      b.u32(code);
    }
    b.u32(align);
    b.u32(offset);
    return this;
  }
  memoryLane(name: LaneMemoryOp, offset: number, lane: number): this {
    const [code, align] = LANE_MEMORY[name];
    this.#body.byte(0xfd);
    this.#body.u32(code);
    this.#body.u32(align);
    this.#body.u32(offset);
    this.#body.byte(lane);
    return this;
  }
  atomic(name: AtomicOp, offset: number): this {
    const [code, align] = ATOMIC[name];
    this.#body.byte(0xfe);
    this.#body.u32(code);
    this.#body.u32(align);
    this.#body.u32(offset);
    return this;
  }
  lane(name: LaneOp, lane: number): this {
    this.#body.byte(0xfd);
    this.#body.u32(LANE[name]);
    this.#body.byte(lane);
    return this;
  }
  /** Bytes of the result, counted over both operands (0…31). */
  shuffle(bytes: readonly number[]): this {
    this.#body.byte(0xfd);
    this.#body.u32(13);
    this.#body.raw(bytes);
    return this;
  }
  block(): this {
    this.#body.raw([0x02, 0x40]);
    return this;
  }
  loop(): this {
    this.#body.raw([0x03, 0x40]);
    return this;
  }
  if(result?: ValueType): this {
    this.#body.raw([0x04, result ? VALUE_TYPE[result] : 0x40]);
    return this;
  }
  else(): this {
    this.#body.byte(0x05);
    return this;
  }
  end(): this {
    this.#body.byte(0x0b);
    return this;
  }
  br(depth: number): this {
    this.#body.byte(0x0c);
    this.#body.u32(depth);
    return this;
  }
  brIf(depth: number): this {
    this.#body.byte(0x0d);
    this.#body.u32(depth);
    return this;
  }
  /** Takes an i32: goes to depths[i], or to the last one. */
  brTable(depths: readonly number[]): this {
    this.#body.byte(0x0e);
    this.#body.u32(depths.length - 1);
    for (const d of depths) this.#body.u32(d);
    return this;
  }
  call(index: number): this {
    this.#body.byte(0x10);
    this.#body.u32(index);
    return this;
  }
  globalGet(index: number): this {
    this.#body.byte(0x23);
    this.#body.u32(index);
    return this;
  }
  /** (to, from, bytes) */
  memoryCopy(): this {
    this.#body.raw([0xfc, 10, 0, 0]);
    return this;
  }
  /** (to, byte, bytes) */
  memoryFill(): this {
    this.#body.raw([0xfc, 11, 0]);
    return this;
  }

  write(out: Bytes): void {
    const code = new Bytes();
    const runs: [number, ValueType][] = [];
    for (const type of this.#locals) {
      const last = runs[runs.length - 1];
      if (last?.[1] === type) last[0]++;
      else runs.push([1, type]);
    }
    code.u32(runs.length);
    for (const [count, type] of runs) {
      code.u32(count);
      code.byte(VALUE_TYPE[type]);
    }
    code.append(this.#prologue);
    code.append(this.#body);
    code.byte(0x0b);
    out.u32(code.length);
    out.append(code);
  }
}

export interface MemoryLimits {
  /** Pages of 64 KiB. */
  readonly min: number;
  readonly max?: number | undefined;
  /** A shared memory needs `max`. */
  readonly shared?: boolean | undefined;
}

/** A module: imported memory "env.memory", imported functions first, then defined ones; all by index. */
export class ModuleBuilder {
  readonly #types: FunctionType[] = [];
  readonly #typeIndex = new Map<string, number>();
  readonly #imports: { module: string; name: string; type: number }[] = [];
  readonly #globals: { module: string; name: string }[] = [];
  readonly #functions: (Code | undefined)[] = [];
  readonly #functionTypes: number[] = [];
  readonly #names: string[] = [];
  readonly #exports: { name: string; index: number }[] = [];
  constructor(readonly memory: MemoryLimits) {}

  #type(type: FunctionType): number {
    const key = `${type.params.join()}:${type.results.join()}`;
    let index = this.#typeIndex.get(key);
    if (index === undefined) {
      index = this.#types.length;
      this.#types.push(type);
      this.#typeIndex.set(key, index);
    }
    return index;
  }
  /** Imports come before all functions. */
  import(module: string, name: string, type: FunctionType): number {
    if (this.#functions.length > 0) internal("a Wasm import after a function");
    this.#imports.push({ module, name, type: this.#type(type) });
    return this.#imports.length - 1;
  }
  /** A mutable i32. */
  importGlobal(module: string, name: string): number {
    this.#globals.push({ module, name });
    return this.#globals.length - 1;
  }
  /** Reserves a function index, so that bodies can call each other; `define` gives its code. */
  declare(name: string, type: FunctionType): number {
    this.#functions.push(undefined);
    this.#functionTypes.push(this.#type(type));
    this.#names.push(name);
    return this.#imports.length + this.#functions.length - 1;
  }
  define(index: number, code: Code): void {
    this.#functions[index - this.#imports.length] = code;
  }
  function(name: string, code: Code): number {
    const index = this.declare(name, code.type);
    this.define(index, code);
    return index;
  }
  export(name: string, index: number): void {
    this.#exports.push({ name, index });
  }

  finish(): Uint8Array<ArrayBuffer> {
    const out = new Bytes();
    out.raw([0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);
    const section = (id: number, fill: (b: Bytes) => void): void => {
      const b = new Bytes();
      fill(b);
      out.byte(id);
      out.u32(b.length);
      out.append(b);
    };
    section(1, (b) => {
      b.u32(this.#types.length);
      for (const { params, results } of this.#types) {
        b.byte(0x60);
        for (const list of [params, results]) {
          b.u32(list.length);
          for (const t of list) b.byte(VALUE_TYPE[t]);
        }
      }
    });
    section(2, (b) => {
      b.u32(this.#imports.length + this.#globals.length + 1);
      for (const i of this.#imports) {
        b.text(i.module);
        b.text(i.name);
        b.byte(0);
        b.u32(i.type);
      }
      for (const g of this.#globals) {
        b.text(g.module);
        b.text(g.name);
        b.raw([3, VALUE_TYPE.i32, 1]);
      }
      const { min, max, shared } = this.memory;
      b.text("env");
      b.text("memory");
      b.byte(2);
      b.byte((max === undefined ? 0 : 1) | (shared ? 2 : 0));
      b.u32(min);
      if (max !== undefined) b.u32(max);
    });
    section(3, (b) => {
      b.u32(this.#functionTypes.length);
      for (const t of this.#functionTypes) b.u32(t);
    });
    section(7, (b) => {
      b.u32(this.#exports.length);
      for (const e of this.#exports) {
        b.text(e.name);
        b.byte(0);
        b.u32(e.index);
      }
    });
    section(10, (b) => {
      b.u32(this.#functions.length);
      this.#functions.forEach((code, i) => {
        if (!code) internal(`Wasm function ${this.#names[i]} was declared but never defined`);
        code.write(b);
      });
    });
    section(0, (b) => {
      // function names, for stack traces, profilers and WAT
      b.text("name");
      const names = new Bytes();
      names.u32(this.#names.length);
      this.#names.forEach((name, i) => {
        names.u32(this.#imports.length + i);
        names.text(name);
      });
      b.byte(1);
      b.u32(names.length);
      b.append(names);
    });
    return out.finish();
  }
}
