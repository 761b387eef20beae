// A mistake in each line that ends in `//~`, which holds what every compiler must say to it (parts separated by `;`).
import { grad, jit, type Num, numpy as np, type Tensor } from "tilework";

declare const image: Tensor<[28, 28], "f32">;
declare const rows: Tensor<[32, 783], "f32">;
declare const counts: Tensor<[32, 784], "i32">;

const predict = jit((x: Tensor<["batch", 784], "f32">, w: Tensor<[784, 10]>) => np.dot(x, w));
const scale = jit((x: Num<["n", 784], "f32">, k: number) => x * k, { staticArgnums: 1 });
const w = np.ones([784, 10]);

predict(image.sum(0) as Tensor<[28], "f32">, w); //~ 'Tensor<[28], "f32">' is not assignable to type 'Tensor<["batch", 784], "f32">' ; Source has 1 element(s) but target requires 2
predict(rows, w); //~ 'Tensor<[32, 783], "f32">' is not assignable to type 'Tensor<["batch", 784], "f32">' ; Type '783' is not assignable to type '784'
predict(counts, w); //~ 'Tensor<[32, 784], "i32">' is not assignable to type 'Tensor<["batch", 784], "f32">' ; '"i32"' is not assignable to type '"f32"'
predict(rows as Tensor, np.ones([784, 10, 1])); //~ 'Tensor<[784, 10, 1], "f32">' is not assignable to type 'Tensor<[784, 10], any>'
scale(rows, 2); //~ 'Tensor<[32, 783], "f32">' is not assignable to type 'Tensor<["n", 784], "f32">' ; Type '783' is not assignable to type '784'
scale(counts as Tensor, image); //~ 'Tensor<[28, 28], "f32">' is not assignable to parameter of type 'number'
class Model {
  @jit forward(x: Num<["n"]>) { return x * 2; } //~ TW1007: a decorated method is seen by callers as written: declare Tensor parameters
  @jit async later(x: Tensor<["n"]>) { return x; } //~ TW1005: tracing is synchronous
}
jit(async (x: Tensor) => x); //~ TW1005: tracing is synchronous: pass a plain function, and await outside of it
grad(async (x: Num) => x); //~ TW1005: tracing is synchronous
rows * 2; //~ The left-hand side of an arithmetic operation must be of type 'any', 'number', 'bigint' or an enum type
rows + counts; //~ Operator '+' cannot be applied to types 'Tensor<[32, 783], "f32">' and 'Tensor<[32, 784], "i32">'
jit((x: Num) => x * np.ones([3])); //~ The right-hand side of an arithmetic operation
jit((x: Tensor) => x, { staticArgnum: 1 }); //~ 'staticArgnum' does not exist in type ; Did you mean to write 'staticArgnums'
np.dot("x", w); //~ is not assignable to parameter of type 'TensorLike'

export { Model };
