/** Runs whole tile programs plainly: blocks are arrays of the interpreter, statements are done one by one. */
import { elementwise } from "../../../src/interpreter/elementwise.js";
import { type Element, flatIndex, forEachIndex, generate, type NDArray } from "../../../src/interpreter/array.js";
import { castScalar } from "../../../src/ir/dtype.js";
import type { Program } from "../../../src/ir/program.js";
import type { TileAtom, TileReduceOp, TileRef, TileStmt, TileVar } from "../../../src/ir/tile.js";
import { inOrder } from "../../../src/ir/tile-rounds.js";
import { prod, stridesOf } from "../../../src/util/index.js";
import { fixed } from "../fixed.js";

type Rule = (ctx: unknown, inputs: readonly NDArray[], params: object) => readonly NDArray[];
const rules = elementwise as unknown as Record<string, Rule>;

const COMBINE: Record<TileReduceOp, string> = {
  sum: "add",
  prod: "mul",
  max: "max",
  min: "min",
  and: "and",
  or: "or",
  xor: "xor",
};

function number(x: number | bigint | boolean): Element {
  return typeof x === "boolean" ? Number(x) : x;
}

class Machine {
  readonly values = new Map<TileVar, NDArray>();
  constructor(
    readonly memory: ReadonlyMap<TileRef, NDArray>,
    readonly ids: readonly number[],
  ) {}

  read(a: TileAtom): NDArray {
    if (a.kind === "tileconst") return generate(a.shape, a.dtype, () => number(castScalar(a.value, a.dtype)));
    if (a.kind === "tilesize") throw new Error("a named size");
    const v = this.values.get(a);
    if (!v) throw new Error(`tile variable ${a.id} is read before it is set`);
    return v;
  }
  scalar(a: TileAtom): number {
    return Number(this.read(a).data[0]);
  }
  at(ref: TileRef, index: number): number {
    if (!(index >= 0 && index < fixed(ref.size))) throw new Error(`${ref.name}[${index}] of ${fixed(ref.size)}`);
    return index;
  }
  data(ref: TileRef): NDArray {
    const m = this.memory.get(ref);
    if (!m) throw new Error(`no memory for ${ref.name}`);
    return m;
  }
  /** The element that stands at this index, or the scalar. */
  element(x: NDArray, index: readonly number[]): Element {
    return x.data[x.shape.length === 0 ? 0 : flatIndex(index, stridesOf(x.shape))] as Element;
  }
  run(body: readonly TileStmt[]): void {
    for (const s of body) this.step(s);
  }
  step(s: TileStmt): void {
    const define = (out: TileVar, f: (index: readonly number[]) => Element): void => {
      const values: Element[] = [];
      forEachIndex(out.shape, (index) => values.push(f(index)));
      this.values.set(
        out,
        generate(out.shape, out.dtype, (i) => values[i]),
      );
    };
    switch (s.kind) {
      case "op": {
        const args = s.args.map((a) => {
          const x = this.read(a);
          return x.shape.length === s.out.shape.length ? x : generate(s.out.shape, x.dtype, () => x.data[0] as Element);
        });
        const [y] = rules[s.prim](undefined, args, s.params);
        if (y.dtype !== s.out.dtype) throw new Error(`${s.prim} gives ${y.dtype}, not ${s.out.dtype}`);
        this.values.set(s.out, y);
        return;
      }
      case "program_id":
        define(s.out, () => this.ids[s.axis]);
        return;
      case "program_end":
        define(s.out, () => this.ids[0] + 1);
        return;
      case "lanes":
        define(s.out, (index) => index[s.axis]);
        return;
      case "broadcast": {
        const x = this.read(s.arg);
        define(s.out, (index) =>
          this.element(
            x,
            s.dims.map((d, i) => (x.shape[i] === 1 ? 0 : index[d])),
          ),
        );
        return;
      }
      case "transpose": {
        const x = this.read(s.arg);
        define(s.out, (index) => {
          const from: number[] = [];
          s.perm.forEach((p, i) => {
            from[p] = index[i];
          });
          return this.element(x, from);
        });
        return;
      }
      case "reshape": {
        const x = this.read(s.arg);
        this.values.set(s.out, { ...x, shape: s.out.shape });
        return;
      }
      case "reduce": {
        const x = this.read(s.arg);
        const n = x.shape[s.axis];
        define(s.out, (index) => {
          const part = (k: number): NDArray => {
            const e = this.element(x, [...index.slice(0, s.axis), k, ...index.slice(s.axis)]);
            return generate([], x.dtype, () => e);
          };
          let sum = part(0);
          for (let k = 1; k < n; k++) [sum] = rules[COMBINE[s.op]](undefined, [sum, part(k)], {});
          return sum.data[0] as Element;
        });
        return;
      }
      case "load": {
        const base = this.scalar(s.base);
        const m = this.data(s.ref).data;
        define(s.out, (index) => m[this.at(s.ref, base + flatIndex(index, s.strides.map(fixed)))] as Element);
        return;
      }
      case "store": {
        const base = this.scalar(s.base);
        const m = this.data(s.ref).data;
        const x = this.read(s.value);
        forEachIndex(x.shape, (index, flat) => {
          m[this.at(s.ref, base + flatIndex(index, s.strides.map(fixed)))] = x.data[flat] as never;
        });
        return;
      }
      case "load_at": {
        const m = this.data(s.ref).data;
        const [index, mask, other] = [this.read(s.index), s.mask && this.read(s.mask), s.other && this.read(s.other)];
        const zero = number(castScalar(s.out.dtype === "i64" || s.out.dtype === "u64" ? 0n : 0, s.out.dtype));
        define(s.out, (at) => {
          if (mask && !this.element(mask, at)) return other ? this.element(other, at) : zero;
          return m[this.at(s.ref, Number(this.element(index, at)))] as Element;
        });
        return;
      }
      case "store_at": {
        const m = this.data(s.ref).data;
        const [index, mask, value] = [this.read(s.index), s.mask && this.read(s.mask), this.read(s.value)];
        forEachIndex(index.shape, (at) => {
          if (mask && !this.element(mask, at)) return;
          m[this.at(s.ref, Number(this.element(index, at)))] = this.element(value, at) as never;
        });
        return;
      }
      case "var":
        this.values.set(s.out, this.read(s.init));
        return;
      case "assign": {
        const x = this.read(s.value);
        this.values.set(
          s.target,
          generate(s.target.shape, x.dtype, (i) => x.data[x.data.length === 1 ? 0 : i] as Element),
        );
        return;
      }
      case "for": {
        const [start, end] = [this.scalar(s.start), this.scalar(s.end)];
        for (let i = start; i < end; i += s.step) {
          this.values.set(
            s.index,
            generate([], "i32", () => i),
          );
          this.run(s.body);
        }
        return;
      }
      case "while":
        for (let steps = 0; ; steps++) {
          if (steps > 10_000) throw new Error("a loop that does not end");
          this.run(s.cond);
          if (!this.scalar(s.test)) return;
          this.run(s.body);
        }
      case "if":
        this.run(this.scalar(s.test) ? s.then : s.else);
        return;
    }
  }
}

/** Runs the program on this memory, in place. */
export function evaluate(program: Program<"tile">, memory: ReadonlyMap<TileRef, NDArray>): void {
  for (const stage of inOrder(program.stages)) {
    for (let p = 0; p < prod(stage.grid.map(fixed)); p++) {
      const ids: number[] = [];
      let rest = p;
      for (let axis = stage.grid.length - 1; axis >= 0; axis--) {
        ids[axis] = rest % fixed(stage.grid[axis]);
        rest = Math.floor(rest / fixed(stage.grid[axis]));
      }
      new Machine(memory, ids).run(stage.body);
    }
  }
}
