// Kernels: blocks are numbers, references are arrays outside, constants go by name in the last argument.
import { grad, interpret, jit, kernel, type KernelReport, numpy as np, type Tensor, vmap } from "tilework";
import { arange, type Block, type constexpr, exp, load, type Mask, max, type Out, programId, type Ref, store, sum } from "tilework/kernels";

const softmax = kernel(
  function softmax(x: Ref<"f32", ["rows", "cols"]>, out: Ref<"f32", ["rows", "cols"]>, BLOCK: constexpr) {
    const row = programId(0);
    const col = arange(BLOCK);
    const inside: Mask = col < x.shape[1];
    const v: Block = load(x, [row, col], { mask: inside, other: -Infinity });
    const e = exp(v - max(v));
    store(out, [row, col], e / sum(e), { mask: inside });
  },
  { out: (x) => x, grid: (x) => x.shape.slice(0, 1) },
);
const moments = kernel(
  function moments(x: Ref<"f32", ["n"]>, shift: number, mean: Out<"f32", []>, square: Out<"f32", []>) {
    const v = load(x, [arange(x.shape[0])]) - shift;
    store(mean, [], sum(v) / x.shape[0]);
    store(square, [], sum(v * v) / x.shape[0]);
  },
  { out: [{ shape: [], dtype: "f32" }, { shape: [], dtype: "f32" }] as const },
);

/** A field holds a kernel: callers see what it gives. */
class Scaler {
  readonly factor: number;
  constructor(factor: number) {
    this.factor = factor;
  }
  readonly run = kernel(
    function run(this: Scaler, x: Ref<"f32", ["n"]>, out: Ref<"f32", ["n"]>) {
      store(out, [null], load(x, [null]) * this.factor);
    },
    { out: (x) => x },
  );
}
/** Callers see a decorated method as it is written. */
class Doubler {
  @kernel({ out: (x: Tensor) => x })
  run(x: Ref<"f32", ["n"]>, out: Ref<"f32", ["n"]>) {
    store(out, [null], load(x, [null]) * 2);
  }
}

declare const images: Tensor<[32, 784]>;
declare const signal: Tensor<[100]>;

const p: Tensor = softmax(images, { BLOCK: 1024 });
const jitted: Tensor = jit((x: Tensor<[32, 784]>) => softmax(x, { BLOCK: 1024 }))(images);
const batched: Tensor = vmap((x: Tensor<["n", 784]>) => softmax(x, { BLOCK: 1024 }))(np.zeros([4, 32, 784]));
const slope: Tensor = grad((x: Tensor<[32, 784]>) => np.sum(softmax(x, { BLOCK: 1024 })))(images);
const [mean, square]: readonly [Tensor, Tensor] = moments(signal, 0.5);
const slowly = interpret(softmax);
const s: Tensor = slowly(images, { BLOCK: 1024 });
const report: KernelReport | undefined = slowly.report;
const backwards: KernelReport | undefined = interpret(softmax, { order: "reverse" }).report;
const plain: Tensor = interpret((x: Tensor<["n"]>) => x)(signal);
const scaled: Tensor = new Scaler(3).run(signal);
const doubled = (new Doubler().run as unknown as (x: Tensor) => Tensor)(signal);

// mistakes that tsc sees
// @ts-expect-error the constants are missing
softmax(images);
// @ts-expect-error an array of one axis
softmax(signal, { BLOCK: 1024 });
// @ts-expect-error integers
softmax(np.zeros([32, 10], { dtype: "i32" }) as Tensor<[32, 10], "i32">, { BLOCK: 16 });
// @ts-expect-error two outs
const [a, b, c] = moments(signal, 0);
// @ts-expect-error a decorator changes no type: the method has two parameters
new Doubler().run(signal);
// @ts-expect-error a reference is no number
kernel(function twice(x: Ref<"f32", ["n"]>, out: Ref<"f32", ["n"]>) { store(out, [0], x * 2); }, { out: (x) => x });
export { a, b, backwards, batched, c, doubled, jitted, mean, p, plain, report, s, scaled, slope, square };
