/** Values and gradients against PyTorch 1.13 (float64 on the CPU), twelve digits pasted from its output. */
import { describe, expect, it } from "vitest";
import { grad, hessian, lax, nn, numpy as np, scan, type Tensor, tree, valueAndGrad } from "tilework";

/** sin(a·i + b), as the script that made the numbers had it. */
function ramp(shape: readonly number[], a = 0.37, b = 0): Tensor {
  const n = shape.reduce((x, y) => x * y, 1);
  const flat = np.array(
    Array.from({ length: n }, (_, i) => Math.sin(i * a + b)),
    { dtype: "f64" },
  );
  return np.reshape(flat, shape);
}
const f64 = (x: readonly number[]): Tensor => np.array(x as number[], { dtype: "f64" });
const count = (n: number, shape: readonly number[]): Tensor =>
  np.reshape(f64(Array.from({ length: n }, (_, i) => i)), shape);
const flat = (x: unknown): number[] => Array.from((x as Tensor).dataSync() as Float64Array, Number);

function check(f: (...xs: Tensor[]) => Tensor, args: readonly Tensor[], value: number, ...gradients: number[][]): void {
  const argnums = args.map((_, i) => i);
  const [v, gs] = valueAndGrad(f, { argnums })(...args) as unknown as [Tensor, Tensor[]];
  expect(flat(v)[0]).toBeCloseTo(value, 9);
  gradients.forEach((want, i) => {
    const is = flat(gs[i]);
    expect(is.length).toBe(want.length);
    is.forEach((x, k) => {
      expect(x, `gradient ${i}, element ${k}`).toBeCloseTo(want[k], 8);
    });
  });
}

describe("networks", () => {
  it("two layers and a cross-entropy", () => {
    const x = ramp([2, 3], 0.37, 2);
    const y = np.array([1, 0], { dtype: "i32" });
    check(
      (w1, w2) => nn.crossEntropy(np.dot(np.tanh(np.dot(x, w1)), w2), y),
      [ramp([3, 4]), ramp([4, 2], 0.37, 1)],
      0.785915024269,
      [
        -0.0220808009748, 0.0160326276645, 0.038805891442, 0.0490100690304, -0.0260945054305, 0.0222055999107,
        0.0557667073735, 0.062465052059, -0.026576440991, 0.0253731483802, 0.0651797610755, 0.0674656833282,
      ],
      [
        0.294988739776, -0.294988739776, 0.267897487102, -0.267897487102, 0.208638890157, -0.208638890157,
        0.136536778059, -0.136536778059,
      ],
    );
  });

  it("a strided, padded, dilated, grouped convolution", () => {
    const weights = ramp([2, 6, 3, 8], 0.11, 0.3);
    const f = (x: Tensor, w: Tensor): Tensor =>
      np.sum(
        lax
          .convGeneralDilated(x, w, {
            windowStrides: [2, 1],
            padding: [
              [1, 1],
              [2, 2],
            ],
            rhsDilation: [1, 2],
            featureGroupCount: 2,
          })
          .mul(weights),
      );
    const [value, [gx, gw]] = valueAndGrad(f, { argnums: [0, 1] as const })(
      ramp([2, 4, 5, 6]),
      ramp([6, 2, 3, 2], 0.37, 0.5),
    ) as unknown as [Tensor, [Tensor, Tensor]];
    expect(flat(value)[0]).toBeCloseTo(14.3459903466, 9);
    const firstRows = [
      1.59276313659, 1.72962026961, 1.84557009167, 1.93921102403, 2.00941115345, 2.05532191451, 4.27129088934,
      4.31073120298, 4.29806424236, 4.23344312323, 4.11764897301, 3.95208148871,
    ];
    flat(gx)
      .slice(0, 12)
      .forEach((v, i) => {
        expect(v).toBeCloseTo(firstRows[i], 9);
      });
    const firstWindow = [2.07656280309, 2.050983533, -1.67346483766, -1.25403467019, 1.40951121012, 1.04185641688];
    flat(gw)
      .slice(0, 6)
      .forEach((v, i) => {
        expect(v).toBeCloseTo(firstWindow[i], 9);
      });
    const squares = (x: Tensor): number => flat(x).reduce((s, v) => s + v * v, 0);
    expect(squares(gx)).toBeCloseTo(1637.10296105, 7);
    expect(squares(gw)).toBeCloseTo(176.511219055, 8);
  });

  it("overlapping maximum pooling", () => {
    const weights = np.reshape(ramp([9], 0.4), [1, 3, 3, 1]);
    check(
      (x) =>
        np.sum(
          nn
            .maxPool(np.reshape(x, [1, 5, 5, 1]), [3, 3], {
              strides: [2, 2],
              padding: [
                [1, 1],
                [1, 1],
              ],
            })
            .mul(weights),
        ),
      [ramp([25], 1.7)],
      4.46916193371,
      [
        0, 0.389418342309, 0, 0, 0, 0, 0, 0, 1.62665351773, 0, 0, 0, 0.999573603042, 0, 0, 0, 1.60750226652, 0, 0, 0, 0,
        0, 0, 0.276614006728, 0,
      ],
    );
  });

  it("normalised attention", () => {
    const weights = ramp([3, 4], 0.2);
    check(
      (x, wq) => {
        const n = nn.layerNorm({ scale: np.ones([4], "f64" as never) as Tensor }, x);
        const scores = nn.softmax(np.dot(np.dot(n, wq), np.transpose(n)).mul(0.5));
        const s = np.dot(scores, n);
        return np.sum(s.mul(s).mul(weights));
      },
      [ramp([3, 4]), ramp([4, 4], 0.37, 0.3)],
      2.26884680107,
      [
        -1.52542396901, 1.83443391569, 1.74600290582, -2.0550128525, -9.24401418087, 5.17464151217, 7.70774525997,
        -3.63837259127, -1.41999760353, 1.57842491225, 1.5708495909, -1.72927689961,
      ],
      [
        0.919555414115, 0.355660654402, -0.304277254885, -0.970938813632, 1.03254284277, 0.391782463161,
        -0.345321065994, -1.07900423994, 0.0223111854238, 0.00497268206331, -0.00914701020784, -0.0181368572792,
        -1.97440944231, -0.752415799626, 0.658745331087, 2.06807991085,
      ],
    );
  });

  it("a gated recurrence as a scan", () => {
    const xs = ramp([5, 2], 0.37, 2);
    check(
      (w, u) => {
        const [h] = scan(
          (c: Tensor, x: Tensor): [Tensor, null] => {
            const z = nn.sigmoid(np.dot(x, u));
            return [
              np
                .subtract(1, z)
                .mul(c)
                .add(z.mul(np.tanh(np.dot(c, w).add(x)))),
              null,
            ];
          },
          f64([0, 0]),
          xs,
        );
        return np.sum(h.mul(h));
      },
      [ramp([2, 2]), ramp([2, 2], 0.37, 1)],
      0.0468229208856,
      [0.0994751336213, 0.176172996411, 0.0883814096458, 0.155668608772],
      [0.0849415844531, 0.105280964597, 0.0873318771556, 0.10590114186],
    );
  });
});

describe("matrices", () => {
  const square = (a: Tensor): Tensor => np.dot(a, np.transpose(a)).add(np.eye(3).astype("f64").mul(2));
  it("cholesky", () => {
    check(
      (a) => {
        const l = np.linalg.cholesky(square(a));
        return np
          .sum(np.log(np.diagonal(l)).mul(f64([1, 2, 3])))
          .add(np.sum(l.mul(f64([0, 0, 1]).reshape([3, 1])).mul(f64([1, 0, 0]))));
      },
      [ramp([3, 3], 0.9)],
      3.65504626802,
      [
        -0.220739118383, 0.121974917507, 0.372380767586, 0.0987792048216, -0.17178445506, -0.31234506414,
        -0.691926457282, 0.200370842866, 0.941031483835,
      ],
    );
  });
  it("qr", () => {
    check(
      (a) => {
        const [, r] = np.linalg.qr(a);
        return np.sum(r.mul(r).mul(count(9, [3, 3])));
      },
      [ramp([4, 3], 0.9)],
      13.7732491379,
      [
        4.46905259441, 6.26661527702, 9.73847630878, -2.80470366235, -3.83465914124, -7.57714469003, 0.602256301067,
        0.667001730434, 3.96209455179, 1.71573737405, 2.62862377492, 0.413106073402,
      ],
    );
  });
  it("eigh", () => {
    check(
      (a) => {
        const [w, v] = np.linalg.eigh(a.add(np.transpose(a)));
        return np.sum(w.mul(f64([1, 2, 4]))).add(np.sum(v.mul(v).mul(count(9, [3, 3]))));
      },
      [ramp([3, 3], 0.9)],
      19.2578866842,
      [
        3.51892724811, 1.05598559629, -0.234640921837, 1.05598559629, 3.22649462152, -1.76602034906, -0.234640921837,
        -1.76602034906, 7.25457813038,
      ],
    );
  });
  it("svd", () => {
    check(
      (a) => {
        const [u, s] = np.linalg.svd(a, { fullMatrices: false });
        return np.sum(s.mul(f64([1, 3]))).add(np.sum(u.mul(u).mul(count(6, [3, 2]))));
      },
      [ramp([3, 2], 0.9)],
      8.75058131665,
      [-0.240240664712, -0.918861917072, 2.6288351514, -1.85161875135, 1.28667741066, -3.34617961901],
    );
  });
});

describe("others", () => {
  it("a Hessian", () => {
    const f = (x: Tensor): Tensor => np.log(np.sum(np.exp(x.mul(np.sin(x))))).mul(x.slice([0, 1]).sum());
    const want = [
      0.367456921209, -0.335113411083, 0.670540622747, -0.335113411083, 0.182108141196, 0.0725135203233, 0.670540622747,
      0.0725135203233, 0.133965283353,
    ];
    flat(hessian(f)(f64([0.3, -0.7, 1.1]))).forEach((v, i) => {
      expect(v).toBeCloseTo(want[i], 9);
    });
  });
  it("products with zeros, and a sort", () => {
    check(
      (x) => np.sum(np.cumprod(x, 0 as never).mul(f64([1, 2, 3, 4]))),
      [f64([0.5, 0, -1.5, 2])],
      0.5,
      [1, -7.25, 0, 0],
    );
    check(
      (x) => np.sum(np.sort(x).mul(f64([1, 2, 3, 4]))).add(np.prod(x)),
      [f64([0.5, 3, -1.5, 2])],
      13 - 0,
      [-7, 2.5, 4, 0.75],
    );
  });
  it("a tree of parameters keeps its structure", () => {
    const p = { layers: [{ w: f64([1, 2]) }, { w: f64([3]) }], scale: f64([2]) };
    const g = grad((q: typeof p) => np.sum(q.layers[0].w).mul(q.layers[1].w.sum()).mul(q.scale.sum()))(p);
    expect(tree.leaves(g).map(flat)).toEqual([[6, 6], [6], [9]]);
  });
});
