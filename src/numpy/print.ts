/** Arrays as a person expects to see them: NumPy's rules for digits, columns, long arrays and long lines. */
import { castScalar, type DType, isFloat } from "../ir/dtype.js";
import type { Tensor } from "../tracer/tensor.js";
import { prod, range } from "../util/index.js";

export interface PrintOptions {
  /** Digits after the point, at most. */
  precision?: number;
  /** Arrays with more elements are shown by their edges. */
  threshold?: number;
  /** How many are shown at each edge. */
  edgeItems?: number;
  /** Lines are not longer than this. */
  lineWidth?: number;
}
const DEFAULTS = { precision: 8, threshold: 1000, edgeItems: 3, lineWidth: 75 };

type Element = number | bigint | boolean;

/** The fewest significant digits that are read back as the same element. */
function shortest(v: number, dtype: DType): string {
  if (dtype === "f64") return String(v);
  for (let p = 1; p < 10; p++) {
    const text = v.toPrecision(p);
    if (castScalar(Number(text), dtype) === v) return String(Number(text));
  }
  return String(v);
}
/** The same in the form d.ddde±xx. */
function scientific(v: number, dtype: DType, precision: number): { mantissa: string; exponent: string } {
  const digits = Number(shortest(v, dtype))
    .toExponential()
    .replace(/\.?0*e/, "e")
    .split("e")[0]
    .replace(/^-?\d\.?/, "").length;
  const [unsigned, e] = Number(shortest(v, dtype)).toExponential(Math.min(digits, precision)).split("e");
  const m = Object.is(v, -0) ? `-${unsigned}` : unsigned; // which toExponential drops
  const size = e.slice(1);
  return { mantissa: m.includes(".") ? m : `${m}.`, exponent: e[0] + (size.length < 2 ? `0${size}` : size) };
}
function positional(v: number, dtype: DType, precision: number): string {
  const text = shortest(v, dtype);
  const sign = Object.is(v, -0) ? "-" : "";
  const fraction = /^-?\d+\.(\d+)$/.exec(text)?.[1] ?? "";
  if (/^-?\d+$/.test(text)) return `${sign}${text}.`;
  if (fraction !== "" && fraction.length <= precision) return text;
  return `${sign}${v.toFixed(precision).replace(/0+$/, "")}`;
}
const special = (v: number): string => (Number.isNaN(v) ? "nan" : v > 0 ? "inf" : "-inf");

/** How the floats of one array are written: all by the same rule, so that their columns agree. */
function floatFormat(values: readonly number[], dtype: DType, precision: number): (v: number) => string {
  const finite = values.filter(Number.isFinite);
  const sizes = finite.filter((v) => v !== 0).map(Math.abs);
  const [least, most] = [Math.min(...sizes), Math.max(...sizes)];
  const exponents = sizes.length > 0 && (most >= 1e8 || least < 1e-4 || most / least > 1000);
  let write: (v: number) => string;
  let after: number;
  let before: number;
  if (exponents) {
    const parts = finite.map((v) => scientific(v, dtype, precision));
    const digits = Math.max(0, ...parts.map((p) => p.mantissa.length - p.mantissa.indexOf(".") - 1));
    const exponent = Math.max(...parts.map((p) => p.exponent.length));
    write = (v) => {
      const { mantissa, exponent: e } = scientific(v, dtype, precision);
      const own = mantissa.length - mantissa.indexOf(".") - 1;
      return `${mantissa}${"0".repeat(digits - own)}e${e[0]}${e.slice(1).padStart(exponent - 1, "0")}`;
    };
    before = Math.max(...parts.map((p) => p.mantissa.indexOf(".")));
    after = digits + 2 + exponent - 1;
  } else {
    const texts = finite.map((v) => positional(v, dtype, precision));
    after = Math.max(0, ...texts.map((t) => t.length - t.indexOf(".") - 1));
    before = Math.max(0, ...texts.map((t) => t.indexOf(".")));
    write = (v) => {
      const t = positional(v, dtype, precision);
      return t + " ".repeat(after - (t.length - t.indexOf(".") - 1));
    };
  }
  const odd = Math.max(0, ...values.filter((v) => !Number.isFinite(v)).map((v) => special(v).length));
  const width = odd > 0 ? Math.max(before + 1 + after, odd) : before + 1 + after;
  return (v) => (Number.isFinite(v) ? write(v) : special(v)).padStart(width);
}

/** The positions along an axis that are shown; -1 stands for those left out. */
function shown(n: number, cut: boolean, edge: number): number[] {
  if (!cut || n <= 2 * edge) return range(n);
  return [...range(edge), -1, ...Array.from({ length: edge }, (_, i) => n - edge + i)];
}

/** A scalar as NumPy prints one: 3.0, 0.1, 1e-05. */
function formatScalar(v: Element, dtype: DType): string {
  if (typeof v !== "number" || !isFloat(dtype)) return String(v);
  if (!Number.isFinite(v)) return special(v);
  const size = Math.abs(v);
  if (size !== 0 && (size >= 1e16 || size < 1e-4)) {
    const { mantissa, exponent } = scientific(v, dtype, 17);
    return `${mantissa.replace(/\.$/, "")}e${exponent}`;
  }
  const text = positional(v, dtype, 17);
  return text.endsWith(".") ? `${text}0` : text;
}

/** Lines of nested brackets, columns aligned, long arrays cut in the middle, long rows wrapped. */
export function formatArray(x: Tensor, options: PrintOptions = {}): string {
  const { precision, threshold, edgeItems, lineWidth } = { ...DEFAULTS, ...options };
  const { shape, dtype } = x as { shape: readonly number[]; dtype: DType };
  const data = x.dataSync() as ArrayLike<number | bigint>;
  const element = (i: number): Element => (dtype === "bool" ? data[i] !== 0 : data[i]);
  if (shape.length === 0) return formatScalar(element(0), dtype);
  const size = prod(shape);
  if (size === 0) return "[]";

  const cut = size > threshold;
  const places = shape.map((n) => shown(n, cut, edgeItems));
  const strides = shape.map((_, a) => prod(shape.slice(a + 1)));
  const visible: Element[] = [];
  const collect = (axis: number, at: number): void => {
    if (axis === shape.length) visible.push(element(at));
    else for (const i of places[axis]) if (i >= 0) collect(axis + 1, at + i * strides[axis]);
  };
  collect(0, 0);
  let format: (v: Element) => string;
  if (isFloat(dtype)) format = floatFormat(visible as number[], dtype, precision) as (v: Element) => string;
  else {
    const width = Math.max(...visible.map((v) => String(v).length));
    format = (v) => String(v).padStart(width);
  }

  const block = (axis: number, at: number, indent: string, width: number): string => {
    const left = shape.length - axis;
    if (left === 1) {
      let done = "";
      let line = indent;
      const put = (word: string): void => {
        if (line.length + word.length > width - 1 && line.length > indent.length) {
          done += `${line.trimEnd()}\n`;
          line = indent;
        }
        line += word;
      };
      places[axis].forEach((i, k) => {
        if (k > 0) line += " ";
        put(i < 0 ? "..." : format(element(at + i)));
      });
      return `[${(done + line).slice(indent.length)}]`;
    }
    const parts = places[axis].map((i) =>
      i < 0 ? "..." : block(axis + 1, at + i * strides[axis], `${indent} `, width - 1),
    );
    return `[${parts.join("\n".repeat(left - 1) + indent)}]`;
  };
  return block(0, 0, " ", lineWidth);
}
