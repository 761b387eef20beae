/** Calls of interpreted functions, and functions as values. */
import { fail } from "../../diagnostics/error.js";
import { locate, type SpanRef } from "../../diagnostics/span.js";
import { currentFrame } from "../../tracer/frame.js";
import type { AnyFunction } from "../../tracer/staged.js";
import type { FunctionNode } from "../ast.js";
import { closureNodes, closures } from "./calls.js";
import type { Code } from "./code.js";
import { Mixed } from "./completion.js";
import { runBlock } from "./execute.js";
import { bindElement, bindPattern } from "./patterns.js";
import { type Activation, inRegion, made, Region, Scope, state } from "./region.js";

/** Calls of one function inside of each other, each under a condition that the run decides, before they are taken for endless. */
const MAX_DEPTH = 24;

/** Calls inside of each other, which are all unrolled to one program: some way before JavaScript's own stack ends. */
const MAX_CALLS = 200;

const BINDS = { mutable: true };

export function call(
  code: Code,
  node: FunctionNode,
  outer: Scope | undefined,
  self: unknown,
  args: readonly unknown[],
  at: SpanRef | undefined,
  identity: unknown,
): unknown {
  const frame = currentFrame();
  const region = state.region;
  if (region === undefined || region.frame !== frame) {
    // something traces the function: what it writes outside of itself would be lost, or stay behind
    const own = new Region(region === undefined ? "root" : "foreign", region, frame);
    return inRegion(own, () => enter(code, node, outer, self, args, at, own, identity));
  }
  return enter(code, node, outer, self, args, at, region, identity);
}

function enter(
  code: Code,
  node: FunctionNode,
  outer: Scope | undefined,
  self: unknown,
  args: readonly unknown[],
  at: SpanRef | undefined,
  region: Region,
  identity: unknown,
): unknown {
  checkDepth(node, region, at ?? code.span(node));
  const activation: Activation = { node, code, region, parent: state.activation };
  const caller = state.activation;
  state.activation = activation;
  const before = locate(undefined);
  try {
    const scope = new Scope(outer, node.arrow && outer ? outer.self : self, activation);
    if (node.self) scope.declare(node.name, identity, false);
    node.params.forEach((p, i) => {
      bindElement(p, args[i], scope, BINDS);
    });
    if (node.rest) bindPattern(node.rest, made(args.slice(node.params.length)), scope, BINDS);
    const end = runBlock(node.body.statements, scope.child());
    if (end instanceof Mixed) {
      // an early exit: nothing on all ways
      if (end.value === undefined) return undefined;
      fail("TW7006", `${node.name || "the function"} returns a value on one way, and nothing on the other`, {
        span: code.span(node),
        help: "return a value at the end, too",
      });
    }
    return end?.value;
  } finally {
    state.activation = caller;
    locate(before);
  }
}

/** Recursion ends by a condition. One that the run decides never ends it while the function is traced. */
function checkDepth(node: FunctionNode, region: Region, at: SpanRef): void {
  let depth = 0;
  let calls = 0;
  let inner = region;
  for (let a = state.activation; a !== undefined; a = a.parent) {
    if (++calls > MAX_CALLS) {
      fail("TW7009", `${node.name || "the function"}: ${MAX_CALLS} calls inside of each other have been unrolled`, {
        span: at,
        help: "check that the recursion ends; write a deep one as a loop: for (const i of range(n)) is compiled as one",
      });
    }
    if (a.node !== node) continue;
    if (a.region !== inner && ++depth > MAX_DEPTH) {
      fail("TW7011", `${node.name || "the function"} calls itself under a condition that only the run decides`, {
        span: at,
        help: "write it as a loop: while (…) for any number of steps, for (… of range(n)) for at most n",
      });
    }
    inner = a.region;
  }
}

/** A function of the source as a JavaScript function, which others may call. */
export function closure(node: FunctionNode, scope: Scope): AnyFunction {
  const { code } = scope.activation;
  const fn: AnyFunction = node.arrow
    ? (...args: unknown[]) => call(code, node, scope, undefined, args, undefined, fn)
    : function (this: unknown, ...args: unknown[]) {
        return call(code, node, scope, this, args, undefined, fn);
      };
  const length = node.params.findIndex((p) => p.fallback !== undefined);
  Object.defineProperty(fn, "name", { value: node.name, configurable: true });
  Object.defineProperty(fn, "length", { value: length < 0 ? node.params.length : length, configurable: true });
  closures.set(fn, (self, args, at) => call(code, node, scope, node.arrow ? undefined : self, args, at, fn));
  closureNodes.set(fn, node);
  return fn;
}
