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
  },
  { out: (x) => x, grid: (x) => Math.ceil(x.shape[0] / 4) },
);
twice(np.ones([8]), { BLOCK: 4 });
//^ TW8013`,
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
} satisfies Readonly<Record<`TW8${string}`, Explanation>>;
