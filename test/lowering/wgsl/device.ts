/**
 * Plans on a real device, step by step: what a launch reads is uploaded, what it wrote is read back. For a look at what shaders compute,
 * where there is a driver (a GPU's, or a software one); the everyday tests need none.
 */
import { createRequire } from "node:module";
import type { NDArray } from "../../../src/interpreter/array.js";
import { byteSize } from "../../../src/ir/dtype.js";
import type { PlanStep, SlotView } from "../../../src/ir/plan.js";
import type { Program } from "../../../src/ir/program.js";
import { inOrder } from "../../../src/ir/tile-rounds.js";
import { workgroupsOf, type WgslShader } from "../../../src/lowering/wgsl/shader.js";
import { fixed } from "../fixed.js";
import { read, write } from "../run-plan.js";
import { shadersOf } from "./lower.js";

interface Kept {
  tileworkDevice?: Promise<GPUDevice>;
  tileworkDevices?: GPU;
}
const kept = globalThis as Kept;

export async function openDevice(): Promise<GPUDevice> {
  kept.tileworkDevice ??= (async () => {
    const { create, globals } = createRequire(import.meta.url)("webgpu") as {
      create(options: string[]): GPU;
      globals: object;
    };
    Object.assign(globalThis, globals);
    kept.tileworkDevices = create([]);
    const adapter = await kept.tileworkDevices.requestAdapter();
    if (!adapter) throw new Error("no adapter: is there a driver (VK_DRIVER_FILES)?");
    return adapter.requestDevice();
  })();
  return kept.tileworkDevice;
}

const pipelines = new Map<string, Promise<GPUComputePipeline>>();
/** Garbage in front of each array: shaders must begin where they are told to. */
const BEFORE = 32;

async function dispatch(
  gpu: GPUDevice,
  shader: WgslShader,
  bytes: Uint8Array,
  places: readonly number[],
  sizes: readonly number[],
  gridSize: number,
): Promise<void> {
  const programs = fixed(shader.programs);
  if (programs === 0) return;
  let pipeline = pipelines.get(shader.code);
  if (!pipeline) {
    const module = gpu.createShaderModule({ code: shader.code });
    pipeline = gpu.createComputePipelineAsync({ layout: "auto", compute: { module, entryPoint: "main" } });
    pipelines.set(shader.code, pipeline);
  }
  const made = await pipeline;
  const words = shader.parameters.map((p) => {
    if (p.kind === "programs") return programs;
    if (p.kind === "start") return BEFORE / byteSize(shader.bindings[p.binding - 1].ref.dtype);
    return fixed(p.size);
  });
  const uniform = gpu.createBuffer({ size: Math.ceil(words.length / 4) * 16, usage: 0x40 | 8 });
  gpu.queue.writeBuffer(uniform, 0, new Int32Array(words));
  const buffers = shader.bindings.map(({ position }) => {
    const size = Math.ceil((BEFORE + sizes[position]) / 16) * 16;
    const buffer = gpu.createBuffer({ size, usage: 0x80 | 8 | 4 });
    const data = new Uint8Array(size).fill(0xab);
    data.set(bytes.subarray(places[position], places[position] + sizes[position]), BEFORE);
    gpu.queue.writeBuffer(buffer, 0, data);
    return buffer;
  });
  const group = gpu.createBindGroup({
    layout: made.getBindGroupLayout(0),
    entries: [uniform, ...buffers].map((buffer, binding) => ({ binding, resource: { buffer } })),
  });
  const encoder = gpu.createCommandEncoder();
  const pass = encoder.beginComputePass();
  pass.setPipeline(made);
  pass.setBindGroup(0, group);
  pass.dispatchWorkgroups(...workgroupsOf(shader, programs, gridSize));
  pass.end();
  const readable = shader.bindings.map(({ access }, i) => {
    if (access === "read") return null;
    const copy = gpu.createBuffer({ size: buffers[i].size, usage: 1 | 8 });
    encoder.copyBufferToBuffer(buffers[i], 0, copy, 0, buffers[i].size);
    return copy;
  });
  gpu.queue.submit([encoder.finish()]);
  for (const [i, copy] of readable.entries()) {
    if (!copy) continue;
    await copy.mapAsync(1);
    const { position } = shader.bindings[i];
    const data = new Uint8Array(copy.getMappedRange());
    for (let k = 0; k < BEFORE; k++) if (data[k] !== 0xab) throw new Error(`${shader.name}: written before an array`);
    bytes.set(data.subarray(BEFORE, BEFORE + sizes[position]), places[position]);
    copy.destroy();
  }
  for (const b of [uniform, ...buffers]) b.destroy();
}

/** `gridSize`: workgroups along one dimension; small, to have dispatches folded. */
export async function runOnDevice(plan: Program<"plan">, inputs: readonly NDArray[], gridSize = 3): Promise<NDArray[]> {
  const gpu = await openDevice();
  let end = 64;
  const allocate = (bytes: number): number => {
    const at = end;
    end = Math.ceil((end + bytes + 1) / 64) * 64;
    return at;
  };
  const inputAt = plan.inputs.map((i) => allocate(fixed(i.slot.bytes)));
  const outputAt = plan.outputs.map((o) => allocate(fixed(o.slot.bytes)));
  const arenaAt = allocate(plan.arenaBytes);
  const buffer = new ArrayBuffer(end + 64);
  const bytes = new Uint8Array(buffer).fill(0xff);
  inputs.forEach((x, i) => {
    write(buffer, inputAt[i], x);
  });
  const counters = new Map<number, number>();
  const address = (v: SlotView): number => {
    const { space, offset } = v.slot;
    const base =
      space === "input"
        ? inputAt[offset]
        : space === "output"
          ? outputAt[offset]
          : arenaAt + offset + (space === "own" ? plan.arenaBytes - plan.ownBytes : 0);
    return (v.follow ?? []).reduce(
      (at, f) => at + fixed(f.stride) * (counters.get(f.loop) ?? Number.NaN),
      base + fixed(v.offset),
    );
  };
  const run = async (steps: readonly PlanStep[]): Promise<void> => {
    for (const s of steps) await step(s);
  };
  const step = async (s: PlanStep): Promise<void> => {
    switch (s.kind) {
      case "launch": {
        const sizes = s.kernel.refs.map((r) => fixed(r.size) * byteSize(r.dtype));
        for (const shader of inOrder(shadersOf(s.kernel).shaders))
          await dispatch(gpu, shader, bytes, s.args.map(address), sizes, gridSize);
        return;
      }
      case "copy":
        bytes.copyWithin(address(s.to), address(s.from), address(s.from) + fixed(s.bytes));
        return;
      case "loop":
        for (let k = 0; k < fixed(s.length); k++) {
          counters.set(s.loop, s.reverse ? fixed(s.length) - 1 - k : k);
          await run(s.body);
        }
        return;
      case "while":
        for (;;) {
          await run(s.cond);
          if (bytes[address(s.test)] === 0) return;
          await run(s.body);
        }
      case "switch": {
        const at = address(s.index);
        const index = s.bool ? bytes[at] : new Int32Array(buffer, at, 1)[0];
        await run(s.cases[Math.min(Math.max(index, 0), s.cases.length - 1)]);
        return;
      }
      case "callback":
        throw new Error("callbacks are not called here");
    }
  };
  await run(plan.steps);
  return plan.outputs.map((o, i) =>
    o.aliasOf !== undefined
      ? read(buffer, inputAt[o.aliasOf], o.aval.shape as readonly number[], o.aval.dtype)
      : read(buffer, outputAt[i], o.aval.shape as readonly number[], o.aval.dtype),
  );
}
