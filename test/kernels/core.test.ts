/** Kernels as core programs: what compiles computes what the interpreter does, program by program. */
import { expect, test } from "vitest";
import { interpret } from "../../src/interpreter/index.js";
import { aval } from "../../src/ir/aval.js";
import { Builder, buildProgram } from "../../src/ir/builder.js";
import { parseProgram } from "../../src/ir/parse.js";
import { printProgram } from "../../src/ir/print.js";
import type { Atom, Program } from "../../src/ir/program.js";
import { verify } from "../../src/ir/verify.js";
import { simplify } from "../../src/simplify/index.js";
import { batchProgram } from "../../src/transforms/vmap/index.js";
import { runCompiled } from "../jit/run.js";
import { expectSame } from "../laws/compare.js";
import { randomInputs } from "../laws/fuzz-program.js";

const f32 = (...shape: number[]) => aval(shape, "f32");
const EXACT = { rel: 0, abs: 0 };

/** y = x + 1 over blocks of `block`, masked at the end. */
function addOne(n: number, block: number): Program<"core"> {
  const k = new Builder();
  const x = k.input(f32(n));
  const id = k.input(aval([], "i32"));
  const out = k.input(f32(n));
  const lane = k.iota([block], 0, "i32");
  const at = k.add(lane, k.broadcast(k.mul(id, k.scalar(block, "i32")), [block], []));
  const inside = k.op("lt", at, k.full([block], n, "i32"));
  const v = k.emit1("load", [x, at, inside, k.scalar(0, "f32")], { masked: true, other: true });
  const sum = k.add(v, k.full([block], 1, "f32"));
  const body = k.finish([k.emit1("store", [out, sum, at, inside], { masked: true })], "addOne");
  return buildProgram("main", [f32(n)], (b, a) =>
    b.emit("kernel_call", [a], { body, grid: [Math.ceil(n / block)], inits: [false], name: "addOne" }),
  );
}

/** softmax over rows in blocks wider than the rows, and the row's index from a grid of two axes. */
function softmax(batch: number, rows: number, cols: number, block: number): Program<"core"> {
  const k = new Builder();
  const x = k.input(f32(batch, rows, cols));
  const ids = [k.input(aval([], "i32")), k.input(aval([], "i32"))];
  const out = k.input(f32(batch, rows, cols));
  const all = (a: Atom) => k.broadcast(a, [block], []);
  const lane = k.iota([block], 0, "i32");
  const inside = k.op("lt", lane, k.full([block], cols, "i32"));
  const at = [all(ids[0]), all(ids[1]), lane];
  const v = k.emit1("load", [x, ...at, inside, k.scalar(Number.NEGATIVE_INFINITY, "f32")], {
    masked: true,
    other: true,
  });
  const top = k.emit1("reduce_max", [v], { axes: [0] });
  const e = k.op("exp", k.sub(v, all(top)));
  const p = k.div(e, all(k.reduceSum(e, [0])));
  const body = k.finish([k.emit1("store", [out, p, ...at, inside], { masked: true })], "softmax");
  return buildProgram("main", [f32(batch, rows, cols)], (b, a) =>
    b.emit("kernel_call", [a], { body, grid: [batch, rows], inits: [false], name: "softmax" }),
  );
}

const programs: Record<string, () => Program<"core">> = {
  "add one, 1000 in blocks of 128": () => addOne(1000, 128),
  "add one, 3 in blocks of 8": () => addOne(3, 8),
  "softmax of 3×5 rows of 33 in blocks of 48": () => softmax(3, 5, 33, 48),
};

test.each(Object.entries(programs))("%s", (_name, make) => {
  const program = make();
  verify(program);
  expect(printProgram(parseProgram(printProgram(program)))).toBe(printProgram(program));
  const inputs = randomInputs(program, 1);
  const want = interpret(program, inputs);
  expectSame("simplified", interpret(simplify(program), inputs), want, EXACT);
  expectSame("compiled", runCompiled(program, inputs).outputs, want, { rel: 1e-6, abs: 1e-6 });
});

test.each(Object.entries(programs))("vmap of %s", (_name, make) => {
  const { program } = batchProgram(make(), { axisSize: 3, inDims: [1], outDims: [0] });
  verify(program);
  const inputs = randomInputs(program, 2);
  expectSame("compiled", runCompiled(program, inputs).outputs, interpret(program, inputs), { rel: 1e-6, abs: 1e-6 });
});
