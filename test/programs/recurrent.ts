/** Recurrent networks: a loop over time, with what was seen in variables. */
import { jit, type Num, nn, num, numpy as np, range, type Tensor } from "tilework";

export type Rnn = { readonly wx: Num<["in", "h"]>; readonly wh: Num<["h", "h"]>; readonly b: Num<["h"]> };

/** The last state. */
export const rnn = jit(function rnn({ wx, wh, b }: Rnn, xs: Num<["time", "in"]>) {
  let h: number = np.zerosLike(b);
  for (const t of range(np.size(xs, 0))) h = np.tanh(np.dot(np.index(xs, t), wx) + np.dot(h, wh) + b);
  return h;
});

/** All states, of gates for input, forgetting, the new content and output. */
export const lstm = jit(function lstm({ wx, wh, b }: Rnn, xs: Tensor<["time", "in"]>) {
  const hidden = np.size(wh, 0);
  let [h, c]: number[] = [np.zeros([hidden], xs.dtype), np.zeros([hidden], xs.dtype)].map(num);
  const states: number[] = [];
  for (const x of xs) {
    const z = np.dot(num(x), wx) + np.dot(h, wh) + b;
    const [input, forget, content, output] = np.split(z, 4);
    c = nn.sigmoid(forget) * c + nn.sigmoid(input) * np.tanh(content);
    h = nn.sigmoid(output) * np.tanh(c);
    states.push(h);
  }
  return np.stack(states);
});
