/**
 * Variables, and the parts of a program that they are written in. A branch or a loop that the run decides is traced as a program
 * of its own, a region: what is written there to variables from outside is noted, so that it can leave the region as a result.
 */
import { fail } from "../../diagnostics/error.js";
import type { SpanRef } from "../../diagnostics/span.js";
import { type Frame, nameTensor } from "../../tracer/frame.js";
import type { Tensor } from "../../tracer/tensor.js";
import type { FunctionNode, Located } from "../ast.js";
import type { Code } from "./code.js";

/** One entry of a loop or a switch. */
export interface Target {
  readonly label: string | undefined;
  readonly loop: boolean;
}

/**
 * - root: the body of a function that something traces;
 * - branch: runs if a condition holds; - choice: a side of ?:, && or ||, which is computed in any case;
 * - loop: the body of a scan or a while; - foreign: a function that a transform or the library calls in a trace of its own.
 */
export type RegionKind = "root" | "branch" | "choice" | "loop" | "test" | "foreign";

export interface Taken {
  readonly index: Tensor;
  readonly value: boolean | number;
}

export class Region {
  /** Variables from outside, with what they held at the beginning. */
  readonly journal = new Map<Binding, unknown>();
  /** In the body of a scan: what is pushed in each step to lists from outside. */
  readonly pushes = new Map<unknown[], { values: unknown[]; at: SpanRef }>();
  /** Lists from outside that are read. */
  readonly reads = new Set<unknown>();
  constructor(
    readonly kind: RegionKind,
    readonly parent: Region | undefined,
    readonly frame: Frame | undefined,
    /** The body of a scan whose steps all run: pushes are collected. */
    readonly collects = false,
    /** A branch: it runs where `index` is `value`. */
    readonly taken?: Taken,
  ) {}
}

/** One call of an interpreted function. */
export interface Activation {
  readonly node: FunctionNode;
  readonly code: Code;
  readonly region: Region;
  readonly parent: Activation | undefined;
}

export class Binding {
  /** Where it was last written. */
  place: SpanRef | undefined;
  constructor(
    readonly name: string,
    public value: unknown,
    readonly mutable: boolean,
    readonly region: Region | undefined,
    /** The call that it is a variable of; a kernel's references have none. */
    readonly activation: Activation | undefined,
  ) {}
}

export const state: { region: Region | undefined; activation: Activation | undefined } = {
  region: undefined,
  activation: undefined,
};

/** Runs `f` in a region of its own. */
export function inRegion<R>(region: Region, f: () => R): R {
  const outer = state.region;
  state.region = region;
  try {
    return f();
  } finally {
    state.region = outer;
  }
}

/** Takes back what was written, and gives it. */
export function rewind(region: Region): Map<Binding, unknown> {
  const written = new Map<Binding, unknown>();
  for (const [binding, before] of region.journal) {
    written.set(binding, binding.value);
    binding.value = before;
  }
  return written;
}

export function write(binding: Binding, value: unknown, place: SpanRef | undefined): void {
  for (let r = state.region; r !== undefined && r !== binding.region; r = r.parent)
    if (r.kind === "foreign" || r.kind === "choice" || r.kind === "test") refuseWrite(r, binding.name, place);
  // what leaves a region is written again in the one around it
  const region = state.region;
  if (region && region !== binding.region && !region.journal.has(binding)) region.journal.set(binding, binding.value);
  binding.value = value;
  binding.place = place;
  nameTensor(value, binding.name);
}

function refuseWrite(region: Region, name: string, place: SpanRef | undefined): never {
  const why = {
    foreign: "in a function that is traced by itself: the value would belong to that trace alone",
    choice: "in an expression that is computed whether it is chosen or not",
    test: "in the condition of a loop that the run decides",
  }[region.kind as "foreign" | "choice" | "test"];
  fail("TW7010", `${name} is assigned ${why}`, {
    span: place,
    help:
      region.kind === "foreign"
        ? "return the new value from the function"
        : region.kind === "test"
          ? "assign in the body of the loop"
          : "use if and else, which can assign",
  });
}

const origins = new WeakMap<object, Region>();
/** Notes that a list or an object was made here, and may be changed here. */
export function made<T extends object>(container: T): T {
  if (state.region) origins.set(container, state.region);
  return container;
}
export function madeHere(container: object): boolean {
  return origins.get(container) === state.region;
}

/** A container may be changed where it was made, and anywhere while nothing but JavaScript decides what runs. */
export function checkMutation(container: object, what: string, span: SpanRef): void {
  const region = state.region;
  if (region === undefined || region.kind === "root" || madeHere(container)) return;
  // its arguments are its own
  if (region.kind === "foreign" && !origins.has(container)) return;
  const where = {
    branch: "under a condition that only the run decides",
    choice: "in an expression that is computed whether it is chosen or not",
    loop: "in a loop that is compiled once for all its steps",
    test: "in the condition of a loop that the run decides",
    foreign: "in a function that is traced by itself",
  }[region.kind];
  fail("TW7010", `${what} changes ${Array.isArray(container) ? "a list" : "an object"} from outside ${where}`, {
    span,
    help:
      region.kind === "loop"
        ? "give a variable the new value instead: state = { ...state, key: value }; push is for loops over range() or an array"
        : "give a variable the new value instead: list = [...list, x], state = { ...state, key: value }",
  });
}

/** The variables of one block. */
export class Scope {
  readonly #names = new Map<string, Binding>();
  constructor(
    readonly parent: Scope | undefined,
    readonly self: unknown,
    readonly activation: Activation,
    /** The loop or switch whose body it is. */
    readonly target?: Target,
  ) {}
  child(target?: Target): Scope {
    return new Scope(this, this.self, this.activation, target);
  }
  declare(name: string, value: unknown, mutable: boolean): Binding {
    const binding = new Binding(name, value, mutable, state.region, this.activation);
    this.#names.set(name, binding);
    return binding;
  }
  /** The same variables once more, with what they hold: those of the next step of a `for`. */
  again(): Scope {
    const next = new Scope(this.parent, this.self, this.activation, this.target);
    for (const [name, b] of this.#names) next.declare(name, b.value, b.mutable).place = b.place;
    return next;
  }
  own(name: string): Binding | undefined {
    return this.#names.get(name);
  }
  find(name: string): Binding | undefined {
    let scope: Scope | undefined = this;
    while (scope !== undefined) {
      const found = scope.#names.get(name);
      if (found) return found;
      scope = scope.parent;
    }
    return undefined;
  }
  span(at: Located): SpanRef {
    return this.activation.code.span(at);
  }
}
