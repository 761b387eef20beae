/** Arrays as a person expects to see them. */
import type { NestedArray } from "../tracer/tensor.js";
import type { Tensor } from "../tracer/tensor.js";

export interface PrintOptions {
  /** Digits after the point. */
  precision?: number;
  /** Arrays with more elements are shown by their edges. */
  threshold?: number;
  edgeItems?: number;
}

function formatNumbers(
  values: readonly (number | bigint | boolean)[],
  precision: number,
): (v: number | bigint | boolean) => string {
  const numbers = values.filter((v): v is number => typeof v === "number" && Number.isFinite(v));
  const whole = numbers.every(Number.isInteger);
  const sizes = numbers.filter((v) => v !== 0).map(Math.abs);
  const [least, most] = [Math.min(...sizes), Math.max(...sizes)];
  const scientific = sizes.length > 0 && (most >= 1e8 || least < 1e-4 || most / least > 1e6) && !(whole && most < 1e16);
  const digits = (v: number): string => {
    if (!Number.isFinite(v)) return Number.isNaN(v) ? "nan" : v > 0 ? "inf" : "-inf";
    if (Object.is(v, -0)) return whole ? "-0." : `-0.${"0".repeat(0)}`;
    if (scientific) return v.toExponential(precision).replace(/e([+-])(\d)$/, "e$10$2");
    if (whole) return `${v}.`;
    return v.toFixed(precision).replace(/0+$/, "");
  };
  return (v) => (typeof v === "number" ? digits(v) : String(v));
}

/** Lines of nested brackets, columns aligned, long arrays cut in the middle. */
export function formatArray(x: Tensor, options: PrintOptions = {}): string {
  const edge = options.edgeItems ?? 3;
  const cut = x.size > (options.threshold ?? 1000);
  const isFloatType = x.dtype === "f16" || x.dtype === "bf16" || x.dtype === "f32" || x.dtype === "f64";
  const shown = elide(x.js(), cut, edge);
  const flat: (number | bigint | boolean)[] = [];
  collect(shown, flat);
  const format = isFloatType ? formatNumbers(flat, options.precision ?? 4) : String;
  if (x.ndim === 0) return isFloatType ? String(flat[0]) : format(flat[0]);
  const texts = flat.map(format);
  const width = Math.max(0, ...texts.map((t) => t.length));
  // numbers with a fraction are aligned on the point
  const fraction = Math.max(
    0,
    ...texts.map((t) => (t.includes(".") && !t.includes("e") ? t.length - t.indexOf(".") : 0)),
  );
  const aligned = (v: number | bigint | boolean): string => {
    const t = format(v);
    const own = t.includes(".") && !t.includes("e") ? t.length - t.indexOf(".") : 0;
    return isFloatType && !t.includes("e") && /\d/.test(t) ? t + " ".repeat(fraction - own) : t;
  };
  const full = Math.max(width, ...flat.map((v) => aligned(v).length));
  const lines = (v: Elided, indent: number): string => {
    if (!Array.isArray(v)) return v === ELLIPSIS ? "..." : aligned(v as number).padStart(full);
    const inner = v.map((e) => lines(e, indent + 1));
    const deep = v.some((e) => Array.isArray(e));
    const gap = deep
      ? `\n${v.some((e) => Array.isArray(e) && e.some((f) => Array.isArray(f))) ? "\n" : ""}${" ".repeat(indent + 1)}`
      : " ";
    return `[${inner.join(gap)}]`;
  };
  return lines(shown, 0);
}

const ELLIPSIS = Symbol("...");
type Elided = number | bigint | boolean | typeof ELLIPSIS | Elided[];

function elide(v: NestedArray, cut: boolean, edge: number): Elided {
  if (!Array.isArray(v)) return v;
  if (!cut || v.length <= 2 * edge) return v.map((e) => elide(e, cut, edge));
  return [
    ...v.slice(0, edge).map((e) => elide(e, cut, edge)),
    ELLIPSIS,
    ...v.slice(-edge).map((e) => elide(e, cut, edge)),
  ];
}
function collect(v: Elided, out: (number | bigint | boolean)[]): void {
  if (Array.isArray(v)) for (const e of v) collect(e, out);
  else if (v !== ELLIPSIS) out.push(v);
}
