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

function threefry(x: Expander, k0: Node, k1: Node, x0: Node, x1: Node): readonly [Node, Node] {
  const add = (a: Node, b: Node): Node => x.op("add", [a, b], "u32");
  const xor = (a: Node, b: Node): Node => x.op("xor", [a, b], "u32");
  const word = (n: number): Node => x.constant(n, "u32");
  const rotate = (a: Node, by: number): Node =>
    x.op(
      "or",
      [x.op("shift_left", [a, word(by)], "u32"), x.op("shift_right_logical", [a, word(32 - by)], "u32")],
      "u32",
    );
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

export const random = {
  threefry2x32: point(100, (x, eqn, output, pos, guard) => {
    const [k0, k1, x0, x1] = eqn.inputs.map((a) => x.value(a, pos, guard));
    return threefry(x, k0, k1, x0, x1)[output];
  }),
  // a key is its two words, the first one at the lower address
  random_wrap: { kind: "alias" },
  random_unwrap: { kind: "alias" },
} satisfies Rules<RandomOps, ScheduleKind>;
