// ONNX Runtime's native build, as its npm package carries it.
import { createRequire } from "node:module";
import { ortPeer } from "../lib/ort.mjs";

export async function open(threads) {
  const { default: ort } = await import("onnxruntime-node");
  const { version } = createRequire(import.meta.url)("onnxruntime-node/package.json");
  const options = {
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionMode: "sequential",
    logSeverityLevel: 3,
  };
  return ortPeer(ort, version, (model) => ort.InferenceSession.create(model, options));
}
