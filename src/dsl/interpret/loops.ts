/** Loops: unrolled where JavaScript knows the steps, else one scan or one while. */
import { fail } from "../../diagnostics/error.js";
import type { SpanRef } from "../../diagnostics/span.js";
import { Tensor } from "../../tracer/tensor.js";
import type { DoWhile, For, ForOf, Node, Statement, While } from "../ast.js";
import { assignedNames } from "./assigned.js";
import { type Completion, type Jump, Mixed, without } from "./completion.js";
import { checkScalar, execute, guarded, hoist } from "./execute.js";
import { evaluate } from "./evaluate.js";
import { isStaticList, stackOf } from "./lists.js";
import { truth } from "./operators.js";
import { bindPattern, patternNames } from "./patterns.js";
import { type Binding, type Scope, type Target } from "./region.js";
import { scanLoop, whileLoop } from "./traced-loops.js";
import { describe, isTraced, RangeValue, UNSET } from "./values.js";

/** Steps that JavaScript's own loops may take in the program that they are unrolled to. */
const MAX_UNROLL = 64;
/** Steps of a list for which unrolling was asked. */
const MAX_STATIC = 1024;

type Loop = While | DoWhile | For | ForOf;

export function loop(node: Statement, scope: Scope): Completion {
  switch (node.kind) {
    case "forOf":
      return forOf(node, scope);
    case "while":
    case "doWhile":
    case "for":
      return conditionLoop(node, scope);
    default:
      throw new SyntaxError(`a loop of kind ${node.kind}`);
  }
}

/** Variables from outside that the loop may write. */
function candidates(nodes: readonly (Node | undefined)[], scope: Scope): Set<Binding> {
  const found = new Set<Binding>();
  for (const n of nodes) {
    if (n === undefined) continue;
    for (const name of assignedNames(n)) {
      const binding = scope.find(name);
      if (binding?.mutable) found.add(binding);
    }
  }
  return found;
}

function tooLong(node: Loop, scope: Scope, what: string, most = MAX_UNROLL): never {
  return fail("TW7009", `${what} is unrolled, at most ${most} steps of it: this one has more`, {
    span: scope.span(node),
    help: "write for (const i of range(n)): it is compiled as one loop, with i known when it runs; or loop over the first axis of an array",
  });
}

const continues =
  (target: Target) =>
  (j: Jump): boolean =>
    j.kind === "continue" && j.target === target;
const breaks =
  (target: Target) =>
  (j: Jump): boolean =>
    j.kind === "break" && j.target === target;

// ---- for … of

function forOf(node: ForOf, scope: Scope): Completion {
  const iterable = evaluate(node.iterable, scope);
  const target: Target = { label: node.label, loop: true };
  const span = scope.span(node);
  const step = (value: unknown): Completion => {
    const inner = scope.child(target);
    for (const name of patternNames(node.pattern)) inner.declare(name, UNSET, node.mutable);
    bindPattern(node.pattern, value, inner, { mutable: node.mutable });
    return without(execute(node.body, inner), continues(target));
  };
  const out = ((): Completion => {
    const stacked = stackOf(iterable)?.stacked;
    if (iterable instanceof RangeValue || iterable instanceof Tensor || stacked !== undefined) {
      const source = stacked ?? (iterable as RangeValue | Tensor);
      if (source instanceof Tensor && source.ndim === 0) {
        fail("TW2007", `for … of loops over the first axis of an array, which ${describe(source)} does not have`, {
          span: scope.span(node.iterable),
          help: "loop over range(n) for a number of steps",
        });
      }
      return scanLoop({ node, source, step, candidates: candidates([node.body], scope), span, breaks: breaks(target) });
    }
    if (
      iterable === null ||
      iterable === undefined ||
      typeof (iterable as object)[Symbol.iterator as never] !== "function"
    )
      throw new TypeError(`${describe(iterable)} is not iterable${place(scope.span(node.iterable))}`);
    return unroll(iterable as Iterable<unknown>, step, node, scope);
  })();
  return without(out, breaks(target));
}

function place(span: SpanRef): string {
  const s = span.resolve();
  return s ? ` (${s.file}:${s.line}:${s.column})` : "";
}

function unroll(
  values: Iterable<unknown>,
  step: (value: unknown) => Completion,
  node: ForOf,
  scope: Scope,
): Completion {
  let end: Completion;
  let steps = 0;
  const isStatic = isStaticList(values);
  const most = isStatic ? MAX_STATIC : MAX_UNROLL;
  for (const value of values) {
    if (steps++ >= most)
      tooLong(node, scope, isStatic ? "a loop over staticRange" : "a loop over a JavaScript list", most);
    end = end === undefined ? step(value) : guarded(end as Mixed, () => step(value), scope.span(node));
    if (end !== undefined && (!(end instanceof Mixed) || end.sure)) return end;
    if (end instanceof Mixed && end.ways.length === 0) end = undefined;
  }
  return end;
}

// ---- while, do, for

function conditionLoop(node: While | DoWhile | For, outer: Scope): Completion {
  const target: Target = { label: node.label, loop: true };
  const scope = outer.child(target);
  if (node.kind === "for" && node.init) {
    hoist([node.init], scope);
    execute(node.init, scope);
  }
  return without(steps(node, scope, target), breaks(target));
}

function steps(node: While | DoWhile | For, first: Scope, target: Target): Completion {
  let scope = first;
  const update = node.kind === "for" ? node.update : undefined;
  const { test } = node;
  const endless = test === undefined || (test.kind === "literal" && Boolean(test.value));
  const body = (): Completion => without(execute(node.body, scope), continues(target));
  const tracedFrom = (): Completion => {
    const end = whileLoop({
      node,
      test: () => (test ? evaluate(test, scope) : true),
      step: () => {
        const end = body();
        if (update === undefined) return end;
        const next = (): Completion => void evaluate(update, scope);
        return end === undefined ? next() : end instanceof Mixed ? guarded(end, next, scope.span(update)) : end;
      },
      candidates: candidates([node.body, update, test], scope),
      span: scope.span(test ?? node),
      checkTest: (t) => checkTest(t, node, scope),
    });
    // nothing else ends it
    return endless && end instanceof Mixed ? end.jumped : end;
  };
  let end: Completion;
  for (let n = 0; ; n++) {
    if (test && (n > 0 || node.kind !== "doWhile")) {
      const holds = evaluate(test, scope);
      if (holds instanceof Tensor) {
        checkScalar(holds, node.kind === "for" ? "for" : "while", scope.span(test));
        if (isTraced(holds))
          return end === undefined ? tracedFrom() : guarded(end as Mixed, tracedFrom, scope.span(node));
        if (!holds.item()) return end;
      } else if (!holds) return end;
    }
    if (n >= MAX_UNROLL) tooLong(node, scope, "a loop whose steps JavaScript counts");
    end = end === undefined ? body() : guarded(end as Mixed, body, scope.span(node));
    if (end !== undefined && (!(end instanceof Mixed) || end.sure)) return end;
    if (end instanceof Mixed && endless) {
      // only the run ends it
      const onwards = (): Completion => {
        if (update) evaluate(update, scope);
        return tracedFrom();
      };
      return guarded(end, onwards, scope.span(node));
    }
    if (update) {
      // each step has its own variables, which closures keep
      scope = scope.again();
      evaluate(update, scope);
    }
  }
}

function checkTest(holds: unknown, node: While | DoWhile | For, scope: Scope): Tensor | boolean {
  if (!(holds instanceof Tensor)) return Boolean(holds);
  const span = scope.span(node.test ?? node);
  checkScalar(holds, node.kind === "for" ? "for" : "while", span);
  return truth(holds, span);
}
