/** What the engine can do, found by asking it to validate tiny modules, and the targets that follow. */
import type { Target } from "../target.js";
import { Code, ModuleBuilder } from "./assembler.js";
import { wasmMath } from "./math/index.js";

export interface WasmFeatures {
  readonly simd: boolean;
  /** Relaxed SIMD: fused multiplication and addition on vectors (V8 from 11.4, Node from 21). */
  readonly relaxedSimd: boolean;
  /** Pairs of 128-bit operations become 256-bit ones: no module can find that out, it takes a trial (`jit/v8.ts`). */
  readonly wide?: boolean;
}

/** One function that uses the instructions in question. */
function accepts(body: (c: Code) => void): boolean {
  const module = new ModuleBuilder({ min: 0 });
  const code = new Code({ params: ["v128"], results: ["v128"] });
  body(code);
  module.function("probe", code);
  return WebAssembly.validate(module.finish());
}

/** Asks each time: flags of the engine may have changed. */
export function wasmFeatures(): WasmFeatures {
  return {
    simd: accepts((c) => {
      c.get(0).op("f32x4.sqrt");
    }),
    relaxedSimd: accepts((c) => {
      c.get(0).get(0).get(0).op("f32x4.relaxed_madd");
    }),
  };
}

/** The target for these features: those of this engine when left out. */
export function wasmTarget({ simd, relaxedSimd, wide = false }: WasmFeatures = wasmFeatures()): Target {
  return {
    name: simd ? `wasm-simd${relaxedSimd ? "-relaxed" : ""}${wide ? "-wide" : ""}` : "wasm-scalar",
    simd,
    vectorBytes: simd ? 16 : 8,
    relaxedMadd: simd && relaxedSimd,
    wide: simd && wide,
    gpu: null,
    math: wasmMath,
  };
}
