/** The fields of each kind of node, in the order in which they are written: what `encode` and `decode` go by. */
import type { Node } from "./ast.js";

export type FieldType =
  | "node"
  | "node?"
  | "nodes"
  /** A list that may have holes. */
  | "holes"
  | "string"
  | "string?"
  | "strings"
  | "boolean"
  /** A string or a node. */
  | "key"
  /** A literal's value. */
  | "value"
  /** The bindings of a declaration: pattern and initial value. */
  | "bindings"
  /** The properties of an object pattern: key and element. */
  | "properties";

type Fields = Readonly<Record<string, FieldType>>;

/** Kinds are written as their position here: new ones go to the end, and AST_VERSION counts up. */
export const SCHEMA = {
  literal: { value: "value" },
  name: { name: "string" },
  captured: { chain: "string", library: "boolean" },
  this: {},
  chain: { expression: "node" },
  member: { object: "node", property: "string", optional: "boolean" },
  index: { object: "node", index: "node", optional: "boolean" },
  call: { callee: "node", args: "nodes", optional: "boolean" },
  new: { callee: "node", args: "nodes" },
  spread: { value: "node" },
  unary: { op: "string", operand: "node" },
  binary: { op: "string", left: "node", right: "node" },
  logical: { op: "string", left: "node", right: "node" },
  conditional: { test: "node", then: "node", otherwise: "node" },
  assign: { op: "string?", target: "node", value: "node" },
  update: { op: "string", prefix: "boolean", target: "node" },
  array: { elements: "nodes" },
  object: { properties: "nodes" },
  property: { key: "key", value: "node" },
  template: { quasis: "strings", values: "nodes" },
  sequence: { values: "nodes" },
  target: { object: "node", property: "key" },
  element: { pattern: "node", fallback: "node?" },
  arrayPattern: { elements: "holes", rest: "node?" },
  objectPattern: { properties: "properties", rest: "node?" },
  function: {
    name: "string",
    arrow: "boolean",
    self: "boolean",
    params: "nodes",
    rest: "node?",
    body: "node",
  },
  declare: { mutable: "boolean", bindings: "bindings" },
  declareFunction: { fn: "node" },
  expression: { expression: "node" },
  if: { test: "node", then: "node", otherwise: "node?" },
  while: { label: "string?", test: "node", body: "node" },
  doWhile: { label: "string?", test: "node", body: "node" },
  for: { label: "string?", init: "node?", test: "node?", update: "node?", body: "node" },
  forOf: { label: "string?", mutable: "boolean", pattern: "node", iterable: "node", body: "node" },
  case: { test: "node?", body: "nodes" },
  switch: { label: "string?", subject: "node", cases: "nodes" },
  break: { label: "string?" },
  continue: { label: "string?" },
  return: { value: "node?" },
  throw: { value: "node" },
  block: { statements: "nodes" },
  debugger: {},
} as const satisfies Readonly<Record<Node["kind"], Fields>>;

export const KINDS = Object.keys(SCHEMA) as Node["kind"][];
/** Kind → its number and its fields as a list. */
export const FIELDS: ReadonlyMap<string, { readonly number: number; readonly fields: readonly [string, FieldType][] }> =
  new Map(
    KINDS.map((kind, number) => [kind, { number, fields: Object.entries(SCHEMA[kind]) as [string, FieldType][] }]),
  );
