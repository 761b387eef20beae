/** The law: vmap(f) of a batch is the stack of f of each element. Both sides run in the interpreter. */
import { expect } from "vitest";
import { forEachIndex, type NDArray, zeros } from "../../../src/interpreter/array.js";
import { interpret } from "../../../src/interpreter/index.js";
import { printProgram } from "../../../src/ir/print.js";
import type { Program } from "../../../src/ir/program.js";
import { batchProgram } from "../../../src/transforms/vmap/index.js";
import { stridesOf } from "../../../src/util/index.js";

/** Element i along `axis`. */
export function take(x: NDArray, axis: number, i: number): NDArray {
  const shape = x.shape.filter((_, a) => a !== axis);
  const out = zeros(shape, x.dtype);
  const strides = stridesOf(x.shape);
  forEachIndex(shape, (index, flat) => {
    let at = i * strides[axis];
    index.forEach((k, a) => {
      at += k * strides[a < axis ? a : a + 1];
    });
    out.data[flat] = x.data[at] as never;
  });
  return out;
}

/** The inverse of `take` for all i. */
export function stackAt(xs: readonly NDArray[], axis: number): NDArray {
  const element = xs[0].shape;
  const shape = [...element.slice(0, axis), xs.length, ...element.slice(axis)];
  const out = zeros(shape, xs[0].dtype);
  const strides = stridesOf(shape);
  xs.forEach((x, i) => {
    forEachIndex(element, (index, flat) => {
      let at = i * strides[axis];
      index.forEach((k, a) => {
        at += k * strides[a < axis ? a : a + 1];
      });
      out.data[at] = x.data[flat] as never;
    });
  });
  return out;
}

export type Compare = (actual: NDArray, expected: NDArray, what: string) => void;

/** Same bits, but any NaN is any NaN. */
export const exactly: Compare = (actual, expected, what) => {
  expect(`${actual.dtype}[${actual.shape}]`, what).toBe(`${expected.dtype}[${expected.shape}]`);
  for (let i = 0; i < expected.data.length; i++) {
    if (!Object.is(actual.data[i], expected.data[i])) {
      expect.fail(`${what}: element ${i} is ${actual.data[i]}, should be ${expected.data[i]}`);
    }
  }
};
export function within(rel: number, abs: number): Compare {
  return (actual, expected, what) => {
    expect(`${actual.dtype}[${actual.shape}]`, what).toBe(`${expected.dtype}[${expected.shape}]`);
    for (let i = 0; i < expected.data.length; i++) {
      const [x, y] = [Number(actual.data[i]), Number(expected.data[i])];
      const fits = Object.is(x, y) || Math.abs(x - y) <= abs + rel * Math.abs(y);
      if (!fits)
        expect.fail(`${what}: element ${i} is ${x}, should be ${y} within ${rel} relative and ${abs} absolute`);
    }
  };
}

/** Of each element; placements that batch the same operands share them. */
function elementwise(
  program: Program<"core">,
  elements: readonly (readonly NDArray[])[],
  inDims: readonly (number | null)[],
  own: (i: number) => NDArray[],
): readonly (readonly NDArray[])[] {
  if (known.program !== program || known.elements !== elements) known = { program, elements, found: new Map() };
  const key = inDims.map((d) => (d === null ? "-" : "+")).join("");
  const found = known.found.get(key) ?? elements.map((_, i) => interpret(program, own(i)));
  known.found.set(key, found);
  return found;
}
interface Known {
  readonly program: Program<"core">;
  readonly elements: readonly (readonly NDArray[])[];
  readonly found: Map<string, readonly (readonly NDArray[])[]>;
}
let known: Partial<Known> & Pick<Known, "found"> = { found: new Map() };

/**
 * Runs the law for one placement of batch axes. `elements[i]` are the operands of element i; an operand whose dim is
 * null is taken from element 0 for all. Results are checked with batch axis 0 and where the rules leave them.
 */
export function checkLaw(
  program: Program<"core">,
  elements: readonly (readonly NDArray[])[],
  inDims: readonly (number | null)[],
  compare: Compare = exactly,
): void {
  const n = elements.length;
  const own = (i: number): NDArray[] =>
    program.inputs.map((_, k) => (inDims[k] === null ? elements[0] : elements[i])[k]);
  const stacked = program.inputs.map((_, k) => {
    const d = inDims[k];
    return d === null
      ? elements[0][k]
      : stackAt(
          elements.map((e) => e[k]),
          d,
        );
  });
  const expected = elementwise(program, elements, inDims, own);
  const forced = batchProgram(program, { axisSize: n, inDims, outDims: program.outputs.map(() => 0) });
  const results = interpret(forced.program, stacked);
  const where = `${program.name} with batch axes [${inDims.join(", ")}]`;
  results.forEach((r, k) => {
    for (let i = 0; i < n; i++) compare(take(r, 0, i), expected[i][k], `${where}, output ${k} of element ${i}`);
  });
  const free = batchProgram(program, { axisSize: n, inDims, outDims: program.outputs.map(() => "any" as const) });
  // where the rules leave the axes first, it is the same program
  const isSame = free.outDims.every((d) => d === 0) && printProgram(free.program) === printProgram(forced.program);
  (isSame ? results : interpret(free.program, stacked)).forEach((r, k) => {
    const d = free.outDims[k];
    for (let i = 0; i < n; i++) {
      compare(d === null ? r : take(r, d, i), expected[i][k], `${where}, output ${k} of element ${i} at axis ${d}`);
    }
  });
}

/** Every way to batch operands of these ranks: each one not at all or at any axis, but not all of them not at all. */
export function* placements(ranks: readonly number[]): Generator<(number | null)[]> {
  const total = ranks.reduce((p, r) => p * (r + 2), 1);
  for (let code = 1; code < total; code++) {
    let rest = code;
    yield ranks.map((r) => {
      const digit = rest % (r + 2);
      rest = Math.floor(rest / (r + 2));
      return digit === 0 ? null : digit - 1;
    });
  }
}
