/** Runs every operation in the interpreter at once: samplers are tested without a compiler. */
import { afterAll } from "vitest";
// its evaluator is there before this one, and again after the file
import "../../src/api/backend.js";
import type { Element, NDArray } from "../../src/interpreter/array.js";
import { interpret } from "../../src/interpreter/index.js";
import type { Aval } from "../../src/ir/aval.js";
import { buildProgram } from "../../src/ir/builder.js";
import { fromBf16Bits, fromF16Bits, STORAGE, toBf16Bits, toF16Bits, type TypedArray } from "../../src/ir/dtype.js";
import type { Literal } from "../../src/ir/program.js";
import { currentEvaluator, type Evaluator, setEvaluator } from "../../src/tracer/frame.js";
import { type Cell, Tensor } from "../../src/tracer/tensor.js";

class ArrayCell implements Cell {
  readonly traced = false;
  readonly disposed = false;
  constructor(readonly array: NDArray) {}
  get aval(): Aval {
    return { shape: this.array.shape, dtype: this.array.dtype };
  }
  cell(): Cell {
    return this;
  }
  read(): TypedArray {
    const { dtype, data } = this.array;
    const stored = new STORAGE[dtype](data.length) as unknown as Element[];
    for (let i = 0; i < data.length; i++) {
      const x = data[i];
      stored[i] = dtype === "f16" ? toF16Bits(Number(x)) : dtype === "bf16" ? toBf16Bits(Number(x)) : x;
    }
    return stored as unknown as TypedArray;
  }
  async readAsync(): Promise<TypedArray> {
    return this.read();
  }
  dispose(): void {}
  watch(): void {}
}

function toArray(stored: TypedArray, { shape, dtype }: Aval): NDArray {
  const wide = dtype === "i64" || dtype === "u64" || dtype === "key";
  const decode = dtype === "f16" ? fromF16Bits : dtype === "bf16" ? fromBf16Bits : (x: number) => x;
  const data = wide ? (stored.slice() as never) : Float64Array.from(stored as Float64Array, decode);
  return { dtype, shape: shape as readonly number[], data };
}

const evaluator: Evaluator = {
  evaluate(eqn, inputs) {
    const cells = inputs.filter((x): x is Cell => !("kind" in x));
    const program = buildProgram(
      eqn.prim,
      cells.map((c) => c.aval),
      (b, ...vars) => {
        let next = 0;
        return b.emit(
          eqn.prim,
          inputs.map((x) => ("kind" in x ? (x as Literal) : vars[next++])),
          eqn.params as never,
        );
      },
    );
    const arrays = cells.map((c) => (c instanceof ArrayCell ? c.array : toArray(c.read(), c.aval)));
    return interpret(program, arrays).map((x) => new ArrayCell(x));
  },
  constant(value, aval) {
    const wide = aval.dtype === "i64" || aval.dtype === "u64";
    const program = buildProgram("constant", [], () => [
      { kind: "literal", value: wide ? BigInt(value) : value, aval: { shape: [], dtype: aval.dtype } },
    ]);
    return new ArrayCell(interpret(program, [])[0]);
  },
  upload: (elements, aval) => new ArrayCell(toArray(elements, aval)),
};

/** For the rest of this test file. */
export function useInterpreter(): void {
  const before = currentEvaluator();
  setEvaluator(evaluator);
  afterAll(() => setEvaluator(before));
}

/** The elements as numbers or bigints. */
export function elements(t: Tensor): (number | bigint)[] {
  return Array.from(t.dataSync() as unknown as ArrayLike<number | bigint>);
}
export function numbers(t: Tensor): number[] {
  return elements(t).map(Number);
}
