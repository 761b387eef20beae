/** Statements: JavaScript decides where it can, and where only the run can decide, all ways are traced. */
import { fail } from "../../diagnostics/error.js";
import type { SpanRef } from "../../diagnostics/span.js";
import { bind, scalar } from "../../tracer/frame.js";
import { Tensor } from "../../tracer/tensor.js";
import type { Break, Continue, Declaration, If, Return, Statement, Switch, Throw } from "../ast.js";
import { currentLaunch } from "../kernel/launch.js";
import { type Completion, Mixed, runsOn, without } from "./completion.js";
import { evaluate } from "./evaluate.js";
import { machine } from "./machine.js";
import { chooseWay, traceWay } from "./merge.js";
import { binary, truth } from "./operators.js";
import { bindPattern, patternNames } from "./patterns.js";
import { type Scope, state, type Target } from "./region.js";
import { describe, isTraced, UNSET } from "./values.js";

export function execute(node: Statement, scope: Scope): Completion {
  switch (node.kind) {
    case "expression":
      evaluate(node.expression, scope);
      return undefined;
    case "declare":
      declare(node, scope);
      return undefined;
    case "declareFunction":
    case "debugger":
      return undefined;
    case "block":
      return runBlock(node.statements, scope.child());
    case "if":
      return executeIf(node, scope, undefined);
    case "return":
      checkReturn(node, scope);
      return {
        kind: "return",
        activation: scope.activation,
        value: node.value ? evaluate(node.value, scope) : undefined,
      };
    case "break":
    case "continue":
      return { kind: node.kind, target: findTarget(node, scope), value: undefined };
    case "throw":
      return throwValue(node, scope);
    case "switch":
      return executeSwitch(node, scope);
    default:
      return machine.loop(node, scope);
  }
}

/** Statements of one block, whose declarations are known from its beginning. */
export function runBlock(statements: readonly Statement[], scope: Scope): Completion {
  hoist(statements, scope);
  return runList(statements, 0, scope);
}

export function hoist(statements: readonly Statement[], scope: Scope): void {
  for (const s of statements) {
    if (s.kind === "declare")
      for (const b of s.bindings) for (const name of patternNames(b.pattern)) scope.declare(name, UNSET, s.mutable);
  }
  for (const s of statements) {
    if (s.kind === "declareFunction") scope.declare(s.fn.name, machine.closure(s.fn, scope), true);
  }
}

function declare(node: Declaration, scope: Scope): void {
  for (const { pattern, init } of node.bindings)
    bindPattern(pattern, init ? evaluate(init, scope) : undefined, scope, { mutable: node.mutable });
}

export function runList(statements: readonly Statement[], from: number, scope: Scope): Completion {
  for (let i = from; i < statements.length; i++) {
    const s = statements[i];
    const last = i + 1 >= statements.length;
    let took = false;
    const rest = (): Completion => {
      took = true;
      return runList(statements, i + 1, scope);
    };
    const end = s.kind === "if" ? executeIf(s, scope, last ? undefined : rest) : execute(s, scope);
    if (took) return end;
    if (end === undefined) continue;
    return end instanceof Mixed && !last ? guarded(end, rest, scope.span(statements[i + 1])) : end;
  }
  return undefined;
}

/** What comes after a statement: not when it has jumped, and if it may have, only where it hasn't. */
export function andThen(end: Completion, rest: () => Completion, span: SpanRef): Completion {
  if (end === undefined) return rest();
  return end instanceof Mixed ? guarded(end, rest, span) : end;
}

export function guarded(end: Mixed, rest: () => Completion, span: SpanRef): Completion {
  if (end.sure) return end;
  const on = runsOn(end);
  const onwards = traceWay("branch", "rest", rest, { index: on, value: true });
  const jumped = traceWay("branch", "jump", () => end.jumped);
  return chooseWay(on, [jumped, onwards], span);
}

/**
 * `rest` is what follows in the block. When one side always jumps, the rest belongs to the other: then no value has to be made
 * up for the variables of a way that has left.
 */
function executeIf(node: If, scope: Scope, rest: (() => Completion) | undefined): Completion {
  const test = evaluate(node.test, scope);
  const then = (): Completion => execute(node.then, scope);
  const otherwise = (): Completion => (node.otherwise ? execute(node.otherwise, scope) : undefined);
  if (!(test instanceof Tensor)) return test ? then() : otherwise();
  const span = scope.span(node.test);
  checkScalar(test, "if", span);
  if (!isTraced(test)) return test.item() ? then() : otherwise();
  const [thenJumps, otherwiseJumps] = [jumps(node.then), node.otherwise !== undefined && jumps(node.otherwise)];
  const takes = rest !== undefined && thenJumps !== otherwiseJumps;
  const at = scope.span(node);
  const side = (run: () => Completion, alone: boolean) => (): Completion =>
    takes && !alone && rest ? andThen(run(), rest, at) : run();
  const index = truth(test, span);
  const onTrue = traceWay("branch", "then", side(then, thenJumps), { index, value: true });
  const onFalse = traceWay("branch", "else", side(otherwise, otherwiseJumps), { index, value: false });
  return chooseWay(index, [onFalse, onTrue], at);
}

/** In a kernel a loop that the run decides has no way out: its steps are one program. */
function checkReturn(node: Return, scope: Scope): void {
  const launch = currentLaunch();
  if (launch === undefined) return;
  for (let r = state.region; r !== undefined && r !== scope.activation.region; r = r.parent) {
    if (r.kind !== "loop") continue;
    fail("TW8017", `${launch.name}: return in a loop that the run decides`, {
      span: scope.span(node),
      help: "keep in a variable whether there is more to do, and mask the stores with it",
    });
  }
}

export function checkScalar(test: Tensor, what: string, span: SpanRef): void {
  if (test.ndim === 0) return;
  fail("TW7005", `${what} needs one condition, not ${describe(test)}`, {
    span,
    help: currentLaunch()
      ? "mask the load or store, { mask: c }, choose elementwise, c ? a : b, or reduce it with any(c) or all(c)"
      : "reduce it with np.all or np.any, or choose elementwise: np.where(c, a, b), or c ? a : b",
  });
}

/** Whether a statement never runs on to the next: as far as its form tells. */
function jumps(node: Statement): boolean {
  switch (node.kind) {
    case "return":
    case "break":
    case "continue":
    case "throw":
      return true;
    case "block":
      return node.statements.some(jumps);
    case "if":
      return node.otherwise !== undefined && jumps(node.then) && jumps(node.otherwise);
    default:
      return false;
  }
}

function findTarget(node: Break | Continue, scope: Scope): Target {
  let at: Scope | undefined = scope;
  while (at !== undefined) {
    const { target } = at;
    if (
      target &&
      (node.label === undefined ? target.loop || node.kind === "break" : target.label === node.label) &&
      at.activation === scope.activation
    )
      return target;
    at = at.parent;
  }
  throw new SyntaxError(`${node.kind} outside of a loop`);
}

function throwValue(node: Throw, scope: Scope): never {
  for (let r = state.region; r !== undefined; r = r.parent) {
    if (r.kind !== "branch" && r.kind !== "choice") continue;
    fail(
      "TW7013",
      "throw stands under a condition that only the run decides, when there is no JavaScript to catch it",
      {
        span: scope.span(node),
        help: currentLaunch()
          ? "write deviceAssert(condition, message): it fails when a program gets there"
          : "return NaN or a flag instead, or check outside of the staged function",
      },
    );
  }
  throw evaluate(node.value, scope);
}

function executeSwitch(node: Switch, scope: Scope): Completion {
  const subject = evaluate(node.subject, scope);
  const target: Target = { label: node.label, loop: false };
  const inner = scope.child(target);
  const all = node.cases.flatMap((c) => c.body);
  const from = (k: number) => (): Completion => {
    // each way has the declarations of the block for itself
    const own = scope.child(target);
    hoist(all, own);
    return runList(
      node.cases.slice(k).flatMap((c) => c.body),
      0,
      own,
    );
  };
  const leaves = (end: Completion): Completion => without(end, (j) => j.kind === "break" && j.target === target);
  const fallback = node.cases.findIndex((c) => c.test === undefined);
  const end = fallback < 0 ? node.cases.length : fallback;
  const tests: { k: number; holds: Tensor }[] = [];
  for (let k = 0; k < node.cases.length; k++) {
    const { test } = node.cases[k];
    if (test === undefined) continue;
    const value = evaluate(test, inner);
    if (!(value instanceof Tensor) && !(subject instanceof Tensor)) {
      if (value === subject && tests.length === 0) return leaves(from(k)());
      if (value === subject) {
        tests.push({ k, holds: scalar(true, "bool") });
        break;
      }
      continue;
    }
    const span = scope.span(test);
    const holds = binary("===", subject, value, span);
    if (holds instanceof Tensor) {
      checkScalar(holds, "switch", span);
      tests.push({ k, holds });
    }
  }
  if (tests.length === 0) return leaves(from(end)());
  // the first case that holds
  const entries = [...new Set([...tests.map((t) => t.k), end])];
  let index = scalar(entries.indexOf(end), "i32");
  for (const { k, holds } of tests.reverse())
    index = bind("select", [holds, scalar(entries.indexOf(k), "i32"), index], {})[0];
  const chosen = index;
  const ways = entries.map((k, value) => traceWay("branch", `case ${k}`, from(k), { index: chosen, value }));
  return leaves(chooseWay(index, ways, scope.span(node)));
}
