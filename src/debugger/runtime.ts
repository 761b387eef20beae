/**
 * What generated code calls, as `$`: JavaScript's own meaning on JavaScript's values, and operations on blocks that are computed
 * at once. Where a compiled kernel computes both sides of `?:`, `&&` and `||`, so does this; where it branches, this branches.
 */
import { fail } from "../diagnostics/error.js";
import { locate, type SpanRef } from "../diagnostics/span.js";
import type { BinaryOperator } from "../dsl/ast.js";
import { checkAccess, checkAxis, plainBinary, refuseInPlace, unknownMember } from "../dsl/interpret/evaluate.js";
import { checkScalar } from "../dsl/interpret/execute.js";
import { listWithTracedIndex } from "../dsl/interpret/lists.js";
import { binary, choose, globalOnTensors, truth, unary } from "../dsl/interpret/operators.js";
import { describe, LibraryObject, markCounter, RangeValue, toInteger } from "../dsl/interpret/values.js";
import { checkRange, range } from "../dsl/range.js";
import { index as indexTensor, type Index as TensorIndex } from "../numpy/indexing.js";
import { scalar } from "../tracer/frame.js";
import type { AnyFunction } from "../tracer/staged.js";
import { Tensor } from "../tracer/tensor.js";
import type { Session } from "./session.js";

/** What `?.` throws where there is nothing before it. */
const SKIP = Symbol("skip");

const isObject = (x: unknown): boolean => (typeof x === "object" && x !== null) || typeof x === "function";

export class Runtime {
  constructor(
    readonly session: Session,
    /** The number of the function's first site. */
    readonly base: number,
    /** The function to run in the place of another: as generated, where its source is known. */
    readonly resolve: (fn: AnyFunction) => AnyFunction,
    /** Whether a function was generated. */
    readonly isGenerated: (fn: AnyFunction) => boolean,
  ) {}

  #span(site: number): SpanRef {
    return this.session.place(this.base + site) as SpanRef;
  }
  /** `f` at a place of the source: errors, and what is found in memory, are told there. */
  #at<R>(site: number, f: (span: SpanRef) => R): R {
    const { session } = this;
    const caller = session.site;
    const span = this.#span(site);
    session.site = this.base + site;
    const before = locate(span);
    const value = f(span);
    locate(before);
    session.site = caller;
    return value;
  }

  // ---- operators

  #binary(site: number, op: BinaryOperator, a: unknown, b: unknown): unknown {
    if (!isObject(a) && !isObject(b)) return plainBinary(op, a, b);
    return this.#at(site, (span) =>
      a instanceof Tensor || b instanceof Tensor ? binary(op, a, b, span) : plainBinary(op, a, b),
    );
  }
  add(site: number, a: unknown, b: unknown): unknown {
    return this.#binary(site, "+", a, b);
  }
  sub(site: number, a: unknown, b: unknown): unknown {
    return this.#binary(site, "-", a, b);
  }
  mul(site: number, a: unknown, b: unknown): unknown {
    return this.#binary(site, "*", a, b);
  }
  div(site: number, a: unknown, b: unknown): unknown {
    return this.#binary(site, "/", a, b);
  }
  mod(site: number, a: unknown, b: unknown): unknown {
    return this.#binary(site, "%", a, b);
  }
  pow(site: number, a: unknown, b: unknown): unknown {
    return this.#binary(site, "**", a, b);
  }
  bitAnd(site: number, a: unknown, b: unknown): unknown {
    return this.#binary(site, "&", a, b);
  }
  bitOr(site: number, a: unknown, b: unknown): unknown {
    return this.#binary(site, "|", a, b);
  }
  bitXor(site: number, a: unknown, b: unknown): unknown {
    return this.#binary(site, "^", a, b);
  }
  shl(site: number, a: unknown, b: unknown): unknown {
    return this.#binary(site, "<<", a, b);
  }
  shr(site: number, a: unknown, b: unknown): unknown {
    return this.#binary(site, ">>", a, b);
  }
  ushr(site: number, a: unknown, b: unknown): unknown {
    return this.#binary(site, ">>>", a, b);
  }
  lt(site: number, a: unknown, b: unknown): unknown {
    return this.#binary(site, "<", a, b);
  }
  le(site: number, a: unknown, b: unknown): unknown {
    return this.#binary(site, "<=", a, b);
  }
  gt(site: number, a: unknown, b: unknown): unknown {
    return this.#binary(site, ">", a, b);
  }
  ge(site: number, a: unknown, b: unknown): unknown {
    return this.#binary(site, ">=", a, b);
  }
  eq(site: number, a: unknown, b: unknown): unknown {
    return this.#binary(site, "==", a, b);
  }
  ne(site: number, a: unknown, b: unknown): unknown {
    return this.#binary(site, "!=", a, b);
  }
  eqStrict(site: number, a: unknown, b: unknown): unknown {
    return this.#binary(site, "===", a, b);
  }
  neStrict(site: number, a: unknown, b: unknown): unknown {
    return this.#binary(site, "!==", a, b);
  }
  negate(site: number, x: unknown): unknown {
    if (x instanceof Tensor) return this.#at(site, (span) => unary("-", x, span));
    return typeof x === "bigint" ? -x : this.#number(site, x, (n) => -n);
  }
  plus(site: number, x: unknown): unknown {
    if (x instanceof Tensor) return this.#at(site, (span) => unary("+", x, span));
    return this.#number(site, x, (n) => +n);
  }
  bitNot(site: number, x: unknown): unknown {
    if (x instanceof Tensor) return this.#at(site, (span) => unary("~", x, span));
    return this.#number(site, x, (n) => ~n);
  }
  /** An object says itself what it thinks of being a number. */
  #number(site: number, x: unknown, f: (n: number) => number): number {
    return isObject(x) ? this.#at(site, () => f(x as number)) : f(x as number);
  }
  not(site: number, x: unknown): unknown {
    return x instanceof Tensor ? this.#at(site, (span) => unary("!", x, span)) : !x;
  }

  // ---- conditions

  /** What `if` and loops ask. */
  truth(site: number, x: unknown): boolean {
    if (!(x instanceof Tensor)) return Boolean(x);
    return this.#at(site, (span) => {
      checkScalar(x, "a condition", span);
      return Boolean(truth(x, span).item());
    });
  }
  choose(site: number, test: unknown, then: () => unknown, otherwise: () => unknown): unknown {
    if (!(test instanceof Tensor)) return test ? then() : otherwise();
    const [x, y] = [then(), otherwise()];
    return this.#at(site, (span) => choose(test, x, y, span));
  }
  and(site: number, left: unknown, right: () => unknown): unknown {
    return left instanceof Tensor ? this.#logical(site, "&&", left, right()) : left && right();
  }
  or(site: number, left: unknown, right: () => unknown): unknown {
    return left instanceof Tensor ? this.#logical(site, "||", left, right()) : left || right();
  }
  #logical(site: number, op: "&&" | "||", left: Tensor, other: unknown): unknown {
    return this.#at(site, (span) => {
      const bools =
        left.dtype === "bool" && (typeof other === "boolean" || (other instanceof Tensor && other.dtype === "bool"));
      if (bools) return binary(op === "&&" ? "&" : "|", left, other, span);
      if (!(other instanceof Tensor) && typeof other !== "number" && typeof other !== "boolean") {
        fail("TW7015", `${op} meets an array and ${describe(other)}`, {
          span,
          help: "use if, or ?: with arrays on both sides",
        });
      }
      const mask = truth(left, span);
      return op === "&&" ? choose(mask, other, left, span) : choose(mask, left, other, span);
    });
  }
  coalesce(_site: number, left: unknown, right: () => unknown): unknown {
    return left ?? right();
  }
  /** A case of a switch. */
  matches(site: number, subject: unknown, value: unknown): boolean {
    return this.truth(site, this.eqStrict(site, subject, value));
  }

  // ---- loops

  iterate(site: number, iterable: unknown): Iterable<unknown> {
    if (iterable instanceof RangeValue) return this.#range(site, iterable);
    if (iterable instanceof Tensor) {
      return this.#at(site, (span) => {
        if (iterable.ndim === 0) {
          fail("TW2007", `for … of loops over the first axis of an array, which ${describe(iterable)} does not have`, {
            span,
            help: "loop over range(n) for a number of steps",
          });
        }
        return Array.from({ length: iterable.shape[0] }, (_, i) => indexTensor(iterable, i));
      });
    }
    if (
      iterable === null ||
      iterable === undefined ||
      typeof (iterable as object)[Symbol.iterator as never] !== "function"
    )
      this.#notA(site, `${describe(iterable)} is not iterable`);
    return iterable as Iterable<unknown>;
  }
  /** The steps of a range are counted by i32 scalars, as where it is compiled. */
  *#range(site: number, { start, stop, step }: RangeValue): Iterable<unknown> {
    const [from, to, by] = this.#at(site, () =>
      [start, stop, step].map((x) => (x instanceof Tensor ? Number(toInteger(x).item()) : x)),
    );
    for (let i = from; by > 0 ? i < to : i > to; i += by) yield markCounter(scalar(i, "i32"));
  }

  // ---- members and calls

  /** Where there is nothing before a `?.`, the rest of the chain is left out. */
  present(x: unknown): unknown {
    if (x === null || x === undefined) throw SKIP;
    return x;
  }
  chain(f: () => unknown): unknown {
    try {
      return f();
    } catch (e) {
      if (e === SKIP) return undefined;
      throw e;
    }
  }
  /** A member that is no part of every array and reference: whether there is one is asked. */
  member(site: number, object: unknown, name: string): unknown {
    if (object === null || object === undefined)
      this.#notA(site, `Cannot read property ${JSON.stringify(name)} of ${String(object)}`);
    checkAccess(object, "read", name, this.#span(site));
    const value = (object as Record<string, unknown>)[name];
    if (value === undefined && object instanceof Tensor) unknownMember(object, name, this.#span(site));
    return value;
  }
  /** `object[key] = value` */
  assign(site: number, object: unknown, key: unknown, value: unknown): unknown {
    this.#checkWrite(site, object, key);
    (object as Record<PropertyKey, unknown>)[key as PropertyKey] = value;
    return value;
  }
  #checkWrite(site: number, object: unknown, key: unknown): void {
    if (object === null || object === undefined) this.#notA(site, `Cannot set an element of ${String(object)}`);
    if (object instanceof Tensor) refuseInPlace(object, this.#span(site));
    checkAccess(object, "write", key, this.#span(site));
  }
  /** `x.shape[i]` */
  size(site: number, object: unknown, name: string, index: unknown): unknown {
    const shape = this.member(site, object, "shape");
    const value = this.index(site, shape, index);
    if (value === undefined) checkAxis(shape, index, name, this.#span(site));
    return value;
  }
  index(site: number, object: unknown, index: unknown): unknown {
    if (object === null || object === undefined) this.#notA(site, `Cannot read an element of ${String(object)}`);
    if (object instanceof Tensor) {
      if (typeof index === "string" && index in object) return object[index as keyof Tensor];
      return this.#at(site, () =>
        indexTensor(object, (index instanceof Tensor ? toInteger(index) : index) as TensorIndex),
      );
    }
    checkAccess(object, "read", index, this.#span(site));
    if (index instanceof Tensor) return this.#at(site, (span) => listWithTracedIndex(object, index, span));
    return (object as Record<string | number, unknown>)[index as string | number];
  }
  /** `object[key] = change(object[key])`, with what it becomes. */
  modify(site: number, object: unknown, key: unknown, change: (old: unknown) => unknown): unknown {
    this.#checkWrite(site, object, key);
    const o = object as Record<PropertyKey, unknown>;
    const value = change(o[key as PropertyKey]);
    o[key as PropertyKey] = value;
    return value;
  }
  /** The same with what it was. */
  modifyAfter(site: number, object: unknown, key: unknown, change: (old: unknown) => unknown): unknown {
    this.#checkWrite(site, object, key);
    const o = object as Record<PropertyKey, unknown>;
    const before = o[key as PropertyKey];
    o[key as PropertyKey] = change(before);
    return before;
  }
  first(value: unknown, _after: unknown): unknown {
    return value;
  }

  call(site: number, fn: unknown, name: string, args: unknown[]): unknown {
    return this.#call(site, fn, undefined, name, args, false);
  }
  library(site: number, fn: unknown, name: string, args: unknown[]): unknown {
    return this.#call(site, fn, undefined, name, args, true);
  }
  method(site: number, object: unknown, key: unknown, args: unknown[]): unknown {
    if (object instanceof Tensor && typeof key === "string" && !(key in object))
      unknownMember(object, key, this.#span(site));
    if (object === null || object === undefined)
      this.#notA(site, `Cannot read property ${JSON.stringify(key)} of ${String(object)}`);
    return this.#call(site, this.index(site, object, key), object, String(key), args, isLibrary(object));
  }
  methodIfPresent(site: number, object: unknown, key: unknown, args: unknown[]): unknown {
    const fn = object === null || object === undefined ? object : this.index(site, object, key);
    return this.#call(site, this.present(fn), object, String(key), args, isLibrary(object));
  }
  construct(site: number, callee: unknown, args: unknown[]): unknown {
    if (typeof callee !== "function") this.#notA(site, "not a constructor");
    return Reflect.construct(callee as new () => unknown, args);
  }

  #call(site: number, fn: unknown, self: unknown, name: string, args: unknown[], library: boolean): unknown {
    if (typeof fn !== "function") this.#notA(site, `${name || "the value"} is not a function`);
    const f = this.resolve(fn as AnyFunction);
    // the user steps into it; it says itself where it is
    if (this.isGenerated(f)) return Reflect.apply(f, self, args);
    return this.#at(site, (span) => {
      if (f === range) {
        checkRange(args);
        const [a, b, step = 1] = args as (number | Tensor)[];
        return b === undefined ? new RangeValue(0, a, 1) : new RangeValue(a, b, step);
      }
      const known = globalOnTensors(f, args, span);
      if (known) return known.value;
      // functions that are not captured tell their own lines
      if (!library && !isNative(f)) locate(undefined);
      return Reflect.apply(f, self, args);
    });
  }

  #notA(site: number, message: string): never {
    const at = this.#span(site).resolve();
    throw new TypeError(`${message}${at ? ` (${at.file}:${at.line}:${at.column})` : ""}`);
  }
}

const isLibrary = (x: unknown): boolean => x instanceof Tensor || x instanceof LibraryObject;

function isNative(f: AnyFunction): boolean {
  return /\{\s*\[native code\]\s*\}$/.test(Function.prototype.toString.call(f));
}
