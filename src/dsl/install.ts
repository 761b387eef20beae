/** Brings the interpreter of captured source to the tracer. */
import { setStager } from "../tracer/staged.js";
import { capture, captureOf } from "./capture.js";
import { stage } from "./interpret/stage.js";

export function installInterpreter(): void {
  setStager(stage, (copy, original) => {
    const record = captureOf(original);
    if (record) capture(copy, record);
  });
}
