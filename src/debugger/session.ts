/**
 * One run of a kernel in the debugger: the evaluator of its operations. They are computed by the interpreter's rules, in f64 and
 * rounded to the dtype; loads, stores and atomics go to memories that know who touched them, and are checked.
 */
import { fail, internal } from "../diagnostics/error.js";
import type { SpanRef } from "../diagnostics/span.js";
import { type Aval, printAval } from "../ir/aval.js";
import { Builder } from "../ir/builder.js";
import { byteSize, type TypedArray } from "../ir/dtype.js";
import type { Params } from "../ir/ops/index.js";
import type { AnyEqn, Literal } from "../ir/program.js";
import { type Element, full, generate, isBig, type NDArray, roundTo, zeros } from "../interpreter/array.js";
import { interpret } from "../interpreter/index.js";
import { combined } from "../interpreter/kernel.js";
import { fromStored } from "../interpreter/stored.js";
import type { Evaluator } from "../tracer/frame.js";
import type { Cell } from "../tracer/tensor.js";
import { stridesOf } from "../util/index.js";
import { indexOf, indexText } from "./grid.js";
import { BlockCell, Memory, MemoryCell, noTraffic, type Access, type Toucher } from "./memory.js";

type Operand = Cell | Literal;
type Equation = Pick<AnyEqn, "prim" | "params" | "span">;

/** An index on an axis, a mask and what stands beside them, of a load or store. */
interface Lanes {
  readonly shape: readonly number[];
  readonly size: number;
  /** Where lane i points, or -1 where the mask does not hold. */
  readonly at: (i: number) => number;
}

/** `loads out[3]` */
const does: Readonly<Record<Access, (element: string) => string>> = {
  read: (x) => `loads ${x}`,
  write: (x) => `stores to ${x}`,
  atomic: (x) => `updates ${x} atomically`,
};

export class Session implements Evaluator {
  /** The program that runs, by its number in the row-major order of the grid. */
  program = 0;
  /** Number of the place in the source that runs. */
  site = 0;
  traffic = noTraffic();
  bytes = { loaded: 0, stored: 0 };
  #store = 0;
  readonly #places: SpanRef[] = [];
  readonly #sites = new WeakMap<SpanRef, number | undefined>();
  readonly #memories = new WeakMap<NDArray, Memory>();

  constructor(
    readonly name: string,
    readonly grid: readonly number[],
    readonly check: boolean,
  ) {}

  /** The first number for the sites of a function. */
  addPlaces(places: readonly SpanRef[]): number {
    const base = this.#places.length;
    this.#places.push(...places);
    return base;
  }
  place(site: number): SpanRef | undefined {
    return this.#places[site];
  }

  // ---- the evaluator

  constant(value: number | bigint | boolean, aval: Aval): Cell {
    const v = roundTo(aval.dtype, typeof value === "boolean" ? Number(value) : value);
    return new BlockCell(aval, full(aval.shape as readonly number[], aval.dtype, v));
  }
  upload(elements: TypedArray, aval: Aval): Cell {
    return new BlockCell(aval, fromStored(elements.slice() as TypedArray, aval));
  }

  evaluate(eqn: Equation, inputs: readonly Operand[]): readonly Cell[] {
    for (const x of inputs) {
      const old = x instanceof MemoryCell && x.version !== x.memory.version;
      if (old) internal(`${eqn.prim} of what ${x.memory.name} held before`);
    }
    const first = inputs[0];
    if (first instanceof MemoryCell) {
      const rest = inputs.slice(1).map(arrayOf);
      const { dtype } = first.memory.aval;
      switch (eqn.prim) {
        case "load": {
          const value = this.#load(first.memory, rest, eqn.params as Params<"load">);
          return [new BlockCell({ shape: value.shape, dtype }, value)];
        }
        case "store":
          return [this.#storeTo(first.memory, rest, eqn.params as Params<"store">)];
        case "atomic":
        case "atomic_cas":
          return this.#atomic(first.memory, rest, eqn);
      }
    }
    if (eqn.prim === "empty") {
      const { shape, dtype } = eqn.params as Params<"empty">;
      return [new MemoryCell(new Memory("scratch", "scratch", { shape, dtype }, undefined))];
    }
    const b = new Builder();
    const atoms = inputs.map((x) => ("kind" in x ? x : b.input(x.aval)));
    const outputs = b.emit(eqn.prim, atoms, eqn.params as never, eqn.span);
    const program = b.finish(outputs, eqn.prim);
    for (const x of inputs) if (x instanceof MemoryCell) this.#memories.set(x.array, x.memory);
    const arrays = inputs.flatMap((x) => ("kind" in x ? [] : [arrayOf(x)]));
    if (eqn.prim === "gather" && this.check) this.#checkGather(arrays, eqn.params as Params<"gather">);
    const override = (e: AnyEqn, operands: readonly NDArray[]) => this.#loadInside(e, operands);
    return interpret(program, arrays, { override }).map((a, i) => new BlockCell(outputs[i].aval, a));
  }

  /** The number of an equation's place; none for a place in generated code. */
  #siteOf(span: SpanRef | undefined): number | undefined {
    if (!span) return undefined;
    if (!this.#sites.has(span)) {
      const at = span.resolve();
      this.#sites.set(span, at && !at.file.startsWith("tilework:") ? this.addPlaces([span]) : undefined);
    }
    return this.#sites.get(span);
  }

  /** A load in a function that was traced by itself, such as the body of a foriLoop. */
  #loadInside(eqn: AnyEqn, [ref, ...rest]: readonly NDArray[]): readonly NDArray[] | undefined {
    const memory = eqn.prim === "load" ? this.#memories.get(ref) : undefined;
    if (!memory) return undefined;
    const caller = this.site;
    this.site = this.#siteOf(eqn.span) ?? caller;
    const value = this.#load(memory, rest, eqn.params as Params<"load">);
    this.site = caller;
    return [value];
  }

  /** Elements of a block that are taken by an index; an index below zero has been counted from the end. */
  #checkGather([block, indices]: readonly NDArray[], { dims, sliceSizes, mode }: Params<"gather">): void {
    const axes = dims.startIndexMap;
    if (mode !== "fill" || indices === undefined) return;
    for (const [i, value] of indices.data.entries()) {
      const axis = axes[i % axes.length];
      const [k, n] = [Number(value), block.shape[axis]];
      if (k >= 0 && k <= n - Number(sliceSizes[axis])) continue;
      const lanes = { shape: indices.shape.slice(0, -1) };
      fail(
        "TW8101",
        `gather: the index ${k < 0 ? k - n : k} is outside of axis ${axis}, of ${n}, of a block${laneText(lanes, Math.floor(i / axes.length))} of ${this.who()}`,
        {
          span: this.place(this.site),
          help: `keep the index in 0 … ${n - 1}: minimum(index, ${n - 1}); what is outside is NaN, or a limit of the integers`,
        },
      );
    }
  }

  // ---- loads and stores

  #load(memory: Memory, rest: readonly NDArray[], { masked, other }: Params<"load">): NDArray {
    const { dtype } = memory.aval;
    const lanes = this.#lanes("load", memory, rest, masked);
    const otherwise = other ? rest[rest.length - 1].data[0] : isBig(dtype) ? 0n : 0;
    const { data } = memory.array;
    let count = 0;
    const value = generate(lanes.shape, dtype, (i) => {
      const at = lanes.at(i);
      if (at < 0) return otherwise;
      count++;
      if (this.check) this.#checkRead(memory, at, i, lanes);
      return data[at];
    });
    this.#count(memory, "loads", count);
    return value;
  }

  #checkRead(memory: Memory, at: number, lane: number, lanes: Lanes): void {
    const meets = memory.touch("read", at, this.program, this.site);
    if (meets) this.#race(memory, at, "read", meets);
    if (memory.written?.[at] === 0) {
      const who = memory.role === "scratch" ? "this program has not written it" : "nothing has been written to it";
      fail("TW8102", `load: ${memory.element(at)} is read${laneText(lanes, lane)} of ${this.who()}, and ${who}`, {
        span: this.place(this.site),
        help:
          memory.role === "scratch"
            ? "store to the scratch before it is loaded"
            : "start the out from known values: kernel(fn, { init: 0 }), or from an argument (alias)",
      });
    }
  }

  #storeTo(memory: Memory, [value, ...rest]: readonly NDArray[], { masked }: Params<"store">): Cell {
    const lanes = this.#lanes("store", memory, rest, masked);
    const { data } = memory.array;
    const store = ++this.#store;
    let count = 0;
    for (let i = 0; i < lanes.size; i++) {
      const at = lanes.at(i);
      if (at < 0) continue;
      count++;
      if (this.check) {
        if (!memory.claim(at, store)) this.#collision(memory, at, i, lanes);
        const meets = memory.touch("write", at, this.program, this.site);
        if (meets) this.#race(memory, at, "write", meets);
      }
      data[at] = value.data[i];
      if (memory.written) memory.written[at] = 1;
    }
    this.#count(memory, "stores", count);
    memory.version++;
    return new MemoryCell(memory);
  }

  #atomic(memory: Memory, operands: readonly NDArray[], eqn: Equation): readonly Cell[] {
    const swap = eqn.prim === "atomic_cas";
    const { masked } = eqn.params as Params<"atomic_cas">;
    const compare = swap ? operands[0] : undefined;
    const [value, ...rest] = swap ? operands.slice(1) : operands;
    const lanes = this.#lanes(swap ? "atomicCas" : "atomic", memory, rest, masked);
    const { dtype } = memory.aval;
    const { data } = memory.array;
    const old = zeros(value.shape, dtype);
    let count = 0;
    for (let i = 0; i < lanes.size; i++) {
      const at = lanes.at(i);
      if (at < 0) continue;
      count++;
      const x: Element = value.data[i];
      if (this.check) {
        const meets = memory.touch("atomic", at, this.program, this.site);
        if (meets) this.#race(memory, at, "atomic", meets);
        const sets = !swap && (eqn.params as Params<"atomic">).op === "xchg";
        if (memory.written?.[at] === 0 && !sets) {
          fail(
            "TW8102",
            `an atomic operation of ${this.who()} reads ${memory.element(at)}, which nothing has been written to`,
            {
              span: this.place(this.site),
              help: "start the out from known values: kernel(fn, { init: 0 })",
            },
          );
        }
      }
      old.data[i] = data[at] as never;
      if (compare === undefined)
        data[at] = roundTo(dtype, combined((eqn.params as Params<"atomic">).op, data[at], x, dtype)) as never;
      else if (data[at] === compare.data[i]) data[at] = x as never;
      if (memory.written) memory.written[at] = 1;
    }
    this.#count(memory, "atomics", count);
    memory.version++;
    return [new MemoryCell(memory), new BlockCell({ shape: value.shape, dtype }, old)];
  }

  #lanes(what: string, memory: Memory, rest: readonly NDArray[], masked: boolean): Lanes {
    const { shape: sizes } = memory.array;
    const rank = sizes.length;
    const index = rest.slice(0, rank).map((x) => x.data);
    const mask = masked ? rest[rank] : undefined;
    const shape = rest[0]?.shape ?? [];
    const strides = stridesOf(sizes);
    const lanes: Lanes = {
      shape,
      size: shape.reduce((n, d) => n * d, 1),
      at: (i) => {
        if (mask && !mask.data[i]) return -1;
        let flat = 0;
        for (let a = 0; a < rank; a++) {
          const k = Number(index[a][i]);
          if (k < 0 || k >= sizes[a]) {
            if (!this.check) return -1;
            this.#outside(what, memory, index, mask, i, lanes);
          }
          flat += k * strides[a];
        }
        return flat;
      },
    };
    return lanes;
  }

  #count(memory: Memory, kind: "loads" | "stores" | "atomics", n: number): void {
    memory.traffic[kind] += n;
    if (memory.role === "scratch") return;
    this.traffic[kind] += n;
    const bytes = n * byteSize(memory.aval.dtype);
    if (kind !== "stores") this.bytes.loaded += bytes;
    if (kind !== "loads") this.bytes.stored += bytes;
  }

  // ---- what is found

  /** `program (1, 2)`, or `program 1` of a grid of one axis. */
  who(program = this.program): string {
    return `program ${indexText(indexOf(program, this.grid))}`;
  }

  #outside(
    what: string,
    memory: Memory,
    index: readonly ArrayLike<number | bigint>[],
    mask: NDArray | undefined,
    lane: number,
    lanes: Lanes,
  ): never {
    const { shape } = memory.array;
    const out = (i: number): number => shape.findIndex((n, a) => Number(index[a][i]) < 0 || Number(index[a][i]) >= n);
    let more = 0;
    for (let i = lane + 1; i < lanes.size; i++) if ((!mask || mask.data[i]) && out(i) >= 0) more++;
    const axis = out(lane);
    const where = shape.length === 1 ? "" : ` on axis ${axis}`;
    const others = more === 0 ? "" : `; ${more} more ${more === 1 ? "lane is" : "lanes are"} outside`;
    fail(
      "TW8101",
      `${what}: the index ${Number(index[axis][lane])}${where} is outside of ${memory.name} ${printAval(memory.aval)}${laneText(lanes, lane)} of ${this.who()}${others}`,
      {
        span: this.place(this.site),
        help: mask
          ? `the mask must be false where an index is not in 0 … ${shape[axis] - 1}`
          : `mask the lanes outside: { mask: index < ${memory.name}.shape[${axis}] }`,
      },
    );
  }

  #race(memory: Memory, at: number, access: Access, other: Toucher): never {
    const place = this.place(other.site)?.resolve();
    const element = memory.element(at);
    const [here, there] = [does[access](element), does[other.access]("it")];
    fail("TW8103", `a race: ${this.who()} ${here}, and ${this.who(other.program)} ${there}`, {
      span: this.place(this.site),
      label: `${this.who()} ${here}`,
      ...(place
        ? { labels: [{ span: place, text: `${this.who(other.program)} ${does[other.access](element)}` }] }
        : {}),
      help:
        access === "read" || other.access === "read"
          ? "programs run in any order: let each read what it wrote itself, or make two kernels of it"
          : "let each program store to elements of its own, or combine with an atomic: atomicAdd(out, index, value)",
    });
  }

  #collision(memory: Memory, at: number, lane: number, lanes: Lanes): never {
    fail(
      "TW8104",
      `store: two lanes of one store write ${memory.element(at)}, the second${laneText(lanes, lane)} of ${this.who()}`,
      {
        span: this.place(this.site),
        help: "reduce the lanes first (sum, max), mask all but one of them, or combine with an atomic",
      },
    );
  }
}

function arrayOf(x: Operand): NDArray {
  if ("kind" in x) {
    const { value, aval } = x;
    return full([], aval.dtype, roundTo(aval.dtype, typeof value === "boolean" ? Number(value) : value));
  }
  return x instanceof BlockCell ? x.array : fromStored(x.read(), x.aval);
}

function laneText({ shape }: Pick<Lanes, "shape">, lane: number): string {
  if (shape.length === 0) return "";
  return ` in lane ${indexText(indexOf(lane, shape))}`;
}
