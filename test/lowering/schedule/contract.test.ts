/** Contractions with their neighbours: how many kernels they become, and the interpreter's numbers. */
import { describe, expect, it } from "vitest";
import { type NDArray, fromValues } from "../../../src/interpreter/array.js";
import { interpret } from "../../../src/interpreter/index.js";
import { type Aval, aval } from "../../../src/ir/aval.js";
import type { Builder } from "../../../src/ir/builder.js";
import { buildProgram } from "../../../src/ir/builder.js";
import type { DType } from "../../../src/ir/dtype.js";
import type { ConvParams } from "../../../src/ir/ops/index.js";
import type { Atom, Var } from "../../../src/ir/program.js";
import { overlaps } from "../../../src/kernels/contract/emit.js";
import { planContraction } from "../../../src/kernels/contract/plan.js";
import { lowerToPlan } from "../../../src/lowering/plan/index.js";
import { type Machine, PLAIN_MACHINE } from "../../../src/lowering/target.js";
import { randomSource } from "../../kernels/random.js";
import { runPlan } from "../run-plan.js";

const WIDE_MACHINE: Machine = { simd: true, relaxedMadd: true, wide: true, gpu: null };

/** Small whole numbers, so that the order of a sum does not show. */
function input(a: Aval, seed: number): NDArray {
  const random = randomSource(seed);
  const shape = a.shape as readonly number[];
  const n = shape.reduce((x, y) => x * y, 1);
  return fromValues(
    shape,
    a.dtype,
    Array.from({ length: n }, () => Math.floor((random() - 0.5) * 9)),
  );
}
function check(
  inputs: readonly Aval[],
  f: (b: Builder, ...x: Var[]) => readonly Atom[],
  donate: number[] = [],
  noted: string[] = [],
) {
  const program = buildProgram("main", inputs, f);
  const arrays = inputs.map((a, i) => input(a, i + 1));
  const expected = interpret(program, arrays);
  const on = (machine: Machine) => {
    const run = runPlan(program, arrays, { donate, machine });
    run.outputs.forEach((o, i) => {
      expect(Array.from(o.data as Float64Array)).toEqual(Array.from(expected[i].data as Float64Array));
    });
    const notes = run.plan.steps.flatMap((s) => (s.kind === "launch" ? s.kernel.notes : []));
    noted.push(...notes);
    return { launches: run.launches, copies: run.copies, tiled: notes.filter((n) => n.startsWith("tiles of")).length };
  };
  const plain = on(PLAIN_MACHINE);
  // another machine has other tiles, and the same kernels
  expect(on(WIDE_MACHINE)).toEqual(plain);
  return plain;
}
const f32 = (...shape: number[]): Aval => aval(shape, "f32");
const dims = (lhsContract: number[], rhsContract: number[], lhsBatch: number[] = [], rhsBatch: number[] = []) => ({
  lhsContract,
  rhsContract,
  lhsBatch,
  rhsBatch,
  preferred: null,
});
const matmul = (b: Builder, x: Atom, y: Atom): Var => b.emit1("dot_general", [x, y], dims([1], [0]));
const full = (b: Builder, like: Atom, value: number): Atom => b.full(like.aval.shape, value, like.aval.dtype);

describe("a product and what follows it are one kernel", () => {
  // sizes that tiles divide, and sizes that they do not
  const SIZES = [
    [32, 48, 24],
    [29, 35, 17],
    [16, 3, 100],
    [5, 200, 9],
  ];
  it("bias and activation", () => {
    for (const [m, n, k] of SIZES) {
      const r = check([f32(m, k), f32(k, n), f32(n), f32(m)], (b, x, w, c, d) => {
        const y = b.add(matmul(b, x, w), b.broadcast(c, [m, n], [1]));
        return [b.op("max", b.add(y, b.broadcast(d, [m, n], [0])), full(b, y, 0))];
      });
      expect(r).toEqual({ launches: 1, copies: 0, tiled: 1 });
    }
  });
  it("residual, and the product itself as a second result", () => {
    for (const [m, n, k] of SIZES) {
      const r = check([f32(m, k), f32(k, n), f32(m, n)], (b, x, w, y) => {
        const z = matmul(b, x, w);
        return [b.add(y, b.mul(z, full(b, z, 0.5))), z];
      });
      expect(r).toEqual({ launches: 1, copies: 0, tiled: 1 });
    }
  });
  it("an update of donated weights", () => {
    for (const [m, n, k] of SIZES) {
      const r = check(
        [f32(k, m), f32(k, n), f32(m, n)],
        (b, x, g, w) => {
          const d = b.emit1("dot_general", [x, g], dims([0], [0]));
          return [b.sub(w, b.mul(d, full(b, d, 0.5)))];
        },
        [2],
      );
      expect(r.tiled).toBe(1);
    }
  });
  it("iota and masks over the result", () => {
    const r = check([f32(20, 30), f32(30, 20)], (b, x, w) => {
      const y = matmul(b, x, w);
      const below = b.op("ge", b.iota([20, 20], 0, "i32"), b.iota([20, 20], 1, "i32"));
      return [b.select(below, y, full(b, y, -1))];
    });
    expect(r).toEqual({ launches: 1, copies: 0, tiled: 1 });
  });
  it("conversions on both sides", () => {
    for (const dtype of ["f16", "bf16", "i8"] as DType[]) {
      const r = check([aval([20, 30], dtype), aval([30, 20], dtype)], (b, x, w) => {
        const y = b.emit1("dot_general", [x, w], { ...dims([1], [0]), preferred: dtype === "i8" ? "i32" : "f32" });
        return [b.convert(y, dtype)];
      });
      expect(r).toEqual({ launches: 1, copies: 0, tiled: 1 });
    }
  });
});

describe("operands are read where they lie", () => {
  it("transposed and reshaped heads", () => {
    const r = check([f32(2, 4, 16, 8), f32(32, 24)], (b, s, w) => {
      const t = b.reshape(b.transpose(s, [0, 2, 1, 3]), [32, 32]);
      return [matmul(b, t, w)];
    });
    expect(r).toEqual({ launches: 1, copies: 0, tiled: 1 });
  });
  it("slices, broadcasts, conversions", () => {
    const r = check([f32(16, 96), f32(32, 24), aval([16, 96], "f16")], (b, x, w, h) => {
      const part = b.emit1("slice", [x], { start: [0, 32], limit: [16, 64], strides: [1, 1] });
      const other = b.emit1("slice", [b.convert(h, "f32")], { start: [0, 1], limit: [16, 96], strides: [1, 3] });
      const many = b.broadcast(w, [3, 32, 24], [1, 2]);
      const left = b.broadcast(part, [3, 16, 32], [1, 2]);
      return [matmul(b, part, w), matmul(b, other, w), b.emit1("dot_general", [left, many], dims([2], [1], [0], [0]))];
    });
    expect(r).toEqual({ launches: 3, copies: 0, tiled: 3 });
  });
  it("a matrix and a vector, either way, whatever follows", () => {
    const sizes = [
      [64, 80],
      [61, 83],
      [7, 700],
      [700, 7],
    ];
    for (const [n, k] of sizes) {
      for (const [shape, contract] of [
        [[n, k], 1],
        [[k, n], 0],
      ] as const) {
        const product = (b: Builder, a: Atom, v: Atom): Var => b.emit1("dot_general", [a, v], dims([contract], [0]));
        const plain = check([f32(...shape), f32(k)], (b, a, v) => [product(b, a, v)]);
        const fused = check([f32(...shape), f32(k), f32(n)], (b, a, v, c) => {
          const y = b.add(product(b, a, v), c);
          return [b.op("max", y, full(b, y, 0)), y];
        });
        for (const r of [plain, fused]) expect(r).toEqual({ launches: 1, copies: 0, tiled: 1 });
      }
    }
  });
  it("few rows and a large matrix: pieces of the sum, whatever they leave over", () => {
    for (const [m, k, n] of [
      [1, 1029, 512],
      [2, 516, 1024],
    ]) {
      const notes: string[] = [];
      const fused = check(
        [f32(m, k), f32(k, n), f32(n)],
        (b, x, w, c) => {
          const y = b.add(matmul(b, x, w), b.broadcast(c, [m, n], [1]));
          return [b.op("max", y, full(b, y, 0)), y];
        },
        [],
        notes,
      );
      expect(fused).toEqual({ launches: 1, copies: 0, tiled: 1 });
      expect(notes.join()).toMatch(/row by row in 2 pieces/);
    }
  });
  it("sums of short integers wrap", () => {
    for (const dtype of ["i8", "u8", "i16", "u16"] as DType[]) {
      const r = check([aval([40, 300], dtype), aval([300, 20], dtype)], (b, x, w) => [matmul(b, x, w)]);
      expect(r).toEqual({ launches: 1, copies: 0, tiled: 1 });
    }
  });
  it("long sums are done in parts", () => {
    for (const [m, n, k] of [
      [1, 40, 5000],
      [40, 1, 5000],
      [9, 20, 4099],
    ]) {
      check([f32(m, k), f32(k, n)], (b, x, w) => [matmul(b, x, w)]);
      check([f32(m, k), f32(n, k), f32(n)], (b, x, w, c) => {
        const y = b.emit1("dot_general", [x, w], dims([1], [1]));
        return [b.mul(b.add(y, b.broadcast(c, [m, n], [1])), y)];
      });
    }
  });
  it("anything else is computed first, once", () => {
    const r = check([f32(16, 32), f32(32, 24)], (b, x, w) => [matmul(b, b.op("max", x, full(b, x, 0)), w)]);
    expect(r).toEqual({ launches: 2, copies: 0, tiled: 1 });
  });
  it("a product of broadcast arrays that is summed is a matrix product", () => {
    const r = check([f32(16, 20), f32(24, 20)], (b, x, y) => {
      const products = b.mul(b.broadcast(x, [16, 24, 20], [0, 2]), b.broadcast(y, [16, 24, 20], [1, 2]));
      return [b.reduceSum(products, [2])];
    });
    expect(r).toEqual({ launches: 1, copies: 0, tiled: 1 });
  });
});

describe("convolutions", () => {
  const conv = (padding: [number, number]) => ({
    strides: [1, 1],
    padding: [padding, padding],
    lhsDilation: [1, 1],
    rhsDilation: [1, 1],
    lhsSpec: [0, 1, 2, 3],
    rhsSpec: [0, 1, 2, 3],
    outSpec: [0, 1, 2, 3],
    featureGroupCount: 1,
    batchGroupCount: 1,
    preferred: null,
  });
  it("bias and activation join", () => {
    const r = check([f32(2, 3, 9, 10), f32(8, 3, 3, 3), f32(8)], (b, x, w, c) => {
      const y = b.emit1("conv_general_dilated", [x, w], conv([0, 0]));
      const z = b.add(y, b.broadcast(c, y.aval.shape, [1]));
      return [b.op("max", z, full(b, z, 0))];
    });
    expect(r).toEqual({ launches: 1, copies: 0, tiled: 1 });
  });
  it("padding", () => {
    check([f32(2, 3, 9, 10), f32(8, 3, 3, 3), f32(8)], (b, x, w, c) => {
      const y = b.emit1("conv_general_dilated", [x, w], conv([1, 1]));
      const z = b.add(y, b.broadcast(c, y.aval.shape, [1]));
      return [b.op("max", z, full(b, z, 0))];
    });
  });
  it("groups are a batch", () => {
    const r = check([f32(2, 6, 9, 10), f32(8, 3, 3, 3)], (b, x, w) => [
      b.emit1("conv_general_dilated", [x, w], { ...conv([0, 0]), featureGroupCount: 2 }),
    ]);
    expect(r).toEqual({ launches: 1, copies: 0, tiled: 1 });
  });
});

it("gradients of filters copy neither operand whole", () => {
  // size, channels in and out, taps, stride of the convolution, for a batch of 8
  const SHAPES = [
    [56, 64, 128, 3, 2],
    [28, 128, 128, 3, 1],
    [14, 256, 256, 3, 1],
    [28, 32, 64, 5, 1],
  ] as const;
  for (const [size, from, to, taps, stride] of SHAPES) {
    const full = size + taps - 1;
    const out = Math.floor((size - 1) / stride) + 1;
    const params: ConvParams = {
      strides: [1, 1],
      padding: Array(2).fill([0, (out - 1) * stride + taps - full]),
      lhsDilation: [1, 1],
      rhsDilation: [stride, stride],
      lhsSpec: [3, 0, 1, 2],
      rhsSpec: [3, 0, 1, 2],
      outSpec: [2, 3, 0, 1],
      featureGroupCount: 1,
      batchGroupCount: 1,
      preferred: null,
    };
    const inputs = [aval([8, full, full, from], "f32"), aval([8, out, out, to], "f32")];
    const program = buildProgram("gradient", inputs, (b, x, g) => [b.emit1("conv_general_dilated", [x, g], params)]);
    const sizes = inputs.map((a) => a.shape.reduce<number>((n, d) => n * Number(d), 1));
    for (const machine of [PLAIN_MACHINE, WIDE_MACHINE]) {
      const { steps } = lowerToPlan(program, { machine });
      const kernels = steps.flatMap((s) => (s.kind === "launch" ? [s.kernel] : []));
      const products = kernels.filter((k) => k.notes.some((n) => n.startsWith("tiles of")));
      expect(products).toHaveLength(1);
      const scratch = products[0].refs.filter((r) => r.role === "scratch");
      for (const { name, size } of scratch) if (name !== "sums") expect(size).toBeLessThan(Math.min(...sizes) / 2);
    }
  }
});

it("rows that tiles of one height do not divide are covered by tiles of two, each once", () => {
  const plans = [...Array(90).keys()].map((n) => {
    const rows = n + 7;
    const axis = (size: number, lhs: number, rhs: number, out: number) => ({ size, lhs, rhs, out });
    const [inner, columns] = [axis(128, 1, 256, 0), axis(256, 0, 1, 256)];
    const ref = { kind: "ref", id: 0, name: "x", dtype: "f32", role: "in", size: 2 ** 20 } as const;
    const c = {
      lhs: ref,
      rhs: ref,
      accumulate: "f32",
      plain: true,
      batch: [],
      inner: [inner],
      columns: [columns],
    } as const;
    const found = planContraction({ ...c, rows: [axis(rows, 128, 0, 256)] }, WIDE_MACHINE);
    return { rows, ...(found ?? expect.unreachable()) };
  });
  const mixed = plans.filter((p) => p.plan.lower && !p.exchanged);
  expect(mixed.length).toBeGreaterThan(20);
  for (const { rows, plan, contraction } of mixed) {
    const { height, tiles } = plan.lower ?? expect.unreachable();
    expect((rows - height * tiles) % plan.height).toBe(0);
    expect(rows - height * tiles).toBeGreaterThanOrEqual(plan.height);
    expect(overlaps(contraction, plan)).toBe(false);
  }
  for (const rows of [14, 28, 50]) check([f32(rows, 128), f32(128, 256)], (b, x, y) => [matmul(b, x, y)]);
});
