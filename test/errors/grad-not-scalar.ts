// The loss is one number for each example.
import { array, grad, type Tensor } from "tilework";

const loss = (w: Tensor) => w.mul(w);
grad(loss)(array([1, 2]));
//        ^ TW3001
