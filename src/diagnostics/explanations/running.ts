import type { Explanation } from "./types.js";

/** 4xxx, 5xxx and 6xxx: running, files, optional packages. */
export const RUNNING = {
  TW4001: {
    explanation:
      "Wasm memory ends at 4 GB (or at configure({ memoryLimit })). Arrays that nobody uses were moved out before this error, so " +
      "what is left is in use at once. Everything that was there before the call is still there.",
    bad: `
import { numpy as np } from "tilework";
const x = np.zeros([2_000_000, 2_000_000]);
//           ^ TW4001`,
    fixed: `
import { numpy as np } from "tilework";
const x = np.zeros([2_000, 2_000]);`,
  },
  TW4002: {
    explanation:
      "With configure({ debugNans: true }) every result is looked at, and the first operation that makes a NaN out of numbers is " +
      "named, also inside compiled functions.",
    bad: `
import { array, configure, numpy as np } from "tilework";
configure({ debugNans: true });
const y = np.log(array([1, -1]));
//           ^ TW4002`,
    fixed: `
import { array, configure, numpy as np } from "tilework";
configure({ debugNans: true });
const y = np.log(np.maximum(array([1, -1]), 1e-6));`,
  },
  TW4003: {
    explanation:
      "`using x = …` gives the memory of an array back at the end of the block. After that there is nothing to read.",
    bad: `
import { array } from "tilework";
const x = array([1, 2]);
x[Symbol.dispose](); // what the end of a block with \`using x\` does
const y = x.add(1);
//          ^ TW4003`,
    fixed: `
import { array } from "tilework";
const x = array([1, 2]);
const y = x.add(1);
x[Symbol.dispose]();`,
  },
  TW4004: {
    explanation: "The command shows functions that a file exports, and explain() shows functions made by jit.",
  },
  TW4005: { explanation: "The text is not a program as printProgram writes it; the message names the line." },
  TW4006: {
    explanation:
      "printSource writes programs by the public functions that make their operations. Some have none: the tangents of a function " +
      "with a customVjp rule, which has reverse mode only, and loops over a size that is no number.",
  },
  TW4007: {
    explanation:
      "The compiled program trapped: it read outside of its memory, or divided by zero where that cannot happen. The interpreter " +
      "(interpret(f)) computes the same more slowly until it is mended.",
  },
  TW4008: {
    explanation:
      "Large kernels are shared among worker threads. One of them took a part and did not finish it in time: something stopped it, or the machine is so busy that it does not get to run. The results of the call are not there; the next call uses new workers.",
  },
  TW5001: {
    explanation: "The bytes are not a file of this format, or a part of one.",
    bad: `
import { readNpy } from "tilework/io";
const x = readNpy(new Uint8Array([1, 2, 3]));
//        ^ TW5001`,
    fixed: `
import { array } from "tilework";
import { readNpy, writeNpy } from "tilework/io";
const x = readNpy(await writeNpy(array([1, 2, 3])));`,
  },
  TW5002: {
    explanation: "Tilework's dtypes are bool, i8 to u64, f16, bf16, f32 and f64. PRNG keys are saved as their words.",
    bad: `
import { random } from "tilework";
import { writeNpy } from "tilework/io";
const bytes = await writeNpy(random.key(0));
//                  ^ TW5002`,
    fixed: `
import { random } from "tilework";
import { writeNpy } from "tilework/io";
const bytes = await writeNpy(random.keyData(random.key(0)));`,
  },
  TW5003: {
    explanation: "A tree was to be filled from a file that lacks one of its names. The error lists those that it has.",
    bad: `
import { numpy as np } from "tilework";
import { readNpz, writeNpz } from "tilework/io";
const bytes = await writeNpz({ weight: np.ones([2]) });
const params = readNpz(bytes, { like: { w: np.ones([2]) } });
//             ^ TW5003`,
    fixed: `
import { numpy as np } from "tilework";
import { readNpz, writeNpz } from "tilework/io";
const bytes = await writeNpz({ w: np.ones([2]) });
const params = readNpz(bytes, { like: { w: np.ones([2]) } });`,
  },
  TW6001: {
    explanation:
      "Large packages that few need are not installed by default. The message has the line that installs this one.",
  },
  TW6002: {
    explanation:
      "`tilework build --aot` writes files that run without Tilework, so the function may need nothing of it while it runs: no callbacks, debug prints or checks, and no instances of classes or Maps among its arguments and results. Where sizes of its arguments are names, as in f32[batch,784], it must be one program at all of them: nothing but sizes of arrays may follow them.",
  },
} satisfies Record<string, Explanation>;
