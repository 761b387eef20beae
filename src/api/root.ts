/** Roots and fixed points, differentiated by the implicit function theorem. */
import { fail } from "../diagnostics/error.js";
import { bind } from "../tracer/frame.js";
import { customJvp } from "../tracer/custom.js";
import { checkFunction } from "../tracer/leaf.js";
import { staged } from "../tracer/staged.js";
import type { Tensor } from "../tracer/tensor.js";
import * as tree from "../tree/index.js";
import { flattenTensors } from "../tracer/control.js";
import { jvp, linearize } from "./autodiff.js";

// biome-ignore lint/suspicious/noExplicitAny: trees of arrays
type Tree = any;

/**
 * A root of `f(x, theta) = 0`, found by `solve(x => f(x, theta), guess)` in any way (a whileLoop, say) and differentiable in `theta`:
 * f(x(θ), θ) = 0 gives ∂f/∂x · dx = -∂f/∂θ · dθ, which `tangentSolve(g, y)` solves for the linear g.
 *
 * @param tangentSolve x with g(x) = y for linear g; for scalars `(g, y) => y.div(g(np.ones([])))`. It must itself be linear in y by
 *   differentiable operations for reverse mode.
 * @example
 * const sqrt = (a: Tensor) => customRoot((x, a) => x.mul(x).sub(a), np.array(1), a, newton, (g, y) => y.div(g(np.array(1))));
 */
export function customRoot(
  f: (x: Tree, theta: Tree) => Tree,
  initialGuess: Tree,
  theta: Tree,
  solve: (f: (x: Tree) => Tree, initialGuess: Tree) => Tree,
  tangentSolve: (g: (x: Tree) => Tree, y: Tree) => Tree,
): Tree {
  for (const given of [f, solve, tangentSolve]) checkFunction("customRoot", given);
  const [equation, solver, tangentSolver] = [staged(f), staged(solve), staged(tangentSolve)];
  const root = customJvp((t: Tree, guess: Tree): Tree => solver((x) => equation(x, t), guess));
  root.defjvp(([t, guess], [dt]) => {
    const x = root(t, guess);
    const [value, dfdt] = jvp((s: Tree) => equation(x, s), [t], [dt]);
    if (!tree.equal(tree.structure(value), tree.structure(x))) {
      fail("TW1009", `customRoot: f returns ${tree.structure(value)}, the unknown is ${tree.structure(x)}`, {
        help: "f must give one equation for each unknown",
      });
    }
    const [, g] = linearize((y: Tree) => equation(y, t), x);
    const negated = tree.map((v: unknown) => bind("neg", [v as Tensor], {})[0], dfdt);
    return [x, tangentSolver(g as (x: Tree) => Tree, negated)];
  });
  const guess = flattenTensors(initialGuess, "customRoot: the initial guess");
  const stopped = guess.leaves.map((x) => bind("stop_gradient", [x], {})[0]);
  return root(theta, tree.unflatten(guess.treedef, stopped));
}
