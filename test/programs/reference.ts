/** The same programs on numbers and lists, written without the library. */

const dot = (x: readonly number[], w: readonly (readonly number[])[]): number[] =>
  w[0].map((_, j) => x.reduce((sum, v, i) => sum + v * w[i][j], 0));
const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
type Matrix = readonly (readonly number[])[];
interface Weights {
  readonly wx: Matrix;
  readonly wh: Matrix;
  readonly b: readonly number[];
}

export function rnn({ wx, wh, b }: Weights, xs: Matrix): number[] {
  let h = b.map(() => 0);
  for (const x of xs) {
    const [u, v] = [dot(x, wx), dot(h, wh)];
    h = b.map((bias, i) => Math.tanh(u[i] + v[i] + bias));
  }
  return h;
}

export function lstm({ wx, wh, b }: Weights, xs: Matrix): number[][] {
  const n = wh.length;
  let [h, c] = [new Array<number>(n).fill(0), new Array<number>(n).fill(0)];
  return xs.map((x) => {
    const [u, v] = [dot(x, wx), dot(h, wh)];
    const z = b.map((bias, i) => u[i] + v[i] + bias);
    c = c.map((old, i) => sigmoid(z[n + i]) * old + sigmoid(z[i]) * Math.tanh(z[2 * n + i]));
    h = c.map((content, i) => sigmoid(z[3 * n + i]) * Math.tanh(content));
    return h;
  });
}

function logSoftmax(x: readonly number[]): number[] {
  const most = Math.max(...x);
  const sum = Math.log(x.reduce((s, v) => s + Math.exp(v - most), 0));
  return x.map((v) => v - most - sum);
}

interface Beams {
  scores: number[];
  parents: number[];
  words: number[];
}
export function beamStep(scores: readonly number[], last: readonly number[], logits: Matrix): Beams {
  const all = scores.flatMap((score, parent) =>
    logits.map((_, word) => {
      const next = last[parent] === 0 ? (word === 0 ? 0 : -1e9) : logSoftmax(logits[last[parent]])[word];
      return { score: score + next, parent, word };
    }),
  );
  const best = all.sort((a, b) => b.score - a.score).slice(0, scores.length);
  return { scores: best.map((x) => x.score), parents: best.map((x) => x.parent), words: best.map((x) => x.word) };
}

export function beamSearch(first: number, logits: Matrix, beams: number, steps: number): number {
  let scores: number[] = Array.from({ length: beams }, (_, i) => (i === 0 ? 0 : -1e9));
  let last = scores.map(() => first);
  for (let i = 0; i < steps && last.some((w) => w !== 0); i++)
    ({ scores, words: last } = beamStep(scores, last, logits));
  return Math.max(...scores);
}

export function escapeTime(cr: number, ci: number): number {
  let [zr, zi] = [0, 0];
  for (let i = 0; i < 60; i++) {
    [zr, zi] = [zr * zr - zi * zi + cr, 2 * zr * zi + ci];
    if (Math.hypot(zr, zi) > 2) return i;
  }
  return 60;
}
export function height(cr: number, ci: number): number {
  let [zr, zi] = [0, 0];
  for (let i = 0; i < 60; i++) {
    [zr, zi] = [zr * zr - zi * zi + cr, 2 * zr * zi + ci];
    const size = zr * zr + zi * zi;
    if (size > 1e4) return i + 1 - Math.log2(Math.log(size) / Math.log(1e4));
  }
  return 0;
}

export function clippedLoss(logProbability: number, before: number, advantage: number): number {
  const ratio = Math.exp(logProbability - before);
  const clipped = Math.min(Math.max(ratio, 0.8), 1.2);
  return -Math.min(ratio * advantage, clipped * advantage);
}

type Point = readonly [number, number];
const vanDerPol = ([x, v]: Point, mu: number): Point => [v, mu * (1 - x * x) * v - x];
const along = (y: Point, k: Point, h: number): Point => [y[0] + h * k[0], y[1] + h * k[1]];

export function oscillate(start: Point, mu: number, end: number, tolerance: number): Point {
  let [t, h] = [0, 0.1];
  let y = start;
  while (t < end) {
    h = Math.min(h, end - t);
    const k1 = vanDerPol(y, mu);
    const k2 = vanDerPol(along(y, k1, h), mu);
    const error = (Math.max(Math.abs(k2[0] - k1[0]), Math.abs(k2[1] - k1[1])) * h) / 2;
    if (error > tolerance) h /= 2;
    else {
      y = along(along(y, k1, h / 2), k2, h / 2);
      t += h;
      if (error < tolerance / 8) h *= 2;
    }
  }
  return y;
}
/** Of fourth order, with a thousand equal steps. */
export function rungeKutta(start: Point, mu: number, end: number): Point {
  const h = end / 1000;
  let y = start;
  for (let i = 0; i < 1000; i++) {
    const k1 = vanDerPol(y, mu);
    const k2 = vanDerPol(along(y, k1, h / 2), mu);
    const k3 = vanDerPol(along(y, k2, h / 2), mu);
    const k4 = vanDerPol(along(y, k3, h), mu);
    y = [0, 1].map((j) => y[j] + (h / 6) * (k1[j] + 2 * k2[j] + 2 * k3[j] + k4[j])) as unknown as Point;
  }
  return y;
}

/** By the text itself: strings are taken out first. */
export function depth(text: string): number {
  const bare = text.replace(/"(?:\\.|[^"\\])*"/g, "");
  if (bare.includes('"')) return -1;
  let [open, deepest] = [0, 0];
  for (const c of bare) {
    if (c === "(") deepest = Math.max(deepest, ++open);
    if (c === ")" && --open < 0) return -1;
  }
  return open === 0 ? deepest : -1;
}

export function activate(kind: string, x: number): number {
  const f: Record<string, (x: number) => number> = {
    identity: (v) => v,
    relu: (v) => Math.max(v, 0),
    softsign: (v) => v / (1 + Math.abs(v)),
    swish: (v) => v * sigmoid(v),
    sine: Math.sin,
  };
  return f[kind](x);
}

export function kMeans(points: Matrix, start: Matrix): { centres: number[][]; rounds: number } {
  const distance = (a: readonly number[], b: readonly number[]): number =>
    a.reduce((s, v, i) => s + (v - b[i]) ** 2, 0);
  let centres = start.map((c) => [...c]);
  for (let rounds = 1; ; rounds++) {
    const groups = centres.map((): (readonly number[])[] => []);
    for (const p of points) {
      const apart = centres.map((c) => distance(p, c));
      groups[apart.indexOf(Math.min(...apart))].push(p);
    }
    const next = centres.map((c, i) =>
      groups[i].length === 0 ? c : c.map((_, j) => groups[i].reduce((s, p) => s + p[j], 0) / groups[i].length),
    );
    const moved = next.some((c, i) => c.some((v, j) => Math.abs(v - centres[i][j]) > 1e-6));
    centres = next;
    if (!moved) return { centres, rounds };
  }
}

interface LayerWeights {
  readonly qkv: Matrix;
  readonly out: Matrix;
  readonly up: Matrix;
  readonly down: Matrix;
}
const norm = (x: readonly number[]): number[] => {
  const mean = x.reduce((a, b) => a + b) / x.length;
  const variance = x.reduce((s, v) => s + (v - mean) ** 2, 0) / x.length;
  return x.map((v) => (v - mean) / Math.sqrt(variance + 1e-5));
};

export function transformer(layers: readonly LayerWeights[], heads: number, x: Matrix): number[][] {
  let h = x.map((row) => [...row]);
  const plus = (a: number[][], b: number[][]): number[][] => a.map((row, t) => row.map((v, i) => v + b[t][i]));
  for (const { qkv, out, up, down } of layers) {
    const features = h[0].length;
    const size = features / heads;
    const all = h.map((row) => dot(norm(row), qkv));
    const mixed = h.map((_, t) =>
      h[0].map((_, f) => {
        const head = Math.floor(f / size);
        const score = (s: number): number => {
          let sum = 0;
          for (let i = head * size; i < (head + 1) * size; i++) sum += all[t][i] * all[s][features + i];
          return Math.exp(sum / Math.sqrt(size));
        };
        const weights = all.slice(0, t + 1).map((_, s) => score(s));
        const total = weights.reduce((a, b) => a + b);
        return weights.reduce((sum, w, s) => sum + (w / total) * all[s][2 * features + f], 0);
      }),
    );
    h = plus(
      h,
      mixed.map((row) => dot(row, out)),
    );
    h = plus(
      h,
      h.map((row) => {
        const hidden = dot(norm(row), up).map((v) => v * sigmoid(v));
        return dot(hidden, down);
      }),
    );
  }
  return h.map(norm);
}
