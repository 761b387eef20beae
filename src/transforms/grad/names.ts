/** What derivatives are called: `h` has the tangent `hDot` and the cotangent `dh`. */

/** "params.layers[0].w" as one word: "w". */
function word(name: string): string {
  if (!/[.[]/.test(name)) return name;
  const last = name.slice(name.lastIndexOf(".") + 1);
  return last.replace(/[^\p{ID_Continue}$]/gu, "");
}

export function tangentName(name: string | undefined): string | undefined {
  return name === undefined ? undefined : `${word(name)}Dot`;
}

/** Of a linear program's variable, which is mostly a tangent. */
export function cotangentName(name: string | undefined): string | undefined {
  if (name === undefined) return undefined;
  const base = word(name);
  return `d${base.endsWith("Dot") ? base.slice(0, -3) : base}`;
}
