/** Sorting kernels against the interpreter's rules and JavaScript's own sort. */
import { describe, expect, test } from "vitest";
import { aval } from "../../src/ir/aval.js";
import { castScalar, type DType, isFloat } from "../../src/ir/dtype.js";
import { sort } from "../../src/kernels/sort.js";
import { topK } from "../../src/kernels/top-k.js";
import type { Element } from "./evaluate-tile.js";
import { interpreterSort } from "./oracle.js";
import { randomSource } from "./random.js";
import { ways } from "./run.js";

const KEYS: readonly DType[] = [
  "bool",
  "i8",
  "u8",
  "i16",
  "u16",
  "i32",
  "u32",
  "i64",
  "u64",
  "f16",
  "bf16",
  "f32",
  "f64",
];

/** Few different values, so that ties and their order matter; floats with NaN, both zeros and infinities. */
function values(dtype: DType, n: number, random: () => number): Element[] {
  const special = [Number.NaN, 0, -0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  return Array.from({ length: n }, () => {
    if (isFloat(dtype) && random() < 0.3) return special[Math.floor(random() * special.length)];
    const x = Math.floor((random() - 0.5) * 40);
    if (dtype === "i64" || dtype === "u64") {
      return castScalar(BigInt(x) * 2n ** 57n, dtype);
    }
    if (dtype === "u32") return castScalar(x * 2 ** 26 + 2 ** 31, dtype);
    if (dtype === "bool") return x > 0;
    return castScalar(isFloat(dtype) ? x / 4 : Math.abs(x), dtype);
  });
}
const plain = (xs: readonly Element[]): (number | bigint)[] => xs.map((x) => (typeof x === "boolean" ? Number(x) : x));

describe.each(ways)("$name", ({ run }) => {
  test.each(KEYS)("sort of %s carries positions along, stably", (dtype) => {
    const random = randomSource(KEYS.indexOf(dtype));
    for (const n of [1, 2, 7, 16, 17, 33, 100, 257, 300]) {
      const keys = values(dtype, n, random);
      const positions = keys.map((_, i) => i);
      const program = sort([aval([n], dtype), aval([n], "i32")], { axis: 0, numKeys: 1, stable: true });
      const out = run(program, [keys, positions]);
      const shaped = [
        { shape: [n], dtype, data: keys },
        { shape: [n], dtype: "i32" as const, data: positions },
      ];
      const expected = interpreterSort("sort", shaped, { axis: 0, numKeys: 1, stable: true });
      expect(plain(out[0])).toEqual(expected[0]);
      expect(out[1]).toEqual(expected[1]);
      expect(out[1].map((i) => keys[i as number])).toEqual(out[0]);
    }
  });

  test.each([0, 1, 2])("sort along axis %d of three, two keys, a moved key-typed operand", (axis) => {
    const random = randomSource(axis);
    const shape = [3, 19, 4];
    const n = 3 * 19 * 4;
    const first = values("i8", n, random).map((x) => (x as number) % 3);
    const second = values("f32", n, random);
    const moved = first.map((_, i) => BigInt(i) * 2n ** 40n);
    const params = { axis, numKeys: 2, stable: true };
    const program = sort([aval(shape, "i8"), aval(shape, "f32"), aval(shape, "key")], params);
    const out = run(program, [first, second, moved]);
    const expected = interpreterSort(
      "sort",
      [
        { shape, dtype: "i8", data: first },
        { shape, dtype: "f32", data: second },
        { shape, dtype: "key", data: moved },
      ],
      params,
    );
    expect(out).toEqual(expected);
  });

  test("sort of one long line", () => {
    const random = randomSource(3);
    const xs = Array.from({ length: 3000 }, () => Math.fround(random()));
    const [out] = run(sort([aval([3000], "f32")], { axis: 0, numKeys: 1, stable: false }), [xs]);
    expect(out).toEqual([...xs].sort((a, b) => a - b));
  });
  test("long lines are sorted by digits, by several keys, along any axis", () => {
    const random = randomSource(5);
    const shape = [2, 400, 2];
    const n = 1600;
    const params = { axis: 1, numKeys: 3, stable: true };
    const data = [
      values("bool", n, random),
      values("f64", n, random),
      values("i16", n, random),
      Array.from({ length: n }, (_, i) => i),
    ];
    const dtypes = ["bool", "f64", "i16", "i32"] as const;
    const program = sort(
      dtypes.map((d) => aval(shape, d)),
      params,
    );
    expect(program.notes.join()).toContain("radix");
    const operands = data.map((d, i) => ({ shape, dtype: dtypes[i], data: d }));
    expect(run(program, data).map(plain)).toEqual(interpreterSort("sort", operands, params).map(plain));
  });
  test("sort of nothing", () => {
    expect(run(sort([aval([0], "f32")], { axis: 0, numKeys: 1, stable: true }), [[]])).toEqual([[]]);
    expect(run(sort([aval([2, 0, 3], "f32")], { axis: 0, numKeys: 1, stable: true }), [[]])).toEqual([[]]);
  });

  test.each(KEYS)("top_k of %s", (dtype) => {
    const random = randomSource(7 + KEYS.indexOf(dtype));
    for (const [n, k] of [
      [1, 1],
      [5, 0],
      [7, 3],
      [30, 30],
      [150, 5],
      [150, 70],
      [150, 150],
    ]) {
      const rows = 2;
      const xs = values(dtype, rows * n, random);
      const out = run(topK([aval([rows, n], dtype)], { k }), [xs]);
      const expected = interpreterSort("top_k", [{ shape: [rows, n], dtype, data: xs }], { k });
      expect(plain(out[0])).toEqual(expected[0]);
      expect(out[1]).toEqual(expected[1]);
    }
  });
});
