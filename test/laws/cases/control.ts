/** Rows of the control family: small programs as parameters, nested in each other, over every dtype. */
import { type Aval, aval } from "../../../src/ir/aval.js";
import { type Builder, buildProgram } from "../../../src/ir/builder.js";
import { type DType, isFloat, isWide } from "../../../src/ir/dtype.js";
import type { LazyProgram } from "../../../src/ir/ops/index.js";
import type { Atom, Program } from "../../../src/ir/program.js";
import { awayFromZero, bools, ints, normal } from "../gens.js";
import { FLOATS, fixed, INTS, NUMBERS, operand, ORDERED, row, ulps, WIDE_FLOATS } from "./make.js";
import type { AnyCase } from "./types.js";

type Shape = readonly number[];
const I32 = aval([], "i32");

const lazy = (p: Program<"core">): LazyProgram => ({ name: p.name, get: () => p });
const number = (x: number, d: DType): number | bigint => (isWide(d) ? BigInt(x) : x);
const splat = (b: Builder, like: Atom, x: number): Atom => b.fullLike(like, number(x, like.aval.dtype));

/** x·y + x: uses both, not symmetric, defined for every number type. */
const mulAdd = (b: Builder, x: Atom, y: Atom): Atom => b.add(b.mul(x, y), x);
/** sin(x)·y for floats, x - y for integers. */
const bend = (b: Builder, x: Atom, y: Atom): Atom => (isFloat(x.aval.dtype) ? b.mul(b.op("sin", x), y) : b.sub(x, y));

/** A handful of dependent roundings of values up to about 10. */
const STEPS = ulps(32, 16);

/** (x, y) of one type. */
function pair(name: string, a: Aval, f: (b: Builder, x: Atom, y: Atom) => readonly Atom[]): Program<"core"> {
  return buildProgram(name, [a, a], f);
}

const branchesOf = (a: Aval): Program<"core">[] => [
  pair("first", a, (b, x, y) => [mulAdd(b, x, y), x]),
  pair("second", a, (b, x, y) => [bend(b, x, y), y]),
  pair("third", a, (b, x) => [x, splat(b, x, 2)]),
];

const conds: AnyCase[] = [[], [4], [2, 3]].flatMap((shape: Shape) => [
  row("cond", {
    name: `bool over [${shape.join(",")}]`,
    params: (d) => ({ branches: branchesOf(aval(shape, d)).slice(0, 2) }),
    operands: [fixed([], "bool", bools), operand(shape), operand(shape)],
    dtypes: NUMBERS,
    differentiable: [1, 2],
    tolerance: STEPS,
  }),
  row("cond", {
    name: `three branches over [${shape.join(",")}]`,
    params: (d) => ({ branches: branchesOf(aval(shape, d)) }),
    // clamped when out of range
    operands: [fixed([], "i32", ints(-2, 5)), operand(shape), operand(shape)],
    dtypes: NUMBERS,
    differentiable: [1, 2],
    tolerance: STEPS,
  }),
]);
const oneBranch = row("cond", {
  name: "one branch",
  params: (d) => ({ branches: branchesOf(aval([3], d)).slice(0, 1) }),
  operands: [fixed([], "i32", ints(0, 2)), operand([3]), operand([3])],
  dtypes: FLOATS,
  differentiable: [1, 2],
  tolerance: STEPS,
});

/** A cond inside of a cond: the inner predicate depends on the data. */
const nestedCond = row("cond", {
  name: "cond in a branch",
  params: (d) => {
    const a = aval([3], d);
    const inner = branchesOf(a).slice(0, 2);
    return {
      branches: [
        pair("outer", a, (b, x, y) => {
          const positive = b.op("gt", b.reduceSum(x, [0]), b.scalar(number(0, d), d));
          return b.emit("cond", [positive, x, y], { branches: inner });
        }),
        pair("other", a, (b, x, y) => [b.add(x, y), b.neg(y)]),
      ],
    };
  },
  operands: [fixed([], "bool", bools), operand([3], awayFromZero(0.5, 2)), operand([3])],
  dtypes: FLOATS,
  differentiable: [1, 2],
  tolerance: STEPS,
});

/** (limit; step; i, x): while i < limit: i + 1, bend(x, step). */
function counted(a: Aval): { cond: Program<"core">; body: Program<"core"> } {
  return {
    cond: buildProgram("test", [I32, I32, a], (b, limit, i) => [b.op("lt", i, limit)]),
    body: buildProgram("step", [a, I32, a], (b, step, i, x) => [b.add(i, b.scalar(1, "i32")), bend(b, x, step)]),
  };
}
const whiles: AnyCase[] = [
  ...[[], [5], [2, 3]].map((shape: Shape) =>
    row("while", {
      name: `counted, with constants, over [${shape.join(",")}]`,
      params: (d) => ({ ...counted(aval(shape, d)), condConsts: 1, bodyConsts: 1 }),
      operands: [fixed([], "i32", ints(0, 4)), operand(shape), fixed([], "i32", ints(-1, 1)), operand(shape)],
      dtypes: NUMBERS,
      differentiable: [1, 3],
      modes: "forward",
      tolerance: STEPS,
    }),
  ),
  row("while", {
    name: "until the values are small",
    params: (d) => ({
      // the number of steps depends on the data, differently for every element of a batch
      cond: buildProgram("large", [aval([3], d)], (b, x) => [
        b.op("gt", b.emit1("reduce_max", [b.op("abs", x)], { axes: [0] }), b.scalar(0.3, d)),
      ]),
      body: buildProgram("halve", [aval([3], d)], (b, x) => [b.mul(x, splat(b, x, 0.5))]),
      condConsts: 0,
      bodyConsts: 0,
    }),
    operands: [operand([3], awayFromZero(0.35, 0.55), awayFromZero(0.35, 0.55))],
    dtypes: FLOATS,
    differentiable: [0],
    modes: "forward",
    tolerance: STEPS,
  }),
  row("while", {
    name: "while in the body of a while",
    params: (d) => {
      const a = aval([2], d);
      const inner = counted(a);
      return {
        cond: buildProgram("outer test", [I32, I32, a], (b, limit, i) => [b.op("lt", i, limit)]),
        body: buildProgram("outer step", [a, I32, a], (b, step, i, x) => {
          const [, y] = b.emit("while", [i, step, b.scalar(0, "i32"), x], { ...inner, condConsts: 1, bodyConsts: 1 });
          return [b.add(i, b.scalar(1, "i32")), b.add(y, step)];
        }),
        condConsts: 1,
        bodyConsts: 1,
      };
    },
    operands: [fixed([], "i32", ints(0, 3)), operand([2]), fixed([], "i32", ints(0, 1)), operand([2])],
    dtypes: [...FLOATS, "i32"],
    differentiable: [1, 3],
    modes: "forward",
    tolerance: STEPS,
  }),
];

/** (const; carry; x) → (x·const + carry, bend(carry, x)). */
function recurrence(a: Aval): Program<"core"> {
  return buildProgram("recurrence", [a, a, a], (b, k, c, x) => {
    const next = b.add(b.mul(x, k), c);
    return [next, bend(b, c, x)];
  });
}
const scans: AnyCase[] = [
  ...[0, 1, 5].flatMap((length) =>
    [false, true].map((reverse) =>
      row("scan", {
        name: `${length} steps${reverse ? " reversed" : ""}`,
        params: (d) => ({ body: recurrence(aval([3], d)), length, reverse, numConsts: 1, numCarry: 1 }),
        operands: [operand([3]), operand([3]), operand([length, 3])],
        dtypes: NUMBERS,
        differentiable: [0, 1, 2],
        tolerance: STEPS,
      }),
    ),
  ),
  row("scan", {
    name: "carry only",
    params: (d) => ({
      body: buildProgram("step", [aval([], d)], (b, c) => [bend(b, c, c)]),
      length: 4,
      reverse: false,
      numConsts: 0,
      numCarry: 1,
    }),
    operands: [operand([])],
    dtypes: NUMBERS,
    differentiable: [0],
    tolerance: STEPS,
  }),
  row("scan", {
    name: "map: xs only, two outputs of different shape",
    params: (d) => ({
      body: buildProgram("map", [aval([2, 3], d), aval([3], d)], (b, x, y) => [b.reduceSum(x, [1]), b.mul(y, y)]),
      length: 4,
      reverse: false,
      numConsts: 0,
      numCarry: 0,
    }),
    operands: [operand([4, 2, 3]), operand([4, 3])],
    dtypes: NUMBERS,
    differentiable: [0, 1],
    tolerance: STEPS,
  }),
  row("scan", {
    name: "carries of mixed dtypes, one that does not change, an output that is a constant",
    params: (d) => ({
      body: buildProgram("mixed", [aval([2], d), I32, aval([2], d), aval([2], d)], (b, fixedCarry, i, c, x) => [
        fixedCarry,
        b.add(i, b.scalar(2, "i32")),
        b.add(b.mul(c, fixedCarry), b.mul(x, b.broadcast(b.convert(i, d), [2], []))),
        i,
        b.scalar(number(1, d), d),
      ]),
      length: 3,
      reverse: true,
      numConsts: 0,
      numCarry: 3,
    }),
    operands: [operand([2]), fixed([], "i32", ints(-2, 2)), operand([2]), operand([3, 2])],
    dtypes: NUMBERS,
    differentiable: [0, 2, 3],
    tolerance: STEPS,
  }),
  row("scan", {
    name: "scan in the body of a scan",
    params: (d) => {
      const a = aval([2], d);
      const inner = recurrence(a);
      return {
        body: buildProgram("outer", [a, a, aval([3, 2], d)], (b, k, c, xs) => {
          const [end, ys] = b.emit("scan", [k, c, xs], {
            body: inner,
            length: 3,
            reverse: true,
            numConsts: 1,
            numCarry: 1,
          });
          return [bend(b, end, k), b.reduceSum(ys, [0]), ys];
        }),
        length: 4,
        reverse: false,
        numConsts: 1,
        numCarry: 1,
      };
    },
    operands: [operand([2]), operand([2]), operand([4, 3, 2])],
    dtypes: [...FLOATS, "i32", "u8"],
    differentiable: [0, 1, 2],
    tolerance: ulps(64, 64),
  }),
  row("scan", {
    name: "cond in the body, on a predicate from xs",
    params: (d) => {
      const a = aval([2], d);
      return {
        body: buildProgram("choose", [a, a, aval([], "bool"), a], (b, k, c, p, x) => {
          const [next, y] = b.emit("cond", [p, b.add(c, k), x], { branches: branchesOf(a).slice(0, 2) });
          return [next, y];
        }),
        length: 4,
        reverse: false,
        numConsts: 1,
        numCarry: 1,
      };
    },
    operands: [operand([2]), operand([2]), fixed([4], "bool", bools), operand([4, 2])],
    dtypes: [...FLOATS, "i32"],
    differentiable: [0, 1, 3],
    tolerance: STEPS,
  }),
  row("scan", {
    name: "while in the body",
    params: (d) => {
      const a = aval([2], d);
      return {
        body: buildProgram("iterate", [a, a, I32], (b, k, c, n) => {
          const [, x] = b.emit("while", [n, k, b.scalar(0, "i32"), c], { ...counted(a), condConsts: 1, bodyConsts: 1 });
          return [x, b.reduceSum(x, [0])];
        }),
        length: 3,
        reverse: false,
        numConsts: 1,
        numCarry: 1,
      };
    },
    operands: [operand([2]), operand([2]), fixed([3], "i32", ints(0, 3))],
    dtypes: [...FLOATS, "i32"],
    differentiable: [0, 1],
    modes: "forward",
    tolerance: STEPS,
  }),
];

const twoOf = (a: Aval, f = mulAdd): Program<"core"> => pair("inner", a, (b, x, y) => [f(b, x, y), bend(b, y, x)]);
const calls: AnyCase[] = [[], [3], [0], [2, 3]].flatMap((shape: Shape) => [
  row("call", {
    name: `[${shape.join(",")}]`,
    params: (d) => ({ program: twoOf(aval(shape, d)), name: "inner" }),
    operands: [operand(shape), operand(shape)],
    dtypes: NUMBERS,
    differentiable: [0, 1],
    tolerance: STEPS,
  }),
  ...(
    [
      ["nothing kept", null],
      ["everything kept", () => true],
      ["products kept", (prim: string) => prim === "mul"],
    ] as const
  ).map(([name, policy]) =>
    row("checkpoint", {
      name: `[${shape.join(",")}], ${name}`,
      params: (d) => ({ program: twoOf(aval(shape, d)), policy, prevent: false }),
      operands: [operand(shape), operand(shape)],
      dtypes: NUMBERS,
      differentiable: [0, 1],
      tolerance: STEPS,
    }),
  ),
]);

/** out = k + x²·y with its true derivative; k is a capture. */
const customJvp = row("custom_jvp_call", {
  name: "one capture",
  params: (d) => {
    const a = aval([3], d);
    const primal = (b: Builder, k: Atom, x: Atom, y: Atom): Atom => b.add(k, b.mul(b.mul(x, x), y));
    return {
      primal: buildProgram("primal", [a, a, a], (b, k, x, y) => [primal(b, k, x, y)]),
      jvp: lazy(
        buildProgram("jvp", [a, a, a, a, a], (b, k, x, y, dx, dy) => [
          primal(b, k, x, y),
          b.add(b.mul(b.mul(splat(b, x, 2), b.mul(x, y)), dx), b.mul(b.mul(x, x), dy)),
        ]),
      ),
      numCaptures: 1,
      name: "f",
    };
  },
  operands: [operand([3]), operand([3]), operand([3])],
  dtypes: FLOATS,
  // the capture is not differentiated
  differentiable: [1, 2],
  tolerance: STEPS,
});
const customVjp = row("custom_vjp_call", {
  name: "one capture, an integer argument",
  params: (d) => {
    const a = aval([3], d);
    const primal = (b: Builder, k: Atom, x: Atom, n: Atom): Atom => b.mul(b.mul(x, k), b.convert(n, d));
    return {
      primal: buildProgram("primal", [a, a, aval([3], "i32")], (b, k, x, n) => [primal(b, k, x, n)]),
      forward: lazy(
        buildProgram("forward", [a, a, aval([3], "i32")], (b, k, x, n) => [primal(b, k, x, n), b.convert(n, d)]),
      ),
      backward: lazy(buildProgram("backward", [a, a, a], (b, k, n, ct) => [b.mul(b.mul(ct, k), n)])),
      numCaptures: 1,
      name: "f",
    };
  },
  operands: [operand([3]), operand([3]), fixed([3], "i32", ints(-3, 3))],
  dtypes: FLOATS,
  differentiable: [1],
  modes: "reverse",
  tolerance: STEPS,
});

/** L x = b with L lower triangular, solved by substitution. */
const linearSolve = row("custom_linear_solve", {
  name: "lower triangular",
  params: (d) => {
    const m = aval([3, 3], d);
    const v = aval([3], d);
    const lowerOf = (b: Builder, a: Atom): Atom => {
      const keep = b.op("ge", b.iota([3, 3], 0, "i32"), b.iota([3, 3], 1, "i32"));
      return b.select(keep, a, b.fullLike(a, 0));
    };
    const product = (transposed: boolean): Program<"core"> =>
      buildProgram(transposed ? "vecmat" : "matvec", [m, v], (b, a, x) => [
        b.emit1("dot_general", [lowerOf(b, a), x], {
          lhsContract: [transposed ? 0 : 1],
          rhsContract: [0],
          lhsBatch: [],
          rhsBatch: [],
          preferred: null,
        }),
      ]);
    const solve = (transposeA: boolean): Program<"core"> =>
      buildProgram(transposeA ? "transposeSolve" : "solve", [m, v], (b, a, x) => {
        const column = b.reshape(x, [3, 1]);
        return [
          b.reshape(
            b.emit1("triangular_solve", [a, column], { leftSide: true, lower: true, transposeA, unitDiagonal: false }),
            [3],
          ),
        ];
      });
    return {
      matvec: product(false),
      vecmat: product(true),
      solve: solve(false),
      transposeSolve: solve(true),
      counts: [1, 1, 1, 1],
    };
  },
  operands: [operand([3, 3], awayFromZero(0.8, 1.5)), operand([3])],
  wires: [0, 0, 0, 0, 1],
  dtypes: WIDE_FLOATS,
  differentiable: [0, 1],
  tolerance: ulps(256, 16),
});

const rest: AnyCase[] = [
  row("optimization_barrier", {
    name: "three operands",
    operands: [operand([3]), fixed([2], "i32", ints(-5, 5)), operand([], normal)],
    dtypes: [...ORDERED],
    differentiable: [0, 2],
  }),
  row("debug_callback", {
    name: "unordered",
    params: { callback: () => {}, ordered: false },
    operands: [operand([3])],
    dtypes: [...FLOATS, ...INTS],
  }),
  row("debug_callback", {
    name: "ordered",
    params: { callback: () => {}, ordered: true },
    operands: [operand([3])],
    dtypes: ["f32"],
    noVmap: "ordered effects cannot be batched",
  }),
];

export const control: readonly AnyCase[] = [
  ...conds,
  oneBranch,
  nestedCond,
  ...whiles,
  ...scans,
  ...calls,
  customJvp,
  customVjp,
  linearSolve,
  ...rest,
];
