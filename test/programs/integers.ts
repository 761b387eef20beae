/** Programs over whole numbers. */
import { jit, type Num, num, numpy as np, range, type Tensor } from "tilework";

/** How many steps a number takes to 1 when even numbers are halved and odd ones become 3n + 1. */
export const collatz = jit(function collatz(n: Num<[], "i32">) {
  let steps = 0;
  let m: number = n;
  while (m !== 1) {
    m = m % 2 === 0 ? m >> 1 : 3 * m + 1;
    steps++;
  }
  return steps;
});

/** The place of the first element of a sorted array that is not less than `wanted`. */
export const lowerBound = jit(function lowerBound(sorted: Num<["n"]>, wanted: Num<[]>) {
  let low = 0;
  let high = np.size(sorted);
  while (low < high) {
    const middle = (low + high) >> 1;
    if (np.index(sorted, middle) < wanted) low = middle + 1;
    else high = middle;
  }
  return low;
});

const [OPEN, CLOSE, QUOTE, ESCAPE] = [...'()"\\'].map((c) => c.charCodeAt(0));

/** How deep the parentheses of a text go, with strings and escapes left out; -1 where they don't match. */
export const depth = jit(function depth(text: Tensor<["n"], "i32">) {
  type State = "outside" | "inString" | "afterEscape";
  const code: Record<State, number> = { outside: 0, inString: 1, afterEscape: 2 };
  let state = code.outside;
  let [open, deepest] = [0, 0];
  for (const symbol of text) {
    const c = num(symbol);
    switch (state) {
      case code.outside:
        if (c === QUOTE) state = code.inString;
        else if (c === OPEN) deepest = Math.max(deepest, ++open);
        else if (c === CLOSE) {
          open--;
          if (open < 0) return -1;
        }
        break;
      case code.inString:
        if (c === ESCAPE) state = code.afterEscape;
        else if (c === QUOTE) state = code.outside;
        break;
      default:
        state = code.inString;
    }
  }
  return state === code.outside && open === 0 ? deepest : -1;
});

/** The greatest common divisor, for good measure by Euclid. */
export const gcd = jit(function gcd(a: Num<[], "i32">, b: Num<[], "i32">) {
  let [x, y]: number[] = [a, b];
  do {
    [x, y] = y === 0 ? [x, 0] : [y, x % y];
  } while (y !== 0);
  return x;
});

/** Primes below a bound that the caller knows: a sieve in a mask. */
export const countPrimes = jit(
  (below: number) => {
    const n = num(np.arange(below));
    let prime = n > 1;
    for (const p of range(2, Math.ceil(Math.sqrt(below)))) prime = prime && !(n > p && n % p === 0);
    return np.sum(prime);
  },
  { staticArgnums: 0 },
);
