/** Kernels that read and write in ways of their own: shared, overlapping, chosen by data, through memory, into what they start from. */
import { aval } from "../../../src/ir/aval.js";
import type { Atom, Program, Var } from "../../../src/ir/program.js";
import { Blocks, f32, kernelProgram } from "../block-programs.js";

type Core = Program<"core">;
const i32 = (...shape: number[]) => aval(shape, "i32");
const up = (n: number, by: number): number => Math.ceil(n / by);

/** The lanes of program `id` along an axis, and which are inside. */
function lanes(k: Blocks, id: Atom, block: number, n: number): { at: Var; inside: Var } {
  const at = k.bin("add", k.bin("mul", id, block), k.arange(block));
  return { at, inside: k.bin("lt", at, n) };
}

export function outerProduct(m: number, n: number, bm: number, bn: number): Core {
  const grid = [up(m, bm), up(n, bn)];
  return kernelProgram("outer", [f32(m), f32(n)], [f32(m, n)], grid, (k, [x, y], [i, j], [out]) => {
    const [r, c] = [lanes(k, i, bm, m), lanes(k, j, bn, n)];
    const a = k.expand(k.load(x, [r.at], r.inside), 1);
    const b = k.expand(k.load(y, [c.at], c.inside), 0);
    const inside = k.bin("and", k.expand(r.inside, 1), k.expand(c.inside, 0));
    const product = k.bin("mul", k.op("sin", a), b);
    return [k.store(out, [k.expand(r.at, 1), k.expand(c.at, 0)], product, inside)];
  });
}

/** Windows that overlap, taps in a loop. */
export function conv1d(n: number, taps: number, block: number): Core {
  const out = n - taps + 1;
  return kernelProgram("conv1d", [f32(n), f32(taps)], [f32(out)], [up(out, block)], (k, [x, w], [i], [y]) => {
    const { at, inside } = lanes(k, i, block, out);
    const [acc] = k.loop(taps, [k.full([block], 0, "f32")], [x, w, at, inside], (s, t, [sum], [X, W, A, I]) => {
      const v = s.load(X, [s.bin("add", A, t)], I, 0);
      return [s.bin("add", sum, s.bin("mul", v, s.load(W, [t])))];
    });
    return [k.store(y, [at], k.op("tanh", acc), inside)];
  });
}

/** Windows with strides, rows and columns in one flat index. */
export function conv2d(h: number, w: number, size: number, stride: number, block: number): Core {
  const [oh, ow] = [Math.floor((h - size) / stride) + 1, Math.floor((w - size) / stride) + 1];
  const grid = [oh, up(ow, block)];
  return kernelProgram("conv2d", [f32(h * w), f32(size, size)], [f32(oh, ow)], grid, (k, [x, f], [i, j], [y]) => {
    const { at, inside } = lanes(k, j, block, ow);
    const corner = k.bin("add", k.bin("mul", k.bin("mul", i, stride), w), k.bin("mul", at, stride));
    let sum: Atom = k.full([block], 0, "f32");
    for (let a = 0; a < size; a++)
      for (let b = 0; b < size; b++) {
        const v = k.load(x, [k.bin("add", corner, a * w + b)], inside);
        sum = k.bin("add", sum, k.bin("mul", v, k.load(f, [a, b])));
      }
    return [k.store(y, [i, at], sum, inside)];
  });
}

/** Rows flat in memory: row · stride + lane, the stride wider than the row. */
export function flatRows(rows: number, cols: number, stride: number, block: number): Core {
  const n = rows * stride;
  return kernelProgram("flatRows", [f32(n)], [f32(rows, cols)], [rows], (k, [x], [i], [y]) => {
    const c = k.arange(block);
    const inside = k.bin("lt", c, cols);
    const v = k.load(x, [k.bin("add", k.bin("mul", i, stride), c)], inside, 0);
    return [k.store(y, [i, c], k.bin("mul", v, k.all("reduce_sum", v, 0)), inside)];
  });
}

export function cumulative(rows: number, cols: number, block: number): Core {
  return kernelProgram("cumulative", [f32(rows, cols)], [f32(rows, cols)], [rows], (k, [x], [i], [y]) => {
    const c = k.arange(block);
    const inside = k.bin("lt", c, cols);
    const v = k.load(x, [i, c], inside, 0);
    const sum = k.emit1("cumsum", [k.bin("mul", v, v)], { axis: 0, reverse: false });
    return [k.store(y, [i, c], sum, inside)];
  });
}

/** Pairs of lanes turned by an angle each. */
export function rotary(rows: number, half: number, block: number): Core {
  const all = [f32(rows, 2 * half), f32(rows, half)];
  return kernelProgram("rotary", all, [f32(rows, 2 * half)], [rows], (k, [x, angle], [i], [y]) => {
    const c = k.arange(block);
    const inside = k.bin("lt", c, half);
    const second = k.bin("add", c, half);
    const [a, b] = [k.load(x, [i, c], inside), k.load(x, [i, second], inside)];
    const t = k.load(angle, [i, c], inside);
    const [cos, sin] = [k.op("cos", t), k.op("sin", t)];
    const first = k.store(y, [i, c], k.bin("sub", k.bin("mul", a, cos), k.bin("mul", b, sin)), inside);
    return [k.store(first, [i, second], k.bin("add", k.bin("mul", a, sin), k.bin("mul", b, cos)), inside)];
  });
}

/** What integers decide is dropped. */
export function dropout(n: number, block: number): Core {
  return kernelProgram("dropout", [f32(n), i32(n)], [f32(n)], [up(n, block)], (k, [x, bits], [i], [y]) => {
    const { at, inside } = lanes(k, i, block, n);
    const keep = k.bin("ge", k.load(bits, [at], inside), 2);
    const v = k.load(x, [at], inside);
    return [k.store(y, [at], k.select(keep, k.bin("mul", v, 2), k.full([block], 0, "f32")), inside)];
  });
}

/** Sums where data say: programs and lanes meet. */
export function scatterAdd(n: number, bins: number, block: number): Core {
  return kernelProgram(
    "scatterAdd",
    [f32(n), i32(n)],
    [f32(bins)],
    [up(n, block)],
    (k, [x, where], [i], [y]) => {
      const { at, inside } = lanes(k, i, block, n);
      const v = k.load(x, [at], inside);
      const bin = k.load(where, [at], inside);
      return [k.emit("atomic", [y, k.bin("mul", v, v), bin, inside], { op: "add", masked: true })[0]];
    },
    [true],
  );
}

/** In place, twice: y = sin(y) + x, then y = 2 y, read back each time. */
export function inPlace(n: number, block: number): Core {
  return kernelProgram(
    "inPlace",
    [f32(n)],
    [f32(n)],
    [up(n, block)],
    (k, [x], [i], [y]) => {
      const { at, inside } = lanes(k, i, block, n);
      const before = k.load(y, [at], inside);
      const once = k.store(y, [at], k.bin("add", k.op("sin", before), k.load(x, [at], inside)), inside);
      const again = k.load(once, [at], inside);
      return [k.store(once, [at], k.bin("mul", k.bin("mul", again, again), 2), inside)];
    },
    [true],
  );
}

/** A loop over blocks of columns that stores in every step, and reads a row's mean first. */
export function loopStores(rows: number, cols: number, block: number): Core {
  return kernelProgram("loopStores", [f32(rows, cols)], [f32(rows, cols)], [rows], (k, [x], [i], [y]) => {
    const steps = up(cols, block);
    const column = (s: Blocks, t: Atom) => lanes(s, t, block, cols);
    const [total] = k.loop(steps, [k.scalar(0, "f32")], [x, i], (s, t, [sum], [X, I]) => {
      const { at, inside } = column(s, t);
      return [s.bin("add", sum, s.all("reduce_sum", s.load(X, [I, at], inside, 0), 0))];
    });
    const [out] = k.loop(steps, [y], [x, i, total], (s, t, [Y], [X, I, T]) => {
      const { at, inside } = column(s, t);
      const v = s.load(X, [I, at], inside, 0);
      return [s.store(Y, [I, at], s.bin("mul", v, s.op("exp", s.bin("mul", T, 0.1))), inside)];
    });
    return [out];
  });
}

/** Memory of the program's own: written, read in another order. */
export function throughMemory(rows: number, cols: number): Core {
  return kernelProgram("throughMemory", [f32(rows, cols)], [f32(rows, cols)], [rows], (k, [x], [i], [y]) => {
    const c = k.arange(cols);
    const own = k.emit1("empty", [], { shape: [cols], dtype: "f32" });
    const v = k.load(x, [i, c]);
    const kept = k.store(own, [c], k.bin("mul", v, v));
    const back = k.load(kept, [k.bin("sub", k.full([cols], cols - 1, "i32"), c)]);
    return [k.store(y, [i, c], k.bin("mul", back, v))];
  });
}

/** Stores over what it has stored; half of the first block stays. */
export function overwritten(n: number): Core {
  return kernelProgram("overwritten", [f32(n), f32(n)], [f32(n)], [1], (k, [x, z], _ids, [y]) => {
    const c = k.arange(n);
    const first = k.store(y, [c], k.op("sin", k.load(x, [c])));
    const low = k.bin("lt", c, n >> 1);
    return [k.store(first, [c], k.op("exp", k.load(z, [c])), low)];
  });
}

/** Programs differ in what they do: a branch by the program's number. */
export function branches(rows: number, cols: number): Core {
  return kernelProgram("branches", [f32(rows, cols), f32(cols)], [f32(rows, cols)], [rows], (k, [x, w], [i], [y]) => {
    const c = k.arange(cols);
    const branch = (f: (b: Blocks, v: Atom, u: Atom) => Atom) => {
      const b = new Blocks();
      const [X, W, I, C, Y] = [x, w, i, c, y].map((a) => b.input(a.aval));
      return b.finish([b.store(Y, [I, C], f(b, b.load(X, [I, C]), b.load(W, [C])))]);
    };
    const odd = k.op("eq", k.op("rem", i, k.scalar(2, "i32")), k.scalar(1, "i32"));
    const programs = [branch((b, v, u) => b.bin("mul", v, u)), branch((b, v) => b.op("sin", v))];
    return k.emit("cond", [odd, x, w, i, c, y], { branches: programs });
  });
}

/** The greatest of what data put in each place, beside what stood there. */
export function scatterMax(n: number, bins: number, block: number, op: "max" | "min"): Core {
  return kernelProgram(
    "scatterMax",
    [f32(n), i32(n)],
    [f32(bins), f32(n)],
    [up(n, block)],
    (k, [x, where], [i], [y, z]) => {
      const { at, inside } = lanes(k, i, block, n);
      const v = k.op("sin", k.bin("mul", k.load(x, [at], inside), 3));
      const bin = k.load(where, [at], inside);
      const top = k.emit("atomic", [y, v, bin, inside], { op, masked: true })[0];
      return [top, k.store(z, [at], k.bin("mul", v, v), inside)];
    },
    [true, false],
  );
}
