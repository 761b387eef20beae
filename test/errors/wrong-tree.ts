// The gradients lack the bias.
import { numpy as np, tree } from "tilework";

const params = { w: np.ones([2]), b: np.zeros([2]) };
const gradients = { w: np.ones([2]) };
tree.map((p) => p, params, gradients);
//   ^ TW1009
