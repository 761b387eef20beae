// spec: one declaration for the type and the check.
import { jit, type Num, numpy as np, type Spec, spec, type Tensor } from "tilework";

const Layer = spec({ w: ["in", "out"], b: ["out"] });
const Labels = spec(["batch"], "i32");
const Batch = spec({ x: ["batch", 784], y: Labels, layers: [Layer, Layer], none: null });
type Layer = spec.infer<typeof Layer>;
type Batch = spec.infer<typeof Batch>;

declare const w: Tensor<[784, 10]>;
declare const b: Tensor<[10], "f32">;
declare const x: Tensor<[32, 784]>;
declare const y: Tensor<[32], "i32">;

const layer: Layer = { w, b };
const batch: Batch = { x, y, layers: [layer, layer], none: null };
const typed: Spec<{ w: Tensor<["in", "out"]>; b: Tensor<["out"]> }> = Layer;
const checked: Batch = Batch.check(batch);
const sizes: Record<string, number> = Batch.sizes(batch);
const scalar: Spec<Tensor<[]>> = spec([]);
// @ts-expect-error the rank is 2
const wrongRank: Layer = { w: b, b };
// @ts-expect-error labels are i32
const wrongType: Batch = { x, y: b, layers: [layer, layer], none: null };
// @ts-expect-error rows have 784 elements
const wrongSize: Batch = { x: w, y, layers: [layer, layer], none: null };

// parameters get their types from the specs of the arguments
const predict = jit((p, x) => np.dot(x, p.w).add(p.b), { args: [Layer, ["batch", 784]] });
const logits: Tensor = predict({ w, b }, x);
// @ts-expect-error rows have 784 elements
predict({ w, b }, w);
const annotated = jit((p: Layer, x: Tensor<["batch", 784]>) => np.dot(x, p.w), { args: [Layer, ["batch", 784]], donate: 0 });
const logits2: Tensor = annotated({ w, b }, x);

// and in staged code
type StagedLayer = spec.staged<typeof Layer>;
const staged = jit((p: StagedLayer, x: Num<["batch", 784]>) => np.dot(x, p.w) + p.b, { args: [Layer, ["batch", 784]] });
const logits3: Tensor = staged({ w, b }, x);

export { checked, logits, logits2, logits3, scalar, sizes, typed, wrongRank, wrongSize, wrongType };
