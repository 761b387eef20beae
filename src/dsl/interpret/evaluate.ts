/** Expressions: JavaScript's own meaning on JavaScript's values, operations on tensors. */
import { currentLaunch } from "../kernel/launch.js";
import { fail } from "../../diagnostics/error.js";
import { locate, type SpanRef } from "../../diagnostics/span.js";
import { index as indexTensor } from "../../numpy/indexing.js";
import type { Index as TensorIndex } from "../../numpy/indexing.js";
import { currentFrame, nameConstant } from "../../tracer/frame.js";
import { isTensor, Tensor } from "../../tracer/tensor.js";
import type {
  ArithmeticOperator,
  Assign,
  Binary,
  Call,
  Expression,
  FunctionNode,
  Index,
  Logical,
  Member,
  MemberPattern,
  NamePattern,
  New,
  ObjectLiteral,
  Spread,
  Unary,
  Update,
} from "../ast.js";
import { callValue } from "./calls.js";
import { listWithTracedIndex } from "./lists.js";
import { machine } from "./machine.js";
import { binary, choose, truth, unary } from "./operators.js";
import { type Binding, checkMutation, inRegion, made, Region, type Scope, state, write } from "./region.js";
import { describe, isTraced, LibraryObject, Poison, toInteger, UNSET } from "./values.js";

/** What `?.` gives when there is nothing before it, until the end of the chain. */
const SKIP = Symbol("skip");

export function evaluate(node: Expression, scope: Scope): unknown {
  switch (node.kind) {
    case "literal":
      return node.value;
    case "name":
      return readName(node.name, scope, node);
    case "captured":
      return readCaptured(node.chain, scope);
    case "this":
      return scope.self;
    case "chain": {
      const value = evaluate(node.expression, scope);
      return value === SKIP ? undefined : value;
    }
    case "member": {
      const object = evaluate(node.object, scope);
      return object === SKIP ? SKIP : readMember(object, node, scope);
    }
    case "index": {
      const object = evaluate(node.object, scope);
      if (object === SKIP || (node.optional && (object === null || object === undefined))) return SKIP;
      return readIndex(object, evaluate(node.index, scope), node, scope);
    }
    case "call":
      return evaluateCall(node, scope);
    case "new":
      return construct(node, scope);
    case "unary":
      return evaluateUnary(node, scope);
    case "binary":
      return evaluateBinary(node, scope);
    case "logical":
      return evaluateLogical(node, scope);
    case "conditional": {
      const test = evaluate(node.test, scope);
      if (!(test instanceof Tensor)) return evaluate(test ? node.then : node.otherwise, scope);
      if (!isTraced(test) && test.ndim === 0) return evaluate(test.item() ? node.then : node.otherwise, scope);
      const then = evaluateSide(node.then, scope);
      const otherwise = evaluateSide(node.otherwise, scope);
      return choose(test, then, otherwise, scope.span(node));
    }
    case "assign":
      return evaluateAssign(node, scope);
    case "update":
      return evaluateUpdate(node, scope);
    case "array":
      return made(evaluateList(node.elements, scope));
    case "object":
      return evaluateObject(node, scope);
    case "template": {
      let text = node.quasis[0];
      node.values.forEach((v, i) => {
        text += `${evaluate(v, scope)}${node.quasis[i + 1]}`;
      });
      return text;
    }
    case "sequence": {
      let last: unknown;
      for (const v of node.values) last = evaluate(v, scope);
      return last;
    }
    case "function":
      return machine.closure(node, scope);
  }
}

function readCaptured(chain: string, scope: Scope): unknown {
  const value = scope.activation.code.captured(chain);
  if (value instanceof Tensor) nameConstant(value, chain);
  return value;
}

/** One of two expressions that are both computed: it must not do anything else. */
function evaluateSide(node: Expression, scope: Scope): unknown {
  if (node.kind === "literal" || node.kind === "name") return evaluate(node, scope);
  return inRegion(new Region("choice", state.region, currentFrame()), () => evaluate(node, scope));
}

function find(name: string, scope: Scope, node: Expression | NamePattern): Binding {
  const binding = scope.find(name);
  if (binding === undefined) throw new ReferenceError(`${name} is not defined${at(scope.span(node))}`);
  return binding;
}

function at(span: SpanRef): string {
  const s = span.resolve();
  return s ? ` (${s.file}:${s.line}:${s.column})` : "";
}

function readName(name: string, scope: Scope, node: Expression | NamePattern): unknown {
  const { value } = find(name, scope, node);
  if (typeof value === "object") {
    if (value instanceof Poison) value.raise(scope.span(node));
    if (Array.isArray(value)) noteRead(value);
  } else if (value === UNSET) {
    throw new ReferenceError(`${name} is used before its declaration${at(scope.span(node))}`);
  }
  return value;
}

/** In a loop, what a list holds may come from steps before. */
function noteRead(list: unknown[]): void {
  for (let r = state.region; r !== undefined; r = r.parent) if (r.kind === "loop") r.reads.add(list);
}
function unnoteRead(list: unknown[], had: readonly Region[]): void {
  for (let r = state.region; r !== undefined; r = r.parent)
    if (r.kind === "loop" && !had.includes(r)) r.reads.delete(list);
}

function nothing(object: unknown, what: string, span: SpanRef): never {
  throw new TypeError(`Cannot read ${what} of ${String(object)}${at(span)}`);
}

function readMember(object: unknown, node: Member, scope: Scope): unknown {
  if (object === null || object === undefined) {
    return node.optional ? SKIP : nothing(object, `property ${JSON.stringify(node.property)}`, scope.span(node));
  }
  if (object instanceof Tensor) {
    if (node.property === "length") {
      fail("TW7015", "an array has no length", {
        span: scope.span(node),
        help: "x.shape[0] is the size of its first axis",
      });
    }
    const before = locate(scope.span(node));
    const value = object[node.property as keyof Tensor] as unknown;
    locate(before);
    if (value === undefined && node.property in Number.prototype) {
      fail("TW7015", `.${node.property}() is a method of JavaScript's numbers, and ${describe(object)} is an array`, {
        span: scope.span(node),
        help: "look at values outside of the staged function, or print them with debug.print",
      });
    }
    if (value === undefined && currentLaunch()) unknownMember(object, node.property, scope.span(node));
    return value;
  }
  checkAccess(object, "read", node.property, scope.span(node));
  return (object as Record<string, unknown>)[node.property];
}

/** Blocks have no members of their own in the language: what is done with them are functions. */
export function unknownMember(object: Tensor, name: string, span: SpanRef): never {
  fail("TW7015", `a block has no ${name}: this one is ${describe(object)}`, {
    span,
    help: "the functions of tilework/kernels take blocks: sum(x), exp(x), reshape(x, shape)",
  });
}

function readIndex(object: unknown, index: unknown, node: Index, scope: Scope): unknown {
  if (object === null || object === undefined) nothing(object, "an element", scope.span(node));
  if (object instanceof Tensor) {
    if (typeof index === "string" && index in object) return object[index as keyof Tensor] as unknown;
    const before = locate(scope.span(node));
    const value = indexTensor(object, (isTensor(index) ? toInteger(index) : index) as TensorIndex);
    locate(before);
    return value;
  }
  checkAccess(object, "read", index, scope.span(node));
  if (index instanceof Tensor) {
    const span = scope.span(node);
    if (!isTraced(index) && index.size === 1) return (object as Record<string, unknown>)[String(index.item())];
    return listWithTracedIndex(object, index, span);
  }
  const value = (object as Record<string | number, unknown>)[index as string | number];
  if (value === undefined && node.object.kind === "member" && node.object.property === "shape")
    checkAxis(object, index, nameOf(node.object.object), scope.span(node));
  return value;
}

/** `x.shape[1]` of an array of one axis. */
export function checkAxis(object: unknown, index: unknown, called: string, span: SpanRef): void {
  if (!Array.isArray(object) || typeof index !== "number" || index in object) return;
  const name = called || "the array";
  fail(
    "TW2004",
    `${name} has ${object.length === 1 ? "one axis" : `${object.length} axes`}, so ${name}.shape[${index}] is nothing`,
    {
      span,
      help: index < 0 ? `the last axis is ${name}.shape[${object.length - 1}]` : "axes are counted from 0",
    },
  );
}

function evaluateCall(node: Call, scope: Scope): unknown {
  const { callee } = node;
  let self: unknown;
  let fn: unknown;
  let library = false;
  if (callee.kind === "member" || callee.kind === "index") {
    const had = regionsThatRead(callee.object, scope);
    self = evaluate(callee.object, scope);
    if (self === SKIP) return SKIP;
    if (callee.kind === "member") {
      // what is pushed does not read the list
      if (callee.property === "push" && Array.isArray(self)) unnoteRead(self, had);
      fn = readMember(self, callee, scope);
    } else if (callee.optional && (self === null || self === undefined)) fn = SKIP;
    else fn = readIndex(self, evaluate(callee.index, scope), callee, scope);
    library = self instanceof Tensor || self instanceof LibraryObject;
  } else {
    fn = evaluate(callee, scope);
    library = callee.kind === "captured" && callee.library;
  }
  if (fn === SKIP) return SKIP;
  if (node.optional && (fn === null || fn === undefined)) return SKIP;
  const args = evaluateList(node.args, scope);
  return callValue(fn, self, args, { span: scope.span(node), library, name: nameOf(callee) });
}

function regionsThatRead(object: Expression, scope: Scope): Region[] {
  const list = object.kind === "name" ? scope.find(object.name)?.value : undefined;
  const had: Region[] = [];
  for (let r = state.region; r !== undefined; r = r.parent) if (r.reads.has(list)) had.push(r);
  return had;
}

function nameOf(callee: Expression): string {
  switch (callee.kind) {
    case "name":
      return callee.name;
    case "captured":
      return callee.chain;
    case "member":
      return callee.object.kind === "this"
        ? `this.${callee.property}`
        : `${nameOf(callee.object) || "…"}.${callee.property}`;
    default:
      return "";
  }
}

function construct(node: New, scope: Scope): unknown {
  const callee = evaluate(node.callee, scope);
  const args = evaluateList(node.args, scope);
  if (typeof callee !== "function") throw new TypeError(`not a constructor${at(scope.span(node))}`);
  const value = Reflect.construct(callee, args) as object;
  if (value instanceof Error) placeError(value, scope.span(node));
  return made(value);
}

/** The first frame of the stack is where the user's source made the error, not where it is interpreted. */
function placeError(error: Error, span: SpanRef): void {
  const s = span.resolve();
  const { stack } = error;
  if (s === undefined || typeof stack !== "string") return;
  const from = stack.indexOf("\n    at ");
  const frame = `\n    at ${s.functionName ?? "<anonymous>"} (${s.file}:${s.line}:${s.column})`;
  error.stack = from < 0 ? stack + frame : stack.slice(0, from) + frame + stack.slice(from);
}

function evaluateList(nodes: readonly (Expression | Spread)[], scope: Scope): unknown[] {
  const out: unknown[] = [];
  for (const n of nodes) {
    if (n.kind !== "spread") out.push(evaluate(n, scope));
    else out.push(...elementsOf(evaluate(n.value, scope), scope.span(n)));
  }
  return out;
}

/** What spreading and destructuring see: an array is the list of its slices along the first axis. */
export function elementsOf(value: unknown, span: SpanRef): unknown[] {
  if (value instanceof Tensor) {
    if (value.ndim === 0) {
      fail("TW2007", "a scalar array has no elements to spread or destructure", { span, help: "use the array itself" });
    }
    const before = locate(span);
    const out = Array.from({ length: value.shape[0] }, (_, i) => indexTensor(value, i));
    locate(before);
    return out;
  }
  if (value === null || value === undefined || typeof (value as Iterable<unknown>)[Symbol.iterator] !== "function")
    throw new TypeError(`${describe(value)} is not iterable${at(span)}`);
  return Array.from(value as Iterable<unknown>);
}

function evaluateObject(node: ObjectLiteral, scope: Scope): unknown {
  const out: Record<string, unknown> = {};
  for (const p of node.properties) {
    if (p.kind === "spread") Object.assign(out, evaluate(p.value, scope));
    else {
      const key = typeof p.key === "string" ? p.key : propertyKey(evaluate(p.key, scope), scope.span(p.key));
      let value: unknown;
      if (p.value.kind === "function" && p.value.name === "" && typeof key === "string")
        value = machine.closure({ ...p.value, name: key } satisfies FunctionNode, scope);
      else value = evaluate(p.value, scope);
      Object.defineProperty(out, key, { value, enumerable: true, writable: true, configurable: true });
    }
  }
  return made(out);
}

export function propertyKey(key: unknown, span: SpanRef): PropertyKey {
  if (key instanceof Tensor) {
    if (!isTraced(key) && key.size === 1) return String(key.item());
    fail("TW7014", "an array is the key of a property, and only the run knows its value", {
      span,
      help: "keep the values in one array, and index that",
    });
  }
  return typeof key === "symbol" || typeof key === "number" ? key : String(key);
}

function evaluateUnary(node: Unary, scope: Scope): unknown {
  const x = evaluate(node.operand, scope);
  if (x instanceof Tensor) return unary(node.op, x, scope.span(node));
  switch (node.op) {
    case "-":
      return typeof x === "bigint" ? -x : -(x as number);
    case "+":
      return +(x as number);
    case "!":
      return !x;
    case "~":
      return ~(x as number);
    case "typeof":
      return typeof x;
    case "void":
      return undefined;
  }
}

function evaluateBinary(node: Binary, scope: Scope): unknown {
  const left = evaluate(node.left, scope);
  const right = evaluate(node.right, scope);
  if ((left instanceof Tensor && node.op !== "instanceof") || right instanceof Tensor)
    return binary(node.op, left, right, scope.span(node));
  if (!isObject(left) && !isObject(right)) return plainBinary(node.op, left, right);
  // what an object makes of the operator may be an error of ours
  const before = locate(scope.span(node));
  const value = plainBinary(node.op, left, right);
  locate(before);
  return value;
}
const isObject = (x: unknown): boolean => typeof x === "object" && x !== null;

// JavaScript's own operators, whatever the operands are
export function plainBinary(op: Binary["op"], left: unknown, right: unknown): unknown {
  const [a, b] = [left as number, right as number];
  switch (op) {
    case "+":
      return a + b;
    case "-":
      return a - b;
    case "*":
      return a * b;
    case "/":
      return a / b;
    case "%":
      return a % b;
    case "**":
      return a ** b;
    case "&":
      return a & b;
    case "|":
      return a | b;
    case "^":
      return a ^ b;
    case "<<":
      return a << b;
    case ">>":
      return a >> b;
    case ">>>":
      return a >>> b;
    case "<":
      return a < b;
    case "<=":
      return a <= b;
    case ">":
      return a > b;
    case ">=":
      return a >= b;
    case "==":
      // biome-ignore lint/suspicious/noDoubleEquals: it is what the user wrote
      return left == right;
    case "!=":
      // biome-ignore lint/suspicious/noDoubleEquals: it is what the user wrote
      return left != right;
    case "===":
      return left === right;
    case "!==":
      return left !== right;
    case "in":
      return (left as string) in (right as object);
    case "instanceof":
      return left instanceof (right as new () => unknown);
  }
}

function evaluateLogical(node: Logical, scope: Scope): unknown {
  return logical(node.op, evaluate(node.left, scope), node.right, scope, scope.span(node));
}

/** `left op right`; of a traced `left` both sides are computed. */
function logical(op: Logical["op"], left: unknown, right: Expression, scope: Scope, span: SpanRef): unknown {
  if (op === "??") return left === null || left === undefined ? evaluate(right, scope) : left;
  if (!(left instanceof Tensor)) return (op === "&&" ? left : !left) ? evaluate(right, scope) : left;
  if (!isTraced(left) && left.ndim === 0) return (op === "&&") === Boolean(left.item()) ? evaluate(right, scope) : left;
  const other = evaluateSide(right, scope);
  const bools =
    left.aval.dtype === "bool" &&
    (typeof other === "boolean" || (other instanceof Tensor && other.aval.dtype === "bool"));
  if (bools) return binary(op === "&&" ? "&" : "|", left, other, span);
  if (!(other instanceof Tensor) && typeof other !== "number" && typeof other !== "boolean")
    fail("TW7015", `${op} meets an array and ${describe(other)}`, {
      span,
      help: "use if, or ?: with arrays on both sides",
    });
  const mask = truth(left, span);
  return op === "&&" ? choose(mask, other, left, span) : choose(mask, left, other, span);
}

function evaluateAssign(node: Assign, scope: Scope): unknown {
  const { target, op } = node;
  if (op === undefined) {
    const value = evaluate(node.value, scope);
    machine.bindPattern(target, value, scope, undefined);
    return value;
  }
  if (target.kind !== "name" && target.kind !== "target") throw new SyntaxError("a compound assignment to a pattern");
  const place = reference(target, scope);
  const before = place.get();
  const value =
    op === "&&" || op === "||" || op === "??"
      ? logical(op, before, node.value, scope, scope.span(node))
      : operate(op, before, evaluate(node.value, scope), scope.span(node));
  if (value !== before || place.binding === undefined) place.set(value);
  return value;
}

function operate(op: ArithmeticOperator, left: unknown, right: unknown, span: SpanRef): unknown {
  return left instanceof Tensor || right instanceof Tensor
    ? binary(op, left, right, span)
    : plainBinary(op, left, right);
}

function evaluateUpdate(node: Update, scope: Scope): unknown {
  const place = reference(node.target, scope);
  const before = place.get();
  const one = typeof before === "bigint" ? 1n : 1;
  const after = operate(node.op === "++" ? "+" : "-", before, one, scope.span(node));
  place.set(after);
  return node.prefix ? after : before;
}

interface Reference {
  readonly binding: Binding | undefined;
  get(): unknown;
  set(value: unknown): void;
}

/** Something that is read and then written; its parts are evaluated once. */
function reference(target: NamePattern | MemberPattern, scope: Scope): Reference {
  if (target.kind === "name") {
    const binding = find(target.name, scope, target);
    return {
      binding,
      get: () => readName(target.name, scope, target),
      set: (value) => assignName(binding, value, scope, target),
    };
  }
  const object = evaluate(target.object, scope);
  const key = typeof target.property === "string" ? target.property : evaluate(target.property, scope);
  return {
    binding: undefined,
    get: () => {
      if (object instanceof Tensor) refuseInPlace(object, scope.span(target));
      checkAccess(object, "write", key, scope.span(target));
      return (object as Record<PropertyKey, unknown>)[propertyKey(key, scope.span(target))];
    },
    set: (value) => assignMember(object, key, value, scope.span(target)),
  };
}

export function assignName(binding: Binding, value: unknown, scope: Scope, node: NamePattern): void {
  if (!binding.mutable && binding.value !== UNSET)
    throw new TypeError(`Assignment to constant variable ${binding.name}${at(scope.span(node))}`);
  write(binding, value, scope.span(node));
}

export function assignMember(object: unknown, key: unknown, value: unknown, span: SpanRef): void {
  if (object instanceof Tensor) refuseInPlace(object, span);
  checkAccess(object, "write", key, span);
  if (object === null || object === undefined) nothing(object, "an element", span);
  const property = propertyKey(key, span);
  checkMutation(object as object, `the assignment to .${String(property)}`, span);
  (object as Record<PropertyKey, unknown>)[property] = value;
}

/** Objects of the library say whether they have elements. */
export function checkAccess(object: unknown, access: "read" | "write", key: unknown, span: SpanRef): void {
  if (!(object instanceof LibraryObject)) return;
  const before = locate(span);
  object.checkAccess(access, key);
  locate(before);
}

export function refuseInPlace(x: Tensor, span: SpanRef): never {
  fail("TW7012", `an element of ${describe(x)} is assigned; arrays do not change`, {
    span,
    help: "make a new one: x = x.at(i).set(v), or x.at(i).add(v)",
  });
}
