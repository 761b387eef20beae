// An operator on an array, outside of any trace.
import { array } from "tilework";

const x = array([1, 2]);
export const y = +(x as unknown as number);
//               ^ TW1004
