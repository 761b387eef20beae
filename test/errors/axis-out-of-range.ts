// Axes count from 0.
import { numpy as np } from "tilework";

const image = np.zeros([28, 28]);
image.sum(2);
//    ^ TW2004
