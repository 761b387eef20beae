// The roofs: a Wasm module that only copies, and one that only multiplies and adds. Written byte by byte, so that no compiler of
// ours stands between the figure and the machine.

const [I32, V128] = [0x7f, 0x7b];
function leb(n) {
  const out = [];
  do {
    const low = n & 127;
    n >>>= 7;
    out.push(n > 0 ? low | 128 : low);
  } while (n > 0);
  return out;
}
const section = (id, content) => [id, ...leb(content.length), ...content];
const vector = (items) => [...leb(items.length), ...items.flat()];
const simd = (op) => [0xfd, ...leb(op)];
const get = (x) => [0x20, ...leb(x)];
const set = (x) => [0x21, ...leb(x)];
const constant = (n) => [0x41, ...leb(n)];
const load = (pointer, offset) => [...get(pointer), ...simd(0), 4, ...leb(offset)];
const store = (offset) => [...simd(11), 4, ...leb(offset)];
const [ADD, MUL, MADD, LOAD_SPLAT] = [0xe4, 0xe6, 0x105, 9].map(simd);

/** A module with one exported function of i32 parameters over an imported shared memory. */
function moduleOf(parameters, vectors, code, pages) {
  const name = (s) => [s.length, ...Buffer.from(s)];
  const body = [...vector([[...leb(vectors), V128]]), ...code, 0x0b];
  return Uint8Array.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, vector([[0x60, ...vector(Array(parameters).fill([I32])), 0]])),
    ...section(2, vector([[...name("m"), ...name("m"), 2, 3, ...leb(pages), ...leb(pages)]])),
    ...section(3, vector([[0]])),
    ...section(7, vector([[...name("run"), 0, 0]])),
    ...section(10, vector([[...leb(body.length), ...body]])),
  ]);
}

/** do { body; step back } while (counter -= step) over a counter local: the counter counts down to zero. */
const loop = (counter, step, body) => [
  ...[0x03, 0x40],
  ...body,
  ...get(counter),
  ...constant(step).map((b) => b),
  0x6b,
  ...[0x22, ...leb(counter)],
  ...[0x0d, 0, 0x0b],
];
const bump = (pointer, by) => [...get(pointer), ...constant(by), 0x6a, ...set(pointer)];

/** Multiply-adds on `width` vectors: (pointer, iterations). Small constants keep the signed LEB of i32.const in one byte. */
function multiplyAdd(width, fused, pages) {
  const [pointer, count, first] = [0, 1, 2];
  const factor = first + width;
  const addend = factor + 1;
  const one = (x) =>
    fused
      ? [...get(x), ...get(factor), ...get(addend), ...MADD, ...set(x)]
      : [...get(x), ...get(factor), ...MUL, ...get(addend), ...ADD, ...set(x)];
  const all = Array.from({ length: width }, (_, i) => i);
  const code = [
    ...all.flatMap((i) => [...load(pointer, 16 * i), ...set(first + i)]),
    ...[...get(pointer), ...LOAD_SPLAT, 2, ...leb(1024), ...set(factor)],
    ...[...get(pointer), ...LOAD_SPLAT, 2, ...leb(1028), ...set(addend)],
    ...loop(
      count,
      1,
      all.flatMap((i) => one(first + i)),
    ),
    // pairs of stores from one pointer are what V8 widens to 256 bits
    ...all.flatMap((i) => [...get(pointer), ...get(first + i), ...store(16 * i)]),
  ];
  return moduleOf(2, width + 2, code, pages);
}

/** (from, to, bytes): 32 bytes in a step below 64, so that i32.const stays one byte. */
function copy(pages) {
  const [from, to, bytes, first] = [0, 1, 2, 3];
  const code = loop(bytes, 32, [
    ...[0, 1].flatMap((i) => [...load(from, 16 * i), ...set(first + i)]),
    ...[0, 1].flatMap((i) => [...get(to), ...get(first + i), ...store(16 * i)]),
    ...bump(from, 32),
    ...bump(to, 32),
  ]);
  return moduleOf(3, 2, code, pages);
}

/** What a thread can run over the memory: `copy(from, to, bytes)` and the fastest of the forms of `fma(pointer, iterations)`. */
export function roofFunctions(memory, pages) {
  const make = (bytes) => new WebAssembly.Instance(new WebAssembly.Module(bytes), { m: { m: memory } }).exports.run;
  const fused = WebAssembly.validate(multiplyAdd(8, true, pages));
  return {
    copy: make(copy(pages)),
    // 8 vectors fill two 128-bit pipes with 4 cycles of latency; 16 become 8 of 256 bits where V8 widens
    fma: [8, 12, 16, 20].map((width) => ({ width, run: make(multiplyAdd(width, fused, pages)) })),
  };
}
