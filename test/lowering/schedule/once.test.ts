/** Sums that are added to what is there already: tiles that overlap would add some of them twice. */
import { expect, test } from "vitest";
import { fromValues, type NDArray } from "../../../src/interpreter/array.js";
import { interpret } from "../../../src/interpreter/index.js";
import { aval } from "../../../src/ir/aval.js";
import { buildProgram } from "../../../src/ir/builder.js";
import type { Program } from "../../../src/ir/program.js";
import { planDeep } from "../../../src/kernels/contract/deep.js";
import { overlaps } from "../../../src/kernels/contract/emit.js";
import { candidates } from "../../../src/kernels/contract/plan.js";
import { type Machine, PLAIN_MACHINE } from "../../../src/lowering/target.js";
import { simplify } from "../../../src/simplify/index.js";
import { floatInputs } from "../../kernels/adjoint/laws.js";
import * as sample from "../../kernels/block-programs.js";
import { randomSource } from "../../kernels/random.js";
import { reverse } from "../../transforms/grad/helpers.js";
import { runPlan } from "../run-plan.js";

const WIDE: Machine = { simd: true, relaxedMadd: true, wide: true, gpu: null };

/** Small whole numbers: sums are exact in any order. */
function inputsOf(program: Program<"core">): NDArray[] {
  return program.inputs.map(({ aval: a }, i) => {
    const random = randomSource(i + 1);
    const shape = a.shape as readonly number[];
    const n = shape.reduce((x, y) => x * y, 1);
    return fromValues(
      shape,
      a.dtype,
      Array.from({ length: n }, () => Math.floor(random() * 9) - 4),
    );
  });
}
/** Compares with the interpreter on both machines; the notes of the kernels. */
function check(program: Program<"core">, donate: number[] = []): string[] {
  const inputs = inputsOf(program);
  const want = interpret(program, inputs).map((x) => Array.from(x.data as Float64Array));
  return [PLAIN_MACHINE, WIDE].flatMap((machine) => {
    const run = runPlan(program, inputs, { donate, machine });
    expect(run.outputs.map((x) => Array.from(x.data as Float64Array))).toEqual(want);
    return run.plan.steps.flatMap((s) => (s.kind === "launch" ? s.kernel.notes : []));
  });
}

test.each([16, 32])("the gradient of a kernel that goes over k in blocks of %i", (block) => {
  for (const k of [21, 31, 40]) {
    const p = sample.matmul(block, block, k, block, block, block);
    check(simplify(reverse(p, floatInputs(p))));
  }
});

test("a product added to a donated array", () => {
  const notes: string[] = [];
  for (let n = 5; n <= 40; n++) {
    const [rows, columns, depth] = [n, 45 - n, 32];
    const shapes = [
      [rows, columns],
      [rows, depth],
      [depth, columns],
    ];
    const inputs = shapes.map((s) => aval(s, "f32"));
    const program = buildProgram("main", inputs, (b, c, x, y) => [
      b.add(
        c,
        b.emit1("dot_general", [x, y], {
          lhsContract: [1],
          rhsContract: [0],
          lhsBatch: [],
          rhsBatch: [],
          preferred: null,
        }),
      ),
    ]);
    notes.push(...check(program, [0]));
  }
  expect(notes.filter((n) => n.startsWith("tiles of")).length).toBe(72);
});

test("there are tiles that cover any rows and columns exactly", () => {
  const ref = { kind: "ref", id: 0, name: "x", dtype: "f32", role: "in", size: 2 ** 22 } as const;
  for (let rows = 2; rows <= 40; rows += 3)
    for (let columns = 2; columns <= 40; columns += 1 + (columns % 3))
      for (const depth of [20, 2048]) {
        const c = {
          lhs: ref,
          rhs: ref,
          accumulate: "f32",
          plain: false,
          once: true,
          batch: [],
          rows: [{ size: rows, lhs: depth, rhs: 0, out: columns }],
          columns: [{ size: columns, lhs: 0, rhs: 1, out: 1 }],
          inner: [{ size: depth, lhs: 1, rhs: columns, out: 0 }],
        } as const;
        const plans = candidates(c, WIDE);
        expect(plans.length).toBeGreaterThan(0);
        expect(plans.some((p) => overlaps(p.contraction, p.plan))).toBe(false);
        const deep = planDeep(c, WIDE);
        if (!deep) continue;
        expect([deep.row.size % deep.height, deep.column.size % deep.width]).toEqual([0, 0]);
      }
});
