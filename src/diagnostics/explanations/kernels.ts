import type { Explanation } from "./types.js";

/** 8xxx: kernels. The programs are run with their source captured. */
export const KERNELS = {
  TW8001: {
    explanation:
      "A program of a kernel has an id, and memory that it may store to. Outside of a kernel there is neither, so the functions that are about them say so.",
    bad: `
import { jit, numpy as np } from "tilework";
import { programId } from "tilework/kernels";
const f = jit((x) => x.mul(programId(0)));
//                         ^ TW8001
f(np.ones([8]));`,
    fixed: `
import { kernel, numpy as np } from "tilework";
import { arange, load, programId, store } from "tilework/kernels";
const twice = kernel(
  (x, out, BLOCK) => {
    const i = programId(0) * BLOCK + arange(BLOCK);
    store(out, [i], load(x, [i]) * 2);
  },
  { out: (x) => x, grid: (x) => Math.ceil(x.shape[0] / 4) },
);
twice(np.ones([8]), { BLOCK: 4 });`,
  },
  TW8002: {
    explanation:
      "A parameter of a kernel that stands for an array is a reference: memory, not a value. What is computed with are blocks, which load gives.",
    bad: `
import { kernel, numpy as np } from "tilework";
import { arange, load, programId, store } from "tilework/kernels";
const twice = kernel(
  (x, out, BLOCK) => {
    const i = programId(0) * BLOCK + arange(BLOCK);
    store(out, [i], x * 2);
    //              ^ TW8002
  },
  { out: (x) => x, grid: (x) => Math.ceil(x.shape[0] / 4) },
);
twice(np.ones([8]), { BLOCK: 4 });`,
    fixed: `
import { kernel, numpy as np } from "tilework";
import { arange, load, programId, store } from "tilework/kernels";
const twice = kernel(
  (x, out, BLOCK) => {
    const i = programId(0) * BLOCK + arange(BLOCK);
    store(out, [i], load(x, [i]) * 2);
  },
  { out: (x) => x, grid: (x) => Math.ceil(x.shape[0] / 4) },
);
twice(np.ones([8]), { BLOCK: 4 });`,
  },
  TW8003: {
    explanation:
      "The functions of the kernel language take references where memory is meant, and blocks or numbers where values are meant. A block is no memory: nothing can be loaded from it.",
    bad: `
import { kernel, numpy as np } from "tilework";
import { arange, load, programId, store } from "tilework/kernels";
const twice = kernel(
  (x, out, BLOCK) => {
    const i = programId(0) * BLOCK + arange(BLOCK);
    const v = load(x, [i]);
    store(out, [i], load(v, [i]) * 2);
    //              ^ TW8003
  },
  { out: (x) => x, grid: (x) => Math.ceil(x.shape[0] / 4) },
);
twice(np.ones([8]), { BLOCK: 4 });`,
    fixed: `
import { kernel, numpy as np } from "tilework";
import { arange, load, programId, store } from "tilework/kernels";
const twice = kernel(
  (x, out, BLOCK) => {
    const i = programId(0) * BLOCK + arange(BLOCK);
    store(out, [i], load(x, [i]) * 2);
  },
  { out: (x) => x, grid: (x) => Math.ceil(x.shape[0] / 4) },
);
twice(np.ones([8]), { BLOCK: 4 });`,
  },
  TW8004: {
    explanation:
      "A block of memory is named by one index for each axis of the reference: numbers and blocks of integers, which meet by NumPy's rules. null stands for a whole axis. Fractions name no element.",
    bad: `
import { kernel, numpy as np } from "tilework";
import { arange, load, programId, store } from "tilework/kernels";
const twice = kernel(
  (x, out, BLOCK) => {
    const i = programId(0) * BLOCK + arange(BLOCK);
    store(out, [i], load(x, [i, 0]) * 2);
    //              ^ TW8004
  },
  { out: (x) => x, grid: (x) => Math.ceil(x.shape[0] / 4) },
);
twice(np.ones([8]), { BLOCK: 4 });`,
    fixed: `
import { kernel, numpy as np } from "tilework";
import { arange, load, programId, store } from "tilework/kernels";
const twice = kernel(
  (x, out, BLOCK) => {
    const i = programId(0) * BLOCK + arange(BLOCK);
    store(out, [i], load(x, [i]) * 2);
  },
  { out: (x) => x, grid: (x) => Math.ceil(x.shape[0] / 4) },
);
twice(np.ones([8]), { BLOCK: 4 });`,
  },
  TW8005: {
    explanation:
      "A mask says of each element of a block whether it is read or written. So it is a block of bools, and it broadcasts to the block that the indices make.",
    bad: `
import { kernel, numpy as np } from "tilework";
import { arange, load, programId, store } from "tilework/kernels";
const twice = kernel(
  (x, out, BLOCK) => {
    const i = programId(0) * BLOCK + arange(BLOCK);
    const v = load(x, [i], { mask: i });
    //        ^ TW8005
    store(out, [i], v * 2);
  },
  { out: (x) => x, grid: (x) => Math.ceil(x.shape[0] / 4) },
);
twice(np.ones([8]), { BLOCK: 4 });`,
    fixed: `
import { kernel, numpy as np } from "tilework";
import { arange, load, programId, store } from "tilework/kernels";
const twice = kernel(
  (x, out, BLOCK) => {
    const i = programId(0) * BLOCK + arange(BLOCK);
    const inside = i < x.shape[0];
    const v = load(x, [i], { mask: inside });
    store(out, [i], v * 2, { mask: inside });
  },
  { out: (x) => x, grid: (x) => Math.ceil(x.shape[0] / 4) },
);
twice(np.ones([8]), { BLOCK: 4 });`,
  },
  TW8006: {
    explanation:
      "A store converts numbers, and floats to floats of another width. Floats that are stored to integers would lose their fractions, so that has to be said with cast.",
    bad: `
import { kernel, numpy as np } from "tilework";
import { arange, load, programId, store } from "tilework/kernels";
const twice = kernel(
  (x, out, BLOCK) => {
    const i = programId(0) * BLOCK + arange(BLOCK);
    store(out, [i], load(x, [i]) * 2);
    //^ TW8006
  },
  { out: (x) => ({ shape: x.shape, dtype: "i32" }), grid: 2 },
);
twice(np.ones([8]), { BLOCK: 4 });`,
    fixed: `
import { kernel, numpy as np } from "tilework";
import { arange, cast, load, programId, store } from "tilework/kernels";
const twice = kernel(
  (x, out, BLOCK) => {
    const i = programId(0) * BLOCK + arange(BLOCK);
    store(out, [i], cast(load(x, [i]) * 2, "i32"));
  },
  { out: (x) => ({ shape: x.shape, dtype: "i32" }), grid: 2 },
);
twice(np.ones([8]), { BLOCK: 4 });`,
  },
  TW8007: {
    explanation:
      "Arrays do not change, and the arguments of a kernel are arrays of the caller. A kernel stores to its outs, which are new arrays; with `alias` one of them starts with what is in an argument.",
    bad: `
import { kernel, numpy as np } from "tilework";
import { arange, load, programId, store } from "tilework/kernels";
const twice = kernel(
  (x, out, BLOCK) => {
    const i = programId(0) * BLOCK + arange(BLOCK);
    store(x, [i], load(x, [i]) * 2);
    //^ TW8007
  },
  { out: (x) => x, grid: (x) => Math.ceil(x.shape[0] / 4) },
);
twice(np.ones([8]), { BLOCK: 4 });`,
    fixed: `
import { kernel, numpy as np } from "tilework";
import { arange, load, programId, store } from "tilework/kernels";
const twice = kernel(
  (x, out, BLOCK) => {
    const i = programId(0) * BLOCK + arange(BLOCK);
    store(out, [i], load(x, [i]) * 2);
  },
  { out: (x) => x, grid: (x) => Math.ceil(x.shape[0] / 4) },
);
twice(np.ones([8]), { BLOCK: 4 });`,
  },
  TW8008: {
    explanation:
      "A stored value has an element for each place that the indices name: it broadcasts to their block, and not the other way round.",
    bad: `
import { kernel, numpy as np } from "tilework";
import { arange, load, programId, store } from "tilework/kernels";
const twice = kernel(
  (x, out, BLOCK) => {
    const i = programId(0) * BLOCK + arange(BLOCK);
    const v = load(x, [i]);
    store(out, [programId(0)], v * 2);
    //^ TW8008
  },
  { out: (x) => x, grid: (x) => Math.ceil(x.shape[0] / 4) },
);
twice(np.ones([8]), { BLOCK: 4 });`,
    fixed: `
import { kernel, numpy as np } from "tilework";
import { arange, load, programId, store } from "tilework/kernels";
const twice = kernel(
  (x, out, BLOCK) => {
    const i = programId(0) * BLOCK + arange(BLOCK);
    store(out, [i], load(x, [i]) * 2);
  },
  { out: (x) => x, grid: (x) => Math.ceil(x.shape[0] / 4) },
);
twice(np.ones([8]), { BLOCK: 4 });`,
  },
  TW8009: {
    explanation:
      "Parameters after the outs are constants, known when the kernel is compiled: sizes of blocks and the like. A call gives them by name in its last argument.",
    bad: `
import { kernel, numpy as np } from "tilework";
import { arange, load, programId, store } from "tilework/kernels";
const twice = kernel(
  (x, out, BLOCK) => {
    const i = programId(0) * BLOCK + arange(BLOCK);
    store(out, [i], load(x, [i]) * 2);
  },
  { out: (x) => x, grid: (x) => Math.ceil(x.shape[0] / 4) },
);
twice(np.ones([8]), { SIZE: 4 });
//^ TW8009`,
    fixed: `
import { kernel, numpy as np } from "tilework";
import { arange, load, programId, store } from "tilework/kernels";
const twice = kernel(
  (x, out, BLOCK) => {
    const i = programId(0) * BLOCK + arange(BLOCK);
    store(out, [i], load(x, [i]) * 2);
  },
  { out: (x) => x, grid: (x) => Math.ceil(x.shape[0] / 4) },
);
twice(np.ones([8]), { BLOCK: 4 });`,
  },
  TW8010: {
    explanation:
      "A grid has one axis or more, and each program of it an id for each of them. The number of programs is known before any of them runs: it is made of shapes and constants.",
    bad: `
import { kernel, numpy as np } from "tilework";
import { arange, load, programId, store } from "tilework/kernels";
const twice = kernel(
  (x, out, BLOCK) => {
    const i = programId(1) * BLOCK + arange(BLOCK);
    //        ^ TW8010
    store(out, [i], load(x, [i]) * 2);
  },
  { out: (x) => x, grid: (x) => Math.ceil(x.shape[0] / 4) },
);
twice(np.ones([8]), { BLOCK: 4 });`,
    fixed: `
import { kernel, numpy as np } from "tilework";
import { arange, load, programId, store } from "tilework/kernels";
const twice = kernel(
  (x, out, BLOCK) => {
    const i = programId(0) * BLOCK + arange(BLOCK);
    store(out, [i], load(x, [i]) * 2);
  },
  { out: (x) => x, grid: (x) => Math.ceil(x.shape[0] / 4) },
);
twice(np.ones([8]), { BLOCK: 4 });`,
  },
  TW8013: {
    explanation:
      "A kernel is run for its stores: it is a plain function whose parameters have names, and it returns nothing.",
    bad: `
import { kernel, numpy as np } from "tilework";
import { arange, load, programId, store } from "tilework/kernels";
const twice = kernel(
  (x, out, BLOCK) => {
    const i = programId(0) * BLOCK + arange(BLOCK);
    return load(x, [i]) * 2;
    //^ TW8013
  },
  { out: (x) => x, grid: (x) => Math.ceil(x.shape[0] / 4) },
);
twice(np.ones([8]), { BLOCK: 4 });`,
    fixed: `
import { kernel, numpy as np } from "tilework";
import { arange, load, programId, store } from "tilework/kernels";
const twice = kernel(
  (x, out, BLOCK) => {
    const i = programId(0) * BLOCK + arange(BLOCK);
    store(out, [i], load(x, [i]) * 2);
  },
  { out: (x) => x, grid: (x) => Math.ceil(x.shape[0] / 4) },
);
twice(np.ones([8]), { BLOCK: 4 });`,
  },
  TW8030: {
    explanation:
      "autotune measures its configurations and takes the fastest. A call that gives one of their constants itself would be " +
      "measured with a value and run with another.",
    bad: `
import { autotune, kernel, numpy as np } from "tilework";
import { arange, load, programId, store } from "tilework/kernels";
const twice = autotune(
  kernel(
    (x, out, BLOCK) => {
      const i = programId(0) * BLOCK + arange(BLOCK);
      store(out, [i], load(x, [i]) * 2);
    },
    { out: (x) => x, grid: (x, { BLOCK }) => x.shape[0] / BLOCK },
  ),
  { configs: [{ BLOCK: 4 }, { BLOCK: 8 }], budget: 1 },
);
twice(np.ones([8]), { BLOCK: 4 });
//^ TW8030`,
    fixed: `
import { autotune, kernel, numpy as np } from "tilework";
import { arange, load, programId, store } from "tilework/kernels";
const twice = autotune(
  kernel(
    (x, out, BLOCK) => {
      const i = programId(0) * BLOCK + arange(BLOCK);
      store(out, [i], load(x, [i]) * 2);
    },
    { out: (x) => x, grid: (x, { BLOCK }) => x.shape[0] / BLOCK },
  ),
  { configs: [{ BLOCK: 4 }, { BLOCK: 8 }], budget: 1 },
);
twice(np.ones([8]));`,
  },
  TW8031: {
    explanation:
      "A configuration that the kernel cannot be compiled or run with is left out, and the others are measured. When none is " +
      "left, the notes say what is wrong with each.",
    bad: `
import { autotune, kernel, numpy as np } from "tilework";
import { arange, load, programId, store } from "tilework/kernels";
const twice = autotune(
  kernel(
    (x, out, BLOCK) => {
      const i = programId(0) * BLOCK + arange(BLOCK);
      store(out, [i], load(x, [i]) * 2);
    },
    { out: (x) => x, grid: (x, { BLOCK }) => x.shape[0] / BLOCK },
  ),
  { configs: [] },
);
twice(np.ones([8]));
//^ TW8031`,
    fixed: `
import { autotune, kernel, numpy as np } from "tilework";
import { arange, load, programId, store } from "tilework/kernels";
const twice = autotune(
  kernel(
    (x, out, BLOCK) => {
      const i = programId(0) * BLOCK + arange(BLOCK);
      store(out, [i], load(x, [i]) * 2);
    },
    { out: (x) => x, grid: (x, { BLOCK }) => x.shape[0] / BLOCK },
  ),
  { configs: [{ BLOCK: 8 }], budget: 1 },
);
twice(np.ones([8]));`,
  },
  TW8011: {
    explanation:
      "A product of blocks sums products of numbers of one kind: floats of one dtype, or integers of one width. Which of two different dtypes is meant is said with cast; what is added to the product has its dtype.",
    bad: `
import { kernel, numpy as np } from "tilework";
import { dot, load, store } from "tilework/kernels";
const product = kernel(
  (a, b, out) => {
    const [x, y] = [load(a, [null, null]), load(b, [null, null])];
    store(out, [null, null], dot(x, y));
    //                       ^ TW8011
  },
  { out: (a, b) => ({ shape: [a.shape[0], b.shape[1]] }), grid: 1 },
);
product(np.ones([4, 8]), np.ones([8, 2], "i32"));`,
    fixed: `
import { kernel, numpy as np } from "tilework";
import { cast, dot, load, store } from "tilework/kernels";
const product = kernel(
  (a, b, out) => {
    const [x, y] = [load(a, [null, null]), load(b, [null, null])];
    store(out, [null, null], dot(x, cast(y, "f32")));
  },
  { out: (a, b) => ({ shape: [a.shape[0], b.shape[1]] }), grid: 1 },
);
product(np.ones([4, 8]), np.ones([8, 2], "i32"));`,
  },
  TW8012: {
    explanation:
      "A kernel is compiled for blocks of known sizes: those that are given as constants, and those of the arrays. A size that a program computes or loads is known only when it runs; then the block has the greatest size, and a mask.",
    bad: `
import { kernel, numpy as np } from "tilework";
import { arange, load, programId, store } from "tilework/kernels";
const twice = kernel(
  (x, out, BLOCK) => {
    const n = programId(0) + 1;
    const i = arange(n);
    //        ^ TW8012
    store(out, [i], load(x, [i]) * 2);
  },
  { out: (x) => x, grid: (x) => Math.ceil(x.shape[0] / 4) },
);
twice(np.ones([8]), { BLOCK: 4 });`,
    fixed: `
import { kernel, numpy as np } from "tilework";
import { arange, load, programId, store } from "tilework/kernels";
const twice = kernel(
  (x, out, BLOCK) => {
    const i = programId(0) * BLOCK + arange(BLOCK);
    store(out, [i], load(x, [i]) * 2);
  },
  { out: (x) => x, grid: (x) => Math.ceil(x.shape[0] / 4) },
);
twice(np.ones([8]), { BLOCK: 4 });`,
  },
  TW8014: {
    explanation:
      "staticAssert holds of what is known when a kernel is compiled: constants and shapes. It fails before anything runs.",
    bad: `
import { kernel, numpy as np } from "tilework";
import { arange, load, programId, staticAssert, store } from "tilework/kernels";
const twice = kernel(
  (x, out, BLOCK) => {
    staticAssert(x.shape[0] % BLOCK === 0, "the length is a multiple of BLOCK");
    //^ TW8014
    const i = programId(0) * BLOCK + arange(BLOCK);
    store(out, [i], load(x, [i]) * 2);
  },
  { out: (x) => x, grid: (x) => Math.ceil(x.shape[0] / 4) },
);
twice(np.ones([7]), { BLOCK: 4 });`,
    fixed: `
import { kernel, numpy as np } from "tilework";
import { arange, load, programId, staticAssert, store } from "tilework/kernels";
const twice = kernel(
  (x, out, BLOCK) => {
    staticAssert(x.shape[0] % BLOCK === 0, "the length is a multiple of BLOCK");
    const i = programId(0) * BLOCK + arange(BLOCK);
    store(out, [i], load(x, [i]) * 2);
  },
  { out: (x) => x, grid: (x) => Math.ceil(x.shape[0] / 4) },
);
twice(np.ones([8]), { BLOCK: 4 });`,
  },
  TW8015: {
    explanation:
      "deviceAssert looks at values when a program runs, and stops the call where it finds others. The program's ids are in the message.",
    bad: `
import { kernel, numpy as np } from "tilework";
import { arange, deviceAssert, load, programId, sqrt, store } from "tilework/kernels";
const twice = kernel(
  (x, out, BLOCK) => {
    const i = programId(0) * BLOCK + arange(BLOCK);
    const v = load(x, [i]);
    deviceAssert(v >= 0, "roots of what is not negative");
    //^ TW8015
    store(out, [i], sqrt(v));
  },
  { out: (x) => x, grid: (x) => Math.ceil(x.shape[0] / 4) },
);
twice(np.ones([8]).neg(), { BLOCK: 4 }).dataSync();`,
    fixed: `
import { kernel, numpy as np } from "tilework";
import { arange, deviceAssert, load, programId, sqrt, store } from "tilework/kernels";
const twice = kernel(
  (x, out, BLOCK) => {
    const i = programId(0) * BLOCK + arange(BLOCK);
    const v = load(x, [i]);
    deviceAssert(v >= 0, "roots of what is not negative");
    store(out, [i], sqrt(v));
  },
  { out: (x) => x, grid: (x) => Math.ceil(x.shape[0] / 4) },
);
twice(np.ones([8]), { BLOCK: 4 }).dataSync();`,
  },
  TW8016: {
    explanation:
      "A kernel stores to arrays that its call makes. `out` says of what shape and dtype: like an argument, or as { shape, dtype }; a kernel with several outs gives a list. The function has a parameter for each of them, after the arguments.",
    bad: `
import { kernel, numpy as np } from "tilework";
import { arange, load, programId, store } from "tilework/kernels";
const twice = kernel(
  (x, out, BLOCK) => {
    const i = programId(0) * BLOCK + arange(BLOCK);
    store(out, [i], load(x, [i]) * 2);
  },
  { out: (x) => x.shape, grid: 2 },
);
twice(np.ones([8]), { BLOCK: 4 });
//^ TW8016`,
    fixed: `
import { kernel, numpy as np } from "tilework";
import { arange, load, programId, store } from "tilework/kernels";
const twice = kernel(
  (x, out, BLOCK) => {
    const i = programId(0) * BLOCK + arange(BLOCK);
    store(out, [i], load(x, [i]) * 2);
  },
  { out: (x) => x, grid: (x) => Math.ceil(x.shape[0] / 4) },
);
twice(np.ones([8]), { BLOCK: 4 });`,
  },
  TW8017: {
    explanation:
      "The steps of a loop that the run decides are one program, which all of them run. A return among them would have to stop the others; a kernel says with a variable or a mask what is still to be done. A return that no such loop surrounds is fine.",
    bad: `
import { kernel, numpy as np } from "tilework";
import { load, range, store } from "tilework/kernels";
const twice = kernel(
  (x, out, BLOCK) => {
    let total = 0;
    for (const i of range(BLOCK)) {
      const v = load(x, [i]);
      if (v > 2) return;
      //         ^ TW8017
      total += v;
    }
    store(out, [0], total);
  },
  { out: () => ({ shape: [1] }) },
);
twice(np.ones([8]), { BLOCK: 4 });`,
    fixed: `
import { kernel, numpy as np } from "tilework";
import { load, range, store } from "tilework/kernels";
const twice = kernel(
  (x, out, BLOCK) => {
    let total = 0;
    for (const i of range(BLOCK)) {
      const v = load(x, [i]);
      if (v <= 2) total += v;
    }
    store(out, [0], total);
  },
  { out: () => ({ shape: [1] }) },
);
twice(np.ones([8]), { BLOCK: 4 });`,
  },
} satisfies Readonly<Record<`TW8${string}`, Explanation>>;
