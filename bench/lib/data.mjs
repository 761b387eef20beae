// The inputs of a workload, the same numbers in every peer (peers/python.py has this function again).

/** A well-mixed 32-bit hash of (seed, i): "lowbias32" with a multiplier found by search, as published by C. Wellons. */
function hash(seed, i) {
  let x = (Math.imul(i, 0x9e3779b1) + Math.imul(seed, 0x85ebca6b)) | 0;
  x = Math.imul(x ^ (x >>> 16), 0x21f0aaad);
  x = Math.imul(x ^ (x >>> 15), 0x735a2d97);
  return (x ^ (x >>> 15)) >>> 0;
}

export const sizeOf = (shape) => shape.reduce((n, d) => n * d, 1);

/** Numbers in [-scale, scale) plus `mean`, or integers below `below`. */
export function makeInput({ shape, seed, scale = 1, mean = 0, below }) {
  const n = sizeOf(shape);
  if (below !== undefined) return Int32Array.from({ length: n }, (_, i) => hash(seed, i) % below);
  const out = new Float32Array(n);
  for (let i = 0; i < n; i++) out[i] = ((hash(seed, i) / 4294967296) * 2 - 1) * scale + mean;
  return out;
}

export function makeInputs(workload) {
  return Object.fromEntries(Object.entries(workload.inputs ?? {}).map(([name, spec]) => [name, makeInput(spec)]));
}

/** max |a - b| / max |b|: the error that the tables state. Infinite where one is not a number and the other is. */
export function relativeError(a, b) {
  if (a.length !== b.length) return Infinity;
  let worst = 0;
  let largest = 0;
  for (let i = 0; i < a.length; i++) {
    const d = Math.abs(a[i] - b[i]);
    if (d > worst) worst = d;
    else if (d !== d && !(a[i] !== a[i] && b[i] !== b[i])) return Infinity;
    const m = Math.abs(b[i]);
    if (m > largest) largest = m;
  }
  return worst === 0 ? 0 : worst / (largest || 1);
}
