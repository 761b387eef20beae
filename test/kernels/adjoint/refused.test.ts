/** What has no derivative is refused with a code, where it stands. */
import { expect, test } from "vitest";
import { aval } from "../../../src/ir/aval.js";
import { Builder } from "../../../src/ir/builder.js";
import type { Atom, Program, Var } from "../../../src/ir/program.js";
import { jvpProgram, vjpProgram } from "../../../src/transforms/grad/index.js";
import { Blocks, f32, kernelProgram } from "../block-programs.js";

function atomic(op: "max" | "xchg"): Program<"core"> {
  return kernelProgram(op, [f32(4)], [f32(2)], [4], (k, [x], [i], [y]) => {
    const v = k.load(x, [i]);
    const [first, before] = k.emit("atomic", [y, v, k.scalar(0, "i32")], { op, masked: false });
    return [k.store(first, [1], before)];
  });
}

/** Doubles until the sum is large: nobody knows how often. */
function doubling(): Program<"core"> {
  return kernelProgram("doubling", [f32(4)], [f32(4)], [4], (k: Blocks, [x]: readonly Var[], [i], [y]) => {
    const loop = (f: (b: Builder, v: Atom) => Atom): Program<"core"> => {
      const b = new Builder();
      const v = b.input(aval([], "f32"));
      return b.finish([f(b, v)]);
    };
    const [end] = k.emit("while", [k.load(x, [i])], {
      cond: loop((b, v) => b.op("lt", v, b.scalar(100, "f32"))),
      body: loop((b, v) => b.mul(v, b.scalar(2, "f32"))),
      condConsts: 0,
      bodyConsts: 0,
    });
    return [k.store(y, [i], end)];
  });
}

test("atomic operations whose result depends on the order", () => {
  expect(() => jvpProgram(atomic("xchg"), [true])).toThrow(/TW3004.*atomic xchg/s);
  expect(() => jvpProgram(atomic("max"), [true])).toThrow(/TW3004.*customVjp/s);
});

test("loops without a bound, in reverse", () => {
  expect(() => jvpProgram(doubling(), [true])).not.toThrow();
  expect(() => vjpProgram(doubling(), [true])).toThrow(/TW3003/);
});
