// Integers have no gradient.
import { array, grad, type Tensor } from "tilework";

grad((n: Tensor) => n.mul(n).sum())(array([1, 2], { dtype: "i32" }));
//                                 ^ TW3002
