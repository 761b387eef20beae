/** Collectives over the batched axis are what all ranks of the interpreter's definition get; over other axes they wait. */
import { describe, expect, it } from "vitest";
import { fromValues, generate, type NDArray } from "../../../src/interpreter/array.js";
import { acrossRanks } from "../../../src/interpreter/collective.js";
import { interpret } from "../../../src/interpreter/index.js";
import { interpretRanks } from "../../../src/interpreter/ranks.js";
import { aval } from "../../../src/ir/aval.js";
import { type Builder, buildProgram } from "../../../src/ir/builder.js";
import type { CollectiveOps } from "../../../src/ir/ops/index.js";
import type { Atom, Program } from "../../../src/ir/program.js";
import { batchProgram } from "../../../src/transforms/vmap/index.js";
import { isFloat } from "../../../src/ir/dtype.js";
import { COLLECTIVE_CASES, caseInputs, caseProgram, caseTitle } from "../../laws/cases.js";
import { Rng } from "../../laws/random.js";
import { exactly, placements, stackAt, take, within } from "./helpers.js";

type Name = Exclude<keyof CollectiveOps, "axis_index">;
interface Row {
  readonly prim: Name;
  readonly shape: readonly number[];
  readonly params: object;
}
const N = 4;
const ROWS: readonly Row[] = [
  { prim: "psum", shape: [2, 3], params: {} },
  { prim: "pmax", shape: [2, 3], params: {} },
  { prim: "pmin", shape: [], params: {} },
  { prim: "all_gather", shape: [2, 3], params: { axis: 0, tiled: false } },
  { prim: "all_gather", shape: [2, 3], params: { axis: 2, tiled: false } },
  { prim: "all_gather", shape: [2, 3], params: { axis: 1, tiled: true } },
  { prim: "psum_scatter", shape: [2, N], params: { axis: 1, tiled: false } },
  { prim: "psum_scatter", shape: [3, 2 * N, 2], params: { axis: 1, tiled: true } },
  { prim: "all_to_all", shape: [2, N, 3], params: { splitAxis: 1, concatAxis: 0, tiled: false } },
  { prim: "all_to_all", shape: [2, N, 3], params: { splitAxis: 1, concatAxis: 1, tiled: false } },
  { prim: "all_to_all", shape: [N, 3], params: { splitAxis: 0, concatAxis: 1, tiled: false } },
  { prim: "all_to_all", shape: [2 * N, 3], params: { splitAxis: 0, concatAxis: 1, tiled: true } },
  { prim: "all_to_all", shape: [3, N, 2], params: { splitAxis: 1, concatAxis: 1, tiled: true } },
  { prim: "all_to_all", shape: [3, N, 2], params: { splitAxis: 1, concatAxis: 0, tiled: true } },
  { prim: "ppermute", shape: [2], params: { perm: [0, 1, 2, 3].map((i) => [i, (i + 1) % N]) } },
  { prim: "ppermute", shape: [2, 2], params: { perm: [[3, 0], [0, 2]] } }, // biome-ignore format: pairs
  { prim: "ppermute", shape: [], params: { perm: [[2, 1]] } },
];

const rng = new Rng(7);
const random = (shape: readonly number[]): NDArray => generate(shape, "f64", () => Math.round(rng.uniform(-50, 50)));

function program(row: Row, axisName = "i"): Program<"core"> {
  const params = { axisName, axisSize: N, ...row.params };
  return buildProgram(row.prim, [aval(row.shape, "f64")], (b: Builder, x: Atom) =>
    b.emit(row.prim, [x], params as never),
  );
}
function expected(row: Row, xs: readonly NDArray[]): NDArray[] {
  const rule = acrossRanks[row.prim] as (xs: readonly NDArray[], p: object, n: number) => readonly NDArray[];
  return [...rule(xs, { axisName: "i", axisSize: N, ...row.params }, N)];
}

describe("collectives over the batched axis", () => {
  for (const row of ROWS) {
    it(`${row.prim} ${JSON.stringify(row.params)}`, () => {
      const xs = Array.from({ length: N }, () => random(row.shape));
      const want = expected(row, xs);
      for (let d = 0; d <= row.shape.length; d++) {
        const p = batchProgram(program(row), { axisSize: N, inDims: [d], outDims: [0], axisName: "i" });
        const [out] = interpret(p.program, [stackAt(xs, d)]);
        want.forEach((w, i) => exactly(take(out, 0, i), w, `batch axis ${d}, rank ${i}`));
      }
    });
    it(`${row.prim} ${JSON.stringify(row.params)} of a value that all share`, () => {
      const x = random(row.shape);
      const want = expected(
        row,
        Array.from({ length: N }, () => x),
      );
      const p = batchProgram(program(row), { axisSize: N, inDims: [null], outDims: [0], axisName: "i" });
      const [out] = interpret(p.program, [x]);
      want.forEach((w, i) => exactly(take(out, 0, i), w, `rank ${i}`));
    });
    it(`${row.prim} ${JSON.stringify(row.params)} in two axes`, () => {
      // "j" is batched first and the collective over "i" stays; the batch axis of "j" is at every place
      const M = 2;
      const xs = Array.from({ length: N }, () => Array.from({ length: M }, () => random(row.shape)));
      const want = Array.from({ length: M }, (_, j) =>
        expected(
          row,
          xs.map((x) => x[j]),
        ),
      );
      for (let d = 0; d <= row.shape.length; d++) {
        const inner = batchProgram(program(row), { axisSize: M, inDims: [d], outDims: [0], axisName: "j" });
        expect(inner.program.eqns.some((e) => e.prim === row.prim)).toBe(true);
        const outer = batchProgram(inner.program, { axisSize: N, inDims: [0], outDims: [0], axisName: "i" });
        expect(outer.program.effects).toEqual([]);
        const [out] = interpret(outer.program, [
          stackAt(
            xs.map((x) => stackAt(x, d)),
            0,
          ),
        ]);
        for (let i = 0; i < N; i++) {
          for (let j = 0; j < M; j++) exactly(take(take(out, 0, i), 0, j), want[j][i], `batch axis ${d}, ${i}, ${j}`);
        }
      }
    });
  }
});

describe("what the batch axis turns into", () => {
  it("a sum over the batch is one value for all", () => {
    const p = batchProgram(program(ROWS[0]), { axisSize: N, inDims: [1], outDims: ["any"], axisName: "i" });
    expect(p.outDims).toEqual([null]);
    expect(p.program.eqns.map((e) => e.prim)).toEqual(["reduce_sum"]);
  });
  it("axis_index counts", () => {
    const index = buildProgram("index", [], (b) => [b.emit1("axis_index", [], { axisName: "i", axisSize: N })]);
    const p = batchProgram(index, { axisSize: N, inDims: [], outDims: [0], axisName: "i" });
    exactly(interpret(p.program, [])[0], fromValues([N], "i32", [0, 1, 2, 3]), "axis_index");
  });
  it("axis_index in a branch and in a loop is found", () => {
    const index = buildProgram("index", [], (b) => [b.emit1("axis_index", [], { axisName: "i", axisSize: N })]);
    const zero = buildProgram("zero", [], (b) => [b.scalar(0, "i32")]);
    const f = buildProgram("f", [aval([], "bool")], (b, pred) => {
      const [x] = b.emit("cond", [pred], { branches: [zero, index] });
      const step = buildProgram("step", [aval([], "i32")], (s, c) => {
        const [i] = s.emit("call", [], { program: index, name: "index" });
        const next = s.add(c, i);
        return [next, next];
      });
      const [sum] = b.emit("scan", [x], { body: step, length: 2, reverse: false, numConsts: 0, numCarry: 1 });
      return [sum];
    });
    const p = batchProgram(f, { axisSize: N, inDims: [null], outDims: [0], axisName: "i" });
    exactly(interpret(p.program, [fromValues([], "bool", [true])])[0], fromValues([N], "i32", [0, 3, 6, 9]), "true");
    exactly(interpret(p.program, [fromValues([], "bool", [false])])[0], fromValues([N], "i32", [0, 2, 4, 6]), "false");
  });
  it("a rotation is two slices", () => {
    const p = batchProgram(program(ROWS[14]), { axisSize: N, inDims: [0], outDims: [0], axisName: "i" });
    expect(p.program.eqns.map((e) => e.prim)).toEqual(["slice", "slice", "concatenate"]);
  });
  it("a collective under a predicate that differs along its axis is refused", () => {
    const sum = buildProgram("sum", [aval([], "f64")], (b, x) => b.emit("psum", [x], { axisName: "i" }));
    const same = buildProgram("same", [aval([], "f64")], (_b, x) => [x]);
    const f = buildProgram("f", [aval([], "bool"), aval([], "f64")], (b, pred, x) =>
      b.emit("cond", [pred, x], { branches: [same, sum] }),
    );
    expect(() => batchProgram(f, { axisSize: N, inDims: [0, 0], outDims: [0], axisName: "i" })).toThrow(/TW3013/);
    // along another axis it may differ: every element of that axis has all members
    const other = batchProgram(f, { axisSize: 2, inDims: [0, 0], outDims: [0], axisName: "j" }).program;
    const both = batchProgram(other, { axisSize: N, inDims: [null, 0], outDims: [0], axisName: "i" }).program;
    const x = fromValues([N, 2], "f64", [1, 2, 3, 4, 5, 6, 7, 8]);
    const [out] = interpret(both, [fromValues([2], "bool", [false, true]), x]);
    exactly(out, fromValues([N, 2], "f64", [1, 20, 3, 20, 5, 20, 7, 20]), "cond");
  });
});

describe("the op table's collectives: every rank of the axis, at every dtype", () => {
  it("the table has rows", () => expect(COLLECTIVE_CASES.length).toBeGreaterThan(30));
  for (const c of COLLECTIVE_CASES) {
    for (const dtype of c.dtypes) {
      it(`${caseTitle(c)} at ${dtype}`, () => {
        const { name, size } = c.axis ?? { name: "i", size: N };
        const program = caseProgram(c, dtype);
        const ranks = Array.from({ length: size }, (_, i) => caseInputs(c, dtype, i));
        const want = interpretRanks(program, name, ranks);
        const bound = isFloat(dtype) ? c.tolerance[dtype as "f64"] : undefined;
        const compare = bound ? within(bound.rel, bound.abs) : exactly;
        const shapes = program.inputs.map((v) => v.aval.shape.length);
        // no operand is left unbatched: ranks have operands of their own
        const places = [...placements(shapes)].filter((dims) => dims.every((d) => d !== null));
        for (const inDims of shapes.length === 0 ? [[]] : places) {
          const outDims = program.outputs.map(() => 0);
          const p = batchProgram(program, { axisSize: size, inDims, outDims, axisName: name });
          const stacked = inDims.map((d, k) =>
            stackAt(
              ranks.map((x) => x[k]),
              d ?? 0,
            ),
          );
          interpret(p.program, stacked).forEach((out, k) =>
            want.forEach((w, i) => compare(take(out, 0, i), w[k], `batch axes [${inDims}], output ${k} of rank ${i}`)),
          );
        }
      });
    }
  }
});
