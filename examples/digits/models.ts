/** The two networks: functions of a tree of parameters and a batch of images [batch, 28, 28], which give logits [batch, 10]. */
import { nn, numpy as np, random, type Tensor } from "tilework";

export interface Model<P> {
  readonly name: string;
  readonly init: (key: Tensor) => P;
  readonly apply: (params: P, images: Tensor) => Tensor;
  readonly epochs: number;
  readonly learningRate: number;
  /** Images are moved by up to this many pixels while training. */
  readonly shift: number;
}

export interface MlpParams {
  readonly hidden: nn.LinearParams;
  readonly out: nn.LinearParams;
}
export function mlpModel(width = 128): Model<MlpParams> {
  return {
    name: "mlp",
    init(key) {
      const [a, b] = random.split(key, 2);
      return { hidden: nn.linear.init(a, 784, width), out: nn.linear.init(b, width, 10) };
    },
    apply: (p, images) => nn.linear(p.out, nn.relu(nn.linear(p.hidden, images.reshape(-1, 784)))),
    epochs: 10,
    learningRate: 2e-3,
    shift: 0,
  };
}

export interface CnnParams {
  readonly first: nn.ConvParams;
  readonly second: nn.ConvParams;
  readonly out: nn.LinearParams;
}
export function cnnModel(): Model<CnnParams> {
  const he = nn.initializers.heNormal();
  return {
    name: "cnn",
    init(key) {
      const [a, b, c] = random.split(key, 3);
      return {
        first: nn.conv.init(a, [5, 5], 1, 16, { initializer: he }),
        second: nn.conv.init(b, [3, 3], 16, 32, { initializer: he }),
        out: nn.linear.init(c, 7 * 7 * 32, 10),
      };
    },
    apply(p, images) {
      const x = np.expandDims(images, -1);
      const h1 = nn.relu(nn.conv(p.first, x, { strides: 2 }));
      const h2 = nn.relu(nn.conv(p.second, h1, { strides: 2 }));
      return nn.linear(p.out, h2.reshape(-1, 7 * 7 * 32));
    },
    epochs: 20,
    learningRate: 4e-3,
    shift: 2,
  };
}
