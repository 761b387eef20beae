/** Ways that the run chooses between: each is traced to a program, and what they leave is joined to one value of one type. */
import { fail, internal } from "../../diagnostics/error.js";
import type { SpanRef } from "../../diagnostics/span.js";
import { type Aval, aval } from "../../ir/aval.js";
import { shapeSame } from "../../ir/dim.js";
import { isInt, promoteTypes } from "../../ir/dtype.js";
import type { Program } from "../../ir/program.js";
import { convertTo, shareCaptures } from "../../tracer/control.js";
import { bind, Frame, scalar, TracedSource, withFrame } from "../../tracer/frame.js";
import { isScalarLeaf, leafTensor } from "../../tracer/leaf.js";
import { Tensor } from "../../tracer/tensor.js";
import * as tree from "../../tree/index.js";
import { type Completion, type Jump, joinCompletions, Mixed } from "./completion.js";
import { type Binding, inRegion, Region, type RegionKind, rewind, state, type Taken, write } from "./region.js";
import {
  DEAD,
  describe,
  isSoft,
  isWhole,
  markSoft,
  markWhole,
  Poison,
  toInteger,
  UNSET,
  WholeLeaf,
  zerosOf,
} from "./values.js";

/** One leaf of what several ways leave: the same JavaScript value on all, or a tensor. */
type Leaf =
  | { readonly fixed: unknown }
  | {
      readonly aval: Aval;
      readonly whole: boolean;
      readonly soft?: boolean;
      /** For a whole number of an object: whether it is surely not negative. */
      readonly notNegative?: boolean;
    };

/** How the values of several ways become one. */
type Joined =
  | { readonly kind: "fixed"; readonly value: unknown }
  | { readonly kind: "tree"; readonly treedef: tree.TreeDef; readonly leaves: readonly Leaf[] };

/** A way that has been traced. */
export interface Way {
  readonly frame: Frame;
  readonly completion: Completion;
  readonly written: ReadonlyMap<Binding, unknown>;
  readonly places: ReadonlyMap<Binding, SpanRef | undefined>;
  /** Types of arguments, when there are any, come first among the inputs of its program. */
  readonly region: Region;
}

export function traceWay(kind: RegionKind, name: string, run: () => Completion, taken?: Taken): Way {
  const frame = new Frame("control", name, undefined, undefined);
  return withFrame(frame, () => {
    const region = new Region(kind, state.region, frame, false, taken);
    const places = new Map<Binding, SpanRef | undefined>();
    let done = false;
    try {
      const completion = inRegion(region, run);
      for (const b of region.journal.keys()) places.set(b, b.place);
      done = true;
      return { frame, completion, written: rewind(region), places, region };
    } finally {
      if (!done) rewind(region);
    }
  });
}

/** The type in which tensors and numbers meet; a message where they don't. */
function joinLeaf(values: readonly unknown[], outside: (t: Tensor) => boolean): Leaf | string {
  const [first] = values;
  const same = values.every((v) => Object.is(v, first));
  if (same && (!(first instanceof Tensor) || (values.length > 1 && outside(first)) || outside(first)))
    return { fixed: first };
  if (values.every((v) => v instanceof WholeLeaf)) {
    if (values.every((v) => v.is(first))) return { fixed: first };
    return { aval: aval([], "i32"), whole: false, notNegative: values.every((v) => v.notNegative) };
  }
  const tensors = values.filter((v): v is Tensor => v instanceof Tensor);
  const others = values.filter((v) => !(v instanceof Tensor));
  const differ = (): string => [...new Set(values.map(describe))].join(" or ");
  if (!others.every(isScalarLeaf)) return differ();
  const whole = values.every(isWhole);
  if (tensors.length === 0) {
    if (values.every((v) => typeof v === "boolean")) return { aval: aval([], "bool"), whole: false };
    return values.every((v) => typeof v === "number") ? { aval: aval([], "f32"), whole, soft: true } : differ();
  }
  const shape = tensors[0].aval.shape;
  if (tensors.some((t) => !shapeSame(t.aval.shape, shape)) || (others.length > 0 && shape.length > 0)) return differ();
  // whole numbers take the type of integers that they meet
  const firm = tensors.filter((t) => !isSoft(t));
  const soft = tensors.filter(isSoft);
  if (firm.length === 0) {
    if (others.some((v) => typeof v !== "number")) return differ();
    const joined = soft.map((t) => t.aval).reduce((a, b) => ({ ...promoteTypes(a, b), shape }));
    return { aval: aval(shape, joined.dtype), whole, soft: true };
  }
  const { dtype } = firm[0].aval;
  if (firm.some((t) => t.aval.dtype !== dtype)) return differ();
  if (isInt(dtype)) {
    if (!soft.every(isWhole) || !others.every((v) => isWhole(v) || typeof v === "bigint")) return differ();
  } else if (dtype === "bool") {
    if (soft.length > 0 || others.some((v) => typeof v !== "boolean")) return differ();
  } else if (others.some((v) => typeof v === "boolean")) return differ();
  return { aval: aval(shape, dtype), whole: isInt(dtype) };
}

/** Values of the ways that are still alive joined; a message where they can't be. */
function join(values: readonly unknown[], outside: (t: Tensor) => boolean): Joined | string {
  const live = values.filter((v) => v !== DEAD);
  if (live.length === 0) return { kind: "fixed", value: DEAD };
  const [first] = live;
  if (live.length > 1 && typeof first === "object" && !(first instanceof Tensor) && live.every((v) => v === first))
    return { kind: "fixed", value: first };
  const flat = live.map((v) => tree.flatten(v));
  const { treedef } = flat[0];
  if (flat.some((f) => !tree.equal(f.treedef, treedef))) {
    return live.every((v) => v instanceof Tensor || typeof v !== "object" || v === null)
      ? [...new Set(live.map(describe))].join(" or ")
      : [...new Set(flat.map((f) => String(f.treedef)))].join(" or ");
  }
  const leaves: Leaf[] = [];
  for (let i = 0; i < flat[0].leaves.length; i++) {
    const leaf = joinLeaf(
      flat.map((f) => f.leaves[i]),
      outside,
    );
    if (typeof leaf === "string") return leaf;
    leaves.push(leaf);
  }
  return { kind: "tree", treedef, leaves };
}

function outputsOf(joined: Joined, value: unknown): Tensor[] {
  if (joined.kind === "fixed") return [];
  const leaves = value === DEAD ? undefined : tree.flatten(value).leaves;
  return joined.leaves.flatMap((leaf, i) => {
    if ("fixed" in leaf) return [];
    return [leaves ? toLeaf(leaves[i], leaf.aval) : zerosOf(leaf.aval)];
  });
}

/** A leaf as a tensor of the type that it was joined to. */
export function toLeaf(x: unknown, a: Aval): Tensor {
  if (x instanceof WholeLeaf) return toLeaf(x.value instanceof Tensor ? toInteger(x.value) : x.value, a);
  if (typeof x === "number" || typeof x === "bigint")
    return scalar(a.dtype === "i64" || a.dtype === "u64" ? BigInt(x) : typeof x === "bigint" ? Number(x) : x, a.dtype);
  return convertTo(
    leafTensor(x, () => "a value"),
    a.dtype,
  );
}

function rebuilt(joined: Joined, results: Tensor[]): unknown {
  if (joined.kind === "fixed") return joined.value;
  const leaves = joined.leaves.map((leaf) => {
    if ("fixed" in leaf) return leaf.fixed;
    const t = results.shift() ?? internal("a lost result");
    if (leaf.notNegative !== undefined) return new WholeLeaf(t, leaf.notNegative);
    if (leaf.soft) markSoft(t);
    return leaf.whole && !isInt(leaf.aval.dtype) ? markWhole(t) : t;
  });
  return tree.unflatten(joined.treedef, leaves);
}

/**
 * Runs one of the ways: `index` is a bool (then ways are [if false, if true]) or an i32. Variables get what the way wrote to
 * them; a variable whose values can't be joined is an error when it is read.
 */
export function chooseWay(index: Tensor, ways: readonly Way[], span: SpanRef): Completion {
  const frames = new Set(ways.map((w) => w.frame));
  const outside = (t: Tensor): boolean => {
    const source = Tensor.source(t);
    return !(source instanceof TracedSource) || !frames.has(source.frame);
  };
  const bindings = new Set(ways.flatMap((w) => [...w.written.keys()]));
  const slots: { binding: Binding; values: unknown[]; joined: Joined; poison?: Poison }[] = [];
  for (const binding of bindings) {
    const values = ways.map((w) => {
      if (left(w.completion, binding)) return DEAD;
      return w.written.has(binding) ? w.written.get(binding) : binding.value;
    });
    slots.push({ binding, values, ...joinVariable(binding, values, ways, outside, span) });
  }
  const { completion, codes, results } = joinCompletions(ways.map((w) => w.completion));
  const result = join(results, outside);
  if (typeof result === "string") {
    fail("TW7007", `the function returns ${result}, as a condition decides that only the run knows`, {
      span,
      help: "return the same structure, shapes and dtypes on all ways",
    });
  }
  const programs = ways.map((w, i) =>
    withFrame(w.frame, () => {
      const code = codes?.[i];
      const outputs = [
        ...(code === undefined ? [] : [typeof code === "number" ? scalar(code, "i32") : code()]),
        ...outputsOf(result, results[i]),
        ...slots.flatMap((s) => (s.poison ? [] : outputsOf(s.joined, s.values[i]))),
      ];
      return { program: w.frame.finish(outputs) as Program<"core">, captures: w.frame.captures };
    }),
  );
  const shared = shareCaptures(programs);
  const branches = shared.programs;
  const bound =
    branches[0].outputs.length > 0 || branches.some((b) => b.effects.length > 0)
      ? [...bind("cond", [index, ...shared.captures], { branches }, span)]
      : [];
  const code = codes ? bound.shift() : undefined;
  const value = rebuilt(result, bound);
  for (const s of slots) {
    const at = ways.map((w) => w.places.get(s.binding)).find((p) => p !== undefined) ?? s.binding.place;
    if (s.poison) write(s.binding, s.poison, at);
    else if (s.joined.kind === "tree" || s.joined.value !== DEAD) write(s.binding, rebuilt(s.joined, bound), at);
  }
  return completion(code, value);
}

/** Whether a way has left the function that the variable belongs to. */
function left(completion: Completion, binding: Binding): boolean {
  return (
    completion !== undefined &&
    !(completion instanceof Mixed) &&
    completion.kind === "return" &&
    (completion as Jump).activation === binding.activation
  );
}

function joinVariable(
  binding: Binding,
  values: readonly unknown[],
  ways: readonly Way[],
  outside: (t: Tensor) => boolean,
  span: SpanRef,
): { joined: Joined; poison?: Poison } {
  const nothing: Joined = { kind: "fixed", value: DEAD };
  const { name } = binding;
  const poisoned = values.find((v) => v instanceof Poison);
  if (poisoned instanceof Poison) return { joined: nothing, poison: poisoned };
  const labels = ways.flatMap((w) => {
    const at = w.places.get(binding)?.resolve();
    return at ? [{ span: at, text: `${name} gets ${describe(w.written.get(binding))}` }] : [];
  });
  const live = values.filter((v) => v !== DEAD);
  const missing = live.filter((v) => v === UNSET || v === undefined).length;
  if (missing === live.length) return { joined: { kind: "fixed", value: live[0] ?? DEAD } };
  if (missing > 0) {
    const where = span.resolve();
    const poison = new Poison(
      "TW7006",
      `${name} has a value on one way through the condition${where ? ` in line ${where.line}` : ""} only`,
      `give ${name} a value before it, or on the other way too`,
      labels,
    );
    return { joined: nothing, poison };
  }
  const joined = join(values, outside);
  if (typeof joined !== "string") return { joined };
  const where = span.resolve();
  const poison = new Poison(
    "TW7007",
    `${name} is ${joined}, as a condition decides that only the run knows${where ? ` (line ${where.line})` : ""}`,
    `give ${name} the same structure, shape and dtype on both ways`,
    labels,
  );
  return { joined: nothing, poison };
}

/** Elementwise choice between two values, leaf by leaf; a message where they differ in more than numbers. */
export function joinChoice(values: readonly unknown[]): Joined | string {
  return join(values, () => true);
}
export type { Joined };
