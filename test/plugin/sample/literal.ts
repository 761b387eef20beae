import * as tw from "tilework";

export const early = double(21);

@tw.jit
export function double(x: number) {
  return tw.numpy.multiply(x, 2);
}

@tw.jit({ staticArgnums: [1] }) function power(x: tw.Num<[]>, n: number) {
  let y: tw.Num<[]> | number = 1;
  for (let i = 0; i < n; i++) y = y * x;
  return y;
}
export const cube = (x: number) => power(x, 3);
