/** Loops that are compiled as such: scan, where the number of steps is known, and while. */
import { fail, internal } from "../../diagnostics/error.js";
import { locate, type SpanRef } from "../../diagnostics/span.js";
import { type Aval, aval } from "../../ir/aval.js";
import { Builder } from "../../ir/builder.js";
import type { Program } from "../../ir/program.js";
import { convertTo } from "../../tracer/control.js";
import { bind, Frame, scalar, type TracedSource, withFrame } from "../../tracer/frame.js";
import { Tensor } from "../../tracer/tensor.js";
import * as tree from "../../tree/index.js";
import type { Carried } from "./carry.js";
import { type Completion, type Jump, joinCompletions, Mixed } from "./completion.js";
import { pushInLoop } from "./calls.js";
import { registerStack, sliceTree } from "./lists.js";
import { chooseWay, toLeaf, traceWay } from "./merge.js";
import { type Binding, checkMutation, inRegion, Region, state, write } from "./region.js";
import { knownOf, settle, type Step, traceStep } from "./settle.js";
import { DEAD, describe, markCounter, markLike, Poison, RangeValue, strong, toInteger, zerosOf } from "./values.js";

/** How a loop may be left by a jump, and with what: the code and the result are carried, too. */
interface Exit {
  readonly ways: readonly Jump[];
  readonly avals: readonly Aval[];
  code(frame: Frame): Tensor;
  outputs(): Tensor[];
  completion(code: Tensor, results: Tensor[]): Completion;
}

function exitOf(end: Completion): Exit | undefined {
  if (end === undefined) return undefined;
  const { codes, results, completion } = joinCompletions([undefined, end]);
  const value = results[1];
  const flat = value === DEAD ? undefined : tree.flatten(value);
  const leaves = flat?.leaves ?? [];
  const tensors = leaves.filter((x): x is Tensor => x instanceof Tensor);
  const code = codes?.[1] ?? internal("a jump without a code");
  return {
    ways: end instanceof Mixed ? end.ways : [end],
    avals: tensors.map((t) => strong(t.aval)),
    code: () => (typeof code === "number" ? scalar(code, "i32") : code()),
    outputs: () => tensors.map((t) => toLeaf(t, strong(t.aval))),
    completion: (c, out) => {
      const all = leaves.map((x) => (x instanceof Tensor ? markLike(out.shift() as Tensor, x) : x));
      return completion(c, flat ? tree.unflatten(flat.treedef, all) : DEAD);
    },
  };
}

export interface WhileLoop {
  readonly node: object;
  readonly test: () => unknown;
  readonly step: () => Completion;
  readonly candidates: Set<Binding>;
  readonly span: SpanRef;
  readonly checkTest: (holds: unknown) => Tensor | boolean;
}

export function whileLoop({ node, test, step, candidates, span, checkTest }: WhileLoop): Completion {
  // no frame's time is spent on places: the interpreter knows them
  const { carried, step: body } = settle(candidates, span, knownOf(node), (c) => traceStep(c, false, step));
  const exit = exitOf(body.end);
  const program = finishStep(body, carried, exit);
  const t = traceTest(carried, exit, test, checkTest);
  const init = [...carried.flatMap((c) => c.initial()), ...exitInit(exit)];
  const results = bind(
    "while",
    [...t.captures, ...program.captures, ...init],
    {
      cond: t.program,
      body: program.program,
      condConsts: t.captures.length,
      bodyConsts: program.captures.length,
    },
    span,
  );
  const out = [...results];
  for (const c of carried) {
    const value = c.after(out);
    write(c.binding, c.poison ?? (c.late ? lateAfter(c, span) : value), c.entryPlace);
  }
  if (exit === undefined) return undefined;
  const code = out.shift() ?? internal("a lost code");
  return exit.completion(code, out);
}

function lateAfter(c: Carried, span: SpanRef): Poison {
  const at = span.resolve();
  return new Poison(
    "TW7006",
    `${c.binding.name} has no value when the loop${at ? ` in line ${at.line}` : ""} takes no step`,
    `give ${c.binding.name} a value before the loop`,
  );
}

function exitInit(exit: Exit | undefined): Tensor[] {
  return exit ? [scalar(0, "i32"), ...exit.avals.map(zerosOf)] : [];
}

/** The program of a step: what `first` gives, carried variables, the code of a jump, what it returns. */
function finishStep(
  step: Step,
  carried: readonly Carried[],
  exit: Exit | undefined,
  first: () => Tensor[] = () => [],
): { program: ReturnType<Frame["finish"]>; captures: readonly Tensor[] } {
  return withFrame(step.frame, () => {
    const outputs = [...first(), ...carried.flatMap((c) => c.outputs(step.values.get(c.binding)))];
    if (exit) {
      // they are not read in the step
      step.frame.argument(aval([], "i32"));
      for (const a of exit.avals) step.frame.argument(a);
      outputs.push(exit.code(step.frame), ...exit.outputs());
    }
    return { program: step.frame.finish(outputs), captures: step.frame.captures };
  });
}

function traceTest(
  carried: readonly Carried[],
  exit: Exit | undefined,
  test: () => unknown,
  check: (holds: unknown) => Tensor | boolean,
): { program: ReturnType<Frame["finish"]>; captures: readonly Tensor[] } {
  const frame = new Frame("control", "test", undefined, undefined);
  return withFrame(frame, () => {
    const args = carried.flatMap((c) => c.arguments(frame));
    const code = exit ? frame.argument(aval([], "i32")) : undefined;
    for (const a of exit?.avals ?? []) frame.argument(a);
    const entries = carried.map((c) => c.binding.value);
    for (const c of carried) c.binding.value = c.inside(args);
    try {
      const holds = inRegion(new Region("test", state.region, frame), () => check(test()));
      let verdict = holds instanceof Tensor ? holds : scalar(holds, "bool");
      if (code) verdict = bind("and", [bind("eq", [code, scalar(0, "i32")], {})[0], verdict], {})[0];
      return { program: frame.finish([whereTaken(verdict)]), captures: frame.captures };
    } finally {
      carried.forEach((c, i) => {
        c.binding.value = entries[i];
      });
    }
  });
}

/**
 * The condition of a loop, and of the branches around it. A batch computes both sides of a branch for all its elements: a loop
 * in a side that an element does not take need not end for it.
 */
function whereTaken(holds: Tensor): Tensor {
  let all = holds;
  for (let r = state.region; r !== undefined && r.kind !== "root" && r.kind !== "foreign"; r = r.parent) {
    if (r.taken === undefined) continue;
    const { index, value } = r.taken;
    const here =
      value === true
        ? index
        : value === false
          ? bind("not", [index], {})[0]
          : bind("eq", [index, scalar(value, "i32")], {})[0];
    all = bind("and", [all, here], {})[0];
  }
  return all;
}

export interface ScanLoop {
  readonly node: object;
  /** What the loop runs over: numbers, or the first axis of arrays. */
  readonly source: RangeValue | Tensor | unknown;
  readonly step: (value: unknown) => Completion;
  readonly candidates: Set<Binding>;
  readonly span: SpanRef;
  readonly breaks: (j: Jump) => boolean;
}

export function scanLoop(loop: ScanLoop): Completion {
  const { source, span } = loop;
  if (source instanceof RangeValue && source.length === undefined) return boundsLoop(loop, source);
  const xs = source instanceof RangeValue ? undefined : tree.flatten(source);
  const tensors = (xs?.leaves ?? []) as Tensor[];
  const length = source instanceof RangeValue ? (source.length as number) : tensors[0].shape[0];
  if (length === 0) return undefined;
  const range = source instanceof RangeValue ? source : undefined;
  const xAvals = tensors.map((t) => aval(t.aval.shape.slice(1), t.aval.dtype));

  const known = knownOf(loop.node);
  const trace = (masked: boolean, straight = false) => {
    let exit: Exit | undefined;
    let index: Tensor | undefined;
    let elements: Tensor[] = [];
    const oneStep = (carried: readonly Carried[]): Step =>
      traceStep(
        carried,
        !masked,
        (frame) => {
          // after the carried variables: the code of a jump, what it returns, and the elements
          const code = masked ? frame.argument(aval([], "i32")) : undefined;
          elements = [];
          const value = (): unknown => {
            if (range) return index;
            elements = xAvals.map((a) => frame.argument(a));
            return xs ? tree.unflatten(xs.treedef, elements) : undefined;
          };
          if (code === undefined) return loop.step(value());
          return maskedStep(loop, code, frame, value, (e) => {
            exit = e;
          });
        },
        (frame) => {
          index = range ? markCounter(frame.argument(aval([], "i32"))) : undefined;
        },
      );
    const settled = settle(loop.candidates, span, known, oneStep, straight);
    return { ...settled, exit, index, elements };
  };

  const again = (): ReturnType<typeof trace> | undefined => {
    if (!known.masked) return undefined;
    try {
      const found = trace(true);
      if (found.exit) return found;
    } catch {
      // what was known may be of other types: the loop is traced as if nothing were, and says itself what is wrong
    }
    Object.assign(known, { masked: false, carried: [] });
    known.inner.clear();
    return undefined;
  };
  let traced = again() ?? trace(false, true);
  if (!known.masked && traced.step.end !== undefined) {
    known.masked = true;
    traced = trace(true);
  }
  const { carried, step, exit } = traced;
  const masked = step.end !== undefined || exit !== undefined;
  const pushes = [...step.region.pushes];
  for (const [list, { at }] of pushes) {
    if (!step.region.reads.has(list)) continue;
    fail("TW7010", "a list is read in the loop that pushes to it; its elements are known when the loop has run", {
      span: at,
      help: "keep what the next step needs in a variable",
    });
  }
  const pushed = pushes.map(([list, { values, at }]) => ({ list, at, flats: values.map((v) => tree.flatten(v)) }));
  const { program, captures } = withFrame(step.frame, () => {
    // the elements come last
    const { inputs } = step.frame.builder;
    const vars = new Set(traced.elements.map((x) => (Tensor.source(x) as TracedSource).atom));
    inputs.sort((a, b) => Number(vars.has(a)) - Number(vars.has(b)));
    const outputs: Tensor[] = [];
    if (range && traced.index) outputs.push(bind("add", [traced.index, scalar(range.step as number, "i32")], {})[0]);
    outputs.push(...carried.flatMap((c) => c.outputs(step.values.get(c.binding))));
    if (masked && exit) {
      const out = exitOf(step.end);
      outputs.push(out ? out.code(step.frame) : scalar(0, "i32"));
      const values = out?.outputs() ?? [];
      outputs.push(...exit.avals.map((a, i) => (values[i] ? toLeaf(values[i], a) : zerosOf(a))));
    }
    outputs.push(...pushed.flatMap((p) => p.flats.flatMap((f) => f.leaves.map((x) => toLeaf(x, leafAvalOf(x, p.at))))));
    return { program: step.frame.finish(outputs), captures: step.frame.captures };
  });
  const carry = [
    ...(range ? [scalar(range.start as number, "i32")] : []),
    ...carried.flatMap((c) => c.initial()),
    ...(masked ? exitInit(exit) : []),
  ];
  const out = bind(
    "scan",
    [...captures, ...carry, ...tensors],
    {
      body: masked ? checkpointed(program, span) : program,
      length,
      reverse: false,
      numConsts: captures.length,
      numCarry: carry.length,
    },
    span,
  ).slice(range ? 1 : 0);
  for (const c of carried) {
    const value = c.after(out);
    write(c.binding, c.poison ?? (c.late && masked ? lateAfter(c, span) : value), c.entryPlace);
  }
  let end: Completion;
  if (masked && exit) {
    const code = out.shift() ?? internal("a lost code");
    end = exit.completion(code, out.splice(0, exit.avals.length));
  }
  for (const { list, at, flats } of pushed) deliver(list, at, flats, out, length);
  return end;
}

/**
 * Reverse mode keeps what a step was given, and computes the step again: what a loop that may end early computes in all its
 * possible steps would be much to keep.
 */
function checkpointed(program: Program<"core">, span: SpanRef): Program<"core"> {
  const b = new Builder();
  const inputs = program.inputs.map((v) => b.input(v.aval, v.name));
  return b.finish(b.emit("checkpoint", inputs, { program, policy: null, prevent: false }, span), "body");
}

function leafAvalOf(x: unknown, at: SpanRef): Aval {
  if (x instanceof Tensor) return strong(x.aval);
  if (typeof x === "number") return aval([], "f32");
  if (typeof x === "boolean") return aval([], "bool");
  if (typeof x === "bigint") return aval([], "i64");
  return fail("TW7010", `${describe(x)} is pushed in a loop, which stacks what is pushed to one array`, {
    span: at,
    help: "push arrays, numbers or trees of them",
  });
}

/** The elements that a loop has pushed, in the order of its steps. */
function deliver(
  list: unknown[],
  at: SpanRef,
  flats: readonly { leaves: unknown[]; treedef: tree.TreeDef }[],
  out: Tensor[],
  length: number,
): void {
  const stacks = flats.map((f) => tree.unflatten(f.treedef, out.splice(0, f.leaves.length)));
  const before = locate(at);
  const elements = Array.from({ length }, (_, i) =>
    stacks.map((s, k) => {
      const { leaves } = tree.flatten(sliceTree(s, i));
      const { leaves: values, treedef } = flats[k];
      return tree.unflatten(
        treedef,
        leaves.map((t, j) => markLike(t as Tensor, values[j])),
      );
    }),
  ).flat();
  locate(before);
  if (pushInLoop(list, elements, at)) return;
  checkMutation(list, ".push()", at);
  const was = list.length;
  list.push(...elements);
  if (was === 0 && stacks.length === 1) registerStack(list, stacks[0]);
}

/**
 * A step of a loop that may end early: it runs while nothing has jumped, and else hands on what it was given. Reverse mode
 * goes through the way that was taken, so steps that did not run add nothing, not even NaN.
 */
function maskedStep(
  loop: ScanLoop,
  code: Tensor,
  frame: Frame,
  value: () => unknown,
  tell: (exit: Exit | undefined) => void,
): Completion {
  const xs = value();
  const index = bind("eq", [code, scalar(0, "i32")], {})[0];
  const ran = traceWay("branch", "step", () => loop.step(xs), { index, value: true });
  const exit = exitOf(ran.completion);
  const args = (exit?.avals ?? []).map((a) => frame.argument(a));
  tell(exit);
  const passed = traceWay("branch", "passed", () => exit?.completion(code, [...args]));
  return chooseWay(index, [passed, ran], loop.span);
}

/** `range` with bounds that only the run knows: a while with a counter. */
function boundsLoop(loop: ScanLoop, range: RangeValue): Completion {
  const { span } = loop;
  const { step } = range;
  if (typeof step !== "number") {
    fail("TW2014", `range: the step is ${describe(step)}, and only the run knows its sign`, {
      span,
      help: "give a number as step, and scale the index in the loop",
    });
  }
  const asIndex = (x: number | Tensor): Tensor =>
    typeof x === "number" ? scalar(x, "i32") : convertTo(toInteger(x), "i32");
  const [start, stop] = [asIndex(range.start), asIndex(range.stop)];
  let index: Tensor | undefined;
  const settled = settle(loop.candidates, span, knownOf(loop.node), (carried) =>
    traceStep(
      carried,
      false,
      () => loop.step(index),
      (frame) => {
        index = markCounter(frame.argument(aval([], "i32")));
      },
    ),
  );
  const { carried, step: body } = settled;
  const exit = exitOf(body.end);
  const program = finishStep(body, carried, exit, () => [
    bind("add", [index ?? internal("no index"), scalar(step, "i32")], {})[0],
  ]);
  const test = new Frame("control", "test", undefined, undefined);
  const verdict = withFrame(test, () => {
    const i = test.argument(aval([], "i32"));
    for (const c of carried) c.arguments(test);
    const code = exit ? test.argument(aval([], "i32")) : undefined;
    for (const a of exit?.avals ?? []) test.argument(a);
    let holds = bind(step > 0 ? "lt" : "gt", [i, stop], {})[0];
    if (code) holds = bind("and", [bind("eq", [code, scalar(0, "i32")], {})[0], holds], {})[0];
    return test.finish([whereTaken(holds)]);
  });
  const init = [start, ...carried.flatMap((c) => c.initial()), ...exitInit(exit)];
  const results = bind(
    "while",
    [...test.captures, ...program.captures, ...init],
    { cond: verdict, body: program.program, condConsts: test.captures.length, bodyConsts: program.captures.length },
    span,
  );
  const out = results.slice(1);
  for (const c of carried) {
    const value = c.after(out);
    write(c.binding, c.poison ?? (c.late ? lateAfter(c, span) : value), c.entryPlace);
  }
  if (exit === undefined) return undefined;
  const code = out.shift() ?? internal("a lost code");
  return exit.completion(code, out);
}
