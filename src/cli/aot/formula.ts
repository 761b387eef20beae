/** Sizes as JavaScript, for loaders: what a program needs at the sizes of a call is computed beside it. */
import type { Dim, SymDim } from "../../ir/dim.js";

type Atom = SymDim["terms"][number]["factors"][number]["atom"];

/** The variable of a name. */
export const variableOf = (name: string): string => `$${name}`;

/** An expression over the variables of the names. */
export function formulaOf(d: Dim): string {
  if (typeof d === "number") return String(d);
  const terms = d.terms.map(({ coef, factors }) => {
    const product = factors.flatMap(({ atom, power }) => new Array<string>(power).fill(atomOf(atom)));
    return [...(coef === 1 && product.length > 0 ? [] : [`(${coef})`]), ...product].join(" * ");
  });
  return `(${terms.join(" + ")})`;
}

function atomOf({ kind, text, args }: Atom): string {
  const [a, b] = args.map(formulaOf);
  switch (kind) {
    case "name":
      return variableOf(text);
    case "floordiv":
      return `Math.floor(${a} / ${b})`;
    case "mod":
      return `(${a} - ${b} * Math.floor(${a} / ${b}))`;
    case "max":
    case "min":
      return `Math.${kind}(${args.map(formulaOf).join(", ")})`;
  }
}
