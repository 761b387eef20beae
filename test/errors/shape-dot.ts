// The weights stand the wrong way round.
import { numpy as np } from "tilework";

const x = np.ones([32, 784]);
const w = np.ones([256, 784]);
np.dot(x, w);
// ^ TW2003
