import { describe, expect, it } from "vitest";
import { isTileworkError } from "../../src/diagnostics/error.js";
import * as tree from "../../src/tree/index.js";

class Point {
  constructor(
    readonly x: unknown,
    readonly y: unknown,
    readonly tag = "p",
  ) {}
}
tree.register(Point, {
  flatten: (p) => [[p.x, p.y], { tag: p.tag }],
  unflatten: (aux, [x, y]) => new Point(x, y, (aux as { tag: string }).tag),
});

function message(f: () => unknown): string {
  try {
    f();
  } catch (e) {
    if (isTileworkError(e)) return e.message;
    throw e;
  }
  throw new Error("nothing was thrown");
}

const sample = () => ({
  w: 1,
  layers: [
    { b: 2, a: [3, null] },
    new Map<string, unknown>([
      ["z", 4],
      ["y", undefined],
    ]),
  ],
  p: new Point(5, { q: 6 }),
  nothing: undefined,
});

describe("flatten and unflatten", () => {
  it("are inverse, and null and undefined have no leaf", () => {
    const { leaves, treedef } = tree.flatten(sample());
    expect(leaves).toEqual([3, 2, 4, 5, 6, 1]);
    expect(treedef.numLeaves).toBe(6);
    expect(String(treedef)).toBe(
      '{layers: [{a: [*, null], b: *}, Map{y: undefined, z: *}], nothing: undefined, p: Point<{"tag":"p"}>(*, {q: *}), w: *}',
    );
    const again = tree.unflatten(treedef, leaves);
    expect(again).toEqual(sample());
    expect(tree.equal(tree.structure(again), treedef)).toBe(true);
  });

  it("keep the order of keys that the object had", () => {
    const x = { c: 1, a: 2, b: 3 };
    expect(Object.keys(tree.map((v) => v, x))).toEqual(["c", "a", "b"]);
    const m = new Map([
      ["d", 1],
      ["b", 2],
      ["c", 3],
      ["a", 4],
    ]);
    expect([...tree.map((v) => v * 10, m)]).toEqual([
      ["d", 10],
      ["b", 20],
      ["c", 30],
      ["a", 40],
    ]);
  });

  it("take functions, unregistered classes and typed arrays as leaves", () => {
    const f = () => 0;
    const values = [f, new Date(0), new Float32Array(2), "text", 1n, Symbol.iterator, new Set([1])];
    expect(tree.leaves(values)).toEqual(values);
    class Sub extends Point {}
    const sub = new Sub(1, 2);
    expect(tree.leaves(sub)).toEqual([sub]);
  });

  it("survive odd objects", () => {
    const odd = JSON.parse('{"__proto__": 1, "constructor": 2, "10": 3, "9": 4}');
    const again = tree.map((v: number) => v, odd) as object;
    expect(Object.keys(again).sort()).toEqual(["10", "9", "__proto__", "constructor"]);
    expect(Object.getPrototypeOf(again)).toBe(Object.prototype);
    expect(tree.leaves(Object.assign(Object.create(null), { a: 1 }))).toEqual([1]);
    expect(tree.leaves([])).toEqual([]);
    expect(tree.unflatten(tree.structure({}), [])).toEqual({});
    expect(tree.unflatten(tree.structure(null), [])).toBe(null);
  });

  it("stop at what isLeaf says", () => {
    const flat = tree.flatten({ a: [1, 2], b: null }, (x) => Array.isArray(x) || x === null);
    expect(flat.leaves).toEqual([[1, 2], null]);
    expect(tree.unflatten(flat.treedef, ["A", "B"])).toEqual({ a: "A", b: "B" });
  });

  it("refuse the wrong number of leaves and a tree that contains itself", () => {
    expect(message(() => tree.unflatten(tree.structure([1, 2]), [1]))).toContain(
      "1 leaves for a structure that has 2: [*, *]",
    );
    const loop: unknown[] = [];
    loop.push(loop);
    expect(message(() => tree.flatten(loop))).toContain("contain itself");
  });
});

describe("equality and keys", () => {
  const pairs: [unknown, unknown, boolean][] = [
    [{ a: 1, b: 2 }, { b: 3, a: 4 }, true],
    [[1, 2], [1, [2]], false],
    [{ a: 1 }, { a: 1, b: undefined }, false],
    [null, undefined, false],
    [[], {}, false],
    [{}, new Map(), false],
    [
      new Map([
        ["b", 1],
        ["a", 2],
      ]),
      new Map([
        ["a", 1],
        ["b", 2],
      ]),
      true,
    ],
    [new Map([[1, 1]]), new Map([["1", 1]]), false],
    [new Point(1, 2), new Point(3, 4), true],
    [new Point(1, 2, "p"), new Point(3, 4, "q"), false],
    [{ "a,b": 1 }, { a: 1, b: 1 }, false],
    [[null, 1], [1, null], false],
  ];
  it.each(pairs)("%o against %o: %s", (a, b, same) => {
    const [x, y] = [tree.structure(a), tree.structure(b)];
    expect(tree.equal(x, y)).toBe(same);
    expect(x.key === y.key).toBe(same);
  });
});

describe("map", () => {
  it("names the place and both structures where trees differ", () => {
    const a = { params: { layers: [{ w: 1 }, { w: 2 }] } };
    const b = { params: { layers: [{ w: 1 }, { w: [2] }] } };
    expect(message(() => tree.map((x, y) => [x, y], a, b))).toContain(
      "the trees differ at params.layers[1].w: tree 1 has *, tree 2 has [*]",
    );
    expect(message(() => tree.map((x) => x, { a: 1, b: 2 }, { a: 1 } as unknown))).toContain(
      "only tree 1 has the key b",
    );
    expect(message(() => tree.map((x) => x, [1, 2], [1]))).toContain("tree 1 has 2 items, tree 2 has 1");
    expect(message(() => tree.map((x) => x, { "odd key": null }, { "odd key": 1 }))).toContain(
      'at ["odd key"]: tree 1 has null, tree 2 has *',
    );
  });

  it("maps several trees together", () => {
    expect(tree.map((x, y) => x + y, { a: 1, b: [2, null] }, { b: [20, null], a: 10 })).toEqual({
      a: 11,
      b: [22, null],
    });
  });
});

describe("paths", () => {
  it("read like the code that gets there", () => {
    const value = { params: { layers: [{ w: 1 }] }, "odd key": 2, m: new Map([["k", 3]]), p: new Point(4, null) };
    const { paths, leaves } = tree.flattenWithPath(value);
    expect(Object.fromEntries(paths.map((p, i) => [p, leaves[i]]))).toEqual({
      "params.layers[0].w": 1,
      '["odd key"]': 2,
      'm["k"]': 3,
      "p[0]": 4,
    });
    expect(tree.flattenWithPath([1, { a: 2 }], { root: "args" }).paths).toEqual(["args[0]", "args[1].a"]);
  });
});

describe("broadcastPrefix", () => {
  it("gives every leaf the value above it", () => {
    const args = [{ a: 1, b: [2, 3] }, 4];
    expect(tree.broadcastPrefix(0, args)).toEqual([0, 0, 0, 0]);
    expect(tree.broadcastPrefix([0, null], args, { nullIsLeaf: true })).toEqual([0, 0, 0, null]);
    expect(tree.broadcastPrefix([{ a: null, b: 1 }, 2], args, { nullIsLeaf: true })).toEqual([null, 1, 1, 2]);
    expect(tree.broadcastPrefix([null, 0], [null, 1])).toEqual([0]);
    expect(tree.broadcastPrefix(null, [1, 2], { nullIsLeaf: true })).toEqual([null, null]);
    expect(tree.broadcastPrefix({ x: 0 }, { x: [1, 2] }, { isLeaf: Array.isArray })).toEqual([0]);
  });

  it("says where the prefix does not fit", () => {
    const bad = () => tree.broadcastPrefix([0, { a: 0 }], [1, { b: 2 }], { label: "vmap: inAxes" });
    expect(message(bad)).toContain("vmap: inAxes is no prefix of the tree at [1]: {a: *} against {b: *}");
    expect(message(() => tree.broadcastPrefix([0], [1, 2]))).toContain("[*] against [*, *]");
    expect(message(() => tree.broadcastPrefix([null], [1]))).toContain("at [0]: null against *");
  });
});

describe("register", () => {
  it("refuses what is no class, and the same class twice", () => {
    expect(message(() => tree.register(Point, { flatten: () => [[], 0], unflatten: () => new Point(0, 0) }))).toContain(
      "already",
    );
    expect(message(() => tree.register({} as never, { flatten: () => [[], 0], unflatten: () => ({}) }))).toContain(
      "not a class",
    );
  });
});
