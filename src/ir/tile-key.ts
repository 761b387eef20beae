/** A text that two tile programs share exactly when they do the same: names, roles and notes left out, values numbered in order. */
import type { Program } from "./program.js";
import type { TileAtom, TileRef, TileStmt, TileVar } from "./tile.js";
import { stageGroups } from "./tile-rounds.js";

const known = new WeakMap<Program<"tile">, string>();

export function tileKey(program: Program<"tile">): string {
  let key = known.get(program);
  if (key === undefined) {
    key = new KeyWriter(program).text;
    known.set(program, key);
  }
  return key;
}

class KeyWriter {
  text = "";
  readonly #numbers = new Map<TileVar | TileRef, number>();

  constructor(program: Program<"tile">) {
    if (program.distribution) this.text += `${program.distribution};`;
    for (const ref of program.refs) {
      this.#number(ref);
      this.text += `${ref.dtype}*${String(ref.size)};`;
    }
    for (const { rounds, stages } of stageGroups(program.stages)) {
      if (rounds) this.text += `|*${rounds.count}`;
      for (const stage of stages) {
        this.text += `|${stage.grid.join()}`;
        this.#body(stage.body);
      }
    }
  }
  #number(x: TileVar | TileRef): number {
    let n = this.#numbers.get(x);
    if (n === undefined) {
      n = this.#numbers.size;
      this.#numbers.set(x, n);
    }
    return n;
  }
  #out(x: TileVar): string {
    return `v${this.#number(x)}:${x.dtype}[${x.shape.join()}]=`;
  }
  #atom(a: TileAtom | null): string {
    if (a === null) return "-,";
    if (a.kind === "tilevar") return `v${this.#number(a)},`;
    if (a.kind === "tilesize") return `[${String(a.size)}${a.natural ? "" : "?"}],`;
    const value = Object.is(a.value, -0) ? "-0" : String(a.value);
    return `${value}:${a.dtype}[${a.shape.join()}],`;
  }
  #body(stmts: readonly TileStmt[]): void {
    this.text += "{";
    for (const s of stmts) this.#stmt(s);
    this.text += "}";
  }
  #stmt(s: TileStmt): void {
    switch (s.kind) {
      case "op": {
        let text = `${s.prim}(`;
        for (const a of s.args) text += this.#atom(a);
        for (const _ in s.params) {
          text += JSON.stringify(s.params);
          break;
        }
        this.text += `${this.#out(s.out)}${text})`;
        return;
      }
      case "program_end":
        this.text += `${this.#out(s.out)}program_end;`;
        return;
      case "program_id":
      case "lanes":
        this.text += `${this.#out(s.out)}${s.kind}${s.axis};`;
        return;
      case "broadcast":
        this.text += `${this.#out(s.out)}broadcast(${this.#atom(s.arg)}${s.dims.join()})`;
        return;
      case "transpose":
        this.text += `${this.#out(s.out)}transpose(${this.#atom(s.arg)}${s.perm.join()})`;
        return;
      case "reshape":
        this.text += `${this.#out(s.out)}reshape(${this.#atom(s.arg)})`;
        return;
      case "reduce":
        this.text += `${this.#out(s.out)}reduce_${s.op}${s.passNaN ? "!" : ""}(${this.#atom(s.arg)}${s.axis})`;
        return;
      case "load":
        this.text += `${this.#out(s.out)}load(${this.#number(s.ref)},${this.#atom(s.base)}${s.strides.join()})`;
        return;
      case "store":
        this.text += `store(${this.#number(s.ref)},${this.#atom(s.base)}${this.#atom(s.value)}${s.strides.join()})`;
        return;
      case "load_at":
        this.text += `${this.#out(s.out)}load_at(${this.#number(s.ref)},${this.#atom(s.index)}${this.#atom(s.mask)}${this.#atom(s.other)})`;
        return;
      case "store_at":
        this.text += `store_at(${this.#number(s.ref)},${this.#atom(s.index)}${this.#atom(s.mask)}${this.#atom(s.value)})`;
        return;
      case "dot":
        this.text += `${this.#out(s.out)}dot(${this.#atom(s.lhs)}${this.#atom(s.rhs)}${this.#atom(s.acc)})`;
        return;
      case "scan":
        this.text += `${this.#out(s.out)}scan_${s.op}(${this.#atom(s.arg)}${s.axis}${s.reverse ? "r" : ""})`;
        return;
      case "sort": {
        const args = s.args.map((a) => this.#atom(a)).join("");
        this.text += `${s.outs.map((v) => this.#out(v)).join("")}sort(${args}${s.axis},${s.keys})`;
        return;
      }
      case "pick":
        this.text += `${this.#out(s.out)}pick(${this.#atom(s.arg)}${this.#atom(s.index)})`;
        return;
      case "atomic": {
        const args = `${this.#atom(s.index)}${this.#atom(s.mask)}${this.#atom(s.value)}`;
        this.text += `${this.#out(s.out)}atomic_${s.op}(${this.#number(s.ref)},${args})`;
        return;
      }
      case "atomic_cas": {
        const args = `${this.#atom(s.index)}${this.#atom(s.mask)}${this.#atom(s.compare)}${this.#atom(s.value)}`;
        this.text += `${this.#out(s.out)}atomic_cas(${this.#number(s.ref)},${args})`;
        return;
      }
      case "var":
        this.text += `${this.#out(s.out)}var(${this.#atom(s.init)})`;
        return;
      case "assign":
        this.text += `assign(${this.#atom(s.target)}${this.#atom(s.value)})`;
        return;
      case "for":
        this.text += `for(v${this.#number(s.index)},${this.#atom(s.start)}${this.#atom(s.end)}${s.step})`;
        this.#body(s.body);
        return;
      case "while":
        this.text += "while";
        this.#body(s.cond);
        this.text += this.#atom(s.test);
        this.#body(s.body);
        return;
      case "if":
        this.text += `if(${this.#atom(s.test)})`;
        this.#body(s.then);
        this.#body(s.else);
        return;
    }
  }
}
