/** Steps of a plan before memory is assigned: they speak of views of values. */
import type { Aval } from "../../ir/aval.js";
import { type Dim, dimAdd, dimMul, dimSame } from "../../ir/dim.js";
import { byteSize } from "../../ir/dtype.js";
import type { Launch } from "../schedule/write.js";
import { type Value, type View, viewKey } from "./view.js";

export type Step =
  | { readonly kind: "launch"; readonly launch: Launch }
  | { readonly kind: "copy"; readonly from: View; readonly to: View }
  | {
      readonly kind: "loop";
      readonly loop: number;
      readonly length: Dim;
      readonly reverse: boolean;
      /** It has no carries. */
      readonly independent: boolean;
      readonly body: readonly Step[];
    }
  | { readonly kind: "while"; readonly cond: readonly Step[]; readonly test: View; readonly body: readonly Step[] }
  | {
      readonly kind: "switch";
      readonly index: View;
      readonly bool: boolean;
      readonly cases: readonly (readonly Step[])[];
    }
  | {
      readonly kind: "callback";
      readonly callback: number;
      readonly args: readonly View[];
      readonly avals: readonly Aval[];
    }
  /** These values exist from here on: what is written inside of a loop or branch lives outside of it. */
  | { readonly kind: "define"; readonly values: readonly Value[] };

export function viewBytes(view: View): Dim {
  return dimMul(view.size, byteSize(view.dtype));
}
/** The whole of its value, in one place. */
export function isWhole(view: View): boolean {
  return view.follow.length === 0 && view.offset === 0 && dimSame(viewBytes(view), view.value.bytes);
}

/** Is `view` all of the value, or just the part of it at `place`? */
export function covers(view: View, place: View): boolean {
  return isWhole(view) || (viewKey(view) === viewKey(place) && dimSame(view.size, place.size));
}

/** Values that are parts of others (a result that is written straight into its place): what a view means in the end. */
export class Bindings {
  readonly #bound = new Map<Value, View>();
  /** `value` lies at `place`, which is as large. */
  bind(value: Value, place: View): void {
    this.#bound.set(value, place);
  }
  isBound(value: Value): boolean {
    return this.#bound.has(value);
  }
  resolve(view: View): View {
    let at = view;
    for (;;) {
      const place = this.#bound.get(at.value);
      if (!place) return at;
      at = {
        ...at,
        value: place.value,
        offset: dimAdd(place.offset, at.offset),
        follow: [...place.follow, ...at.follow],
      };
    }
  }
}

/** Calls `visit` with every view that the step itself uses, resolved; nested steps are not entered. */
export function forEachView(step: Step, bindings: Bindings, visit: (view: View) => void): void {
  switch (step.kind) {
    case "launch":
      for (const a of step.launch.args) visit(bindings.resolve(a));
      return;
    case "copy":
      visit(bindings.resolve(step.from));
      visit(bindings.resolve(step.to));
      return;
    case "callback":
      for (const a of step.args) visit(bindings.resolve(a));
      return;
    default:
      return;
  }
}
/** The same, nested steps included. */
export function forEachViewInside(step: Step, bindings: Bindings, visit: (view: View) => void): void {
  forEachView(step, bindings, visit);
  const all = (steps: readonly Step[]): void => {
    for (const s of steps) forEachViewInside(s, bindings, visit);
  };
  if (step.kind === "loop") all(step.body);
  else if (step.kind === "while") {
    all(step.cond);
    visit(bindings.resolve(step.test));
    all(step.body);
  } else if (step.kind === "switch") {
    visit(bindings.resolve(step.index));
    step.cases.forEach(all);
  } else if (step.kind === "define")
    for (const v of step.values)
      visit(bindings.resolve({ value: v, offset: 0, follow: [], size: v.bytes, dtype: "u8" }));
}

/**
 * May `output` share the memory of `input`, which dies at this step? Then `output` is written place by place after `input`
 * was read there. `place`: the part of `input` that is meant, when it is not all.
 */
export function mayShare(step: Step, bindings: Bindings, input: Value, output: Value, place?: View): boolean {
  if (step.kind === "copy") {
    const [from, to] = [bindings.resolve(step.from), bindings.resolve(step.to)];
    return (
      from.value === input && to.value === output && isWhole(from) && isWhole(to) && dimSame(input.bytes, output.bytes)
    );
  }
  if (step.kind !== "launch") return false;
  const { args, inPlace } = step.launch;
  const views = args.map((a) => bindings.resolve(a));
  const at = views.findIndex((v) => v.value === output);
  const inputs = new Set<number>();
  for (const p of inPlace) if (p.output === at) inputs.add(p.input);
  return views.every((v, i) => {
    if (v.value === output) return i === at && isWhole(v);
    if (v.value === input) return inputs.has(i) && (place ? covers(v, place) : isWhole(v));
    return true;
  });
}
