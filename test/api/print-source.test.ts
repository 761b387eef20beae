/** `printSource`: golden texts, and the law that what is printed is a program that compiles and gives the same numbers. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as tw from "tilework";
import {
  array,
  cond,
  grad,
  jit,
  lax,
  numpy as np,
  printSource,
  scan,
  type Tensor,
  tree,
  valueAndGrad,
  vmap,
  whileLoop,
} from "tilework";
import ts from "typescript";
import { describe, expect, it } from "vitest";
import { programKey } from "../../src/ir/key.js";
import { simplify } from "../../src/simplify/index.js";
import { captured } from "../dsl/captured.js";
import { sourceOf } from "../../src/api/source/index.js";
import type { NDArray } from "../../src/interpreter/array.js";
import type { TypedArray } from "../../src/ir/dtype.js";
import { applyProgram, fromElements } from "../../src/tracer/frame.js";
import { type AnyCase, CASES, caseInputs, caseProgram } from "../laws/cases.js";
import { expectSame as expectCase } from "../laws/compare.js";
import { loadPrinted } from "../laws/fuzz/source-law.js";
import { root } from "../pack/workspace.js";
import { expectClose } from "./helpers.js";

type F = (...args: never[]) => unknown;

const run = (text: string, args: readonly unknown[]): unknown => loadPrinted(text)(...(args as never[]));
const MAKE = {
  f32: Float32Array,
  f64: Float64Array,
  i8: Int8Array,
  u8: Uint8Array,
  i16: Int16Array,
  u16: Uint16Array,
  i32: Int32Array,
  u32: Uint32Array,
  bool: Uint8Array,
  i64: BigInt64Array,
  u64: BigUint64Array,
  key: BigUint64Array,
};
function stored({ dtype, data }: NDArray): TypedArray {
  const make = MAKE[dtype as keyof typeof MAKE];
  return (make as unknown as { from(xs: Iterable<unknown>): TypedArray }).from(
    [...data].map((v) => (typeof v === "boolean" ? Number(v) : v)),
  );
}
function elements(t: Tensor): NDArray {
  return {
    dtype: t.dtype,
    shape: t.shape,
    data: [...(t.aval.dtype === "key" ? tw.random.keyData(t) : t).dataSync()],
  } as unknown as NDArray;
}
const printed: string[] = [];
function expectSame(f: F, args: readonly unknown[]): string {
  const { text, captures } = sourceOf(f as never, args, { types: true });
  printed.push(text);
  const expected = (f as (...a: unknown[]) => unknown)(...args);
  const actual = run(text, [...captures, ...args]);
  const [a, e] = [tree.leaves(actual), tree.leaves(expected)] as [Tensor[], Tensor[]];
  expect(a.length, text).toBe(e.length);
  a.forEach((x, i) => {
    expect([x.dtype, ...x.shape], text).toEqual([np.array(e[i]).dtype, ...np.array(e[i]).shape]);
    expectClose(x, np.array(e[i]).js() as never);
  });
  return text;
}

const loss = (w: Tensor, x: Tensor, y: Tensor) => {
  const h = np.tanh(np.dot(x, w));
  return h.sub(y).square().mean();
};
const x = array([
  [1, 2, 3],
  [0.5, -1, 2],
]);
const w = array([0.1, -0.2, 0.3]);
const y = array([1, -1]);

describe("reads well", () => {
  it("a gradient has the user's names, and cotangents those of their primals", () => {
    expect(printSource(grad(loss))(w, x, y)).toMatchSnapshot();
  });
  it("trees are parameters and results as they were", () => {
    const f = (params: { w: Tensor; b: Tensor }, input: Tensor) => ({
      out: np.dot(input, params.w).add(params.b),
      w: params.w,
    });
    expect(printSource(f)({ w, b: array(1) }, x)).toMatchSnapshot();
    const g = valueAndGrad((params: { w: Tensor; b: Tensor }, input: Tensor) =>
      np.dot(input, params.w).add(params.b).sum(),
    );
    expect(printSource(g, { types: true })({ w, b: array(1) }, x)).toMatchSnapshot();
  });
  it("loops and branches are functions", () => {
    const rnn = (h0: Tensor, xs: Tensor) =>
      scan((h: Tensor, v: Tensor) => [np.tanh(h.add(v)), h] as [Tensor, Tensor], h0, xs);
    expect(printSource(rnn)(array(0), array([1, 2, 3]))).toMatchSnapshot();
    const f = (a: Tensor) =>
      cond(
        a.greater(0),
        (v: Tensor) => v.mul(2),
        (v: Tensor) => v.neg(),
        a,
      );
    expect(printSource(f)(array(1))).toMatchSnapshot();
  });
});

describe("captured functions are printed with the names of their variables", () => {
  const ones = (...shape: number[]): Tensor =>
    np.sin(np.arange(shape.reduce((n, d) => n * d, 1)).astype("f32")).reshape(shape);
  it.each<[string, F, unknown[]]>([
    [
      "softmax regression",
      grad(
        captured(`function loss(params, x, labels) {
          const logits = np.dot(x, params.w) + params.b;
          const logp = nn.logSoftmax(logits);
          return -np.mean(np.sum(logp * labels, 1));
        }`),
      ) as F,
      [{ w: ones(4, 3), b: ones(3) }, ones(5, 4), ones(5, 3)],
    ],
    [
      "a perceptron with two layers",
      grad(
        captured(`function loss({ w1, b1, w2, b2 }, x, y) {
          const hidden = nn.relu(np.dot(x, w1) + b1);
          const output = np.dot(hidden, w2) + b2;
          const error = output - y;
          return np.mean(error ** 2);
        }`),
      ) as F,
      [{ w1: ones(4, 8), b1: ones(8), w2: ones(8, 2), b2: ones(2) }, ones(5, 4), ones(5, 2)],
    ],
    [
      "a recurrent network by for",
      grad(
        captured(`function loss(p, xs, target) {
          let h = np.zeros([3]);
          for (const x of xs) {
            const z = np.dot(x, p.wx) + np.dot(h, p.wh);
            h = np.tanh(z);
          }
          const error = h - target;
          return np.sum(error * error);
        }`),
      ) as F,
      [{ wx: ones(2, 3), wh: ones(3, 3) }, ones(5, 2), ones(3)],
    ],
    [
      "Newton's method by while, forward",
      captured(`function slope(a, aDot) { return jvp(root, [a], [aDot])[1]; }`, {
        root: captured(`function root(a) {
            let x = a;
            let step = 1;
            while (Math.abs(step) > 1e-3) {
              step = (x * x - a) / (2 * x);
              x = x - step;
            }
            return x;
          }`),
      }) as F,
      [array(2), array(1)],
    ],
    [
      "a condition, and its gradients in a batch",
      vmap(
        grad(
          captured(`function clipped(w, x) {
            const z = np.dot(x, w);
            if (z > 1) return 0.1 * np.log(z);
            const cube = z * z * z;
            return 0.1 * cube;
          }`) as F as (w: Tensor, x: Tensor) => Tensor,
        ),
        { inAxes: [null, 0] },
      ) as F,
      [ones(3), ones(4, 3)],
    ],
    [
      "a loop that carries an object",
      jit(
        captured(`function orbit(start) {
          let state = { pos: start, vel: 1.0 };
          for (const _ of range(10)) {
            state = { pos: state.pos + 0.1 * state.vel, vel: state.vel - 0.1 * state.pos };
          }
          return state;
        }`),
      ) as F,
      [array(1)],
    ],
    [
      "an array from outside",
      jit(captured(`(x) => { const y = x * scale; return y + y * y; }`, { scale: array([1, 2, 3]) })) as F,
      [w],
    ],
  ])("%s", (_, f, args) => {
    expect(printSource(f as never)(...args)).toMatchSnapshot();
    expectSame(f, args);
  });

  it("docs/capture.md shows it", () => {
    const [, section] = readFileSync(join(root, "docs", "capture.md"), "utf8").split("## Derivatives as source");
    const blocks = [...section.matchAll(/```ts\n([\s\S]*?)```/g)].map((m) => m[1]);
    expect(blocks.length).toBe(4);
    expect(printSource(grad(captured(blocks[0].trim())))({ w: ones(4, 3), b: ones(3) }, ones(5, 4), ones(5, 3))).toBe(
      blocks[1],
    );
    expect(printSource(grad(captured(blocks[2].trim())))({ wx: ones(2, 3), wh: ones(3, 3) }, ones(5, 2), ones(3))).toBe(
      blocks[3],
    );
  });

  it("names change neither keys nor what is merged", () => {
    const one = captured(`(x) => { const y = np.exp(x); const z = y * y; return z + z; }`);
    const two = captured(`(x) => { const a = np.exp(x); const b = a * a; return b + b; }`);
    const [p, q] = [one, two].map((f) => tw.makeProgram(f)(w));
    expect(p.eqns.flatMap((e) => e.outputs.map((v) => v.name)).filter((n) => n !== undefined)).toEqual(["y", "z"]);
    expect(programKey(p)).toBe(programKey(q));
    const twice = tw.makeProgram(
      captured(`(x) => { const y = np.exp(x); const again = np.exp(x); return y * again; }`),
    )(w);
    expect(simplify(twice).eqns.length).toBe(2);
  });
});

describe("gives the same numbers", () => {
  it.each<[string, F, unknown[]]>([
    ["a gradient", grad(loss) as F, [w, x, y]],
    [
      "a batched gradient",
      vmap(grad(loss), { inAxes: [null, 0, 0] }) as F,
      [w, np.reshape(x, [2, 1, 3]), np.reshape(y, [2, 1])],
    ],
    ["jit inside", grad((v: Tensor) => jit((u: Tensor) => u.mul(u).sum())(v)) as F, [w]],
    ["captures", ((v: Tensor) => v.mul(w).sum()) as F, [w]],
    [
      "scan and its gradient",
      grad((h: Tensor) => scan((c: Tensor, v: Tensor) => [c.mul(v).sin(), c] as [Tensor, Tensor], h, w)[1].sum()) as F,
      [array(2)],
    ],
    [
      "a while loop",
      ((v: Tensor) =>
        whileLoop(
          (c: Tensor) => c.less(10),
          (c: Tensor) => c.mul(2),
          v,
        )) as F,
      [array(1)],
    ],
    [
      "branches",
      vmap((v: Tensor) =>
        cond(
          v.greater(0),
          (u: Tensor) => u.mul(2),
          (u: Tensor) => u.sub(1),
          v,
        ),
      ) as F,
      [w],
    ],
    [
      "a switch",
      ((i: Tensor, v: Tensor) => lax.switchCase(i, [(u: Tensor) => u, (u: Tensor) => u.mul(3)], v)) as F,
      [array(1, { dtype: "i32" }), w],
    ],
    [
      "integers and bools",
      ((i: Tensor) => [i.add(1), i.greater(1).logicalAnd(i.less(3)), lax.div(i, 2), np.max(i)]) as F,
      [np.arange(4, null, 1, { dtype: "i32" })],
    ],
    [
      "indexing",
      ((v: Tensor) => [
        np.take(v, array([2, 0], { dtype: "i32" })),
        lax.dynamicSlice(v, [1], [2]),
        np.flip(v),
        np.concatenate([v, v]),
      ]) as F,
      [w],
    ],
    [
      "its gradient",
      grad((v: Tensor) =>
        np
          .take(v, array([2, 0], { dtype: "i32" }))
          .square()
          .sum(),
      ) as F,
      [w],
    ],
    ["softmax and its gradient", grad((v: Tensor) => tw.nn.logSoftmax(v).mul(y).sum()) as F, [y]],
    [
      "a convolution and its gradient",
      grad((k: Tensor, v: Tensor) => lax.convGeneralDilated(v, k, { padding: "SAME" }).square().sum()) as F,
      [np.ones([2, 1, 3, 3]), np.ones([1, 1, 5, 5])],
    ],
    [
      "broadcasts",
      ((v: Tensor) => [np.add(np.expandDims(v, 1), v), np.where(v.greater(0), v, 0), np.outer(v, v)]) as F,
      [w],
    ],
    [
      "sorts and factors",
      ((v: Tensor) => [np.sort(v), lax.topK(v, 2), lax.linalg.cholesky(np.outer(v, v).add(np.eye(3)))]) as F,
      [w],
    ],
    ["infinities and their kin", ((v: Tensor) => [v.add(Infinity), np.maximum(v, -0), np.full([2], NaN)]) as F, [w]],
    ["checkpoint", grad(tw.checkpoint((v: Tensor) => v.sin().sin().sum())) as F, [w]],
  ])("%s", (_, f, args) => {
    expectSame(f, args);
  });

  describe("for every primitive", () => {
    const first = new Map(CASES.map((c) => [c.prim, c]));
    /** The tangents of a function that has a rule for reverse mode only. */
    const without = ["custom_vjp_linear"];
    it.each([...first.keys()].filter((p) => !without.includes(p)))("%s", (prim) => {
      const c = first.get(prim) as AnyCase;
      const dtype = c.dtypes.includes("f32") ? "f32" : c.dtypes[0];
      const program = caseProgram(c, dtype);
      const args = caseInputs(c, dtype, 1).map((x) => fromElements(stored(x), x.shape as number[], x.dtype));
      const { text, captures } = sourceOf((...xs: Tensor[]) => applyProgram(program, xs), args, { types: true });
      expect(captures).toEqual([]);
      printed.push(text);
      const results = tree.leaves(run(text, args)) as Tensor[];
      expectCase(text, results.map(elements), applyProgram(program, args).map(elements), c.tolerance);
    });
    it.each(without.filter((p) => first.has(p as never)))("%s is refused", (prim) => {
      const c = first.get(prim as never) as AnyCase;
      const program = caseProgram(c, c.dtypes[0]);
      const avals = program.inputs.map((v) => new tw.ShapeDtype(v.aval.shape as number[], v.aval.dtype));
      expect(() => printSource((...xs: Tensor[]) => applyProgram(program, xs))(...avals)).toThrow(/^TW4006/);
    });
  });

  it("and all that was printed compiles", { timeout: 240_000 }, () => {
    const folder = join(root, "build", "source");
    mkdirSync(folder, { recursive: true });
    const names = printed.map((text, i) => {
      const file = join(folder, `printed${i}.ts`);
      writeFileSync(file, text);
      return file;
    });
    expect(names.length).toBeGreaterThan(15);
    const { config } = ts.readConfigFile(join(root, "tsconfig.json"), ts.sys.readFile);
    const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root);
    const program = ts.createProgram(names, { ...options, noEmit: true, skipLibCheck: true, noUnusedLocals: false });
    const errors = names.flatMap((n) => program.getSemanticDiagnostics(program.getSourceFile(n)));
    expect(
      errors.map(
        (d) =>
          `${ts.flattenDiagnosticMessageText(d.messageText, " ")}\n${d.file?.text.slice((d.start ?? 0) - 80, (d.start ?? 0) + 80)}`,
      ),
    ).toEqual([]);
  });
});
