/** Models: classes whose instances are trees, under every transform, with decorators lowered by three tools. */
import {
  array,
  evalShape,
  grad,
  isTileworkError,
  jit,
  model,
  numpy as np,
  scan,
  tree,
  type Tensor,
  vmap,
} from "tilework";
import { describe, expect, it } from "vitest";
import * as optim from "../../src/optim/index.js";
import { load, type Models, ways } from "./support/load-models.js";

const x = array([
  [0.1, -0.2, 0.3],
  [1, 2, -1],
]);
const close = (a: unknown, b: unknown): void => {
  const [p, q] = [a, b].map((t) => (t as Tensor).js());
  const flat = (v: unknown): number[] => [v].flat(9) as number[];
  expect(flat(p).length).toBe(flat(q).length);
  flat(p).forEach((v, i) => expect(v).toBeCloseTo(flat(q)[i], 4));
};
function codeOf(f: () => unknown): string {
  try {
    f();
  } catch (e) {
    if (isTileworkError(e)) return `${e.code}: ${e.diagnostic.message}`;
    throw e;
  }
  return "no error";
}
type Net = InstanceType<Models["Net"]>;

describe.each(ways)("models compiled by %s", (way) => {
  const { Net, Wider, Plain, Lookup, Captured, log } = load(way);
  const calls = (f: () => unknown): number => {
    const before = log.length;
    f();
    return log.length - before;
  };

  it("are trees of their arrays, by the names of fields", () => {
    const net = new Net(0);
    const { paths, treedef, leaves } = tree.flattenWithPath(net);
    expect(paths).toEqual(["layers[0].b", "layers[0].w", "layers[1].w"]);
    expect(String(treedef)).toBe(
      'Net{act: [a function], heads: 2, label: "net", layers: [Dense{b: *, sizes: [3, 4], w: *}, Dense{b: null, sizes: [4, 2], w: *}]}',
    );
    const again = tree.unflatten(treedef, leaves) as Net;
    expect(again).toBeInstanceOf(Net);
    expect(again === net).toBe(false);
    expect(Object.keys(again)).toEqual(Object.keys(net));
    expect(again.depth).toBe(2);
    expect(tree.equal(tree.structure(again), treedef)).toBe(true);
    expect(again.forward(x).js()).toEqual(net.forward(x).js());
    expect(Net.name).toBe("Net");
  });

  it("are differentiated, and trained by tree.map", () => {
    const net = new Net(0);
    const g = grad((m: Net) => m.loss(x))(net);
    expect(g).toBeInstanceOf(Net);
    expect(g.heads).toBe(2);
    const h = 1e-2;
    for (const [i, j] of [
      [0, 1],
      [2, 3],
    ]) {
      const bumped = (by: number): number => {
        const w = net.layers[0].w.js() as number[][];
        w[i][j] += by;
        const m = tree.map((t: Tensor) => t, net);
        m.layers[0].w = array(w);
        return m.loss(x).item();
      };
      expect((g.layers[0].w.js() as number[][])[i][j]).toBeCloseTo((bumped(h) - bumped(-h)) / (2 * h), 3);
    }
    const next: Net = tree.map((w, d) => w.sub(d.mul(0.1)), net, g);
    expect(next.loss(x).item()).toBeLessThan(net.loss(x).item());
  });

  it("are arguments of their compiled methods", () => {
    const net = new Net(1);
    const other = new Net(2);
    const first = net.forward(x).js();
    expect(calls(() => other.forward(x))).toBe(0);
    net.layers[0].w = other.layers[0].w;
    net.layers[1].w = other.layers[1].w;
    expect(calls(() => close(net.forward(x), other.forward(x)))).toBe(0);
    expect(net.forward(x).js()).not.toEqual(first);
    // a number belongs to the program
    net.heads = 3;
    expect(calls(() => expect(net.forward(x).shape).toEqual([2, 6]))).toBe(1);
    expect(other.forward(x).shape).toEqual([2, 4]);
  });

  it("take options for their compiled methods", () => {
    const net = new Net(0);
    const given = np.ones([4]);
    expect(calls(() => net.scaled(given, 2))).toBe(1);
    expect(codeOf(() => given.js())).toMatch(/^TW1008/);
    expect(calls(() => net.scaled(np.ones([4]), 2))).toBe(0);
    expect(calls(() => net.scaled(np.ones([4]), 3))).toBe(1);
    expect(net.layers[0].w.js()).toHaveLength(3);
  });

  it("do not lose what a compiled method assigns without a word", () => {
    const lossy = `import { jit, model, numpy as np } from "tilework";
      @model export class M { w = np.ones([]); n = 1; @jit f(x) { this.w = x; return x; } @jit g(x) { this.n = 2; return x; } }`;
    if (way === "the plugin") {
      expect(() => load(way, lossy)).toThrow(/TW7004: this belongs to the code around the function/);
      return;
    }
    const { M } = load<{ M: new () => { f(v: Tensor): Tensor; g(v: Tensor): Tensor } }>(way, lossy);
    const copy = "on a copy that exists only while it is compiled";
    expect(codeOf(() => new M().f(x))).toBe(`TW1012: jit(f) assigns this.w, ${copy}`);
    expect(codeOf(() => new M().g(x))).toBe(`TW1012: jit(g) assigns a field of this, ${copy}`);
  });

  it("say so when a method lost its object", () => {
    const { forward } = new Net(0);
    expect(codeOf(() => forward(x))).toMatch(/^TW1003: jit\(forward\): the method was called without its object/);
    const net = new Net(0);
    close(vmap(net.forward.bind(net))(x.reshape([2, 1, 3])).reshape([2, 4]), net.forward(x));
  });

  it("have static methods and subclasses", () => {
    expect(Net.make(array([1])).js()).toEqual([2]);
    const wide = new Wider(0);
    expect(wide.loss(x).item()).toBeCloseTo(new Net(0).loss(x).item() + 2, 4);
    const g = grad((m: InstanceType<Models["Wider"]>) => m.loss(x))(wide);
    expect(g).toBeInstanceOf(Wider);
    expect(g.extra.js()).toEqual([1, 1]);
  });

  it("are batched: an ensemble is one model with an axis more", () => {
    const nets = [new Net(0), new Net(1), new Net(2)];
    const stacked: Net = tree.map((...ws: Tensor[]) => np.stack(ws), nets[0], nets[1], nets[2]);
    const all = vmap((m: Net, xs: Tensor) => m.forward(xs), { inAxes: [0, null] })(stacked, x);
    close(all, np.stack(nets.map((n) => n.forward(x))));
    const axes = tree.map(() => 0, stacked);
    close(vmap((m: Net) => m.forward(x), { inAxes: [axes] })(stacked), all);
    const made = vmap((w: Tensor) => tree.map((t: Tensor) => t.mul(w), nets[0]))(array([1, 2]));
    expect(made).toBeInstanceOf(Net);
    expect((made as Net).layers[0].w.shape).toEqual([2, 3, 4]);
  });

  it("are updated in one compiled step, with their memory", () => {
    const optimizer = optim.adam(0.05);
    const step = jit(
      (m: Net, state: unknown, xs: Tensor): [Net, unknown, Tensor] => {
        const loss = m.loss(xs);
        const [updates, next] = optimizer.update(grad((n: Net) => n.loss(xs))(m), state, m);
        return [optim.applyUpdates(m, updates), next, loss];
      },
      { donate: [0, 1] },
    );
    let net = new Net(3);
    const start = net.loss(x).item();
    let state: unknown = optimizer.init(net);
    for (let i = 0; i < 20; i++) [net, state] = step(net, state, x);
    expect(step.entries()).toHaveLength(1);
    expect(net).toBeInstanceOf(Net);
    expect(net.loss(x).item()).toBeLessThan(start / 2);
  });

  it("of other classes are static, and compiled again when a field changes", () => {
    const plain = new Plain();
    const ones = np.ones([2]);
    expect(calls(() => expect(plain.forward(ones).js()).toEqual([2, 2]))).toBe(1);
    expect(calls(() => plain.forward(ones))).toBe(0);
    plain.w = array([2, 3]);
    expect(calls(() => expect(plain.forward(ones).js()).toEqual([3, 4]))).toBe(1);
    plain.inner.v = array([0, 0]);
    expect(plain.forward(ones).js()).toEqual([2, 3]);
    plain.rate = 10;
    expect(plain.forward(ones).js()).toEqual([20, 30]);
    expect(calls(() => plain.forward(ones))).toBe(0);
    expect(codeOf(() => grad((p: InstanceType<Models["Plain"]>) => p.forward(ones).sum())(plain))).toMatch(/^TW1003/);
  });

  it("may have fields that are no leaves", () => {
    const lookup = new Lookup();
    expect(tree.flattenWithPath(lookup).paths).toEqual(["scale"]);
    expect(lookup.forward(array([2, 1], { dtype: "i32" })).js()).toEqual([2, 1]);
    expect(tree.map((s: Tensor) => s.mul(2), lookup).words).toEqual(["a", "b"]);
  });

  if (way !== "the plugin") return;
  it("are interpreted in traces, also of functions that were not captured", () => {
    const m = new Captured();
    const f = (c: InstanceType<Models["Captured"]>, v: Tensor): Tensor => c.clip(v);
    close(vmap(f, { inAxes: [null, 0] })(m, array([0.5, 3])), array([0.5, 1.2]));
    close(jit(m.clip.bind(m))(array(3)), array(1.2));
    expect(grad(f)(m, array(3)).limit.item()).toBeCloseTo(0.9, 5);
  });
});

class Cell {
  w: Tensor;
  rate = 2;
  constructor(w: Tensor) {
    this.w = w;
  }
  forward(v: Tensor): Tensor {
    return v.mul(this.w).mul(this.rate);
  }
}
model(Cell);

describe("trees of models", () => {
  it("are scanned over: layers that are stacked", () => {
    const layers = new Cell(array([1, 2, 3]));
    const [out] = scan((h: Tensor, layer: Cell) => [layer.forward(h), null] as [Tensor, null], array(1), layers);
    expect(out.item()).toBe(48);
  });
  it("may have other leaves for a while", () => {
    const cell = new Cell(np.ones([2, 3]));
    const ranks = tree.map((t) => t.ndim, cell);
    expect(tree.leaves(ranks)).toEqual([2]);
    expect(ranks.rate).toBe(2);
    const shapes = tree.map((t) => t.shape, cell);
    expect(tree.leaves(shapes)).toEqual([2, 3]);
    expect(tree.leaves(tree.map((n) => n + 1, ranks))).toEqual([3]);
    expect(evalShape((c: Cell) => c, cell)).toBeInstanceOf(Cell);
    expect((evalShape((c: Cell) => c, cell) as unknown as Cell).w.shape).toEqual([2, 3]);
    expect(tree.broadcastPrefix([ranks, null], [cell, null], { nullIsLeaf: true })).toEqual([2]);
  });
  it("differ in what is static", () => {
    const a = new Cell(array(1));
    const b = new Cell(array(1));
    b.rate = 3;
    expect(codeOf(() => tree.map((p: Tensor, q: Tensor) => p.add(q), a, b))).toBe(
      "TW1009: tree.map: the trees differ at rate: tree 1 has 2, tree 2 has 3",
    );
    const f = jit((c: Cell) => c.forward(c.w));
    f(a);
    f(b);
    expect(f.entries()).toHaveLength(2);
    f(new Cell(array(5)));
    expect(f.entries()).toHaveLength(2);
  });
});

describe("what a model cannot hold", () => {
  it("an arrow function with this, or a bound one", () => {
    class Arrow {
      w = np.ones([2]);
      forward = (v: Tensor): Tensor => v.mul(this.w);
    }
    model(Arrow);
    expect(codeOf(() => tree.leaves(new Arrow()))).toMatch(/^TW1011: Arrow holds an arrow function with this/);
    class Bound {
      w = np.ones([2]);
      f: (v: Tensor) => Tensor;
      constructor() {
        this.f = this.forward.bind(this);
      }
      forward(v: Tensor): Tensor {
        return v.mul(this.w);
      }
    }
    model(Bound);
    expect(codeOf(() => tree.leaves(new Bound()))).toMatch(/^TW1011: Bound holds a bound function/);
    const plain = (v: Tensor): Tensor => v.mul(2); // not of this
    class Fine {
      w = np.ones([2]);
      act = plain;
    }
    expect(tree.leaves(new (model(Fine))())).toHaveLength(1);
  });
  it("an object with arrays that is no model", () => {
    class Layer {
      w = np.ones([2]);
    }
    class Outer {
      layers = [new Layer()];
    }
    model(Outer);
    expect(codeOf(() => tree.leaves(new Outer()))).toMatch(/^TW1011: Outer holds Layer, which has arrays \(w\)/);
  });
  it("#private members", () => {
    class Hidden {
      #w = np.ones([2]);
      get w(): Tensor {
        return this.#w;
      }
    }
    expect(codeOf(() => model(Hidden))).toMatch(/^TW1011: Hidden has #w/);
    class Method {
      #go(): number {
        return 1;
      }
      run = (): number => new Method().#go();
    }
    expect(codeOf(() => model(Method))).toMatch(/^TW1011: Method has #go/);
    class Fine {
      text = "{ #a; }"; // #b = 1
      static of = 1;
    }
    expect(model(Fine)).toBe(Fine);
  });
  it("and what is no class", () => {
    expect(codeOf(() => model(3 as never))).toMatch(/^TW1007/);
    expect(codeOf(() => model((() => 1) as never))).toMatch(/^TW1007/);
    expect(codeOf(() => model({ statics: [] } as never))).toMatch(/^TW1007: model: there is no option statics/);
  });
});
