/** How large inputs of random programs are: uniform in ±INPUT for floats (small integers for integers, random bits for u32). */
export const INPUT = 2;
/** How large floats may get. */
export const LARGEST = 1e3;
