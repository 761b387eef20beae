/** The way down: simplify, plan, tile to loop programs, one Wasm module. */
import { fail, internal, isTileworkError } from "../diagnostics/error.js";
import type { Aval } from "../ir/aval.js";
import { programKey } from "../ir/key.js";
import type { Program } from "../ir/program.js";
import { type NamedSize, withSizes } from "../ir/size.js";
import { lowerToLoop } from "../lowering/loop/lower.js";
import { lowerKept, lowerToPlan } from "../lowering/plan/index.js";
import { type SharedStages, type ShareOptions, shareStages } from "../lowering/shares.js";
import type { Target } from "../lowering/target.js";
import { callbackImport } from "../lowering/wasm/callback.js";
import { emitModule } from "../lowering/wasm/module.js";
import { TableWords } from "../lowering/wasm/table.js";
import type { Member, Pool } from "../runtime/threads/pool.js";
import { simplify } from "../simplify/index.js";
import { cachePlace, loadModule, type StoredModule, storeModule } from "./disk-cache.js";
import { engineTarget } from "./engine.js";
import { largeOperands } from "./operands.js";
import { SizedRuns } from "./sizes.js";
import { compileOptimised } from "./v8.js";
import { worthOptimising } from "./work.js";

/** Threads that a program with shared stages may use. @internal */
export type Threads = Pick<Pool, "control" | "wait" | "member">;

export interface ProgramInstance {
  /** The module among those that the workers know, when it has shared stages. */
  readonly member: Member | undefined;
  /**
   * `table`: address of the pointers to inputs, then outputs (u32 each); `arena`: address of the working memory; `threads`: for
   * how many there is room in it, one when left out.
   */
  run(table: number, arena: number, threads?: number): void;
}
export interface CompiledProgram {
  readonly plan: Program<"plan">;
  readonly target: Target;
  /** Milliseconds by pass. */
  readonly timings: readonly { readonly name: string; readonly ms: number }[];
  readonly arenaBytes: number;
  /** What each further thread needs beside. */
  readonly ownBytes: number;
  /** For each output, the input whose memory it takes. */
  readonly donatedFrom: readonly (number | null)[];
  /** Milliseconds that it took to lower, and large inputs that contractions read: what copies of them kept would cost and save. */
  readonly ms: number;
  readonly operands: StoredModule["operands"];
  readonly callbacks: Program<"plan">["callbacks"];
  /** What runs at given values of the named sizes need; null for a program without any. */
  readonly sized: SizedRuns | null;
  /** The module's bytes. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Stages that threads share; none where the memory is not shared. */
  readonly shares: SharedStages | undefined;
  /**
   * `mark` hears of the end of each launch and copy, by its number among `timedSteps`.
   * @internal (declarations name no global that a library lacks)
   */
  instantiate(
    memory: WebAssembly.Memory,
    callbacks: readonly ((...args: readonly unknown[]) => void)[],
    mark?: (step: number) => void,
    threads?: Threads,
  ): ProgramInstance;
}
export interface CompileOptions {
  /** Positions of inputs whose memory the program may take. */
  readonly donate?: readonly number[];
  /** This machine when left out. */
  readonly target?: Target;
  /** For a shared memory, with stages above this size shared among threads. */
  readonly share?: ShareOptions | undefined;
  /** Names of sizes in the program, given when it runs (`sizes.ts`). */
  readonly sizes?: readonly NamedSize[];
}

/** What a module asks of a shared memory: as an import it must allow for the largest. */
const SHARED_LIMITS = { min: 1, max: 65536, shared: true };

class Clock {
  readonly entries: { name: string; ms: number }[] = [];
  time<R>(name: string, pass: () => R): R {
    const start = performance.now();
    const result = pass();
    this.entries.push({ name, ms: performance.now() - start });
    return result;
  }
}

export function compileProgram(program: Program<"core">, options: CompileOptions = {}): CompiledProgram {
  return withSizes(options.sizes ?? [], () => compile(program, options));
}

/** A program on its way down. */
interface Lowered {
  readonly plan: Program<"plan">;
  readonly shares: SharedStages | undefined;
  readonly words: TableWords;
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The module that says when steps are over. */
  emitMarked(): Uint8Array<ArrayBuffer>;
}

function lower(core: Program<"core">, target: Target, options: CompileOptions, clock: Clock): Lowered {
  const plan = clock.time("plan", () => lowerToPlan(core, { ...options, machine: target }));
  return emitPlan(plan, target, options.share, clock);
}
function emitPlan(plan: Program<"plan">, target: Target, share: ShareOptions | undefined, clock: Clock): Lowered {
  let loopMs = 0;
  const lowerKernel = (kernel: Program<"tile">): Program<"loop"> => {
    const start = performance.now();
    const loop = lowerToLoop(kernel, target);
    loopMs += performance.now() - start;
    return loop;
  };
  const shares = share && clock.time("share", () => shareStages(plan.steps, share));
  const imported = share ? SHARED_LIMITS : undefined;
  const emit = (words: TableWords, marked: boolean): Uint8Array<ArrayBuffer> =>
    emitModule(plan, lowerKernel, target, { ...(imported && { memory: imported }), marked, shares, words });
  const words = new TableWords(plan);
  const bytes = clock.time("emit", () => emit(words, false));
  clock.entries[clock.entries.length - 1].ms -= loopMs;
  clock.entries.splice(-1, 0, { name: "loop", ms: loopMs });
  return { plan, shares, words, bytes, emitMarked: () => emit(new TableWords(plan), true) };
}

/** Fewer equations are lowered about as fast as a file is read. */
const LEAST_STORED_EQUATIONS = 40;
/** Milliseconds of lowering that a file is worth. */
const LEAST_STORED_MS = 15;

/** Where a module for this may lie from an earlier process: functions, which count by identity, are of this one. */
function placeOf(core: Program<"core">, target: Target, options: CompileOptions): string | undefined {
  const { donate = [], share, sizes = [] } = options;
  if (core.eqns.length < LEAST_STORED_EQUATIONS || sizes.length > 0 || core.effects.length > 0) return undefined;
  return cachePlace(() => {
    const key = programKey(core);
    return key.includes("@") ? undefined : `${target.name} ${JSON.stringify([donate, share ?? null])} ${key}`;
  });
}

function compile(program: Program<"core">, options: CompileOptions): CompiledProgram {
  const target = options.target ?? engineTarget();
  const { sizes = [] } = options;
  const clock = new Clock();
  const core = clock.time("simplify", () => simplify(program));
  const place = clock.time("look up", () => placeOf(core, target, options));
  const stored = place === undefined ? undefined : clock.time("read", () => loadModule(place));
  let lowered: Lowered | undefined;
  // what was read from disk is lowered only when someone looks at it
  const whole = (): Lowered => (lowered ??= withSizes(sizes, () => lower(core, target, options, new Clock())));
  let facts = stored;
  if (!facts) {
    const start = performance.now();
    lowered = lower(core, target, options, clock);
    facts = factsOf(lowered, performance.now() - start, largeOperands(core, options.donate ?? []));
    if (place !== undefined && facts.ms > LEAST_STORED_MS) storeModule(place, facts);
  }
  return finish(facts, {
    target,
    sizes,
    clock,
    whole,
    callbacks: lowered?.plan.callbacks ?? [],
    outputs: program.outputs,
  });
}

function factsOf({ plan, bytes, shares }: Lowered, ms: number, operands: StoredModule["operands"]): StoredModule {
  return {
    bytes,
    arenaBytes: plan.arenaBytes,
    ownBytes: plan.ownBytes,
    donatedFrom: plan.outputs.map((o) => o.donatedFrom ?? null),
    optimise: worthOptimising(plan.steps, bytes.length),
    shared: shares?.count ?? 0,
    ms,
    operands,
  };
}

/** A program, and what makes the copies that it takes after its inputs. */
export interface KeptProgram {
  readonly main: CompiledProgram;
  readonly prepare: CompiledProgram;
}
/** With the inputs at `keep` the same from call to call; undefined where nothing is to be copied from them. */
export function compileKept(
  program: Program<"core">,
  options: CompileOptions,
  keep: readonly number[],
): KeptProgram | undefined {
  const target = options.target ?? engineTarget();
  const { sizes = [], share } = options;
  return withSizes(sizes, () => {
    const plans = lowerKept(simplify(program), { ...options, machine: target }, keep);
    if (!plans) return undefined;
    const made = (plan: Program<"plan">, named: readonly NamedSize[]): CompiledProgram => {
      const clock = new Clock();
      const lowered = emitPlan(plan, target, share, clock);
      const { callbacks, outputs } = plan;
      return finish(factsOf(lowered, 0, []), { target, sizes: named, clock, whole: () => lowered, callbacks, outputs });
    };
    return { main: made(plans.main, sizes), prepare: made(plans.prepare, []) };
  });
}

function finish(
  facts: StoredModule,
  {
    target,
    sizes,
    clock,
    whole,
    callbacks,
    outputs,
  }: {
    readonly target: Target;
    readonly sizes: readonly NamedSize[];
    readonly clock: Clock;
    readonly whole: () => Lowered;
    readonly callbacks: Program<"plan">["callbacks"];
    readonly outputs: readonly { readonly aval: Aval }[];
  },
): CompiledProgram {
  const { bytes, optimise, shared } = facts;
  let marked: WebAssembly.Module | undefined;
  const module = clock.time("compile", () => (optimise ? compileOptimised(bytes) : new WebAssembly.Module(bytes)));
  return {
    get plan() {
      return whole().plan;
    },
    get shares() {
      return whole().shares;
    },
    bytes,
    target,
    timings: clock.entries,
    arenaBytes: facts.arenaBytes,
    ownBytes: facts.ownBytes,
    donatedFrom: facts.donatedFrom,
    ms: facts.ms,
    operands: facts.operands,
    // programs with callbacks are never read from disk
    callbacks,
    sized:
      sizes.length === 0
        ? null
        : new SizedRuns(
            sizes,
            outputs.map((o) => o.aval),
            (valueOf) => whole().words.solve(valueOf),
          ),
    instantiate: (memory, callbacks, mark, threads) => {
      const env: Record<string, WebAssembly.ImportValue> = { memory };
      if (callbacks.length > 0) env.callback = callbackImport(whole().plan.steps, memory, callbacks);
      if (mark) env.mark = mark;
      if (mark) marked ??= withSizes(sizes, () => new WebAssembly.Module(whole().emitMarked()));
      const code = mark && marked ? marked : module;
      let member: Member | undefined;
      if (shared > 0) {
        member = threads?.member(code);
        env.control = threads?.control ?? new WebAssembly.Global({ value: "i32", mutable: true }, 0);
        env.module = member?.id ?? new WebAssembly.Global({ value: "i32", mutable: true }, 0);
        env.wait = threads?.wait ?? (() => internal("a job without threads"));
      }
      const { exports } = new WebAssembly.Instance(code, { env });
      return { run: exports.run as ProgramInstance["run"], member };
    },
  };
}

/** A trap of the engine as an error of ours; what a callback threw stays what it is. */
export function explainTrap(e: unknown, name: string): never {
  if (!(e instanceof WebAssembly.RuntimeError) || isTileworkError(e)) throw e;
  return fail("TW4007", `the compiled program ${name || "(anonymous)"} stopped: ${e.message}`, { cause: e });
}
