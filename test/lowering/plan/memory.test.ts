/** Memory planning: how much, in place, donated, and outputs that are operands or one another. */
import { describe, expect, it } from "vitest";
import { fromValues, type NDArray } from "../../../src/interpreter/array.js";
import { interpret } from "../../../src/interpreter/index.js";
import { aval } from "../../../src/ir/aval.js";
import { type Builder, buildProgram } from "../../../src/ir/builder.js";
import type { Atom, Program } from "../../../src/ir/program.js";
import { type ArenaBlock, liveBound, placeBlocks } from "../../../src/lowering/plan/arena.js";
import { lowerToPlan } from "../../../src/lowering/plan/index.js";
import { printPlan } from "../../../src/lowering/plan/print.js";
import { expectSame } from "../../laws/compare.js";
import { Rng } from "../../laws/random.js";
import { type PlanRun, runPlan } from "../run-plan.js";

const vec = (n: number) => aval([n], "f32");
const list = (n: number, from = 1): NDArray =>
  fromValues(
    [n],
    "f32",
    Array.from({ length: n }, (_, i) => ((i * 7 + from) % 11) - 5),
  );

function check(program: Program<"core">, inputs: readonly NDArray[], donate: readonly number[] = []): PlanRun {
  const run = runPlan(program, inputs, { donate });
  expectSame(program.name, run.outputs, interpret(program, inputs), { rel: 1e-5, abs: 1e-5 });
  return run;
}
/** Something that is a kernel of its own and neither fuses nor works in place. */
function kernel(b: Builder, x: Atom): Atom {
  return b.emit1("cumsum", [x], { axis: 0, reverse: false });
}

describe("the arena", () => {
  it("gives blocks that live at the same time different places, in little more than the least memory", () => {
    const rng = new Rng(5);
    for (let round = 0; round < 30; round++) {
      const blocks: ArenaBlock[] = Array.from({ length: 200 }, () => {
        const start = rng.int(0, 300);
        return {
          start,
          end: start + (rng.chance(0.1) ? rng.int(0, 200) : rng.int(0, 12)),
          bytes: rng.chance(0.2) ? rng.int(1, 60) : 4 * rng.int(1, 5000),
          offset: -1,
        };
      });
      const { bytes, bound } = placeBlocks(blocks);
      expect(bound).toBe(liveBound(blocks));
      const wrong = blocks.filter(
        (x) =>
          x.offset % (x.bytes < 64 ? 16 : 64) !== 0 ||
          x.offset + x.bytes > bytes ||
          blocks.some(
            (y) =>
              x !== y &&
              x.end >= y.start &&
              y.end >= x.start &&
              x.offset + x.bytes > y.offset &&
              y.offset + y.bytes > x.offset,
          ),
      );
      expect(wrong).toEqual([]);
      expect(bytes).toBeLessThanOrEqual(1.15 * bound);
    }
  });

  it("stays at two buffers for a chain of kernels", () => {
    const p = buildProgram("chain", [vec(100)], (b, x) => {
      let y: Atom = x;
      for (let i = 0; i < 40; i++) y = kernel(b, b.mul(y, b.full([100], 0.5, "f32")));
      return [b.reduceSum(y, [0])];
    });
    const { plan } = check(p, [list(100)]);
    expect(plan.arenaBytes).toBe(2 * 448);
    expect(plan.liveBytes).toBe(plan.arenaBytes);
  });

  it("has no room for what is written straight to outputs", () => {
    const p = buildProgram("direct", [vec(50), vec(50)], (b, x, y) => {
      const s = kernel(b, x);
      return [s, b.add(s, y), b.op("neg", y)];
    });
    const run = check(p, [list(50), list(50, 3)]);
    expect(run.plan.arenaBytes).toBe(0);
    expect(run.copies).toBe(0);
  });
});

describe("in place", () => {
  it("an elementwise kernel overwrites an operand that dies", () => {
    const p = buildProgram("inplace", [vec(64)], (b, x) => {
      const s = kernel(b, x);
      return [kernel(b, b.op("tanh", s))];
    });
    expect(check(p, [list(64)]).plan.arenaBytes).toBe(256);
  });
  it("a running sum of rows is kept where it is", () => {
    const p = buildProgram("rows", [aval([6, 8, 32], "f32"), vec(8)], (b, xs, c) =>
      b.emit("scan", [c, xs], {
        body: buildProgram("body", [vec(8), aval([8, 32], "f32")], (b2, s, x) => [b2.add(s, b2.reduceSum(x, [1]))]),
        length: 6,
        reverse: false,
        numConsts: 0,
        numCarry: 1,
      }),
    );
    const xs = fromValues(
      [6, 8, 32],
      "f32",
      Array.from({ length: 1536 }, (_, i) => (i % 13) - 6),
    );
    const run = check(p, [xs, list(8)], [1]);
    expect([run.copies, run.plan.arenaBytes]).toEqual([0, 0]);
  });
  it("but not one that is read at another place, or later", () => {
    const p = buildProgram("elsewhere", [vec(64)], (b, x) => {
      const s = kernel(b, x);
      return [kernel(b, b.mul(s, b.emit1("rev", [s], { axes: [0] })))];
    });
    expect(check(p, [list(64)]).plan.arenaBytes).toBe(512);
    const q = buildProgram("later", [vec(64)], (b, x) => {
      const s = kernel(b, x);
      const t = kernel(b, b.op("tanh", s));
      return [b.add(s, t)];
    });
    check(q, [list(64)]);
  });
  it("scatter and dynamic_update_slice change what dies, and copy what does not", () => {
    const update = (b: Builder, x: Atom): Atom =>
      b.emit1("dynamic_update_slice", [x, b.full([3], 1, "f32"), b.scalar(5, "i32")], {});
    const dies = buildProgram("dies", [vec(64)], (b, x) => [update(b, update(b, kernel(b, x)))]);
    expect(check(dies, [list(64)]).copies).toBe(0);
    const lives = buildProgram("lives", [vec(64)], (b, x) => {
      const s = kernel(b, x);
      return [update(b, s), b.op("exp", s)];
    });
    expect(check(lives, [list(64)]).copies).toBe(1);
    // the update is computed from the operand itself, elsewhere
    const self = buildProgram("self", [vec(64)], (b, x) => {
      const s = kernel(b, x);
      const part = b.emit1("slice", [s], { start: [10], limit: [20], strides: [1] });
      return [b.emit1("dynamic_update_slice", [s, part, b.scalar(12, "i32")], {})];
    });
    check(self, [list(64)]);
  });
});

describe("outputs", () => {
  it("that are operands, literals, or given twice are copies", () => {
    const p = buildProgram("pass", [vec(5), vec(3)], (b, x, y) => {
      const s = b.add(x, x);
      return [x, x, s, s, b.scalar(2, "f32"), y, b.reshape(x, [5, 1])];
    });
    expect(check(p, [list(5), list(3)]).launches).toBeLessThanOrEqual(3);
    check(p, [list(5), list(3)], [0, 1]);
  });
  it("may be empty", () => {
    const p = buildProgram("empty", [vec(0), vec(4)], (b, x, y) => [
      b.add(x, x),
      b.emit1("concatenate", [x, y, x], { axis: 0 }),
      b.reduceSum(x, [0]),
      b.full([0, 3], 1, "f32"),
    ]);
    check(p, [list(0), list(4)]);
    check(p, [list(0), list(4)], [0, 1]);
  });
});

describe("donation", () => {
  it("gives an operand's memory to a result of its size, in place", () => {
    const p = buildProgram("sgd", [vec(100), vec(100), vec(7)], (b, w, g, s) => [
      b.sub(w, b.mul(g, b.full([100], 0.1, "f32"))),
      b.op("neg", s),
    ]);
    const run = check(p, [list(100), list(100, 4), list(7)], [0, 2]);
    expect(run.plan.outputs.map((o) => o.donatedFrom)).toEqual([0, 2]);
    expect(run.plan.arenaBytes).toBe(0);
    expect(run.copies).toBe(0);
  });
  it("passes an operand on without a copy", () => {
    const p = buildProgram("same", [vec(9), vec(9)], (b, x, y) => [x, b.add(x, y)]);
    const run = check(p, [list(9), list(9, 2)], [0]);
    expect(run.plan.outputs[0].donatedFrom).toBe(0);
    expect(run.copies).toBe(0);
  });
  it("waits until the operand was read for the last time", () => {
    const p = buildProgram("twice", [vec(30)], (b, x) => {
      const y = kernel(b, x);
      return [kernel(b, b.mul(y, b.emit1("rev", [x], { axes: [0] }))), y];
    });
    const run = check(p, [list(30)], [0]);
    expect(run.plan.outputs.some((o) => o.donatedFrom === 0)).toBe(true);
  });
  it("of an operand that no result can use changes nothing", () => {
    const p = buildProgram("sum", [vec(30)], (b, x) => [b.reduceSum(x, [0])]);
    expect(check(p, [list(30)], [0]).plan.outputs[0].donatedFrom).toBeUndefined();
  });
});

describe("a schedule", () => {
  it("can be read", () => {
    const p = buildProgram("f", [aval([4, 2], "f32"), vec(8)], (b, x, y) => {
      const [s] = b.emit("scan", [b.scalar(0, "f32"), x], {
        body: buildProgram("body", [aval([], "f32"), vec(2)], (c, u, v) => [c.add(u, c.reduceSum(v, [0]))]),
        length: 4,
        reverse: true,
        numConsts: 0,
        numCarry: 1,
      });
      return [b.mul(y, b.broadcast(s, [8], []))];
    });
    expect(printPlan(lowerToPlan(p, { donate: [1] }))).toBe(
      [
        "plan f(in0: f32[4,2], in1: f32[8] (donated))",
        "arena 16 bytes, at most 16 alive",
        "  @0: f32[1] = constant<1>()",
        "  for i0 in 3 … 0",
        "    @0: f32[1] = rsum_add<1>(in0+8·i0: f32[2], @0: f32[1])",
        "        # 2 operations in one kernel: add, reduce sum",
        "  in1: f32[8] = mul<1>(in1: f32[8], @0: f32[1])",
        "return in1: f32[8]",
        "",
      ].join("\n"),
    );
  });
});

describe("thousands of equations", () => {
  it("are planned with memory of a few values", () => {
    const program = (layers: number): Program<"core"> =>
      buildProgram("deep", [vec(64), vec(64)], (b, x, w) => {
        let y: Atom = x;
        for (let i = 0; i < layers; i++) {
          const z = b.mul(b.op("tanh", b.add(kernel(b, y), w)), b.full([64], 0.5, "f32"));
          const m = b.div(b.reduceSum(z, [0]), b.scalar(64, "f32"));
          const c = b.sub(z, b.broadcast(m, [64], []));
          y = b.add(y, b.mul(c, b.op("exp", b.op("neg", b.mul(c, c)))));
        }
        return [y];
      });
    const deep = program(360);
    expect(deep.eqns.length).toBeGreaterThan(4500);
    const { arenaBytes, liveBytes } = lowerToPlan(deep);
    expect(arenaBytes).toBeLessThanOrEqual(1.15 * liveBytes);
    expect(liveBytes).toBeLessThan(16 * 64 * 4);
    check(program(5), [list(64), list(64, 2)]);
  });
});
