/** `tilework/capture`: what the build plugin's output imports. With it comes the interpreter of captured source. */
import { setStager } from "../tracer/staged.js";
import { capture, captureOf } from "./capture.js";
import { stage } from "./interpret/stage.js";

export { capture, captureOf } from "./capture.js";
export { decorateClass, decorateMethod } from "./decorate.js";
export type { CaptureError, CaptureRecord } from "./ast.js";

setStager(stage, (copy, original) => {
  const record = captureOf(original);
  if (record) capture(copy, record);
});
