/** Forms through primitives that move elements: each lane of the operand as a form over the lanes of the result. */
import type { AnyEqn } from "../../ir/program.js";
import { staticSizes } from "../../ir/size.js";
import { type AxisMap, combine, constant, type Form, laneSym, scale, shift, symbol } from "./form.js";

const lane = (axis: number, extent: number): Form => (extent === 1 ? constant(0) : symbol(laneSym(axis, extent)));

/** Axis by axis: the new axis of each old one and how its index is found there. */
function axisMap(to: (axis: number) => { readonly axis: number; readonly index: Form } | undefined): AxisMap {
  return {
    lane: (a) => to(a)?.index,
    axis: (a) => {
      const t = to(a);
      if (!t || t.index.c !== 0 || t.index.terms.length !== 1) return undefined;
      const [{ sym, c }] = t.index.terms;
      return c === 1 && sym.kind === "lane" ? t.axis : undefined;
    },
  };
}

/** undefined: no such primitive. */
export function movementOf(eqn: AnyEqn): AxisMap | undefined {
  const to = staticSizes(eqn.outputs[0].aval.shape);
  switch (eqn.prim) {
    case "broadcast_in_dim": {
      const { dims } = eqn.params;
      return axisMap((a) => ({ axis: dims[a], index: lane(dims[a], to[dims[a]]) }));
    }
    case "transpose": {
      const { perm } = eqn.params;
      return axisMap((a) => {
        const axis = perm.indexOf(a);
        return { axis, index: lane(axis, to[axis]) };
      });
    }
    case "slice": {
      const starts = staticSizes(eqn.params.start);
      const { strides } = eqn.params;
      return axisMap((a) => ({ axis: a, index: shift(scale(lane(a, to[a]), strides[a]), starts[a]) }));
    }
    case "rev": {
      const { axes } = eqn.params;
      return axisMap((a) => {
        const same = lane(a, to[a]);
        return { axis: a, index: axes.includes(a) ? shift(scale(same, -1), to[a] - 1) : same };
      });
    }
    case "reshape":
      return reshaped(staticSizes(eqn.inputs[0].aval.shape), to);
    default:
      return undefined;
  }
}

/** Axes that are split have forms; axes that are joined have none but where all is one. */
function reshaped(from: readonly number[], to: readonly number[]): AxisMap {
  const forms = new Map<number, { readonly axis: number; readonly index: Form }>();
  let i = 0;
  let j = 0;
  while (i < from.length && j < to.length) {
    if (from[i] === 1) {
      i++;
      continue;
    }
    if (to[j] === 1) {
      j++;
      continue;
    }
    const old = [i];
    const now = [j];
    let [a, b] = [from[i++], to[j++]];
    while (a !== b && i <= from.length && j <= to.length) {
      if (a < b) {
        if (i === from.length) break;
        old.push(i);
        a *= from[i++];
      } else {
        if (j === to.length) break;
        now.push(j);
        b *= to[j++];
      }
    }
    if (a !== b || old.length > 1) continue;
    let index: Form = constant(0);
    let stride = 1;
    for (const k of now.reverse()) {
      index = combine(index, lane(k, to[k]), stride);
      stride *= to[k];
    }
    forms.set(old[0], { axis: now[0], index });
  }
  return axisMap((a) => forms.get(a));
}
