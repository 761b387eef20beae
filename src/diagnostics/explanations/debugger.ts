import type { Explanation } from "./types.js";

/** 81xx: what the interpreter of kernels finds. The programs are run with their source captured. */
export const DEBUGGER = {
  TW8101: {
    explanation:
      "A lane of a load or a store points outside of the array, and no mask takes it out. Compiled, such a load gives some other element and " +
      "such a store is left out. Blocks seldom divide arrays: the last program needs a mask.",
    bad: `
import { interpret, kernel, numpy as np } from "tilework";
import { arange, load, programId, store } from "tilework/kernels";
const twice = kernel(
  function twice(x, out, BLOCK) {
    const i = programId(0) * BLOCK + arange(BLOCK);
    const v = load(x, [i]);
    //        ^ TW8101
    store(out, [i], v * 2, { mask: i < x.shape[0] });
  },
  { out: (x) => x, grid: 2 },
);
interpret(twice)(np.ones([6]), { BLOCK: 4 });`,
    fixed: `
import { interpret, kernel, numpy as np } from "tilework";
import { arange, load, programId, store } from "tilework/kernels";
const twice = kernel(
  function twice(x, out, BLOCK) {
    const i = programId(0) * BLOCK + arange(BLOCK);
    const inside = i < x.shape[0];
    const v = load(x, [i], { mask: inside });
    store(out, [i], v * 2, { mask: inside });
  },
  { out: (x) => x, grid: 2 },
);
interpret(twice)(np.ones([6]), { BLOCK: 4 });`,
  },
  TW8102: {
    explanation:
      "An out that starts from nothing, and scratch, hold what happened to be in that memory. What a program reads there before it has stored " +
      "something is different in every run.",
    bad: `
import { interpret, kernel, numpy as np } from "tilework";
import { arange, load, store } from "tilework/kernels";
const total = kernel(
  function total(x, out) {
    const i = arange(4);
    const before = load(out, [i]);
    //             ^ TW8102
    store(out, [i], before + load(x, [i]));
  },
  { out: (x) => x, grid: 1 },
);
interpret(total)(np.ones([4]));`,
    fixed: `
import { interpret, kernel, numpy as np } from "tilework";
import { arange, load, store } from "tilework/kernels";
const total = kernel(
  function total(x, out) {
    const i = arange(4);
    store(out, [i], load(x, [i]));
    store(out, [i], load(out, [i]) * 2);
  },
  { out: (x) => x, grid: 1 },
);
interpret(total)(np.ones([4]));`,
  },
  TW8103: {
    explanation:
      "Programs run in any order and at the same time. If two of them touch one element and one of them writes it, the result depends on which " +
      "came first. Only atomic operations may meet.",
    bad: `
import { interpret, kernel, numpy as np } from "tilework";
import { arange, load, programId, store } from "tilework/kernels";
const shift = kernel(
  function shift(x, out) {
    const i = programId(0) * 4 + arange(5);
    store(out, [i], load(x, [i]));
    // ^ TW8103
  },
  { out: (x) => x, grid: 2 },
);
interpret(shift)(np.ones([9]));`,
    fixed: `
import { interpret, kernel, numpy as np } from "tilework";
import { arange, load, programId, store } from "tilework/kernels";
const shift = kernel(
  function shift(x, out) {
    const i = programId(0) * 5 + arange(5);
    const inside = i < x.shape[0];
    store(out, [i], load(x, [i], { mask: inside }), { mask: inside });
  },
  { out: (x) => x, grid: 2 },
);
interpret(shift)(np.ones([9]));`,
  },
  TW8104: {
    explanation:
      "The lanes of a block are stored in no order. If two of them point to one element, which value stays is not defined, and may differ between devices.",
    bad: `
import { interpret, kernel, numpy as np } from "tilework";
import { arange, load, store } from "tilework/kernels";
const halves = kernel(
  function halves(x, out) {
    const i = arange(4);
    store(out, [i >> 1], load(x, [i]));
    // ^ TW8104
  },
  { out: () => ({ shape: [2] }), grid: 1 },
);
interpret(halves)(np.ones([4]));`,
    fixed: `
import { interpret, kernel, numpy as np } from "tilework";
import { arange, load, store } from "tilework/kernels";
const halves = kernel(
  function halves(x, out) {
    const i = arange(2);
    store(out, [i], load(x, [i * 2]) + load(x, [i * 2 + 1]));
  },
  { out: () => ({ shape: [2] }), grid: 1 },
);
interpret(halves)(np.ones([4]));`,
  },
  TW8105: {
    explanation:
      "The interpreter runs a kernel's programs one after the other on concrete arrays, from its source. Inside jit, grad or vmap there are no " +
      "concrete arrays, and a function whose source is not known cannot be interpreted.",
    bad: `
import { interpret, jit, kernel, numpy as np } from "tilework";
import { arange, load, store } from "tilework/kernels";
const twice = kernel(
  function twice(x, out) {
    const i = arange(4);
    store(out, [i], load(x, [i]) * 2);
  },
  { out: (x) => x, grid: 1 },
);
const f = jit((x) => interpret(twice)(x));
//                   ^ TW8105
f(np.ones([4]));`,
    fixed: `
import { interpret, kernel, numpy as np } from "tilework";
import { arange, load, store } from "tilework/kernels";
const twice = kernel(
  function twice(x, out) {
    const i = arange(4);
    store(out, [i], load(x, [i]) * 2);
  },
  { out: (x) => x, grid: 1 },
);
interpret(twice)(np.ones([4]));`,
  },
} as const satisfies Readonly<Record<`TW${number}`, Explanation>>;
