/**
 * Runs plans step by step on one memory, with every kernel compiled by itself. What a plan has freed, and what nobody has
 * written yet, is poison: a program that reads a dead value gives nonsense.
 */
import type { NDArray } from "../../src/interpreter/array.js";
import { byteSize, type DType, fromBf16Bits, fromF16Bits, STORAGE, toBf16Bits, toF16Bits } from "../../src/ir/dtype.js";
import type { PlanStep, SlotView } from "../../src/ir/plan.js";
import type { Program } from "../../src/ir/program.js";
import type { TileProgram } from "../../src/ir/tile.js";
import { tileKey } from "../../src/ir/tile-key.js";
import { handOverAll } from "../../src/lowering/hand-over/index.js";
import { lowerToLoop } from "../../src/lowering/loop/lower.js";
import { type PlanOptions, planWithLifetimes } from "../../src/lowering/plan/index.js";
import { ModuleBuilder } from "../../src/lowering/wasm/assembler.js";
import { emitFunction, emitMathFunction } from "../../src/lowering/wasm/function.js";
import { wasmMath } from "../../src/lowering/wasm/math/index.js";
import { target } from "../kernels/compiled.js";
import { fixed } from "./fixed.js";

// these programs are written by hand: no call of the library has handed the parts over
handOverAll();

interface CompiledKernel {
  readonly module: WebAssembly.Module;
  readonly programs: readonly number[];
}
/** Kernels of different plans are often the same text. Forgotten now and then: the fuzzer makes a hundred thousand. */
const compiled = new Map<string, CompiledKernel>();

function compileKernel(kernel: TileProgram): CompiledKernel {
  const key = tileKey(kernel);
  let result = compiled.get(key);
  if (!result) {
    const module = new ModuleBuilder({ min: 1 });
    const library = new Map<string, number>();
    const callee = (name: string): number => {
      let index = library.get(name);
      if (index === undefined) {
        index = module.function(name, emitMathFunction(wasmMath.function(name), callee));
        library.set(name, index);
      }
      return index;
    };
    const loop = lowerToLoop(kernel, target);
    loop.functions.forEach((f, i) => {
      module.export(`stage${i}`, module.function(f.name, emitFunction(f, callee)));
    });
    result = {
      module: new WebAssembly.Module(module.finish()),
      programs: loop.functions.map((f) => fixed(f.programs)),
    };
    compiled.set(key, result);
  }
  return result;
}
const POISON = 0xff;

export interface PlanRun {
  readonly outputs: NDArray[];
  readonly plan: Program<"plan">;
  /** Launches and copies that ran. */
  readonly launches: number;
  readonly copies: number;
}

export function runPlan(program: Program<"core">, inputs: readonly NDArray[], options: PlanOptions = {}): PlanRun {
  const { plan, freedAfter } = planWithLifetimes(program, options);
  let end = 64;
  const allocate = (bytes: number): number => {
    const at = end;
    end = Math.ceil((end + bytes + 1) / 64) * 64;
    return at;
  };
  const inputAt = plan.inputs.map((i) => allocate(fixed(i.slot.bytes)));
  const outputAt = plan.outputs.map((o) =>
    o.donatedFrom === undefined ? allocate(fixed(o.slot.bytes)) : inputAt[o.donatedFrom],
  );
  const arenaAt = allocate(plan.arenaBytes);
  const memory = new WebAssembly.Memory({ initial: Math.ceil((end + 64) / 65536) });
  new Uint8Array(memory.buffer).fill(POISON);
  inputs.forEach((x, i) => write(memory.buffer, inputAt[i], x));
  const guard = new Uint8Array(memory.buffer).slice(0, arenaAt);

  if (compiled.size > 2000) compiled.clear();
  const instances = new Map<TileProgram, { run: ((...args: number[]) => void)[]; programs: readonly number[] }>();
  const instance = (kernel: TileProgram) => {
    let known = instances.get(kernel);
    if (!known) {
      const { module, programs } = compileKernel(kernel);
      const { exports } = new WebAssembly.Instance(module, { env: { memory } });
      known = { run: programs.map((_, i) => exports[`stage${i}`] as (...args: number[]) => void), programs };
      instances.set(kernel, known);
    }
    return known;
  };
  const counters = new Map<number, number>();
  const address = (v: SlotView): number => {
    const { slot } = v;
    const base =
      slot.space === "input"
        ? inputAt[slot.offset]
        : slot.space === "output"
          ? outputAt[slot.offset]
          : slot.space === "own"
            ? arenaAt + plan.arenaBytes - plan.ownBytes + slot.offset
            : arenaAt + slot.offset;
    if (slot.space === "arena" && slot.offset + fixed(slot.bytes) > plan.arenaBytes)
      throw new Error(`${slot.name} is outside of the arena`);
    let at = base + fixed(v.offset);
    for (const { loop, stride } of v.follow ?? []) {
      const counter = counters.get(loop);
      if (counter === undefined) throw new Error("a view follows a loop that it does not stand in");
      at += fixed(stride) * counter;
    }
    return at;
  };
  let launches = 0;
  let copies = 0;
  const bytes = new Uint8Array(memory.buffer);
  const run = (steps: readonly PlanStep[]): void => {
    for (const s of steps) {
      step(s);
      for (const free of freedAfter.get(s) ?? [])
        bytes.fill(POISON, arenaAt + free.offset, arenaAt + free.offset + free.bytes);
    }
  };
  const step = (s: PlanStep): void => {
    switch (s.kind) {
      case "launch": {
        const { run: stages, programs } = instance(s.kernel);
        if (s.args.length !== s.kernel.refs.length)
          throw new Error(`${s.kernel.name}: ${s.args.length} operands for ${s.kernel.refs.length} references`);
        s.kernel.refs.forEach((r, i) => {
          const { slot, offset } = s.args[i];
          if (fixed(offset) + fixed(r.size) * byteSize(r.dtype) > fixed(slot.bytes))
            throw new Error(`${s.kernel.name}: ${r.name} is larger than its slot`);
        });
        const args = s.args.map(address);
        launches++;
        stages.forEach((f, i) => programs[i] > 0 && f(...args, 0, programs[i]));
        return;
      }
      case "copy":
        copies++;
        bytes.copyWithin(address(s.to), address(s.from), address(s.from) + fixed(s.bytes));
        return;
      case "loop":
        for (let k = 0; k < fixed(s.length); k++) {
          counters.set(s.loop, s.reverse ? fixed(s.length) - 1 - k : k);
          run(s.body);
        }
        counters.delete(s.loop);
        return;
      case "while":
        for (;;) {
          run(s.cond);
          if (bytes[address(s.test)] === 0) return;
          run(s.body);
        }
      case "switch": {
        const at = address(s.index);
        const index = s.bool ? bytes[at] : new Int32Array(memory.buffer, at, 1)[0];
        run(s.cases[Math.min(Math.max(index, 0), s.cases.length - 1)]);
        return;
      }
      case "callback":
        plan.callbacks[s.callback](
          ...s.args.map((a, i) =>
            read(memory.buffer, address(a), s.avals[i].shape as readonly number[], s.avals[i].dtype),
          ),
        );
        return;
    }
  };
  run(plan.steps);
  // nothing but outputs and donated operands may have changed
  const donated = new Set(options.donate ?? []);
  plan.inputs.forEach(({ slot }, i) => {
    if (donated.has(i)) return;
    for (let k = 0; k < fixed(slot.bytes); k++)
      if (bytes[inputAt[i] + k] !== guard[inputAt[i] + k]) throw new Error(`operand ${i} was overwritten`);
  });
  const outputs = plan.outputs.map((o, i) =>
    read(memory.buffer, outputAt[i], o.aval.shape as readonly number[], o.aval.dtype),
  );
  return { outputs, plan, launches, copies };
}

export function write(buffer: ArrayBuffer, at: number, x: NDArray): void {
  const view = new STORAGE[x.dtype](buffer, at, x.data.length);
  for (let k = 0; k < x.data.length; k++) {
    const e = x.data[k];
    view[k] = (x.dtype === "f16" ? toF16Bits(Number(e)) : x.dtype === "bf16" ? toBf16Bits(Number(e)) : e) as never;
  }
}
export function read(buffer: ArrayBuffer, at: number, shape: readonly number[], dtype: DType): NDArray {
  const n = shape.reduce((a, b) => a * b, 1);
  const stored = new STORAGE[dtype](buffer, at, n).slice();
  const big = dtype === "i64" || dtype === "u64" || dtype === "key";
  const element = (x: number): number => (dtype === "f16" ? fromF16Bits(x) : dtype === "bf16" ? fromBf16Bits(x) : x);
  return { dtype, shape, data: (big ? stored : Float64Array.from(stored as Float64Array, element)) as never };
}
