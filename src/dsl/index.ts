/** `tilework/capture`: what the build plugin's output imports. With it comes the interpreter of captured source. */
import { installInterpreter } from "./install.js";

export { capture, captureOf } from "./capture.js";
export { decorateClass, decorateMethod } from "./decorate.js";
export type { CaptureError, CaptureRecord } from "./ast.js";

installInterpreter();
