/** Checkpoint policies inside of loops, branches and calls: what they name is kept step by step, the rest runs again. */
import { describe, expect, it } from "vitest";
import {
  checkpoint,
  checkpointName,
  checkpointPolicies,
  cond,
  grad,
  jit,
  makeProgram,
  numpy as np,
  scan,
  type Tensor,
} from "tilework";
import { fromValues } from "../../../src/interpreter/array.js";
import { interpret } from "../../../src/interpreter/index.js";
import type { CheckpointPolicy } from "../../../src/ir/ops/index.js";
import type { AnyEqn, Program } from "../../../src/ir/program.js";
import { nestedPrograms } from "../../../src/ir/rewrite.js";
import { verify } from "../../../src/ir/verify.js";
import { dce } from "../../../src/simplify/index.js";
import { vjpProgram, type VjpResult } from "../../../src/transforms/grad/index.js";
import { reverse } from "./helpers.js";

type Core = Program<"core">;
type F = (x: Tensor) => Tensor;

function count(p: Core, prim: string): number {
  return p.eqns.reduce(
    (n, e: AnyEqn) => n + (e.prim === prim ? 1 : 0) + nestedPrograms(e).reduce((m, q) => m + count(q, prim), 0),
    0,
  );
}
function vjpOf(f: F, x: Tensor): VjpResult {
  const p = makeProgram(f as never)(x as never);
  const r = vjpProgram(
    p,
    p.inputs.map((_, i) => i === p.inputs.length - 1),
  );
  verify(r.forward);
  verify(r.backward);
  return { ...r, forward: dce(r.forward), backward: dce(r.backward) };
}
const residuals = (r: VjpResult): string[] =>
  r.forward.outputs.slice(r.forward.outputs.length - r.numResiduals).map((a) => `[${a.aval.shape}]`);
const again = (r: VjpResult, ...prims: string[]): number[] => prims.map((p) => count(r.backward, p));

const only =
  (...names: string[]): CheckpointPolicy =>
  (prim) =>
    names.includes(prim);
const POLICIES: [string, CheckpointPolicy | undefined][] = [
  ["none", undefined],
  ["nothing", checkpointPolicies.nothingSaveable],
  ["everything", checkpointPolicies.everythingSaveable],
  ["dots", checkpointPolicies.dotsSaveable],
  ["exp", only("exp")],
  ["sin", only("sin")],
  ["all but exp", (prim) => prim !== "exp"],
  ["loops", only("scan", "cond", "call")],
  ["by name", checkpointPolicies.saveOnlyTheseNames("mark", "inner")],
  ["dots or exp", checkpointPolicies.saveFromBothPolicies(checkpointPolicies.dotsSaveable, only("exp"))],
];

const w = np.array([
  [0.5, -0.3, 0.2],
  [0.1, 0.4, -0.6],
  [-0.2, 0.7, 0.3],
]) as Tensor;
const chain: F = (x) =>
  scan((c: Tensor): [Tensor, Tensor] => [np.sin(np.exp(np.sin(c))), np.cos(c)], x, null, { length: 5 })[0] as Tensor;
const wide: F = (x) => {
  const [c, ys] = scan(
    (s: Tensor): [Tensor, Tensor] => {
      const h = np.dot(w, s);
      const e = checkpointName(np.exp(np.sin(h).mul(0.5)), "mark");
      return [np.tanh(e.mul(s)), np.sin(e).add(h)];
    },
    x,
    null,
    { length: 4 },
  ) as [Tensor, Tensor];
  return c.mul(np.sum(np.sin(ys), 0));
};
const branches: F = (x) =>
  cond(
    np.less(np.sum(x), 1),
    (y: Tensor) => np.sin(np.exp(np.sin(np.dot(w, y)))),
    (y: Tensor) => np.exp(np.cos(y)).mul(y),
    x,
  ) as Tensor;
const inner = jit((x: Tensor) => np.sin(np.exp(np.sin(np.dot(w, x)))), { name: "inner" });
const calls: F = (x) => np.exp(inner(np.sin(x)) as Tensor).mul(x);
const nestedCheckpoint: F = (x) => np.exp((checkpoint(wide) as F)(np.sin(x)));
const loopOfBranches: F = (x) =>
  scan(
    (c: Tensor, i: Tensor): [Tensor, Tensor] => {
      const y = cond(
        np.less(i, 2),
        (v: Tensor) => np.sin(np.exp(v)),
        (v: Tensor) => np.exp(np.dot(w, v).mul(-0.5)),
        c,
      ) as Tensor;
      return [inner(y) as Tensor, np.exp(y.mul(c))];
    },
    x,
    np.arange(4),
  ).reduce((a, b) => np.sum(np.sin(b as Tensor), 0).add(a as Tensor)) as Tensor;

const CASES: [string, F][] = [
  ["a chain", chain],
  ["a loop", wide],
  ["branches", branches],
  ["calls", calls],
  ["a checkpoint in a checkpoint", nestedCheckpoint],
  ["branches in a loop", loopOfBranches],
];

describe("gradients do not depend on the policy", () => {
  const at = new Float32Array([0.3, -0.4, 0.9]);
  const x = np.array(at) as Tensor;
  /** Σᵢ ∂f/∂xᵢ and the same of the gradient, by the interpreter. */
  const derivatives = (f: F): number[] => {
    const p = makeProgram(((v: Tensor) => np.sum(f(v))) as never)(x as never);
    const last = (q: Core): boolean[] => q.inputs.map((v) => v === p.inputs[p.inputs.length - 1]);
    const once = reverse(p, last(p));
    const seeded = p.inputs.map((v) => fromValues(v.aval.shape as number[], v.aval.dtype, VALUES(v.aval.shape.length)));
    const one = fromValues([], "f32", [1]);
    const twice = reverse(
      once,
      once.inputs.map((_, i) => i === p.inputs.length - 1),
    );
    const first = interpret(once, [...seeded, one])[0];
    const second = interpret(twice, [...seeded, one, fromValues([3], "f32", [1, -2, 0.5])])[0];
    return [...first.data, ...second.data].map(Number);
  };
  const VALUES = (rank: number): number[] => (rank === 2 ? [...(w.dataSync() as Float32Array)] : [...at]);
  for (const [name, f] of CASES) {
    it(`of ${name}, first and second`, () => {
      const plain = derivatives(f);
      expect(plain.every((v) => Number.isFinite(v) && v !== 0)).toBe(true);
      for (const [policy, p] of POLICIES) {
        const g = checkpoint(f, p ? { policy: p } : {}) as F;
        const found = derivatives(g);
        plain.forEach((v, i) => {
          expect(Math.abs(found[i] - v), policy).toBeLessThan(2e-5 * (1 + Math.abs(v)));
        });
      }
    });
  }
  it("compiled", () => {
    const gradient = (g: F): number[] => [
      ...(jit(grad((v: Tensor) => np.sum(g(v))) as never)(x as never) as Tensor).dataSync(),
    ];
    const plain = gradient(loopOfBranches);
    const kept = gradient(checkpoint(loopOfBranches, { policy: only("exp") }) as F);
    kept.forEach((v, i) => {
      expect(v).toBeCloseTo(plain[i], 4);
    });
  });
});

describe("recomputation", () => {
  const x = np.ones([3]) as Tensor;
  const of = (f: F, policy?: CheckpointPolicy): VjpResult => vjpOf(checkpoint(f, policy ? { policy } : {}) as F, x);

  it("of a loop is all of it without a policy", () => {
    const r = of(chain);
    expect(residuals(r)).toEqual(["[3]"]);
    expect(again(r, "exp")).toEqual([1]);
  });
  it("leaves out what the policy keeps, which is stacked", () => {
    const r = of(chain, only("exp"));
    expect(residuals(r)).toEqual(["[5,3]", "[3]"]);
    expect(again(r, "exp", "scan")).toEqual([0, 2]);
    const dots = of(wide, checkpointPolicies.dotsSaveable);
    expect(residuals(dots)).toContain("[4,3]");
    // the loop that runs again has none, the transposed loop one
    expect(again(of(wide), "dot_general", "exp")).toEqual([2, 1]);
    expect(again(dots, "dot_general", "exp")).toEqual([1, 1]);
  });
  it("is none when everything is kept", () => {
    for (const [name, f] of CASES) {
      const plain = vjpOf(f, x);
      const r = of(f, checkpointPolicies.everythingSaveable);
      expect(again(r, "exp", "tanh", "dot_general", "scan", "cond"), name).toEqual(
        again(plain, "exp", "tanh", "dot_general", "scan", "cond"),
      );
    }
  });
  it("needs no loop when the policy keeps all that the derivative reads", () => {
    const f: F = (v) => {
      const ys = scan((c: Tensor, s: Tensor): [Tensor, Tensor] => [c, np.exp(s.mul(c))], np.ones([]), v)[1];
      return np.sum(ys as Tensor);
    };
    const r = of(f, only("exp"));
    expect(again(r, "exp")).toEqual([0]);
    expect(again(r, "scan")).toEqual([1]);
  });
  it("of branches keeps what each makes in places that they share", () => {
    const none = of(branches);
    expect(again(none, "exp")).toEqual([2]);
    const r = of(branches, only("exp"));
    expect(again(r, "exp", "dot_general")).toEqual([0, 2]);
    expect(residuals(r).filter((s) => s === "[3]").length).toBeLessThanOrEqual(3);
    expect(again(of(branches, checkpointPolicies.dotsSaveable), "exp", "dot_general")).toEqual([2, 1]);
  });
  it("of nested jits and nested checkpoints obeys the policies around them", () => {
    expect(again(of(calls), "exp", "dot_general")).toEqual([2, 2]);
    expect(again(of(calls, only("exp")), "exp", "dot_general")).toEqual([0, 2]);
    // the inner one's own policy holds too: its second run is there whatever the outer one keeps
    expect(again(of(nestedCheckpoint), "exp")).toEqual([3]);
    expect(again(of(nestedCheckpoint, only("exp")), "exp")).toEqual([1]);
  });
  it("keeps by name, in a loop too, and results of jitted functions", () => {
    const named = of(wide, checkpointPolicies.saveOnlyTheseNames("mark"));
    expect(residuals(named)).toContain("[4,3]");
    expect(again(named, "exp")).toEqual([0]);
    expect(again(of(wide, checkpointPolicies.saveOnlyTheseNames("other")), "exp")).toEqual([1]);
    const f: F = (v) => np.sin(inner(v) as Tensor);
    expect(again(of(f), "sin", "dot_general")).toEqual([2, 2]);
  });
  it("goes through branches in a loop", () => {
    expect(again(of(loopOfBranches), "exp")[0]).toBeGreaterThan(3);
    expect(again(of(loopOfBranches, only("exp")), "exp")).toEqual([0]);
  });
});
