// ONNX Runtime's WebAssembly build (SIMD, and threads where there are several) in Node.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { ortPeer } from "../lib/ort.mjs";

export async function open(threads) {
  const { default: web, ...named } = await import("onnxruntime-web");
  const ort = web ?? named;
  const main = createRequire(import.meta.url).resolve("onnxruntime-web");
  const { version } = JSON.parse(readFileSync(join(dirname(main), "..", "package.json"), "utf8"));
  ort.env.wasm.numThreads = threads;
  ort.env.logLevel = "error";
  return ortPeer(ort, version, (model) =>
    ort.InferenceSession.create(model, { executionProviders: ["wasm"], logSeverityLevel: 3 }),
  );
}
