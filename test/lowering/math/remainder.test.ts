/** Compiled fmod is exact for all floats: JavaScript's % on random bit patterns, near and far exponents, subnormals, edges. */
import { describe, expect, test } from "vitest";
import { castScalar, type DType } from "../../../src/ir/dtype.js";
import { TileBuilder } from "../../../src/ir/tile-builder.js";
import { runCompiled, scalarTarget, target } from "../../kernels/compiled.js";
import { Rng } from "../../laws/random.js";

const EDGES = [
  0,
  -0,
  1,
  -1,
  5e-324,
  -1e-310,
  2 ** -1022,
  Number.MAX_VALUE,
  Infinity,
  -Infinity,
  Number.NaN,
  3.5,
  1e300,
];

describe.each([target, scalarTarget])("$name", (machine) => {
  test.each(["f64", "f32", "f16", "bf16"] as const)("%s", (dtype: DType) => {
    const rng = new Rng(7);
    const view = new DataView(new ArrayBuffer(8));
    const anyBits = (): number => {
      view.setUint32(0, rng.u32());
      view.setUint32(4, rng.u32());
      return view.getFloat64(0);
    };
    const pairs: [number, number][] = EDGES.flatMap((x) => EDGES.map((y): [number, number] => [x, y]));
    for (let i = 0; i < 2000; i++) {
      pairs.push([anyBits(), anyBits()]);
      const y = rng.normal() * 10 ** rng.int(-3, 3);
      pairs.push([rng.normal() * 10 ** rng.int(-3, 12), y], [y * rng.int(-50, 50), y]);
      pairs.push([rng.u32() * 2 ** -1074, rng.int(1, 99) * 2 ** -1074]);
    }
    const operands = [0, 1].map((k) => pairs.map((p) => castScalar(p[k], dtype) as number));
    const t = new TileBuilder("rem");
    const n = pairs.length;
    const [x, y, out] = [t.ref("x", dtype, "in", n), t.ref("y", dtype, "in", n), t.ref("out", dtype, "out", n)];
    t.stage([n], (i) => t.store(out, i, t.op("rem", [t.load(x, i), t.load(y, i)])));
    const [got] = runCompiled(t.finish(), operands, machine);
    const wrong = pairs.findIndex((_, i) => !Object.is(got[i], castScalar(operands[0][i] % operands[1][i], dtype)));
    expect(wrong, wrong < 0 ? "" : `${operands[0][wrong]} % ${operands[1][wrong]} = ${got[wrong]}`).toBe(-1);
  });
});
