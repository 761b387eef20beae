/** A traced program as modules for every machine that they may meet. */
import type { Program } from "../../ir/program.js";
import { type NamedSize, withSizes } from "../../ir/size.js";
import { lowerToLoop } from "../../lowering/loop/lower.js";
import { lowerToPlan } from "../../lowering/plan/index.js";
import { wasmTarget } from "../../lowering/wasm/features.js";
import { emitModule } from "../../lowering/wasm/module.js";
import { TableWords } from "../../lowering/wasm/table.js";
import { simplify } from "../../simplify/index.js";

export interface Variant {
  /** Part of the file's name. */
  readonly suffix: "" | ".relaxed";
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly arenaBytes: number;
  readonly plan: Program<"plan">;
  /** What the module reads behind the pointers, where sizes have names. */
  readonly words: TableWords;
}

/** With SIMD, which every engine has; and with fused multiplication and addition, where that makes another module. */
export function lowerVariants(program: Program<"core">, sizes: readonly NamedSize[] = []): readonly Variant[] {
  return withSizes(sizes, () => lowerBoth(program));
}
function lowerBoth(program: Program<"core">): readonly Variant[] {
  const core = simplify(program);
  const variant = (relaxedSimd: boolean): Variant => {
    const target = wasmTarget({ simd: true, relaxedSimd });
    const plan = lowerToPlan(core, { machine: target });
    const words = new TableWords(plan);
    const bytes = emitModule(plan, (kernel) => lowerToLoop(kernel, target), target, { words });
    return { suffix: relaxedSimd ? ".relaxed" : "", bytes, arenaBytes: plan.arenaBytes, plan, words };
  };
  const plain = variant(false);
  const relaxed = variant(true);
  return Buffer.compare(plain.bytes, relaxed.bytes) === 0 ? [plain] : [relaxed, plain];
}
