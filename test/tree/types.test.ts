import { expectTypeOf, it } from "vitest";
import * as tree from "../../src/tree/index.js";

class Arr<S = unknown> {
  declare readonly [tree.LEAF]?: Arr;
  readonly dtype = "f32";
  constructor(readonly shape: S) {}
  sub(_other: Arr | number): Arr {
    return new Arr(0);
  }
}

it("map sees the widest leaf type, and keeps the structure", () => {
  const params = { w: new Arr<[784, 10]>([784, 10]), rest: [new Arr<[10]>([10])], none: null };
  const next = tree.map((w, g) => w.sub(g), params, params);
  expectTypeOf(next).toEqualTypeOf<{ w: Arr; rest: Arr[]; none: null }>();
  const sizes = tree.map((w) => w.dtype.length, params);
  expectTypeOf(sizes.rest).toEqualTypeOf<number[]>();
  const m = tree.map((x) => String(x), new Map([["a", [1, 2]]]));
  expectTypeOf(m).toEqualTypeOf<Map<string, string[]>>();
});
