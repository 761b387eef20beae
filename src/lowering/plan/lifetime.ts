/** From which step to which a value is needed. What a loop's body uses of the outside is needed until the loop ends. */
import { type Bindings, forEachView, type Step } from "./step.js";
import type { Value, View } from "./view.js";

/** A loop (or the whole plan) in which values are made. */
interface Scope {
  readonly parent: Scope | null;
  /** The loop; null for the plan. */
  readonly step: Step | null;
  readonly depth: number;
  /** Values of outer scopes that are used inside. */
  readonly outer: Set<Value>;
}
export interface Lifetime {
  start: number;
  end: number;
  /** The scope of its first use. */
  readonly scope: Scope;
}

export class Lifetimes {
  readonly of = new Map<Value, Lifetime>();
  /** Position of each step; a loop has another one where it ends. */
  readonly position = new Map<Step, number>();
  readonly endPosition = new Map<Step, number>();
  #next = 0;

  constructor(
    steps: readonly Step[],
    readonly bindings: Bindings,
    inputs: readonly Value[],
    outputs: readonly Value[],
  ) {
    const top: Scope = { parent: null, step: null, depth: 0, outer: new Set() };
    for (const v of inputs) this.of.set(v, { start: -1, end: -1, scope: top });
    this.#walk(steps, top);
    for (const v of outputs) {
      this.#use(v, this.#next, top);
    }
  }

  /** Is the value made and used in iterations of one of these loops? */
  isInside(value: Value, loops: ReadonlyMap<Step, unknown>): boolean {
    for (let s = this.of.get(value)?.scope ?? null; s; s = s.parent) if (s.step && loops.has(s.step)) return true;
    return false;
  }

  #use(value: Value, at: number, scope: Scope): void {
    const known = this.of.get(value);
    if (!known) {
      this.of.set(value, { start: at, end: at, scope });
      return;
    }
    known.end = Math.max(known.end, at);
    for (let s = scope; s !== known.scope && s.parent; s = s.parent) s.outer.add(value);
  }
  #walk(steps: readonly Step[], scope: Scope): void {
    const use = (view: View): void => this.#use(this.bindings.resolve(view).value, this.#next, scope);
    for (const step of steps) {
      this.position.set(step, this.#next);
      switch (step.kind) {
        case "define":
          for (const v of step.values) use({ value: v, offset: 0, follow: [], size: v.bytes, dtype: "u8" });
          break;
        case "loop":
          this.#next++;
          this.#loop(step, scope, (inner) => this.#walk(step.body, inner));
          break;
        case "while":
          this.#next++;
          this.#loop(step, scope, (inner) => {
            this.#walk(step.cond, inner);
            this.#use(this.bindings.resolve(step.test).value, this.#next++, inner);
            this.#walk(step.body, inner);
          });
          break;
        case "switch":
          use(step.index);
          this.#next++;
          for (const c of step.cases) this.#walk(c, scope);
          break;
        default:
          forEachView(step, this.bindings, (view) => this.#use(view.value, this.#next, scope));
      }
      this.#next++;
    }
  }
  #loop(step: Step, scope: Scope, walk: (inner: Scope) => void): void {
    const inner: Scope = { parent: scope, step, depth: scope.depth + 1, outer: new Set() };
    walk(inner);
    this.endPosition.set(step, this.#next);
    for (const v of inner.outer) {
      const lifetime = this.of.get(v);
      if (lifetime) lifetime.end = Math.max(lifetime.end, this.#next);
    }
  }
}
