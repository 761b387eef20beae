/** Kernels over blocks as users write them, as core programs; and the same of whole arrays. */
import { type Aval, aval } from "../../src/ir/aval.js";
import { Builder, buildProgram } from "../../src/ir/builder.js";
import type { Shape } from "../../src/ir/dim.js";
import type { Atom, Program, Var } from "../../src/ir/program.js";

type Core = Program<"core">;
export const f32 = (...shape: number[]): Aval => aval(shape, "f32");
const i32 = (...shape: number[]): Aval => aval(shape, "i32");

/** A body under construction: blocks of static shape, with numbers broadcast to what they meet. */
export class Blocks extends Builder {
  shapeOf(x: Atom): Shape {
    return x.aval.shape;
  }
  /** Both as blocks of one shape, by NumPy's rules. */
  pair(x: Atom | number, y: Atom | number): [Atom, Atom] {
    const dtype = (typeof x === "number" ? (y as Atom) : x).aval.dtype;
    const [a, b] = [x, y].map((v) => (typeof v === "number" ? this.scalar(v, dtype) : v));
    const rank = Math.max(a.aval.shape.length, b.aval.shape.length);
    const padded = [a, b].map((v) => [...new Array(rank - v.aval.shape.length).fill(1), ...v.aval.shape] as number[]);
    const shape = padded[0].map((n, i) => Math.max(n, padded[1][i]));
    return [this.to(a, shape), this.to(b, shape)];
  }
  to(x: Atom, shape: Shape): Atom {
    const rank = x.aval.shape.length;
    if (rank === shape.length && x.aval.shape.every((n, i) => n === shape[i])) return x;
    return this.emit1("broadcast_in_dim", [x], {
      shape,
      dims: x.aval.shape.map((_, i) => shape.length - rank + i),
    });
  }
  bin(
    op: "add" | "sub" | "mul" | "div" | "max" | "min" | "lt" | "ge" | "and",
    x: Atom | number,
    y: Atom | number,
  ): Var {
    return this.op(op, ...this.pair(x, y));
  }
  arange(n: number): Var {
    return this.iota([n], 0, "i32");
  }
  /** An axis of one element more. */
  expand(x: Atom, axis: number): Atom {
    const shape = [...x.aval.shape];
    shape.splice(axis, 0, 1);
    return this.emit1("broadcast_in_dim", [x], { shape, dims: x.aval.shape.map((_, i) => (i < axis ? i : i + 1)) });
  }
  #blocks(index: readonly (Atom | number)[]): { at: Atom[]; shape: Shape } {
    let shape: Shape = [];
    const atoms = index.map((x) => (typeof x === "number" ? this.scalar(x, "i32") : x));
    for (const x of atoms) shape = this.pair(x, this.full(shape, 0, "i32"))[0].aval.shape;
    return { at: atoms.map((x) => this.to(x, shape)), shape };
  }
  load(ref: Atom, index: readonly (Atom | number)[], mask?: Atom, other?: number): Var {
    const { at, shape } = this.#blocks(index);
    const rest = mask ? [this.to(mask, shape)] : [];
    if (other !== undefined) rest.push(this.scalar(other, ref.aval.dtype));
    return this.emit1("load", [ref, ...at, ...rest], { masked: mask !== undefined, other: other !== undefined });
  }
  store(ref: Atom, index: readonly (Atom | number)[], value: Atom, mask?: Atom): Var {
    const { at, shape } = this.#blocks(index);
    const rest = mask ? [this.to(mask, shape)] : [];
    return this.emit1("store", [ref, this.to(value, shape), ...at, ...rest], { masked: mask !== undefined });
  }
  all(op: "reduce_max" | "reduce_sum", x: Atom, axis: number): Var {
    return this.emit1(op, [x], { axes: [axis] });
  }
  dot(a: Atom, b: Atom): Var {
    return this.emit1("dot_general", [a, b], {
      lhsContract: [1],
      rhsContract: [0],
      lhsBatch: [],
      rhsBatch: [],
      preferred: null,
    });
  }
  /** for i < n, the counter a carry, as loops of kernels are traced; consts are found by use. */
  loop(
    n: number,
    init: readonly Atom[],
    consts: readonly Atom[],
    step: (k: Blocks, i: Var, carry: readonly Var[], consts: readonly Var[]) => readonly Atom[],
  ): readonly Var[] {
    const k = new Blocks();
    const cs = consts.map((c) => k.input(c.aval));
    const i = k.input(i32());
    const carry = init.map((c) => k.input(c.aval));
    const next = step(k, i, carry, cs);
    const body = k.finish([k.add(i, k.scalar(1, "i32")), ...next], "step");
    const out = this.emit("scan", [...consts, this.scalar(0, "i32"), ...init], {
      body,
      length: n,
      reverse: false,
      numConsts: consts.length,
      numCarry: 1 + init.length,
    });
    return out.slice(1);
  }
}

/** One kernel call as a program. */
export function kernelProgram(
  name: string,
  reads: readonly Aval[],
  outs: readonly Aval[],
  grid: readonly number[],
  body: (k: Blocks, reads: readonly Var[], ids: readonly Var[], outs: readonly Var[]) => readonly Atom[],
  inits: readonly boolean[] = outs.map(() => false),
): Core {
  const k = new Blocks();
  const r = reads.map((a) => k.input(a));
  const ids = grid.map(() => k.input(i32()));
  const o = outs.map((a) => k.input(a));
  const program = k.finish(body(k, r, ids, o), name);
  const starts = outs.filter((_, i) => inits[i]);
  return buildProgram("main", [...reads, ...starts], (b, ...args) =>
    b.emit("kernel_call", args, { body: program, grid, inits, name }),
  );
}
const up = (n: number, by: number): number => Math.ceil(n / by);

export function vectorAdd(n: number, block: number): Core {
  return kernelProgram("vectorAdd", [f32(n), f32(n)], [f32(n)], [up(n, block)], (k, [x, y], [id], [out]) => {
    const at = k.bin("add", k.bin("mul", id, block), k.arange(block));
    const inside = k.bin("lt", at, n);
    return [k.store(out, [at], k.bin("add", k.load(x, [at], inside), k.load(y, [at], inside)), inside)];
  });
}
export function softmax(rows: number, cols: number, block: number): Core {
  return kernelProgram("softmax", [f32(rows, cols)], [f32(rows, cols)], [rows], (k, [x], [row], [out]) => {
    const col = k.arange(block);
    const inside = k.bin("lt", col, cols);
    const v = k.load(x, [row, col], inside, Number.NEGATIVE_INFINITY);
    const e = k.op("exp", k.bin("sub", v, k.all("reduce_max", v, 0)));
    return [k.store(out, [row, col], k.bin("div", e, k.all("reduce_sum", e, 0)), inside)];
  });
}
export function layerNorm(rows: number, cols: number, block: number): Core {
  const all = [f32(rows, cols), f32(cols), f32(cols)];
  return kernelProgram("layerNorm", all, [f32(rows, cols), f32(rows)], [rows], (k, [x, w, b], [row], [out, mean]) => {
    const col = k.arange(block);
    const inside = k.bin("lt", col, cols);
    const v = k.load(x, [row, col], inside, 0);
    const m = k.bin("div", k.all("reduce_sum", v, 0), cols);
    const d = k.select(inside, k.bin("sub", v, m), k.full([block], 0, "f32"));
    const variance = k.bin("div", k.all("reduce_sum", k.bin("mul", d, d), 0), cols);
    const y = k.bin("mul", d, k.op("rsqrt", k.bin("add", variance, 1e-5)));
    const scaled = k.bin("add", k.bin("mul", y, k.load(w, [col], inside)), k.load(b, [col], inside));
    return [k.store(out, [row, col], scaled, inside), k.store(mean, [row], m)];
  });
}
export function matmul(m: number, n: number, kk: number, bm: number, bn: number, bk: number): Core {
  const grid = [up(m, bm), up(n, bn)];
  return kernelProgram("matmul", [f32(m, kk), f32(kk, n)], [f32(m, n)], grid, (k, [a, b], [i, j], [out]) => {
    const rm = k.expand(k.bin("add", k.bin("mul", i, bm), k.arange(bm)), 1);
    const rn = k.expand(k.bin("add", k.bin("mul", j, bn), k.arange(bn)), 0);
    const [acc] = k.loop(up(kk, bk), [k.full([bm, bn], 0, "f32")], [a, b, rm, rn], (s, t, [sum], [A, B, RM, RN]) => {
      const rk = s.bin("add", s.bin("mul", t, bk), s.arange(bk));
      const [col, row] = [s.expand(rk, 0), s.expand(rk, 1)];
      const x = s.load(A, [RM, col], s.bin("and", s.bin("lt", RM, m), s.bin("lt", col, kk)));
      const y = s.load(B, [row, RN], s.bin("and", s.bin("lt", row, kk), s.bin("lt", RN, n)));
      return [s.add(sum, s.dot(x, y))];
    });
    return [k.store(out, [rm, rn], acc, k.bin("and", k.bin("lt", rm, m), k.bin("lt", rn, n)))];
  });
}
/** Sums of columns: each program some columns, in blocks of rows. */
export function columnSums(rows: number, cols: number, br: number, bc: number): Core {
  return kernelProgram("columnSums", [f32(rows, cols)], [f32(cols)], [up(cols, bc)], (k, [x], [id], [out]) => {
    const c = k.bin("add", k.bin("mul", id, bc), k.arange(bc));
    const inside = k.bin("lt", c, cols);
    const [acc] = k.loop(up(rows, br), [k.full([bc], 0, "f32")], [x, c], (s, t, [sum], [X, C]) => {
      const r = s.expand(s.bin("add", s.bin("mul", t, br), s.arange(br)), 1);
      const at = s.expand(C, 0);
      const v = s.load(X, [r, at], s.bin("and", s.bin("lt", r, rows), s.bin("lt", at, cols)));
      return [s.add(sum, s.all("reduce_sum", v, 0))];
    });
    return [k.store(out, [c], acc, inside)];
  });
}
/** The mean of a point and its four neighbours, zero outside. */
export function stencil(h: number, w: number, bh: number, bw: number): Core {
  return kernelProgram("stencil", [f32(h, w)], [f32(h, w)], [up(h, bh), up(w, bw)], (k, [x], [i, j], [out]) => {
    const r = k.expand(k.bin("add", k.bin("mul", i, bh), k.arange(bh)), 1);
    const c = k.expand(k.bin("add", k.bin("mul", j, bw), k.arange(bw)), 0);
    const inside = (a: Atom, n: number): Atom => k.bin("and", k.bin("ge", a, 0), k.bin("lt", a, n));
    const at = (dr: number, dc: number): Atom => {
      const [rr, cc] = [k.bin("add", r, dr), k.bin("add", c, dc)];
      return k.load(x, [rr, cc], k.bin("and", inside(rr, h), inside(cc, w)));
    };
    let sum = at(0, 0);
    for (const [dr, dc] of [
      [1, 0],
      [-1, 0],
      [0, 1],
      [0, -1],
    ])
      sum = k.bin("add", sum, at(dr, dc));
    return [k.store(out, [r, c], k.bin("mul", sum, 0.2), k.bin("and", k.bin("lt", r, h), k.bin("lt", c, w)))];
  });
}
export function transpose(h: number, w: number, bh: number, bw: number): Core {
  return kernelProgram("transpose", [f32(h, w)], [f32(w, h)], [up(h, bh), up(w, bw)], (k, [x], [i, j], [out]) => {
    const r = k.expand(k.bin("add", k.bin("mul", i, bh), k.arange(bh)), 1);
    const c = k.expand(k.bin("add", k.bin("mul", j, bw), k.arange(bw)), 0);
    const mask = k.bin("and", k.bin("lt", r, h), k.bin("lt", c, w));
    return [k.store(out, [c, r], k.load(x, [r, c], mask), mask)];
  });
}
/** Rows of a table by number. */
export function gatherRows(rows: number, count: number, cols: number, block: number): Core {
  const reads = [f32(rows, cols), i32(count)];
  return kernelProgram(
    "gatherRows",
    reads,
    [f32(count, cols)],
    [count, up(cols, block)],
    (k, [x, at], [i, j], [out]) => {
      const c = k.bin("add", k.bin("mul", j, block), k.arange(block));
      const inside = k.bin("lt", c, cols);
      const row = k.load(at, [i]);
      return [k.store(out, [i, c], k.load(x, [row, c], inside), inside)];
    },
  );
}
/** Attention of one head, blocks of keys one after the other with a running softmax. */
export function flash(heads: number, n: number, d: number, bq: number, bk: number, causal = false): Core {
  const all = [f32(heads, n, d), f32(heads, n, d), f32(heads, n, d)];
  return kernelProgram("flash", all, [f32(heads, n, d)], [heads, up(n, bq)], (k, [q, kk, v], [h, i], [out]) => {
    const rq = k.bin("add", k.bin("mul", i, bq), k.arange(bq));
    const rd = k.expand(k.arange(d), 0);
    const insideQ = k.bin("lt", k.expand(rq, 1), n);
    const qs = k.bin("mul", k.load(q, [h, k.expand(rq, 1), rd], insideQ), 1 / Math.sqrt(d));
    const init = [k.full([bq], Number.NEGATIVE_INFINITY, "f32"), k.full([bq], 0, "f32"), k.full([bq, d], 0, "f32")];
    const [, l, acc] = k.loop(up(n, bk), init, [kk, v, h, qs, rq], (s, t, [m0, l0, acc0], [K, V, H, Q, RQ]) => {
      const rk = s.bin("add", s.bin("mul", t, bk), s.arange(bk));
      const dims = s.expand(s.arange(d), 0);
      const inside = s.bin("lt", s.expand(rk, 1), n);
      const keys = s.load(K, [H, s.expand(rk, 1), dims], inside);
      const values = s.load(V, [H, s.expand(rk, 1), dims], inside);
      let scores: Atom = s.dot(Q, s.transpose(keys, [1, 0]));
      let ok: Atom = s.bin("lt", s.expand(rk, 0), n);
      if (causal) ok = s.bin("and", ok, s.bin("ge", s.expand(RQ, 1), s.expand(rk, 0)));
      ok = s.to(ok, [bq, bk]);
      scores = s.select(ok, scores, s.full([bq, bk], Number.NEGATIVE_INFINITY, "f32"));
      const m = s.bin("max", m0, s.all("reduce_max", scores, 1));
      const p = s.op("exp", s.bin("sub", scores, s.expand(m, 1)));
      const scale = s.op("exp", s.bin("sub", m0, m));
      const sum = s.bin("add", s.bin("mul", l0, scale), s.all("reduce_sum", p, 1));
      const next = s.bin("add", s.bin("mul", acc0, s.expand(scale, 1)), s.dot(p, values));
      return [m, sum, next];
    });
    return [k.store(out, [h, k.expand(rq, 1), rd], k.bin("div", acc, k.expand(l, 1)), insideQ)];
  });
}
/** Layer norm of long rows, block by block: sums in one loop, results stored in another. */
export function layerNormLoops(rows: number, cols: number, block: number): Core {
  const steps = up(cols, block);
  return kernelProgram("layerNormLoops", [f32(rows, cols)], [f32(rows, cols)], [rows], (k, [x], [row], [out]) => {
    const zeros = k.full([block], 0, "f32");
    const [total] = k.loop(steps, [zeros], [x, row], (s, t, [sum], [X, R]) => {
      const col = s.bin("add", s.bin("mul", t, block), s.arange(block));
      return [s.add(sum, s.load(X, [R, col], s.bin("lt", col, cols), 0))];
    });
    const mean = k.bin("div", k.all("reduce_sum", total, 0), cols);
    const [squares] = k.loop(steps, [zeros], [x, row, mean], (s, t, [sum], [X, R, M]) => {
      const col = s.bin("add", s.bin("mul", t, block), s.arange(block));
      const inside = s.bin("lt", col, cols);
      const d = s.bin("sub", s.load(X, [R, col], inside, 0), M);
      return [s.add(sum, s.select(inside, s.bin("mul", d, d), s.full([block], 0, "f32")))];
    });
    const scale = k.op("rsqrt", k.bin("add", k.bin("div", k.all("reduce_sum", squares, 0), cols), 1e-5));
    return k.loop(steps, [out], [x, row, mean, scale], (s, t, [o], [X, R, M, S]) => {
      const col = s.bin("add", s.bin("mul", t, block), s.arange(block));
      const inside = s.bin("lt", col, cols);
      return [s.store(o, [R, col], s.bin("mul", s.bin("sub", s.load(X, [R, col], inside), M), S), inside)];
    });
  });
}
/** A convolution without padding: loops over taps, products of channels. */
export function convolution(
  n: number,
  h: number,
  w: number,
  c: number,
  f: number,
  taps: number,
  bp: number,
  bf: number,
): Core {
  const [oh, ow] = [h - taps + 1, w - taps + 1];
  const reads = [f32(n, h, w, c), f32(taps, taps, c, f)];
  return kernelProgram(
    "convolution",
    reads,
    [f32(n, oh, ow, f)],
    [n * oh, up(ow, bp), up(f, bf)],
    (k, [x, y], ids, [out]) => {
      const [batch, row] = [k.op("div", ...k.pair(ids[0], oh)), k.op("rem", ...k.pair(ids[0], oh))];
      const p = k.expand(k.bin("add", k.bin("mul", ids[1], bp), k.arange(bp)), 1);
      const q = k.expand(k.bin("add", k.bin("mul", ids[2], bf), k.arange(bf)), 0);
      const [insideP, insideQ] = [k.bin("lt", p, ow), k.bin("lt", q, f)];
      const [acc] = k.loop(
        taps,
        [k.full([bp, bf], 0, "f32")],
        [x, y, batch, row, p, q],
        (s, i, [sum], [X, Y, B, R, P, Q]) =>
          s.loop(taps, [sum], [X, Y, B, R, P, Q, i], (u, j, [part], [XX, YY, BB, RR, PP, QQ, ii]) => {
            const channel = u.arange(c);
            const at = [BB, u.bin("add", RR, ii), u.bin("add", PP, j), u.expand(channel, 0)];
            const lhs = u.load(XX, at, u.bin("lt", PP, ow));
            const rhs = u.load(YY, [ii, j, u.expand(channel, 1), QQ], u.bin("lt", QQ, f));
            return [u.add(part, u.dot(lhs, rhs))];
          }),
      );
      return [k.store(out, [batch, row, p, q], acc, k.bin("and", insideP, insideQ))];
    },
  );
}
