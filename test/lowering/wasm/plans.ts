/** Plans written by hand, their module, and memory to run it in. */
import type { PlanStep, Slot, SlotView } from "../../../src/ir/plan.js";
import type { Program } from "../../../src/ir/program.js";
import { TileBuilder } from "../../../src/ir/tile-builder.js";
import { aval } from "../../../src/ir/aval.js";
import type { ElementwisePrim, TileAtom } from "../../../src/ir/tile.js";
import { lowerToLoop } from "../../../src/lowering/loop/lower.js";
import { callbackImport } from "../../../src/lowering/wasm/callback.js";
import { emitModule } from "../../../src/lowering/wasm/module.js";
import { target } from "../../kernels/compiled.js";
import { validated } from "../validate.js";
import { fixed } from "../fixed.js";

let id = 0;
export function slot(space: Slot["space"], offset: number, bytes: number): Slot {
  return { kind: "slot", id: id++, bytes, space, offset, name: `${space}${offset}` };
}
export function view(s: Slot, offset = 0, follow?: SlotView["follow"]): SlotView {
  return { slot: s, offset, follow };
}

/** out[i] = f(a[i], b[i]) on f32 arrays. */
export function binaryKernel(prim: ElementwisePrim, n: number): Program<"tile"> {
  const t = new TileBuilder(prim);
  const [a, b] = [t.ref("a", "f32", "in", n), t.ref("b", "f32", "in", n)];
  const out = t.ref("out", "f32", "out", n);
  t.stage([n], (i) => {
    t.store(out, i, t.op(prim, [t.load(a, i), t.load(b, i)] as TileAtom[]));
  });
  return t.finish();
}

export interface Machine {
  readonly memory: WebAssembly.Memory;
  readonly bytes: Uint8Array;
  /** Runs on f32 inputs; gives the bytes of each output as f32. */
  run(inputs: readonly (readonly number[])[]): number[][];
}

export function plan(
  inputs: readonly Slot[],
  outputs: readonly Slot[],
  steps: readonly PlanStep[],
  arenaBytes: number,
  callbacks: Program<"plan">["callbacks"] = [],
): Program<"plan"> {
  const arg = (s: Slot) => ({ slot: s, aval: aval([fixed(s.bytes) / 4], "f32") });
  return {
    phase: "plan",
    name: "test",
    inputs: inputs.map(arg),
    outputs: outputs.map(arg),
    steps,
    arenaBytes,
    ownBytes: 0,
    liveBytes: arenaBytes,
    sized: null,
    callbacks,
    notes: [],
  };
}

/** `base`: where the data lie in memory, in bytes. */
export function machine(p: Program<"plan">, base = 4096): Machine {
  const bytes = validated(emitModule(p, (k) => lowerToLoop(k, target), target));
  const memory = new WebAssembly.Memory({
    initial: Math.ceil((base + 65536 * 4 + p.arenaBytes) / 65536),
    maximum: 65535,
  });
  const instance = new WebAssembly.Instance(new WebAssembly.Module(bytes), {
    env: { memory, callback: callbackImport(p.steps, memory, p.callbacks) },
  });
  const run = instance.exports["run"] as (table: number, arena: number) => void;
  return {
    memory,
    bytes,
    run(inputs) {
      let at = base;
      const place = (n: number): number => {
        const here = at;
        at += Math.ceil(n / 16) * 16 + 16;
        return here;
      };
      const slots = [...p.inputs, ...p.outputs].map((x) => x.slot);
      const addresses = slots.map((s) => place(fixed(s.bytes)));
      inputs.forEach((x, i) => {
        new Float32Array(memory.buffer, addresses[i], x.length).set(x);
      });
      const table = place(addresses.length * 4);
      new Uint32Array(memory.buffer, table, addresses.length).set(addresses);
      run(table, place(p.arenaBytes));
      return p.outputs.map((o, i) =>
        Array.from(new Float32Array(memory.buffer, addresses[p.inputs.length + i], fixed(o.slot.bytes) / 4)),
      );
    },
  };
}
