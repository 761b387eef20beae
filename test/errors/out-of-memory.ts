// 16 terabytes.
import { numpy as np } from "tilework";

np.zeros([2_000_000, 2_000_000]);
// ^ TW4001
