/** Atomic operations: all that meet count, old values are those of the order of programs and lanes, results are the same every time. */
import { expect, test } from "vitest";
import { fromValues } from "../../src/interpreter/array.js";
import { interpret } from "../../src/interpreter/index.js";
import { type Aval, aval } from "../../src/ir/aval.js";
import type { DType } from "../../src/ir/dtype.js";
import type { AtomicOp } from "../../src/ir/ops/index.js";
import type { Atom, Program } from "../../src/ir/program.js";
import { verify } from "../../src/ir/verify.js";
import { simplify } from "../../src/simplify/index.js";
import { runCompiled } from "../jit/run.js";
import { expectSame } from "../laws/compare.js";
import { Rng } from "../laws/random.js";
import { Blocks, kernelProgram } from "./block-programs.js";

type Core = Program<"core">;
const N = 37;
const BLOCK = 8;
const SLOTS = 5;

/** Each of N values goes to a slot that its index names; the old values are a second out. */
function combining(dtype: DType, op: AtomicOp | "cas", old: boolean): Core {
  const reads: Aval[] = [aval([N], dtype), aval([N], "i32")];
  const outs: Aval[] = [aval([SLOTS], dtype), aval([old ? N : 1], dtype)];
  return kernelProgram(
    "combine",
    reads,
    outs,
    [Math.ceil(N / BLOCK)],
    (k: Blocks, [x, where], [id], [out, before]) => {
      const i = k.bin("add", k.bin("mul", id, BLOCK), k.arange(BLOCK));
      const inside = k.bin("lt", i, N);
      const slot = k.load(where, [i], inside);
      const v = k.load(x, [i], inside);
      const args: Atom[] = op === "cas" ? [out, k.zerosLike(v.aval), v] : [out, v];
      const [after, was] =
        op === "cas"
          ? k.emit("atomic_cas", [...args, slot, inside], { masked: true })
          : k.emit("atomic", [...args, slot, inside], { op, masked: true });
      return [after, old ? k.store(before, [i], was, inside) : before];
    },
    [true, true],
  );
}
function inputsOf(dtype: DType, old: boolean) {
  const rng = new Rng(dtype.length);
  const numbers = (n: number, most: number): number[] => Array.from({ length: n }, () => rng.int(0, most));
  return [
    fromValues([N], dtype, numbers(N, dtype === "bool" ? 1 : 9)),
    fromValues([N], "i32", numbers(N, SLOTS - 1)),
    fromValues([SLOTS], dtype, numbers(SLOTS, dtype === "bool" ? 1 : 9)),
    fromValues([old ? N : 1], dtype, numbers(old ? N : 1, 0)),
  ];
}

const FLOATS: readonly DType[] = ["f32", "f64"];
const INTS: readonly DType[] = ["i8", "u16", "i32", "u32", "i64", "u64"];
const cases: [DType, AtomicOp | "cas"][] = [
  ...FLOATS.flatMap((d) => (["add", "max", "min", "xchg", "cas"] as const).map((op): [DType, typeof op] => [d, op])),
  ...INTS.flatMap((d) =>
    (["add", "max", "min", "and", "or", "xor", "xchg", "cas"] as const).map((op): [DType, typeof op] => [d, op]),
  ),
  ["bool", "or"],
  ["bool", "and"],
];

test.each(cases)("%s %s", (dtype, op) => {
  for (const old of [false, true]) {
    const program = combining(dtype, op, old);
    verify(program);
    const inputs = inputsOf(dtype, old);
    const want = interpret(program, inputs);
    expectSame(`old: ${old}`, runCompiled(simplify(program), inputs).outputs, want, { rel: 1e-6, abs: 1e-6 });
  }
});

test("slots outside are dropped", () => {
  const program = combining("i32", "add", true);
  const inputs = inputsOf("i32", true);
  for (let i = 0; i < N; i += 3) inputs[1].data[i] = [-1, SLOTS, 2 ** 31 - 1, -(2 ** 31)][i % 4];
  const [slots] = runCompiled(simplify(program), inputs).outputs;
  const want = [...inputs[2].data].map(Number);
  for (let i = 0; i < N; i++) if (i % 3 !== 0) want[Number(inputs[1].data[i])] += Number(inputs[0].data[i]);
  expect([...slots.data].map(Number)).toEqual(want);
});
