/**
 * Every elementwise primitive on every dtype that it takes, compiled with and without vectors, in blocks of many shapes,
 * against the interpreter within the op table's bound.
 */
import { describe, expect, test } from "vitest";
import type { Element, NDArray } from "../../../src/interpreter/array.js";
import { interpret } from "../../../src/interpreter/index.js";
import { aval } from "../../../src/ir/aval.js";
import { buildProgram } from "../../../src/ir/builder.js";
import { byteSize, type DType } from "../../../src/ir/dtype.js";
import type { ElementwisePrim, TileAtom } from "../../../src/ir/tile.js";
import { TileBuilder } from "../../../src/ir/tile-builder.js";
import { runCompiled, scalarTarget, target } from "../../kernels/compiled.js";
import { elementwise } from "../../laws/cases/elementwise.js";
import type { AnyCase } from "../../laws/cases/types.js";
import { operandDType, Rng } from "../../laws/cases.js";
import { difference } from "../../laws/compare.js";
import { seedOf } from "../../laws/random.js";
import { prod } from "../../../src/util/index.js";
import { handOverAll } from "../../../src/lowering/hand-over/index.js";

handOverAll();

/** Elements: some of every block are left for the scalar rest. */
const N = 47;
/** Blocks; their sizes are whole vectors, rests of them, and several rows. */
const BLOCKS: readonly (readonly number[])[] = [[], [1], [3], [4], [7], [16], [2, 5], [3, 4]];

type ElementwiseCase = Extract<AnyCase, { prim: ElementwisePrim }>;

/** One case for each primitive and its parameters, with the types it takes. */
function cases(): Map<string, { c: ElementwiseCase; dtype: DType; params: { dtype?: DType } }[]> {
  const groups = new Map<string, { c: ElementwiseCase; dtype: DType; params: { dtype?: DType } }[]>();
  const seen = new Set<string>();
  for (const each of elementwise) {
    const c = each as ElementwiseCase;
    for (const dtype of c.dtypes) {
      const params = c.params(dtype) as { dtype?: DType };
      const key = `${c.prim} ${JSON.stringify(params)} ${dtype}`;
      // a bitcast to another width changes the shape: the schedule makes it of others
      if (c.prim === "bitcast_convert_type" && byteSize(dtype) !== byteSize(params.dtype ?? dtype)) continue;
      if (seen.has(key)) continue;
      seen.add(key);
      const title = `${c.prim} ${Object.values(params).join(" ")}`.trim();
      const group = groups.get(title) ?? [];
      group.push({ c, dtype, params });
      groups.set(title, group);
    }
  }
  return groups;
}

const plain = (x: NDArray): Element[] => Array.from(x.data as ArrayLike<Element>);

describe.each([target, scalarTarget])("$name", (machine) => {
  test.each([...cases()])("%s", (title, group) => {
    for (const { c, dtype, params } of group) {
      const rng = new Rng(seedOf(`${title} ${dtype}`));
      const dtypes = c.operands.map((o) => operandDType(o, dtype));
      const operands = c.operands.map((o, i) => o.gen(rng, dtypes[i], [N]));
      const program = buildProgram(
        c.prim,
        dtypes.map((d) => aval([N], d)),
        (b, ...xs) => b.emit(c.prim, xs, params as never),
      );
      /** Element 0 of operand k everywhere. */
      const spread = (k: number): NDArray[] =>
        operands.map((x, i) => (i === k ? { ...x, data: x.data.map(() => x.data[0] as never) } : x)) as NDArray[];
      const scalars = operands.length > 1 ? operands.map((_, k) => k) : [];
      const expected = [
        ...BLOCKS.map(() => interpret(program, operands)[0]),
        ...scalars.map((k) => interpret(program, spread(k))[0]),
      ];

      const t = new TileBuilder(c.prim);
      const ins = dtypes.map((d, i) => t.ref(`x${i}`, d, "in", N));
      const result = expected[0].dtype;
      const outs = expected.map((_, i) => t.ref(`y${i}`, result, "out", N));
      const strides = (shape: readonly number[]): number[] => shape.map((_, i) => prod(shape.slice(i + 1)));
      const rest = (out: (typeof outs)[number], from: number, scalar = -1): void =>
        t.for(t.i32(from), t.i32(N), 1, (i) => {
          const xs: TileAtom[] = ins.map((x, k) => t.load(x, k === scalar ? t.i32(0) : i));
          t.store(out, i, t.op(c.prim, xs, params as never));
        });
      t.stage([1], () => {
        BLOCKS.forEach((shape, b) => {
          const size = prod(shape);
          t.for(t.i32(0), t.i32(N - size + 1), size, (i) => {
            const xs: TileAtom[] = ins.map((x) => t.load(x, i, shape, strides(shape)));
            t.store(outs[b], i, t.op(c.prim, xs, params as never), strides(shape));
          });
          rest(outs[b], N - (N % size));
        });
        for (const k of scalars) {
          const out = outs[BLOCKS.length + k];
          t.for(t.i32(0), t.i32(N - 4), 5, (i) => {
            const xs: TileAtom[] = ins.map((x, a) => (a === k ? t.load(x, t.i32(0)) : t.load(x, i, [5], [1])));
            t.store(out, i, t.op(c.prim, xs, params as never), [1]);
          });
          rest(out, N - (N % 5), k);
        }
      });
      const results = runCompiled(t.finish(), operands.map(plain), machine);
      results.forEach((values, i) => {
        const y = expected[i];
        const data = y.data.map((_, e) => {
          const v = values[e];
          return (typeof v === "boolean" ? Number(v) : v) as never;
        }) as NDArray["data"];
        const wrong = difference({ ...y, data }, y, c.tolerance);
        const at = Number(/element (\d+)/.exec(wrong ?? "")?.[1] ?? 0);
        const what = `${i < BLOCKS.length ? `block [${BLOCKS[i]}]` : `scalar operand ${i - BLOCKS.length}`}`;
        expect(wrong, `${title} ${dtype} ${what}: ${operands.map((o) => String(o.data[at]))}`).toBeUndefined();
      });
    }
  });
});
