/** BRING-UP ONLY (replaced by the real pipeline): runs core programs by the interpreter on the heap's memory. */
import { interpret } from "../interpreter/index.js";
import type { NDArray } from "../interpreter/array.js";
import { sizeOf } from "../ir/aval.js";
import { byteSize, type DType, fromBf16Bits, fromF16Bits, STORAGE, toBf16Bits, toF16Bits } from "../ir/dtype.js";
import type { Program } from "../ir/program.js";

/** Text of each level of a compiled program, made when asked for. */
export interface Stages {
  plan(): string;
  tile(): string;
  loop(): string;
  wat(): Promise<string>;
}
export interface ProgramInstance {
  /** `table`: address of the pointers to inputs, then outputs (u32 each); `arena`: address of the working memory. */
  run(table: number, arena: number): void;
}
export interface CompiledProgram {
  readonly plan: Program<"plan">;
  readonly stages: Stages;
  /** Milliseconds by pass. */
  readonly timings: readonly { readonly name: string; readonly ms: number }[];
  readonly arenaBytes: number;
  instantiate(memory: WebAssembly.Memory, callbacks: readonly ((...args: readonly unknown[]) => void)[]): ProgramInstance;
}

function readElement(dtype: DType, x: number | bigint): number | bigint {
  return dtype === "f16" ? fromF16Bits(Number(x)) : dtype === "bf16" ? fromBf16Bits(Number(x)) : x;
}

export function compileProgram(program: Program<"core">, options: { readonly donate?: readonly number[] } = {}): CompiledProgram {
  void options;
  const slot = (space: "input" | "output", i: number, a: { readonly aval: Program<"core">["inputs"][number]["aval"] }) => ({
    slot: { kind: "slot" as const, id: i, bytes: sizeOf(a.aval) * byteSize(a.aval.dtype), space, offset: i, name: `${space}${i}` },
    aval: a.aval,
  });
  const plan: Program<"plan"> = {
    phase: "plan",
    name: program.name,
    inputs: program.inputs.map((v, i) => slot("input", i, v)),
    outputs: program.outputs.map((v, i) => slot("output", i, v)),
    steps: [],
    arenaBytes: 0,
    liveBytes: 0,
    callbacks: [],
    notes: [],
  };
  return {
    plan,
    stages: { plan: () => "", tile: () => "", loop: () => "", wat: async () => "" },
    timings: [],
    arenaBytes: 0,
    instantiate: (memory) => ({
      run(table) {
        const n = program.inputs.length;
        const words = new Uint32Array(memory.buffer, table, n + program.outputs.length).slice();
        const inputs = program.inputs.map((v, i): NDArray => {
          const { shape, dtype } = v.aval;
          const stored = new STORAGE[dtype](memory.buffer as ArrayBuffer, words[i], sizeOf(v.aval)).slice();
          const big = dtype === "i64" || dtype === "u64" || dtype === "key";
          return { dtype, shape: shape as readonly number[], data: (big ? stored : Float64Array.from(stored as Float64Array, (x) => Number(readElement(dtype, x)))) as never };
        });
        const results = interpret(program, inputs);
        results.forEach((r, i) => {
          const out = new STORAGE[r.dtype](memory.buffer as ArrayBuffer, words[n + i], r.data.length);
          for (let k = 0; k < r.data.length; k++) {
            const x = r.data[k];
            out[k] = (r.dtype === "f16" ? toF16Bits(Number(x)) : r.dtype === "bf16" ? toBf16Bits(Number(x)) : x) as never;
          }
        });
      },
    }),
  };
}
