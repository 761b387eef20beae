/** Programs that touch different elements: what is concluded from indices, against all pairs of programs. */
import { expect, test } from "vitest";
import { aval } from "../../../src/ir/aval.js";
import { Builder } from "../../../src/ir/builder.js";
import type { Atom } from "../../../src/ir/program.js";
import { accessesOf, apartOnGrid } from "../../../src/transforms/grad/kernel/access.js";
import { Rng } from "../../laws/random.js";

/** A number of a program: as it is computed, and what it is. */
interface Value {
  readonly atom: Atom;
  readonly of: (ids: readonly number[]) => number;
}
type Index = (b: Builder, ids: readonly Value[]) => readonly Value[];
const op = (b: Builder, prim: "add" | "mul" | "div" | "rem" | "sub", x: Value, k: number | Value): Value => {
  const y = typeof k === "number" ? { atom: b.scalar(k, "i32"), of: () => k } : k;
  const does = {
    add: (p: number, q: number) => p + q,
    sub: (p: number, q: number) => p - q,
    mul: (p: number, q: number) => p * q,
    div: (p: number, q: number) => Math.trunc(p / q),
    rem: (p: number, q: number) => p % q,
  }[prim];
  return { atom: b.op(prim, x.atom, y.atom), of: (ids) => does(x.of(ids), y.of(ids)) };
};

/** What is concluded for each axis of the grid, and what is so. */
function apart(grid: readonly number[], index: Index): { said: boolean[]; is: boolean[] } {
  const b = new Builder();
  const x = b.input(aval([1000, 1000], "f32"));
  const ids = grid.map((_, a) => ({ atom: b.input(aval([], "i32")), of: (p: readonly number[]) => p[a] }));
  const at = index(b, ids);
  const v = b.emit1("load", [x, ...at.map((i) => i.atom)], { masked: false, other: false });
  const found = accessesOf(
    b.finish([v], "f"),
    ids.map((i) => i.atom),
    grid,
    [x],
  ).of.get(x);
  const programs = grid.reduce<number[][]>(
    (all, n) => all.flatMap((p) => Array.from({ length: n }, (_, i) => [...p, i])),
    [[]],
  );
  const places = programs.map((p) => at.map((i) => i.of(p)).join());
  const is = grid.map((_, a) =>
    programs.every((p, i) => programs.every((q, j) => p[a] === q[a] || places[i] !== places[j])),
  );
  return { said: found ? apartOnGrid(found, grid, 2) : [], is };
}

test("quotients and rests of a program's number tell it", () => {
  const one = (f: (b: Builder, p: Value) => readonly Value[], n = 24) => apart([n], (b, [p]) => f(b, p)).said[0];
  expect(one((b, p) => [op(b, "div", p, 4), op(b, "rem", p, 4)])).toBe(true);
  expect(one((b, p) => [op(b, "div", p, 4), op(b, "rem", p, 4)], 22)).toBe(true);
  expect(one((b, p) => [op(b, "rem", p, 4), op(b, "rem", p, 4)])).toBe(false);
  expect(one((b, p) => [op(b, "div", p, 4), op(b, "rem", p, 3)])).toBe(false);
  // the rest by hand, and rows in groups of 2 of a grid of 3 columns
  expect(one((b, p) => [op(b, "div", p, 5), op(b, "sub", p, op(b, "mul", op(b, "div", p, 5), 5))])).toBe(true);
  const grouped = (b: Builder, p: Value): readonly Value[] => {
    const within = op(b, "rem", p, 6);
    const first = op(b, "mul", op(b, "div", p, 6), 2);
    return [op(b, "add", first, op(b, "rem", within, 2)), op(b, "div", within, 2)];
  };
  expect(one(grouped)).toBe(true);
  // a number made of digits again, which are divided otherwise than they were
  const again = (b: Builder, p: Value): readonly Value[] =>
    grouped(b, op(b, "add", op(b, "mul", op(b, "div", p, 3), 3), op(b, "rem", p, 3)));
  expect(one(again)).toBe(true);
  const two = apart([4, 3], (b, [i, j]) => grouped(b, op(b, "add", op(b, "mul", i, 3), j)));
  expect(two.said).toEqual([true, true]);
});

test("programs are apart on an axis whatever the others are", () => {
  const both = (k: number, l: number) =>
    apart([4, 3], (b, [i, j]) => [op(b, "add", op(b, "mul", i, k), op(b, "mul", j, l)), op(b, "mul", i, 0)]).said;
  expect(both(1, 4)).toEqual([true, true]);
  // 2 · 0 + 3 · 2 = 2 · 3 + 3 · 0
  expect(both(2, 3)).toEqual([false, false]);
});

test("nothing is concluded that is not so", () => {
  const rng = new Rng(11);
  let some = 0;
  for (let round = 0; round < 400; round++) {
    const grid = rng.uniform(0, 1) < 0.5 ? [rng.int(2, 13)] : [rng.int(2, 6), rng.int(2, 6)];
    const { said, is } = apart(grid, (b, ids) => {
      const pool = [...ids];
      const pick = (): Value => pool[rng.int(0, pool.length - 1)];
      for (let k = 0; k < 5; k++) {
        const prim = (["add", "mul", "div", "rem", "div", "rem"] as const)[rng.int(0, 5)];
        pool.push(op(b, prim, pick(), prim === "add" ? pick() : rng.int(1, 5)));
      }
      return [pick(), pool[pool.length - 1]];
    });
    said.forEach((s, a) => {
      if (s) some++;
      if (s && !is[a]) expect.fail(`round ${round}, grid ${grid}, axis ${a}`);
    });
  }
  expect(some).toBeGreaterThan(50);
});
