/**
 * V8's switches, which Node lets us set, tried before they are trusted. Bundles for browsers have v8-browser.ts instead.
 *
 * Two of them make vector code up to twice as fast: from Node 24 on, pairs of 128-bit operations become 256-bit ones
 * (`--experimental-wasm-revectorize`, which needs AVX2); in Node 20, fused multiplication and addition
 * (`--experimental-wasm-relaxed-simd`, on by default later). They are set at the first compilation, never on import, and
 * stay only if a trial gives the right bits and is faster. Everything is right without them.
 */
import { type WasmFeatures, wasmFeatures } from "../lowering/wasm/features.js";
import { PROBE_BIAS, PROBE_FACTOR, PROBE_STEPS, PROBE_TERM, probeModule } from "../lowering/wasm/probe.js";

interface V8 {
  setFlagsFromString(flags: string): void;
}
interface NodeProcess {
  readonly versions?: Readonly<Record<string, string | undefined>>;
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly execArgv?: readonly string[];
  readonly getBuiltinModule?: (name: string) => unknown;
}

const REVECTORIZE = "experimental-wasm-revectorize";
const RELAXED = "experimental-wasm-relaxed-simd";
/** V8 has the pass from 12.4 on; before 13 it does nothing yet. */
const FIRST_REVECTORIZE = 13;
const RELAXED_BY_DEFAULT = 11.4;
/**
 * From here on, code with inlined calls can fall back to that of V8's baseline compiler, Liftoff (`--wasm-deopt`). Where Liftoff is
 * off, V8 inlines calls in functions that Liftoff has not seen, and then stops the process.
 */
const FIRST_DEOPT = 14;

/** Other embedders of V8 (Deno, Bun's imitation, Electron) freeze or lack its flags. */
function findV8(): { readonly v8: V8; readonly version: number } | undefined {
  const { process } = globalThis as { process?: NodeProcess };
  const versions = process?.versions;
  if (!versions?.node || !versions.v8 || versions.bun || versions.electron || "Deno" in globalThis) return undefined;
  const v8 = process?.getBuiltinModule?.("node:v8") as V8 | undefined;
  return v8 && { v8, version: Number.parseFloat(versions.v8) };
}

function asksForDeopt(): boolean {
  const { process } = globalThis as { process?: NodeProcess };
  return process?.execArgv?.some((a) => /^--wasm[-_]deopt\b/.test(a)) ?? false;
}

let host: ReturnType<typeof findV8>;

/** Switches on what helps and says what code may use then; undefined where there are no switches. */
export function tuneV8(): WasmFeatures | undefined {
  const { process } = globalThis as { process?: NodeProcess };
  if (process?.env?.TILEWORK_V8 === "0") return undefined;
  host = findV8();
  if (!host) return undefined;
  const { v8, version } = host;
  if (version < RELAXED_BY_DEFAULT) v8.setFlagsFromString(`--${RELAXED}`);
  // it may be on already, by the command line: what it gains can only be seen against code without it
  if (version >= FIRST_REVECTORIZE) v8.setFlagsFromString(`--no-${REVECTORIZE}`);
  const features = wasmFeatures();
  if (!features.simd) return features;
  const trial = makeTrial();
  if (!trial) {
    // nothing is switched on that was not tried
    if (version < RELAXED_BY_DEFAULT) v8.setFlagsFromString(`--no-${RELAXED}`);
    return wasmFeatures();
  }
  let relaxedSimd = features.relaxedSimd && trial.isRight(true);
  if (version < RELAXED_BY_DEFAULT && !(relaxedSimd && trial.isFaster(true))) {
    relaxedSimd = false;
    v8.setFlagsFromString(`--no-${RELAXED}`);
  }
  let wide = false;
  if (version >= FIRST_REVECTORIZE) {
    v8.setFlagsFromString(`--${REVECTORIZE}`);
    wide = trial.isWide(relaxedSimd);
    if (!wide) v8.setFlagsFromString(`--no-${REVECTORIZE}`);
  }
  return { ...features, relaxedSimd, wide };
}

/**
 * Compiles at once with the optimising compiler where the engine lets us ask for that. The switches are for the whole process: what
 * other threads compile meanwhile must be right with every mixture of them. (So inlining stays as it is: code that counts calls
 * for it, in an instance that was made without, would write to where there are no counters.)
 */
export function compileOptimised(bytes: Uint8Array<ArrayBuffer>): WebAssembly.Module {
  if (!host) return new WebAssembly.Module(bytes);
  const { v8, version } = host;
  // a mask of a module's first 32 functions
  const [on, off] =
    version >= FIRST_DEOPT || asksForDeopt()
      ? ["--wasm-tier-mask-for-testing=-1", "--wasm-tier-mask-for-testing=0"]
      : ["--no-liftoff", "--liftoff"];
  v8.setFlagsFromString(on);
  v8.setFlagsFromString("--no-wasm-lazy-compilation");
  try {
    return new WebAssembly.Module(bytes);
  } finally {
    v8.setFlagsFromString(off);
    v8.setFlagsFromString("--wasm-lazy-compilation");
  }
}

/** Elements of a trial: they and their results stay in the nearest cache. */
const COUNT = 2048;
/** A machine that fuses takes two thirds of the time, a 256-bit one half; where neither is there, nothing is gained. */
const FASTER = 0.85;
const ROUNDS = 24;

/** None where the engine has no room for a second memory (limited address space). */
function makeTrial(): Trial | undefined {
  try {
    return new Trial();
  } catch {
    return undefined;
  }
}

type Probe = (from: number, to: number, bytes: number) => void;

/** Compiles and runs the probe, with a plain variant to compare with. */
class Trial {
  readonly #memory = new WebAssembly.Memory({ initial: 1 });
  readonly #input = new Float32Array(this.#memory.buffer, 0, COUNT);
  readonly #output = new Float32Array(this.#memory.buffer, COUNT * 4, COUNT);
  readonly #plain = new Map<boolean, Probe>();

  constructor() {
    // few bits, so that a product and a sum in f64 are exact and their rounding to f32 is that of a fused operation
    for (let i = 0; i < COUNT; i++) this.#input[i] = ((i * 37) % 509) / 64 - 4;
    this.#input.set([0, -0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN, 1e-40, -1e-40, 3e38], 64);
  }
  #compile(fused: boolean, name: string): Probe {
    const module = compileOptimised(probeModule(fused, name));
    const { exports } = new WebAssembly.Instance(module, { env: { memory: this.#memory } });
    return exports.probe as Probe;
  }
  #run(probe: Probe): Int32Array {
    this.#output.fill(0);
    probe(0, COUNT * 4, COUNT * 4);
    return new Int32Array(this.#output.slice().buffer);
  }
  /** Made before pairs are widened. */
  #plainProbe(fused: boolean): Probe {
    let probe = this.#plain.get(fused);
    if (!probe) this.#plain.set(fused, (probe = this.#compile(fused, "plain")));
    return probe;
  }

  /** Each step rounds once or twice, and always the same way. */
  isRight(fused: boolean): boolean {
    const got = new Float32Array(this.#run(this.#plainProbe(fused)).buffer);
    const n = 64;
    for (const once of [true, false]) {
      let equal = true;
      for (let i = 0; i < n && equal; i++) equal = Object.is(got[i], reference(this.#input[i], once));
      if (equal) return true;
    }
    return false;
  }
  /** Against a multiplication and an addition. */
  isFaster(fused: boolean): boolean {
    return this.#gains(this.#plainProbe(!fused), this.#plainProbe(fused));
  }
  /** With the switch on: the same bits in clearly less time. */
  isWide(fused: boolean): boolean {
    const plain = this.#plainProbe(fused);
    const wide = this.#compile(fused, "wide");
    const [a, b] = [this.#run(plain), this.#run(wide)];
    for (let i = 0; i < COUNT; i++) if (a[i] !== b[i]) return false;
    return this.#gains(plain, wide);
  }
  #gains(before: Probe, after: Probe): boolean {
    const best = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
    for (let round = 0; round < ROUNDS; round++) {
      [before, after].forEach((probe, i) => {
        const start = performance.now();
        probe(0, COUNT * 4, COUNT * 4);
        best[i] = Math.min(best[i], performance.now() - start);
      });
    }
    return best[1] < FASTER * best[0];
  }
}

const word = new DataView(new ArrayBuffer(4));
function reference(x: number, once: boolean): number {
  let t = x;
  for (let i = 0; i < PROBE_STEPS; i++) {
    const product = t * PROBE_FACTOR;
    t = Math.fround((once ? product : Math.fround(product)) + PROBE_TERM);
  }
  word.setFloat32(0, t);
  word.setInt32(0, ((word.getInt32(0) << 1) + PROBE_BIAS) | 0);
  const y = word.getFloat32(0);
  // f32x4.pmax(y, x)
  return Math.max(y, x);
}
