/** What a gradient costs: residuals, recomputation, zeros. Counted in the programs, since compiled steps are made of them. */
import { describe, expect, it } from "vitest";
import {
  checkpoint,
  checkpointPolicies,
  debug,
  foriLoop,
  grad,
  jit,
  lax,
  makeProgram,
  nn,
  numpy as np,
  scan,
  type Tensor,
} from "tilework";
import type { AnyEqn, Program } from "../../../src/ir/program.js";
import { nestedPrograms } from "../../../src/ir/rewrite.js";
import { vjpProgram, type VjpResult } from "../../../src/transforms/grad/index.js";

type Core = Program<"core">;
const f32 = (...shape: number[]): Tensor => np.ones(shape) as Tensor;

/** How often primitives stand in a program, nested ones included; a loop's body counts once. */
function count(p: Core, prim: string): number {
  return p.eqns.reduce(
    (n, e: AnyEqn) => n + (e.prim === prim ? 1 : 0) + nestedPrograms(e).reduce((m, q) => m + count(q, prim), 0),
    0,
  );
}
function find(p: Core, prim: string): AnyEqn {
  const eqn = p.eqns.find((e) => e.prim === prim);
  if (!eqn) throw new Error(`no ${prim}`);
  return eqn;
}
/** The vjp of `f` in the arguments marked. */
function vjpOf(f: (...xs: Tensor[]) => unknown, xs: Tensor[], wrt = xs.map(() => true)): VjpResult {
  const p = makeProgram(f as never)(...xs);
  const captures = p.inputs.length - xs.length;
  return vjpProgram(p, [...Array<boolean>(captures).fill(false), ...wrt]);
}
const residuals = (r: VjpResult): string[] =>
  r.forward.outputs.slice(r.forward.outputs.length - r.numResiduals).map((a) => `${a.aval.dtype}[${a.aval.shape}]`);

describe("residuals", () => {
  it("of a product are its operands, once each", () => {
    const r = vjpOf((x, y) => x.mul(y).add(x.mul(y)), [f32(3), f32(3)]);
    expect(r.numResiduals).toBe(2);
    expect(r.forward.outputs.slice(1).every((a) => (r.forward.inputs as unknown[]).includes(a))).toBe(true);
  });
  it("of what is linear are none", () => {
    expect(vjpOf((x) => np.sum(x, 0).mul(3).neg(), [f32(3, 2)]).numResiduals).toBe(0);
  });
  it("of relu is a mask, and of a broadcast what was broadcast", () => {
    expect(residuals(vjpOf((x) => nn.relu(x), [f32(8)]))).toEqual(["bool[8]"]);
    expect(residuals(vjpOf((x, s) => x.mul(s), [f32(8, 8), f32(8)], [true, false]))).toEqual(["f32[8]"]);
  });
  it("of a choice are the masks, not the factors made of them", () => {
    // above, below or equal: two masks instead of four bytes for each element
    expect(residuals(vjpOf((x) => np.maximum(np.sin(x), 0.5), [f32(8)]))).toEqual(["f32[8]", "bool[8]", "bool[8]"]);
  });
  it("are not kept when little work makes them from others", () => {
    // tanh twice: y for the product, 1 - y² from y
    const r = vjpOf((x, y) => np.tanh(x).mul(y), [f32(8), f32(8)]);
    expect(residuals(r)).toEqual(["f32[8]", "f32[8]"]);
    expect(count(r.backward, "tanh")).toBe(0);
  });
  it("of arguments that are not differentiated are not made", () => {
    const r = vjpOf((x, y) => np.exp(x).add(np.sin(y)), [f32(3), f32(3)], [true, false]);
    expect(r.numResiduals).toBe(1);
    expect(count(r.forward, "cos")).toBe(0);
  });
  it("go through a nested jit and a branch without copies", () => {
    const inner = jit((x: Tensor, y: Tensor) => x.mul(y));
    const r = vjpOf((x, y) => inner(x, y), [f32(3), f32(3)]);
    expect(r.forward.outputs.slice(1).every((a) => (r.forward.inputs as unknown[]).includes(a))).toBe(true);
  });
});

describe("loops", () => {
  const rnn = (w: Tensor, u: Tensor, xs: Tensor): Tensor =>
    scan(
      (h: Tensor, x: Tensor): [Tensor, null] => [np.tanh(np.dot(h, w).add(np.dot(x, u))), null],
      np.zeros([4]) as Tensor,
      xs,
    )[0].sum();
  const args = [f32(4, 4), f32(3, 4), f32(7, 3)];

  it("stack only what differs between steps", () => {
    const r = vjpOf(rnn as never, args);
    const loop = find(r.forward, "scan");
    // the carry that each step entered with, and tanh's derivative; w, u and xs are operands
    expect(loop.outputs.map((v) => `[${v.aval.shape}]`)).toEqual(["[4]", "[7,4]", "[7,4]"]);
    expect(count(r.backward, "tanh")).toBe(0);
  });
  it("carry no cotangent that is zero or that nobody wants", () => {
    const r = vjpOf(rnn as never, args, [true, false, false]);
    const back = find(r.backward, "scan") as Extract<AnyEqn, { prim: "scan" }>;
    // the sum for w, and the carry's
    expect(back.params.numCarry).toBe(2);
    expect(back.outputs.length).toBe(2);
  });
  it("add to a table only where they read it", () => {
    const f = (t: Tensor): Tensor =>
      foriLoop(0, 50, (i, c: Tensor) => c.add(np.sin(lax.dynamicSlice(t, [i], [1]).sum())), np.zeros([]) as Tensor);
    const r = vjpOf(f as never, [f32(50)]);
    const back = find(r.backward, "scan") as Extract<AnyEqn, { prim: "scan" }>;
    const wide = back.params.body.eqns.filter((e) => e.outputs.some((v) => v.aval.shape[0] === 50));
    expect(wide.map((e) => e.prim)).toEqual(["dynamic_update_slice"]);
    const g = (t: Tensor): Tensor =>
      foriLoop(0, 50, (i, c: Tensor) => c.add(np.sin(np.take(t, i))), np.zeros([]) as Tensor);
    const gather = find(vjpOf(g as never, [f32(50)]).backward, "scan") as Extract<AnyEqn, { prim: "scan" }>;
    const made = gather.params.body.eqns.filter((e) => e.outputs.some((v) => v.aval.shape[0] === 50));
    expect(made.map((e) => e.prim)).toEqual(["scatter_add"]);
  });
  it("make what no step changes once, outside", () => {
    const f = (w: Tensor, x: Tensor): Tensor =>
      scan((c: Tensor): [Tensor, null] => [c.mul(np.exp(w)), null], x, null, { length: 5 })[0];
    const r = vjpOf(f as never, [f32(3), f32(3)]);
    const loop = find(r.forward, "scan") as Extract<AnyEqn, { prim: "scan" }>;
    expect(count(loop.params.body, "exp")).toBe(0);
    expect(count(r.forward, "exp")).toBe(1);
    expect(count(r.backward, "exp")).toBe(0);
  });
});

describe("checkpoint", () => {
  const f = (x: Tensor): Tensor => np.sin(np.exp(np.sin(x.mul(2)))).mul(3);
  const sines = (r: VjpResult): number => count(r.backward, "sin");
  it("keeps only its operands, and computes the rest again", () => {
    const plain = vjpOf(f as never, [f32(9)]);
    expect([sines(plain), count(plain.backward, "exp")]).toEqual([0, 0]);
    const r = vjpOf(checkpoint(f) as never, [f32(9)]);
    expect(r.numResiduals).toBe(1);
    expect([sines(r), count(r.backward, "exp")]).toEqual([1, 1]);
    expect(find(r.backward, "checkpoint").params).toMatchObject({ prevent: true });
  });
  it("keeps what the policy names", () => {
    const r = vjpOf(checkpoint(f, { policy: (prim) => prim === "exp" }) as never, [f32(9)]);
    expect(r.numResiduals).toBe(2);
    expect([sines(r), count(r.backward, "exp")]).toEqual([0, 0]);
  });
  it("keeps everything, or dots", () => {
    const g = (w: Tensor, x: Tensor): Tensor => np.sin(np.dot(np.sin(np.dot(x, w)), w));
    const dots = (r: VjpResult): number => count(r.forward, "dot_general") + count(r.backward, "dot_general");
    const args = [f32(4, 4), f32(2, 4)];
    const [plain, all, kept, none] = [
      g,
      checkpoint(g, { policy: () => true }),
      checkpoint(g, { policy: checkpointPolicies.dotsSaveable }),
      checkpoint(g),
    ].map((h) => dots(vjpOf(h as never, args)));
    expect([all, kept]).toEqual([plain, plain]);
    // both sines want their operand again
    expect(none).toBe(plain + 2);
  });
  it("in a scan stacks the carries alone", () => {
    const g = (x: Tensor): Tensor =>
      scan(checkpoint((c: Tensor): [Tensor, null] => [np.sin(np.exp(np.sin(c))), null]) as never, x, null, {
        length: 6,
      })[0] as Tensor;
    const loop = find(vjpOf(g as never, [f32(4)]).forward, "scan");
    expect(loop.outputs.map((v) => `[${v.aval.shape}]`)).toEqual(["[4]", "[6,4]"]);
  });
  it("gives the same numbers, first and second derivatives", () => {
    for (const saved of [[], ["sin", "exp", "mul"], ["sin"]]) {
      const g = checkpoint(f, { policy: (prim) => saved.includes(prim) });
      const at = np.array([0.3, -1.1], { dtype: "f64" }) as Tensor;
      const one = (h: (x: Tensor) => Tensor) => grad((x: Tensor) => h(x).sum())(at) as unknown as Tensor;
      const two = (h: (x: Tensor) => Tensor) =>
        grad((y: Tensor) => (grad((x: Tensor) => h(x).sum())(y) as unknown as Tensor).mul(y).sum())(
          at,
        ) as unknown as Tensor;
      for (const d of [one, two]) {
        const [a, b] = [d(g), d(f)].map((t) => Array.from(t.dataSync() as Float64Array));
        a.forEach((v, i) => {
          expect(v).toBeCloseTo(b[i], 11);
        });
      }
    }
  });
  it("repeats no callback", () => {
    let calls = 0;
    const g = checkpoint((x: Tensor) => {
      debug.callback(() => {
        calls++;
      }, x);
      return np.sin(np.exp(x));
    });
    grad(g as never)(np.array(0.5) as never);
    expect(calls).toBe(1);
  });
});
