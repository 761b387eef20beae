import type { None } from "./elementwise.js";

export interface RandomOps {
  /** (k0, k1, x0, x1), all u32 of one shape, to (y0, y1): the 20-round Threefry-2x32 block (Salmon et al. 2011). */
  threefry2x32: None;
  /** (c0, c1, c2, c3, k0, k1), all u32 of one shape, to (y0, y1, y2, y3): the 10-round Philox-4x32 block (Salmon et al. 2011). */
  philox4x32: None;
  /** u32[..., 2] to key[...]. */
  random_wrap: None;
  /** key[...] to u32[..., 2]. */
  random_unwrap: None;
}
