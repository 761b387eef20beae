/** Switches of the engine: set only when allowed, only when first needed, and what they switch on is right. */
import v8 from "node:v8";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { PROBE_STEPS, probeModule } from "../../src/lowering/wasm/probe.js";
import { validated } from "../lowering/validate.js";

const node = Number(process.versions.node.split(".")[0]);

describe("the engine's switches", () => {
  const set = vi.spyOn(v8, "setFlagsFromString");
  beforeEach(() => {
    vi.resetModules();
    set.mockClear();
  });
  afterEach(() => vi.unstubAllEnvs());

  it("are left alone by importing the package", async () => {
    await import("../../src/index.js");
    expect(set).not.toHaveBeenCalled();
  });
  it("are left alone with TILEWORK_V8=0", async () => {
    vi.stubEnv("TILEWORK_V8", "0");
    const { engineTarget } = await import("../../src/jit/engine.js");
    expect(engineTarget().simd).toBe(true);
    expect(engineTarget().wide).toBe(false);
    expect(set).not.toHaveBeenCalled();
  });
  it("are left alone with configure({ v8: false })", async () => {
    const { configure, numpy: np, array } = await import("../../src/index.js");
    configure({ v8: false });
    expect(np.add(array([1, 2]), 1).dataSync()).toEqual(new Float32Array([2, 3]));
    expect(set).not.toHaveBeenCalled();
  });
  it("are set at the first compilation, once", async () => {
    const { numpy: np, array } = await import("../../src/index.js");
    expect(set).not.toHaveBeenCalled();
    expect(np.add(array([1, 2]), 1).dataSync()).toEqual(new Float32Array([2, 3]));
    const flags = set.mock.calls.map(([f]) => f);
    const own = flags.filter((f) => f.startsWith("--experimental"));
    if (node < 21) expect(own).toEqual(["--experimental-wasm-relaxed-simd"]);
    else if (node >= 24) expect(own).toEqual(["--experimental-wasm-revectorize"]);
    else expect(own).toEqual([]);
    // code that was compiled with it and an instance that was made without make V8 stop
    expect(flags.filter((f) => f.includes("inlining"))).toEqual([]);
    const { engineTarget } = await import("../../src/jit/engine.js");
    expect(engineTarget()).toBe(engineTarget());
  });
  it("leave the tiers of compilation as they were", async () => {
    const { engineTarget } = await import("../../src/jit/engine.js");
    const { compileOptimised } = await import("../../src/jit/v8.js");
    engineTarget();
    set.mockClear();
    compileOptimised(probeModule(false, "tiers"));
    // from V8 14 on, Liftoff stays on: without it V8 would inline calls in functions that Liftoff has not seen, and stop
    const tier = node >= 25 ? "--wasm-tier-mask-for-testing=0" : "--liftoff";
    expect(set.mock.calls.map(([f]) => f).slice(-2)).toEqual([tier, "--wasm-lazy-compilation"]);
    expect(() => compileOptimised(new Uint8Array([0, 1, 2]))).toThrow(WebAssembly.CompileError);
    expect(set.mock.calls.map(([f]) => f).slice(-2)).toEqual([tier, "--wasm-lazy-compilation"]);
  });
});

describe("the probe", () => {
  it.each([true, false])("is a valid module (fused: %s)", (fused) => {
    validated(probeModule(fused, "probe"));
  });
  it("rounds each step twice where it does not fuse", async () => {
    const { engineTarget } = await import("../../src/jit/engine.js");
    engineTarget();
    const memory = new WebAssembly.Memory({ initial: 1 });
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(probeModule(false, "plain")), {
      env: { memory },
    });
    const x = new Float32Array(memory.buffer, 0, 16).map((_, i) => i / 4);
    new Float32Array(memory.buffer).set(x);
    (exports.probe as (a: number, b: number, n: number) => void)(0, 64, 64);
    const y = new Float32Array(memory.buffer, 64, 16);
    x.forEach((v, i) => {
      let t = v;
      for (let k = 0; k < PROBE_STEPS; k++) t = Math.fround(Math.fround(t * 0.8125) + 0.375);
      const bits = new Int32Array(new Float32Array([t]).buffer)[0];
      const about = new Float32Array(new Int32Array([(bits << 1) - 0x3f800000]).buffer)[0];
      expect(y[i]).toBe(Math.max(about, v));
      expect(Math.abs(about - t * t)).toBeLessThan(0.13 * t * t);
    });
  });
});
