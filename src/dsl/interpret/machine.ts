/** The parts of the interpreter that call each other, put together by stage.ts. */
import type { SpanRef } from "../../diagnostics/span.js";
import type { AnyFunction } from "../../tracer/staged.js";
import type { Expression, FunctionNode, Pattern, Statement } from "../ast.js";
import type { Code } from "./code.js";
import type { Completion } from "./completion.js";
import type { Scope } from "./region.js";

export interface Machine {
  evaluate(node: Expression, scope: Scope): unknown;
  /** Declares (mutable or not), or assigns when `declare` is undefined. */
  bindPattern(pattern: Pattern, value: unknown, scope: Scope, declare: { mutable: boolean } | undefined): void;
  execute(node: Statement, scope: Scope): Completion;
  loop(node: Statement, scope: Scope): Completion;
  closure(node: FunctionNode, scope: Scope): AnyFunction;
  call(
    code: Code,
    node: FunctionNode,
    scope: Scope | undefined,
    self: unknown,
    args: readonly unknown[],
    at: SpanRef | undefined,
    identity: object,
  ): unknown;
}

const unset = (): never => {
  throw new Error("the interpreter is not put together");
};

export const machine: Machine = {
  evaluate: unset,
  bindPattern: unset,
  execute: unset,
  loop: unset,
  closure: unset,
  call: unset,
};
