/** Runs core programs through the whole pipeline: one module, one call. Every module is checked by binaryen too. */
import type { NDArray } from "../../src/interpreter/array.js";
import type { Program } from "../../src/ir/program.js";
import { type CompiledProgram, type CompileOptions, compileProgram } from "../../src/jit/compile.js";
import { handOverAll } from "../../src/lowering/hand-over/index.js";
import { fixed } from "../lowering/fixed.js";
import { read, write } from "../lowering/run-plan.js";
import { validated } from "../lowering/validate.js";

// these programs are written by hand: no call of the library has handed the parts over
handOverAll();

const POISON = 0xab;

export interface Run {
  readonly compiled: CompiledProgram;
  readonly outputs: NDArray[];
}

/** Compiles and runs on a memory of its own, filled with garbage. */
export function runCompiled(program: Program<"core">, inputs: readonly NDArray[], options: CompileOptions = {}): Run {
  const compiled = compileProgram(program, options);
  validated(compiled.bytes);
  return { compiled, outputs: runOn(compiled, inputs, options.donate) };
}

export function runOn(
  compiled: CompiledProgram,
  inputs: readonly NDArray[],
  donate: readonly number[] = [],
  /** Of the program's named sizes. */
  values: readonly number[] = [],
): NDArray[] {
  const { plan } = compiled;
  const sized = compiled.sized?.at(values);
  const valueOf = sized?.valueOf ?? fixed;
  // what lies below is given to no array
  let end = 1024;
  const allocate = (bytes: number): number => {
    const at = end;
    // no gaps but for alignment: what writes past an array is seen in the next
    end = Math.ceil((end + bytes) / 64) * 64;
    return at;
  };
  const inputAt = plan.inputs.map((i) => allocate(valueOf(i.slot.bytes)));
  const outputAt = plan.outputs.map((o) =>
    o.donatedFrom === undefined ? allocate(valueOf(o.slot.bytes)) : inputAt[o.donatedFrom],
  );
  const words = [...inputAt, ...outputAt, ...(sized?.words ?? [])];
  const table = allocate(4 * words.length);
  const arena = allocate(sized?.arenaBytes ?? plan.arenaBytes);
  const memory = new WebAssembly.Memory({ initial: Math.ceil((end + 64) / 65536) });
  const bytes = new Uint8Array(memory.buffer);
  bytes.fill(POISON);
  inputs.forEach((x, i) => {
    write(memory.buffer, inputAt[i], x);
  });
  new Uint32Array(memory.buffer, table, words.length).set(words);
  const kept = bytes.slice(0, table);
  compiled.instantiate(memory, plan.callbacks).run(table, arena);
  const donated = new Set(donate);
  plan.inputs.forEach(({ slot }, i) => {
    if (donated.has(i)) return;
    for (let k = inputAt[i]; k < inputAt[i] + valueOf(slot.bytes); k++) {
      if (bytes[k] !== kept[k]) throw new Error(`operand ${i} was overwritten`);
    }
  });
  for (let k = end; k < bytes.length; k++)
    if (bytes[k] !== POISON) throw new Error("something was written past the end");
  return plan.outputs.map((o, i) => read(memory.buffer, outputAt[i], o.aval.shape.map(valueOf), o.aval.dtype));
}
