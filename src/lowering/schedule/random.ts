/** Threefry-2x32 as arithmetic on u32 that fuses and vectorises like any other; keys are pairs of words in memory. */
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

/** Arithmetic on u32, of expressions or of blocks. */
export interface Words<N> {
  op(prim: "add" | "xor" | "or" | "shift_left" | "shift_right_logical", args: readonly [N, N]): N;
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

function wordsOf(x: Expander): Words<Node> {
  return { op: (prim, args) => x.op(prim, args, "u32"), word: (n) => x.constant(n, "u32") };
}

export const random = {
  threefry2x32: point(100, (x, eqn, output, pos, guard) => {
    const [k0, k1, x0, x1] = eqn.inputs.map((a) => x.value(a, pos, guard));
    return threefry(wordsOf(x), k0, k1, x0, x1)[output];
  }),
  // a key is its two words, the first one at the lower address
  random_wrap: { kind: "alias" },
  random_unwrap: { kind: "alias" },
} satisfies Rules<RandomOps, ScheduleKind>;
