/** What is fused: how many kernels models' usual parts become, how often they read, and that nothing dear is computed twice. */
import { describe, expect, it } from "vitest";
import { numpy as np, nn, makeProgram, random, ShapeDtype, type Tensor } from "../../../src/index.js";
import type { Program } from "../../../src/ir/program.js";
import type { TileProgram, TileStmt } from "../../../src/ir/tile.js";
import { lowerToPlan } from "../../../src/lowering/plan/index.js";
import { forEachStep } from "../../../src/lowering/plan/notes.js";

interface Counts {
  readonly kernels: number;
  readonly copies: number;
  readonly arena: number;
  /** Operations of this name in all kernels (blocks of one width: sizes are multiples of 16). */
  readonly op: (prim: string) => number;
  /** Loads from the k-th input. */
  readonly reads: (input: number) => number;
}

function forEachStmt(body: readonly TileStmt[], visit: (s: TileStmt) => void): void {
  for (const s of body) {
    visit(s);
    if (s.kind === "for") forEachStmt(s.body, visit);
    else if (s.kind === "while") {
      forEachStmt(s.cond, visit);
      forEachStmt(s.body, visit);
    } else if (s.kind === "if") {
      forEachStmt(s.then, visit);
      forEachStmt(s.else, visit);
    }
  }
}
const stmts = (k: TileProgram, visit: (s: TileStmt) => void): void => {
  for (const stage of k.stages) forEachStmt(stage.body, visit);
};

function count(program: Program<"core">, donate: readonly number[] = []): Counts {
  const plan = lowerToPlan(program, { donate });
  let kernels = 0;
  let copies = 0;
  const ops = new Map<string, number>();
  const reads = new Map<number, number>();
  forEachStep(plan.steps, (step) => {
    if (step.kind === "copy") copies++;
    if (step.kind !== "launch") return;
    kernels++;
    const { kernel, args } = step;
    stmts(kernel, (s) => {
      if (s.kind === "op") ops.set(s.prim, (ops.get(s.prim) ?? 0) + 1);
      if (s.kind !== "load" && s.kind !== "load_at") return;
      const { slot } = args[kernel.refs.indexOf(s.ref)];
      if (slot.space === "input") reads.set(slot.offset, (reads.get(slot.offset) ?? 0) + 1);
    });
  });
  return { kernels, copies, arena: plan.arenaBytes, op: (prim) => ops.get(prim) ?? 0, reads: (i) => reads.get(i) ?? 0 };
}
type F = (...xs: Tensor[]) => unknown;
function trace(f: F, ...shapes: (readonly number[] | readonly [readonly number[], "i32"])[]): Program<"core"> {
  const specs = shapes.map((s) =>
    Array.isArray(s[0]) ? new ShapeDtype(s[0] as number[], "i32") : new ShapeDtype(s as number[], "f32"),
  );
  return makeProgram(f)(...specs);
}

describe("softmax", () => {
  for (const axis of [-1, 0]) {
    it(`over axis ${axis} is one kernel: one exp, kept in the result's memory`, () => {
      const c = count(trace((x) => nn.softmax(x, axis), [64, 512]));
      expect([c.kernels, c.op("exp"), c.reads(0), c.arena, c.copies]).toEqual([1, 1, 2, 0, 0]);
    });
  }
  it("between matrix products takes its neighbours in", () => {
    const c = count(
      trace((x, m) => nn.softmax(np.where(np.greater(m, 0), np.multiply(x, 0.125), -1e9)), [8, 64, 64], [64, 64]),
    );
    expect([c.kernels, c.op("exp")]).toEqual([1, 1]);
  });
});

describe("layer norm", () => {
  const norm = (x: Tensor, g: Tensor, b: Tensor): Tensor => {
    const c = np.subtract(x, np.mean(x, -1, { keepdims: true }));
    const v = np.mean(np.multiply(c, c), -1, { keepdims: true });
    return np.add(np.multiply(np.divide(c, np.sqrt(np.add(v, 1e-5))), g), b);
  };
  it("is one kernel that reads its operand twice: what is centred is kept in the result's memory", () => {
    const c = count(trace(norm, [128, 256], [256], [256]));
    expect([c.kernels, c.reads(0), c.reads(1), c.reads(2), c.arena]).toEqual([1, 2, 1, 1, 0]);
    expect(c.op("sqrt")).toBe(1);
  });
  it("with a residual before it: the sum is kept and read back", () => {
    const c = count(
      trace(
        (x, y, g, b) => {
          const s = np.add(x, y);
          return [s, norm(s, g, b)];
        },
        [128, 256],
        [128, 256],
        [256],
        [256],
      ),
    );
    expect([c.kernels, c.reads(0), c.reads(1)]).toEqual([1, 1, 1]);
  });
});

describe("cross entropy from logits", () => {
  it("is a kernel over the rows and one for the mean", () => {
    const c = count(
      trace(
        (x, y) => np.mean(np.negative(np.sum(np.multiply(nn.oneHot(y, 96), nn.logSoftmax(x)), -1))),
        [32, 96],
        [[32], "i32"],
      ),
    );
    expect([c.kernels, c.op("exp"), c.op("log")]).toEqual([2, 1, 1]);
    // nothing of the size of the logits is stored
    expect(c.arena).toBe(128);
  });
  it("with labels as indices reads the logits where the labels point", () => {
    const f: F = (x, y) => np.negative(np.mean(np.takeAlongAxis(nn.logSoftmax(x), np.expandDims(y, 1), 1)));
    const c = count(trace(f, [32, 96], [[32], "i32"]));
    expect([c.kernels, c.op("exp"), c.op("log"), c.arena]).toEqual([2, 1, 1, 256]);
  });
});

describe("elementwise chains", () => {
  it("gelu and its neighbours are one kernel with one tanh", () => {
    const c = count(trace((x, b) => np.multiply(nn.gelu(np.add(np.multiply(x, 2), b)), 3), [512, 64], [64]));
    expect([c.kernels, c.op("tanh"), c.reads(0), c.arena]).toEqual([1, 1, 1, 0]);
  });
  it("a dear value with several users is computed once", () => {
    const c = count(
      trace(
        (x) => {
          const e = np.exp(x);
          return [np.add(e, 1), np.multiply(e, e), np.sum(e)];
        },
        [16, 64],
      ),
    );
    expect([c.kernels, c.op("exp"), c.reads(0), c.arena]).toEqual([1, 1, 1, 0]);
  });
  it("random normal numbers are one kernel in blocks of two registers, however many shifts their bits take", () => {
    const plan = lowerToPlan(trace((x) => np.add(x, random.normal(random.key(1), [4096])), [4096]));
    const widths: number[] = [];
    forEachStep(plan.steps, (step) => {
      if (step.kind !== "launch") return;
      stmts(step.kernel, (s) => {
        if (s.kind === "store") widths.push(s.value.shape[0] ?? 1);
      });
    });
    expect(Math.max(...widths)).toBe(8);
  });
  it("of many dear functions are cut into kernels that compile quickly, most of them the same", () => {
    const plan = lowerToPlan(
      trace(
        (x) => {
          let y = x;
          for (let i = 0; i < 400; i++) y = np.add(np.sin(y), 0.1);
          return y;
        },
        [64],
      ),
    );
    const kernels = new Map<TileProgram, number>();
    forEachStep(plan.steps, (step) => {
      if (step.kind !== "launch") return;
      let ops = 0;
      stmts(step.kernel, (s) => {
        if (s.kind === "op") ops++;
      });
      kernels.set(step.kernel, ops);
    });
    expect(kernels.size).toBeLessThanOrEqual(3);
    expect(Math.max(...kernels.values())).toBeLessThanOrEqual(100);
  });
  it("movement costs nothing: reshape, transpose, slice and reverse are how the operand is read", () => {
    const c = count(trace((x) => np.add(np.flip(np.reshape(np.transpose(x), [8, 128]), 0), 1), [32, 32]));
    expect([c.kernels, c.arena, c.copies]).toEqual([1, 0, 0]);
  });
  it("row statistics stay beside the reduction", () => {
    const c = count(trace((x) => np.sqrt(np.add(np.mean(np.multiply(x, x), -1), 1)), [64, 128]));
    expect([c.kernels, c.arena]).toEqual([1, 0]);
  });
});

describe("an Adam step over several parameters", () => {
  const shapes: (readonly number[])[] = [[64, 128], [128], [128, 32], [32]];
  const step: F = (...xs) =>
    shapes.flatMap((_, i) => {
      const [p, m, v, g] = xs.slice(4 * i, 4 * i + 4);
      const m2 = np.add(np.multiply(m, 0.9), np.multiply(g, 0.1));
      const v2 = np.add(np.multiply(v, 0.999), np.multiply(np.multiply(g, g), 0.001));
      return [np.subtract(p, np.multiply(np.divide(m2, np.add(np.sqrt(v2), 1e-8)), 1e-3)), m2, v2];
    });
  const program = trace(step, ...shapes.flatMap((s) => [s, s, s, s]));
  it("is one kernel for each, which reads every operand once", () => {
    const c = count(program);
    expect([c.kernels, c.arena, c.copies, c.op("sqrt")]).toEqual([4, 0, 0, 4]);
    for (let i = 0; i < 16; i++) expect(c.reads(i), `operand ${i}`).toBe(1);
  });
  it("happens in place when its operands are donated", () => {
    const donate = shapes.flatMap((_, i) => [4 * i, 4 * i + 1, 4 * i + 2]);
    const plan = lowerToPlan(program, { donate });
    expect(plan.outputs.map((o) => o.donatedFrom).sort((x, y) => (x ?? -1) - (y ?? -1))).toEqual(donate);
    expect(plan.arenaBytes).toBe(0);
  });
  it("finds its kernel beside any number of its like, and reads corrections that were written last", () => {
    const many: (readonly number[])[] = Array.from({ length: 12 }, () => [48, 32]);
    const f: F = (...xs) => {
      const n = many.length;
      const m = many.map((_, i) => np.add(np.multiply(xs[n + i], 0.9), np.multiply(xs[3 * n + i], 0.1)));
      const v = many.map((_, i) =>
        np.add(np.multiply(xs[2 * n + i], 0.999), np.multiply(np.square(xs[3 * n + i]), 0.001)),
      );
      const count = np.add(xs[4 * n], 1);
      const [c1, c2] = [0.9, 0.999].map((b) => np.subtract(1, np.power(b, count)));
      return many.flatMap((_, i) => {
        const step = np.divide(np.divide(m[i], c1), np.add(np.sqrt(np.divide(v[i], c2)), 1e-8));
        return [np.subtract(xs[i], np.multiply(step, 1e-3)), m[i], v[i]];
      });
    };
    const c = count(trace(f, ...[0, 1, 2, 3].flatMap(() => many), []));
    expect(c.kernels).toBe(1 + many.length);
    for (let i = 0; i < 4 * many.length; i++) expect(c.reads(i), `operand ${i}`).toBe(1);
  });
});

describe("what follows a matrix product", () => {
  const [n, k] = [320, 16];
  it("joins it with one large array beside the result, as a step of gradient descent does", () => {
    const sgd: F = (x, y, w) => np.subtract(w, np.multiply(np.dot(x.T, y), 0.1));
    expect(count(trace(sgd, [k, n], [k, n], [n, n]), [2]).kernels).toBe(1);
  });
  it("has a kernel of its own where several values read the result, each with large arrays beside it", () => {
    const adam: F = (x, y, w, m, v) => {
      const g = np.dot(x.T, y);
      const m2 = np.add(np.multiply(m, 0.9), np.multiply(g, 0.1));
      const v2 = np.add(np.multiply(v, 0.999), np.multiply(np.square(g), 0.001));
      return [np.subtract(w, np.divide(m2, np.add(np.sqrt(v2), 1e-8))), m2, v2];
    };
    const large = count(trace(adam, [k, n], [k, n], [n, n], [n, n], [n, n]), [2, 3, 4]);
    expect([large.kernels, large.copies, large.reads(2), large.reads(3), large.reads(4)]).toEqual([2, 0, 1, 1, 1]);
    const small = count(trace(adam, [k, 32], [k, 32], [32, 32], [32, 32], [32, 32]), [2, 3, 4]);
    expect(small.kernels).toBe(1);
  });
});
