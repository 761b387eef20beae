/** Compiles a tile program to one Wasm module, without schedule, plan or runtime, and runs it on plain lists. */
import {
  byteSize,
  castScalar,
  type DType,
  fromBf16Bits,
  fromF16Bits,
  isFloat,
  STORAGE,
  toBf16Bits,
  toF16Bits,
} from "../../src/ir/dtype.js";
import type { Program } from "../../src/ir/program.js";
import { inOrder } from "../../src/ir/tile-rounds.js";
import { compileOptimised } from "../../src/jit/v8.js";
import { handOverAll } from "../../src/lowering/hand-over/index.js";
import { lowerToLoop } from "../../src/lowering/loop/lower.js";
import type { Target } from "../../src/lowering/target.js";
import { ModuleBuilder } from "../../src/lowering/wasm/assembler.js";
import { wasmTarget } from "../../src/lowering/wasm/features.js";
import { emitFunction } from "../../src/lowering/wasm/function.js";
import { libraryOf } from "../../src/lowering/wasm/module.js";
import { validated } from "../lowering/validate.js";
import type { Element } from "./evaluate-tile.js";
import { fixed } from "../lowering/fixed.js";

handOverAll();

export const target: Target = wasmTarget({ simd: true, relaxedSimd: false });
export const scalarTarget: Target = wasmTarget({ simd: false, relaxedSimd: false });

export interface Compiled {
  /** Where each ref lies in memory, in bytes. */
  readonly addresses: readonly number[];
  readonly memory: WebAssembly.Memory;
  run(): void;
}

/** By the optimising compiler once a test has asked for `engineTarget()`. */
export function compile(program: Program<"tile">, machine: Target = target): Compiled {
  let end = 64;
  const addresses = program.refs.map((r) => {
    const at = end;
    end = Math.ceil((end + fixed(r.size) * byteSize(r.dtype)) / 64) * 64;
    return at;
  });
  const pages = Math.ceil((end + 64) / 65536);
  const module = new ModuleBuilder({ min: pages });
  const callee = libraryOf(module, machine);
  const loop = lowerToLoop(program, machine);
  loop.functions.forEach((f, i) => {
    module.export(`stage${i}`, module.function(f.name, emitFunction(f, callee)));
  });
  const memory = new WebAssembly.Memory({ initial: pages });
  const bytes = validated(module.finish());
  const instance = new WebAssembly.Instance(compileOptimised(bytes), { env: { memory } });
  return {
    addresses,
    memory,
    run: () => {
      const stages = loop.functions.map(({ programs }, i) => ({ programs, i, rounds: program.stages[i].rounds }));
      for (const { programs, i } of inOrder(stages)) {
        const stage = instance.exports[`stage${i}`] as (...args: number[]) => void;
        if (fixed(programs) > 0) stage(...addresses, 0, fixed(programs));
      }
    },
  };
}

function toStorage(x: Element, dtype: DType): number | bigint {
  if (dtype === "f16") return toF16Bits(Number(x));
  if (dtype === "bf16") return toBf16Bits(Number(x));
  return typeof x === "boolean" ? Number(x) : x;
}
function fromStorage(x: number | bigint, dtype: DType): Element {
  if (dtype === "f16") return fromF16Bits(Number(x));
  if (dtype === "bf16") return fromBf16Bits(Number(x));
  return dtype === "bool" ? Boolean(x) : x;
}

/** The same as `evaluateTile`, compiled. */
export function runCompiled(
  program: Program<"tile">,
  operands: readonly (readonly Element[])[],
  machine: Target = target,
): Element[][] {
  const compiled = compile(program, machine);
  let next = 0;
  const views = program.refs.map(
    (r, i) => new STORAGE[r.dtype](compiled.memory.buffer, compiled.addresses[i], fixed(r.size)),
  );
  program.refs.forEach((r, i) => {
    const operand = r.role === "in" ? operands[next++] : undefined;
    const garbage = isFloat(r.dtype) ? Number.NaN : r.dtype === "key" ? 77n : castScalar(77, r.dtype);
    for (let e = 0; e < fixed(r.size); e++) views[i][e] = toStorage(operand ? operand[e] : garbage, r.dtype) as never;
  });
  compiled.run();
  return program.refs.flatMap((r, i) =>
    r.role === "out" ? [Array.from(views[i] as ArrayLike<number | bigint>, (x) => fromStorage(x, r.dtype))] : [],
  );
}
