import { it } from "vitest";
import { makeProgram, ShapeDtype, nn, numpy as np } from "../../src/index.js";
import { lowerToPlan, printPlan } from "../../src/lowering/plan/index.js";
import { printProgram } from "../../src/ir/print.js";
import { printTile } from "../../src/ir/print-tile.js";
const S = (shape: number[], dtype = "f32") => new (ShapeDtype as any)(shape, dtype);
function show(name: string, f: any, ...args: any[]) {
  const p = (makeProgram as any)(f)(...args);
  const core = p.program ?? p;
  console.log(`==== ${name}\n` + printProgram(core));
  const plan = lowerToPlan(core, { donate: name.includes("donate") ? core.inputs.map((_: any, i: number) => i) : [] });
  console.log(printPlan(plan));
  if (process.env.TILE) plan.steps.forEach((s) => s.kind === "launch" && console.log(printTile(s.kernel)));
}
it("x", () => {
  const only = process.env.ONLY;
  const go = (n: string, f: any, ...a: any[]) => { if (!only || n.includes(only)) show(n, f, ...a); };
  go("softmax", (x: any) => nn.softmax(x), S([64, 1000]));
  go("softmax0", (x: any) => nn.softmax(x, 0), S([64, 1000]));
  go("layernorm", (x: any, g: any, b: any) => { const m = np.mean(x, -1, { keepdims: true } as any); const c = np.subtract(x, m); const v = np.mean(np.multiply(c, c), -1, { keepdims: true } as any); return np.add(np.multiply(np.divide(c, np.sqrt(np.add(v, 1e-5))), g), b); }, S([32, 256]), S([256]), S([256]));
  go("ce", (x: any, y: any) => np.mean(np.negative(np.sum(np.multiply(nn.oneHot(y, 100), nn.logSoftmax(x)), -1))), S([32, 100]), S([32], "i32"));
  go("gelu", (x: any) => np.add(nn.gelu(np.multiply(x, 2)), 1), S([1000, 33]));
  go("adam donate", (p1: any, m1: any, v1: any, g1: any, p2: any, m2: any, v2: any, g2: any) => {
    const upd = (p: any, m: any, v: any, g: any) => { const mm = np.add(np.multiply(m, 0.9), np.multiply(g, 0.1)); const vv = np.add(np.multiply(v, 0.99), np.multiply(np.multiply(g, g), 0.01)); return [np.subtract(p, np.multiply(np.divide(mm, np.add(np.sqrt(vv), 1e-8)), 0.001)), mm, vv]; };
    return [upd(p1, m1, v1, g1), upd(p2, m2, v2, g2)]; }, S([100, 50]), S([100, 50]), S([100, 50]), S([100, 50]), S([50]), S([50]), S([50]), S([50]));
});
