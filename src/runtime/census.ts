/**
 * Which objects are still referred to, found out at once: engines tell finalizers only when a script returns to the event loop, and V8
 * keeps what has a finalizer (or a `WeakRef`) alive until the next collection of its whole heap. Members of a weak set go with the
 * collections of young objects, which take a tenth of a millisecond, and Node's `inspect` shows what is left. Bundles for browsers,
 * where nothing shows it, have census-browser.ts instead.
 */

/** Node's name for the method by which an object is shown. */
const INSPECT = Symbol.for("nodejs.util.inspect.custom");
/** What `inspect` prints for a member: from the length of the text follows that each of them was asked. */
export const SHOWN = "a";

/** `answer` is called, while a census is made, of every member that something refers to. */
export abstract class Member {
  abstract answer(): void;
  [INSPECT](): string {
    this.answer();
    counted++;
    return SHOWN;
  }
}
/** Members that answered. */
let counted = 0;

export interface Census {
  /** Whether it can have garbage collected; else it shows what the engine collected by itself. */
  readonly collects: boolean;
  add(member: Member): void;
  /** Collects garbage, young objects or all. */
  collect(all: boolean): void;
  /** Has every member answer that is left; false where it is not sure that all of them were asked. */
  ask(): boolean;
}

type Collect = (options?: { type: "minor" }) => void;
type Collector = (all: boolean) => void;
interface V8 {
  setFlagsFromString(flags: string): void;
}
interface NodeProcess {
  readonly versions?: Readonly<Record<string, string | undefined>>;
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly getBuiltinModule?: (name: string) => unknown;
}
interface NodeUtil {
  inspect(value: unknown, options: Readonly<Record<string, unknown>>): string;
}

class Sentinel extends Member {
  answered = false;
  answer(): void {
    this.answered = true;
  }
}

class NodeCensus implements Census {
  readonly #members = new WeakSet<Member>();
  readonly #sentinel = new Sentinel();
  readonly #util: NodeUtil;
  #collector: Collector | undefined;
  #mayCollect: boolean;

  constructor(util: NodeUtil, mayCollect: boolean) {
    this.#util = util;
    this.#mayCollect = mayCollect;
    this.#members.add(this.#sentinel);
  }

  get collects(): boolean {
    return this.#mayCollect;
  }

  add(member: Member): void {
    this.#members.add(member);
  }

  collect(all: boolean): void {
    if (!this.#mayCollect) return;
    this.#collector ??= findCollector();
    if (this.#collector) this.#collector(all);
    else this.#mayCollect = false;
  }

  ask(): boolean {
    counted = 0;
    this.#sentinel.answered = false;
    // every option that matters, for users may set other defaults
    const text = this.#util.inspect(this.#members, {
      showHidden: true,
      maxArrayLength: null,
      depth: 0,
      customInspect: true,
      showProxy: false,
      colors: false,
      compact: true,
      breakLength: Number.POSITIVE_INFINITY,
      sorted: false,
      getters: false,
    });
    // where the stack ended meanwhile, the text says so instead
    const length = "WeakSet {  }".length + counted * SHOWN.length + (counted - 1) * ", ".length;
    return this.#sentinel.answered && text.length === length && text.endsWith("}");
  }
}

/** V8's `gc`, which contexts have that are made while a switch is set. */
function findCollector(): Collector | undefined {
  const { gc, process } = globalThis as { gc?: Collect; process?: NodeProcess };
  const v8 = process?.getBuiltinModule?.("node:v8") as V8 | undefined;
  const vm = process?.getBuiltinModule?.("node:vm") as { runInNewContext(code: string): unknown } | undefined;
  if (!v8 || !vm) return undefined;
  let collect = gc;
  if (!collect) {
    v8.setFlagsFromString("--expose-gc");
    try {
      collect = vm.runInNewContext("gc") as Collect;
    } catch {
      return undefined;
    } finally {
      v8.setFlagsFromString("--no-expose-gc");
    }
  }
  const run = collect;
  return (all) => {
    // exactly: with a type given, what was in use when V8 began to mark may stay
    if (all) return run();
    // little is left of young objects: to wake other threads for it would take as long again
    v8.setFlagsFromString("--no-parallel-scavenge");
    run({ type: "minor" });
    v8.setFlagsFromString("--parallel-scavenge");
  };
}

/**
 * None in engines other than Node's: they imitate it with gaps. `mayCollect`: may a switch of V8 be set for a moment, to
 * have garbage collected?
 */
export function makeCensus(mayCollect: boolean): Census | undefined {
  const { process } = globalThis as { process?: NodeProcess };
  const versions = process?.versions;
  if (!versions?.node || !versions.v8 || versions.bun || versions.electron || "Deno" in globalThis) return undefined;
  const util = process?.getBuiltinModule?.("node:util") as NodeUtil | undefined;
  if (!util) return undefined;
  const census = new NodeCensus(util, mayCollect && process?.env?.TILEWORK_V8 !== "0");
  return census.ask() ? census : undefined;
}
