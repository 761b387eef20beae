/** Threefry-2x32 and Philox-4x32 as arithmetic on u32 that fuses and vectorises like any other; keys are pairs of words in memory. */
import type { RandomOps } from "../../ir/ops/index.js";
import type { Rules } from "../../ir/rules.js";
import type { Expander } from "./expand.js";
import type { Node } from "./node.js";
import { point, type ScheduleKind } from "./rule.js";

// Salmon, Moraes, Dror, Shaw: Parallel random numbers: as easy as 1, 2, 3 (2011): rotations of Threefry-2x32
const ROTATIONS = [
  [13, 15, 26, 6],
  [17, 29, 16, 24],
];
const PARITY = 0x1bd11bda;

type WordOp = "add" | "mul" | "and" | "xor" | "or" | "shift_left" | "shift_right_logical";

/** Arithmetic on u32, of expressions or of blocks. */
export interface Words<N> {
  op(prim: WordOp, args: readonly [N, N]): N;
  word(n: number): N;
}

export function threefry<N>(x: Words<N>, k0: N, k1: N, x0: N, x1: N): readonly [N, N] {
  const add = (a: N, b: N): N => x.op("add", [a, b]);
  const xor = (a: N, b: N): N => x.op("xor", [a, b]);
  const word = (n: number): N => x.word(n);
  const rotate = (a: N, by: number): N =>
    x.op("or", [x.op("shift_left", [a, word(by)]), x.op("shift_right_logical", [a, word(32 - by)])]);
  const keys = [k0, k1, xor(xor(k0, k1), word(PARITY))];
  let a = add(x0, k0);
  let b = add(x1, k1);
  for (let group = 0; group < 5; group++) {
    for (const r of ROTATIONS[group % 2]) {
      a = add(a, b);
      b = xor(rotate(b, r), a);
    }
    a = add(a, keys[(group + 1) % 3]);
    b = add(b, add(keys[(group + 2) % 3], word(group + 1)));
  }
  return [a, b];
}

/** Philox-4x32 of 10 rounds, from the same paper. The multipliers are constants, so their halves are too. */
export function philox<N>(x: Words<N>, counter: readonly N[], key: readonly N[]): readonly N[] {
  const word = (n: number): N => x.word(n);
  const two = (prim: WordOp, a: N, b: N): N => x.op(prim, [a, b]);
  const half = word(16);
  const low = word(0xffff);
  /** The upper word of a product, in pieces of 16 bits: no sum of them is beyond 32. */
  const high = (a: N, by: number): N => {
    const [al, ah] = [two("and", a, low), two("shift_right_logical", a, half)];
    const [bl, bh] = [word(by & 0xffff), word(by >>> 16)];
    const first = two("shift_right_logical", two("mul", al, bl), half);
    const second = two("add", two("mul", ah, bl), first);
    const third = two("add", two("mul", al, bh), two("and", second, low));
    const top = two("add", two("mul", ah, bh), two("shift_right_logical", second, half));
    return two("add", top, two("shift_right_logical", third, half));
  };
  const [M0, M1, W0, W1] = [0xd2511f53, 0xcd9e8d57, 0x9e3779b9, 0xbb67ae85];
  let [c0, c1, c2, c3] = counter;
  for (let round = 0; round < 10; round++) {
    const k0 = two("add", key[0], word(Math.imul(W0, round) >>> 0));
    const k1 = two("add", key[1], word(Math.imul(W1, round) >>> 0));
    const [hi0, lo0] = [high(c0, M0), two("mul", c0, word(M0))];
    const [hi1, lo1] = [high(c2, M1), two("mul", c2, word(M1))];
    [c0, c1, c2, c3] = [two("xor", two("xor", hi1, c1), k0), lo1, two("xor", two("xor", hi0, c3), k1), lo0];
  }
  return [c0, c1, c2, c3];
}

function wordsOf(x: Expander): Words<Node> {
  return { op: (prim, args) => x.op(prim, args, "u32"), word: (n) => x.constant(n, "u32") };
}

export const random = {
  threefry2x32: point(100, (x, eqn, output, pos, guard) => {
    const [k0, k1, x0, x1] = eqn.inputs.map((a) => x.value(a, pos, guard));
    return threefry(wordsOf(x), k0, k1, x0, x1)[output];
  }),
  philox4x32: point(300, (x, eqn, output, pos, guard) => {
    const words = eqn.inputs.map((a) => x.value(a, pos, guard));
    return philox(wordsOf(x), words.slice(0, 4), words.slice(4))[output];
  }),
  // a key is its two words, the first one at the lower address
  random_wrap: { kind: "alias" },
  random_unwrap: { kind: "alias" },
} satisfies Rules<RandomOps, ScheduleKind>;
