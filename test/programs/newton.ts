/** Square roots by Newton's method: a loop that ends when the value is good enough, and what differentiates it backwards. */
import { customRoot, grad, jit, type Num, numpy as np } from "tilework";

export const newton = jit(function newton(a: Num<[]>) {
  let x: number = a;
  while (np.abs(x * x - a) > 1e-10 * a) x = 0.5 * (x + a / x);
  return x;
});

type Equation = (x: Num<[]>) => Num<[]>;

/** Any equation of one unknown. */
function solve(f: Equation, guess: Num<[]>) {
  let x: number = guess;
  let step: number = f(x) / grad(f)(x);
  while (np.abs(step) > 1e-10) {
    x = x - step;
    step = f(x) / grad(f)(x);
  }
  return x;
}

/** The solution of x³ + x = a, whose derivative comes from the equation and not from the loop. */
export const cubicRoot = jit((a: Num<[]>): number =>
  customRoot(
    (x: Num<[]>, a: Num<[]>) => x ** 3 + x - a,
    a,
    a,
    solve,
    (g: Equation, y: Num<[]>) => y / g(1),
  ),
);
