// The list that functions had before there were rest parameters.
import { array, jit } from "tilework";

export const y = jit(function () {
  return (arguments[0] as number) * 2;
  //      ^ TW7001
} as (x: unknown) => unknown)(array(2));
