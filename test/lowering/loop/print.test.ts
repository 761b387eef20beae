/** Programs as people read them. */
import { describe, expect, it } from "vitest";
import { printLoop } from "../../../src/ir/print-loop.js";
import { printTile } from "../../../src/ir/print-tile.js";
import { TileBuilder } from "../../../src/ir/tile-builder.js";
import { tileKey } from "../../../src/ir/tile-key.js";
import { lowerToLoop } from "../../../src/lowering/loop/lower.js";
import { target } from "../../kernels/compiled.js";

/** y[i, :] = a[i, :] · 2 + sum of row i so far, with every kind of control flow. */
function example(scale = 2, name = "scale rows") {
  const t = new TileBuilder(name);
  const [a, y] = [t.ref("a", "f32", "in", 128), t.ref("y", "f32", "out", 128)];
  t.notes.push("mul, add");
  t.stage([4], (row) => {
    const base = t.mul(row, t.i32(32));
    const sum = t.var(t.const(0, "f32"), "sum");
    t.for(t.i32(0), t.i32(32), 8, (i) => {
      const x = t.load(a, t.add(base, i), [8], [1]);
      t.assign(sum, t.add(sum, t.reduce("sum", x, 0)));
      t.store(y, t.add(base, i), t.add(t.mul(x, t.const(scale, "f32")), sum), [1]);
    });
    t.if(t.op("gt", [sum, t.const(0, "f32")]), () => t.store(y, base, sum));
  });
  return t.finish();
}

describe("printing", () => {
  it("tile programs read like a Triton kernel", () => {
    expect(printTile(example())).toBe(`kernel scale rows(a: in f32[128], y: out f32[128]):
  # mul, add
  stage grid=[4]:
    v0 = program_id(0)
    v1 = v0 * 32
    sum: f32[] = 0.0
    for k0 in range(0, 32, 8):
      v2 = v1 + k0
      v3: f32[8] = load a[v2 + 1*i0]
      v4: f32[] = sum(v3, axis=0)
      v5: f32[] = sum + v4
      sum = v5
      v6 = v1 + k0
      v7: f32[8] = v3 * 2.0
      v8: f32[8] = v7 + sum
      store y[v6 + 1*i0] = v8
    v9: bool[] = sum > 0.0
    if v9:
      store y[v1] = sum
`);
  });
  it("loop programs show vectors, pointers that loops move, and offsets in bytes", () => {
    expect(
      printLoop(lowerToLoop(example(), target)),
    ).toBe(`function scale rows(a: in f32*, y: out f32*, begin, end)  # 4 programs
  grid for program in begin .. end:
    s3: i32 = (program * 32)
    sum: f32 = 0.0
    s5: i32 = &a[s3]
    s6: i32 = &y[s3]
    s7: i32 = s6
    for s8 in 0 .. 32 step 8:
      v9: f32x4 = load<f32x4>[s5]
      v10: f32x4 = load<f32x4>[s5 + 16]
      sum = (sum + reduce_sum((v9 + v10)))
      v11: f32x4 = splat<f32x4>(sum)
      store [s7] = ((v9 * f32x4(2.0)) + v11)
      store [s7 + 16] = ((v10 * f32x4(2.0)) + v11)
      s5 = (s5 + 32)
      s7 = (s7 + 32)
    if (sum > 0.0):
      store [s6] = sum
`);
  });
});

describe("tileKey", () => {
  it("is the same for programs that do the same, whatever their names", () => {
    expect(tileKey(example(2, "other"))).toBe(tileKey(example()));
    expect(tileKey(example(3))).not.toBe(tileKey(example()));
    expect(tileKey(example(-0))).not.toBe(tileKey(example(0)));
  });
});
