// The same through an array that grows inside vmap.
import { array, numpy as np, type Tensor, vmap } from "tilework";

const rows: Tensor[] = [];
vmap((row: Tensor) => {
  rows.push(row.sum());
  return row;
})(
  array([
    [1, 2],
    [3, 4],
  ]),
);
np.stack(rows);
// ^ TW1002
