// Parts of the built package that no entry exports: what lowers programs for a GPU.
import { makeProgram, numpy } from "../../dist/index.js";
import { library } from "../../dist/kernels/index.js";
import { handOverAll } from "../../dist/lowering/hand-over/index.js";
import { lowerToPlan as plan } from "../../dist/lowering/plan/index.js";
import { wholeKernel } from "../../dist/lowering/schedule/whole/index.js";
import { GPU_MACHINE } from "../../dist/lowering/target.js";

export { lowerToWgsl } from "../../dist/lowering/wgsl/lower.js";
export { simplify } from "../../dist/simplify/index.js";
export { library as kernels, numpy, GPU_MACHINE as machine };

handOverAll();
export const lowerToPlan = (core, machine) => plan(core, { machine, whole: wholeKernel });
/** The core program of a function of f32 arrays of these shapes. */
export const program = (f, shapes) => makeProgram(f)(...shapes.map((s) => numpy.zeros(s)));
