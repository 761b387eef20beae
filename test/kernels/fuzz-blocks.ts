/**
 * Random kernels over blocks: sizes that blocks divide or not, masks in many spellings, shifted, strided, reversed and gathered
 * indices, reductions of masked blocks, loops that sum up and loops that do not, branches, stores beside each other.
 */
import type { NDArray } from "../../src/interpreter/array.js";
import { aval } from "../../src/ir/aval.js";
import type { Atom, Program, Var } from "../../src/ir/program.js";
import { randomInputs } from "../laws/fuzz-program.js";
import { Rng } from "../laws/random.js";
import { Blocks, f32, kernelProgram } from "./block-programs.js";

export interface BlockCase {
  readonly program: Program<"core">;
  readonly inputs: NDArray[];
}

/** Numbers of elements of tables that are read by numbers from memory. */
const TABLE = 11;

class Maker {
  constructor(
    readonly rng: Rng,
    readonly k: Blocks,
    readonly sizes: readonly number[],
    readonly axes: readonly Atom[],
    readonly shape: readonly number[],
    readonly refs: readonly Var[],
    readonly numbers: Var,
  ) {}

  /** index < n in one of its spellings, of an index that may be negative with `low`. */
  below(k: Blocks, at: Atom, n: number, low: boolean): Atom {
    const spelled = this.rng.pick([
      () => k.bin("lt", at, n),
      () => k.op("le", ...k.pair(at, n - 1)),
      () => k.op("gt", ...k.pair(k.full([], n, "i32"), at)),
      () => k.op("not", k.bin("ge", at, n)),
    ])();
    return low ? k.bin("and", k.bin("ge", at, 0), spelled) : spelled;
  }
  all(k: Blocks, masks: readonly Atom[]): Atom {
    return masks.reduce((a, b) => k.bin("and", a, b));
  }
  /** A block read from one of the references, at indices near the block's own. */
  load(k: Blocks, axes: readonly Atom[], refs: readonly Var[], numbers: Var): Atom {
    const { rng } = this;
    const ref = rng.pick(refs);
    const n = ref.aval.shape as readonly number[];
    const masks: Atom[] = [];
    const index = n.map((extent, a): Atom => {
      const own = axes[a];
      const kind = rng.int(0, 7);
      if (kind === 0) return k.full([], rng.int(0, extent - 1), "i32");
      if (kind === 1) {
        // by a number from memory
        const at = k.op("min", ...k.pair(k.op("max", ...k.pair(own, 0)), TABLE - 1));
        const from = k.load(numbers, [at]);
        return k.op("min", ...k.pair(from, extent - 1));
      }
      if (kind === 2) {
        const turned = k.bin("sub", k.full([], extent - 1, "i32"), own);
        masks.push(this.below(k, turned, extent, true));
        return turned;
      }
      if (kind === 3) {
        const far = k.bin("mul", own, 2);
        masks.push(this.below(k, far, extent, true));
        return far;
      }
      const shift = rng.pick([0, 0, 0, 1, -1, 3]);
      const at = shift === 0 ? own : k.bin("add", own, shift);
      masks.push(this.below(k, at, extent, shift < 0));
      return at;
    });
    const other = rng.pick([undefined, 0, Number.NEGATIVE_INFINITY, 1.5]);
    const loaded = masks.length > 0 ? k.load(ref, index, this.all(k, masks), other) : k.load(ref, index);
    // infinities would meet and be NaN, and say less
    return other === Number.NEGATIVE_INFINITY ? k.bin("max", loaded, -3) : loaded;
  }
  value(k: Blocks, depth: number, leaf: () => Atom): Atom {
    if (depth === 0) return leaf();
    const { rng } = this;
    const a = this.value(k, depth - 1, leaf);
    switch (rng.int(0, 6)) {
      case 0:
        return k.bin("add", a, this.value(k, depth - 1, leaf));
      case 1:
        return k.bin("mul", a, this.value(k, depth - 1, leaf));
      case 2:
        return k.bin("max", a, this.value(k, depth - 1, leaf));
      case 3:
        return k.op("tanh", a);
      case 4:
        return k.bin("mul", a, 0.5);
      case 5:
        return k.bin("div", a, k.bin("add", k.bin("mul", a, a), 1));
      default:
        return k.op("exp", k.bin("min", a, 1));
    }
  }
}

/** Quotient and remainder, as machines have them or rounded down for any sign. */
function split(k: Blocks, x: Atom, by: number, down: boolean): readonly Atom[] {
  const [q, r] = [k.op("div", ...k.pair(x, by)), k.op("rem", ...k.pair(x, by))];
  if (!down) return [q, r];
  const isBelow = (v: Atom): Atom => k.op("lt", ...k.pair(v, 0));
  const off = k.op("and", k.op("ne", ...k.pair(r, 0)), k.op("ne", isBelow(r), isBelow(k.full([], by, "i32"))));
  return [
    k.op("sub", q, k.emit1("convert_element_type", [off], { dtype: "i32" })),
    k.select(off, k.bin("add", r, by), r),
  ];
}

export function blockCase(seed: number): BlockCase {
  const rng = new Rng(seed);
  const rank = rng.int(1, 2);
  const sizes = Array.from({ length: rank }, () => rng.pick([1, 3, 4, 7, 8, 16, 19, 33]));
  const blocks = sizes.map(() => rng.pick([1, 2, 4, 5, 8, 16, 32]));
  // whole rows at once, so that a reduction sees all of a row
  const isRow = rng.chance(0.4);
  if (isRow) blocks[rank - 1] = rng.pick([sizes[rank - 1], sizes[rank - 1] + 5, 64]);
  const counts = sizes.map((n, i) => Math.ceil(n / blocks[i]));
  const isFlat = rank === 2 && rng.chance(0.3);
  const grid = isFlat ? [counts[0] * counts[1]] : counts;
  const refShapes = Array.from({ length: rng.int(1, 2) }, () => sizes.map((n) => n + rng.pick([0, 0, 2])));
  const reads = [...refShapes.map((s) => f32(...s)), aval([TABLE], "i32")];

  const layout = rng.pick(["same", "same", "same", "turned", "reversed", "strided", "shifted", "steps", "steps"]);
  const outShape =
    layout === "turned"
      ? [...sizes].reverse()
      : layout === "strided"
        ? sizes.map((n) => 2 * n)
        : layout === "shifted"
          ? sizes.map((n) => n + 3)
          : layout === "steps"
            ? [4 * sizes[0], ...sizes.slice(1)]
            : sizes;
  const inOut = layout !== "steps" && rng.chance(0.3);
  const alsoRows = isRow && rng.chance(0.5);
  const outs = [f32(...outShape), ...(alsoRows ? [f32(...(rank === 2 ? [sizes[0]] : [1]))] : [])];
  const inits = [
    inOut || layout === "strided" || layout === "shifted" || layout === "steps",
    ...(alsoRows ? [false] : []),
  ];

  const program = kernelProgram(
    `blocks${seed}`,
    reads,
    outs,
    grid,
    (k, refs, ids, [out, rows]) => {
      const numbers = refs[refs.length - 1];
      const floats = refs.slice(0, -1);
      const places = isFlat ? split(k, ids[0], counts[1], rng.chance(0.5)) : ids;
      const blockShape = blocks.map((b) => b);
      const axes = blocks.map((b, a): Atom => {
        const at = k.bin("add", k.bin("mul", places[a], b), k.arange(b));
        return rank === 2 ? k.expand(at, a === 0 ? 1 : 0) : at;
      });
      const maker = new Maker(rng, k, sizes, axes, blockShape, floats, numbers);
      const whole = (x: Atom): Atom => k.to(x, blockShape);
      const leaf = (): Atom => whole(maker.load(k, axes, floats, numbers));
      let value = whole(maker.value(k, rng.int(0, 2), leaf));
      const inside = sizes.map((n, a) => maker.below(k, axes[a], n, false));
      const mask = maker.all(k, inside);
      if (rng.chance(0.35)) {
        // a loop over some blocks of an axis of its own
        const steps = rng.int(1, 4);
        const depth = rng.pick([1, 3, 4]);
        const kind = rng.pick(["sum", "dot", "decay", "max"]);
        const isDot = kind === "dot" && rank === 2;
        const init = isDot ? k.full(blockShape, 0, "f32") : rng.chance(0.5) ? k.full(blockShape, 0, "f32") : value;
        const [total] = k.loop(steps, [init], [...floats, numbers, ...axes], (s, i, [sum], consts) => {
          const inner = consts.slice(0, floats.length);
          const table = consts[floats.length];
          const at = consts.slice(floats.length + 1);
          const j = s.bin("add", s.bin("mul", i, depth), s.arange(depth));
          if (isDot) {
            const lhs = s.to(maker.load(s, [at[0], s.expand(j, 0)], inner, table), [blocks[0], depth]);
            const rhs = s.to(maker.load(s, [s.expand(j, 1), at[1]], inner, table), [depth, blocks[1]]);
            return [s.add(sum, s.dot(lhs, rhs))];
          }
          const moved = at.map((x) => s.bin("add", x, i));
          const x = s.to(maker.load(s, moved, inner, table), blockShape);
          if (kind === "max") return [s.bin("max", sum, x)];
          return [kind === "sum" ? s.add(sum, x) : s.add(s.bin("mul", sum, 0.5), x)];
        });
        value = total;
      }
      let rowValue: Atom | undefined;
      if (isRow) {
        const axis = rank - 1;
        const neutral = rng.pick([0, Number.NEGATIVE_INFINITY]);
        const op = neutral === 0 ? "reduce_sum" : "reduce_max";
        const cut = k.select(whole(mask), value, k.full(blockShape, neutral, "f32"));
        const reduced = k.all(op, cut, axis);
        rowValue = reduced;
        const back = rank === 2 ? k.expand(reduced, 1) : reduced;
        if (rng.chance(0.7)) value = k.bin("sub", value, whole(k.bin("max", back, -5)));
        if (rng.chance(0.5)) {
          const e = k.op("exp", k.bin("min", value, 1));
          const again = k.all("reduce_sum", k.select(whole(mask), e, k.full(blockShape, 0, "f32")), axis);
          value = k.bin("div", e, whole(k.bin("add", rank === 2 ? k.expand(again, 1) : again, 1)));
        }
      }
      if (rng.chance(0.15)) {
        // a branch that the program's number decides
        const branch = (scale: number): Program<"core"> => {
          const b = new Blocks();
          const x = b.input(f32(...blockShape));
          return b.finish([b.bin("mul", x, scale)], "branch");
        };
        const odd = k.op("rem", ...k.pair(ids[0], 2));
        [value] = k.emit("cond", [odd, value], { branches: [branch(0.5), branch(-2)] });
      }
      const to =
        layout === "turned"
          ? [...axes].reverse()
          : layout === "reversed"
            ? axes.map((x, a) => k.bin("sub", k.full([], sizes[a] - 1, "i32"), x))
            : layout === "strided"
              ? axes.map((x) => k.bin("mul", x, 2))
              : layout === "shifted"
                ? axes.map((x) => k.bin("add", x, 2))
                : [...axes];
      if (layout === "steps") {
        // each step of a loop stores a block: apart, over the one of the step before, or partly over it
        const steps = rng.int(1, 3);
        const by = rng.pick([sizes[0], sizes[0], 0, ...(counts[0] === 1 ? [1] : [])]);
        const [stored] = k.loop(
          steps,
          [out],
          [value, mask, ...floats, numbers, ...axes],
          (s, i, [o], [v, m, ...more]) => {
            const at = more.slice(floats.length + 1);
            const x = s.to(maker.load(s, at, more.slice(0, floats.length), more[floats.length]), blockShape);
            const scaled = s.bin("mul", x, s.emit1("convert_element_type", [i], { dtype: "f32" }));
            const to = [s.bin("add", at[0], s.bin("mul", i, by)), ...at.slice(1)];
            return [s.store(o, to, s.bin("add", v, scaled), m)];
          },
        );
        if (!rows || rowValue === undefined) return [stored];
        if (rank === 1) return [stored, k.store(rows, [0], rowValue)];
        const row = k.bin("add", k.bin("mul", places[0], blocks[0]), k.arange(blocks[0]));
        return [stored, k.store(rows, [row], rowValue, k.bin("lt", row, sizes[0]))];
      }
      if (inOut) value = k.bin("add", value, whole(k.load(out, to, mask)));
      let result = k.store(out, to, value, mask);
      if (layout === "strided" && rng.chance(0.6)) {
        const beside = [...to];
        beside[rank - 1] = k.bin("add", beside[rank - 1], 1);
        result = k.store(result, beside, k.op("neg", value), mask);
      }
      if (!rows || rowValue === undefined) return [result];
      if (rank === 1) return [result, k.store(rows, [0], rowValue)];
      const at = k.bin("add", k.bin("mul", places[0], blocks[0]), k.arange(blocks[0]));
      return [result, k.store(rows, [at], rowValue, k.bin("lt", at, sizes[0]))];
    },
    inits,
  );
  const inputs = randomInputs(program, seed);
  for (const x of inputs) if (x.dtype === "i32") x.data.forEach((_, i) => (x.data[i] = rng.int(0, TABLE)));
  return { program, inputs };
}
