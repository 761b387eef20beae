/** Losses of optax: one value for each element. */
import type { TensorLike } from "../lax/operand.js";
import * as np from "../numpy/index.js";
import type { Like } from "../tracer/num.js";

/** (predictions - targets)²; without targets the squares of the predictions. */
export function squaredError<X extends TensorLike, Y extends TensorLike = never>(
  predictions: X,
  targets?: Y,
): Like<X | Y>;
export function squaredError(predictions: TensorLike, targets?: TensorLike): TensorLike {
  return np.square(targets === undefined ? predictions : np.subtract(predictions, targets));
}
/** Half of the squared error, whose derivative is the difference. */
export function l2Loss<X extends TensorLike, Y extends TensorLike = never>(predictions: X, targets?: Y): Like<X | Y>;
export function l2Loss(predictions: TensorLike, targets?: TensorLike): TensorLike {
  return np.multiply(squaredError(predictions, targets), 0.5);
}
