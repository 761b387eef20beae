/**
 * Shaders compiled by Tint and checked against the limits of a device, without a GPU or a driver: the null backend of the package `webgpu`
 * executes nothing. Under CI the package must be there.
 */
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import type { WgslShader } from "../../../src/lowering/wgsl/shader.js";

const installed = existsSync(new URL("../../../node_modules/webgpu/package.json", import.meta.url));
export const hasTint = installed || process.env["CI"] === "true";

interface Kept {
  tileworkTint?: Promise<GPUDevice>;
  tileworkDawn?: GPU;
}
/** What is collected while work is pending brings the process down. */
const kept = globalThis as Kept;

async function device(): Promise<GPUDevice> {
  kept.tileworkTint ??= (async () => {
    const { create, globals } = createRequire(import.meta.url)("webgpu") as {
      create(options: string[]): GPU;
      globals: object;
    };
    Object.assign(globalThis, globals);
    kept.tileworkDawn = create(["backend=null", "enable-dawn-features=allow_unsafe_apis"]);
    const adapter = await kept.tileworkDawn.requestAdapter();
    if (!adapter) throw new Error("the null backend gives no adapter");
    return adapter.requestDevice({ requiredFeatures: ["shader-f16"] });
  })();
  return kept.tileworkTint;
}

/** What Tint, and the limits that every device has, say against a shader; none when it is good. */
export async function complaints(shader: WgslShader): Promise<string[]> {
  const gpu = await device();
  gpu.pushErrorScope("validation");
  const module = gpu.createShaderModule({ code: shader.code });
  const { messages } = await module.getCompilationInfo();
  await gpu.popErrorScope();
  const lines = shader.code.split("\n");
  const errors = messages
    .filter((m) => m.type === "error")
    .map((m) => `${shader.name}:${m.lineNum}:${m.linePos} ${m.message}\n  ${lines[m.lineNum - 1] ?? ""}`);
  if (errors.length > 0) return errors;
  gpu.pushErrorScope("validation");
  try {
    await gpu.createComputePipelineAsync({ layout: "auto", compute: { module, entryPoint: "main" } });
  } catch (e) {
    errors.push(`${shader.name}: ${(e as Error).message}`);
  }
  const error = await gpu.popErrorScope();
  if (error) errors.push(`${shader.name}: ${error.message}`);
  return errors;
}
