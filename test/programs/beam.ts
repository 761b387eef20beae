/** Beam search: the likeliest sentences of a model that looks one word back. */
import { jit, type Num, nn, num, numpy as np, range } from "tilework";

/** Ends a sentence. */
export const END = 0;
const IMPOSSIBLE = -1e9;

/** One step: the best `beams` continuations, where a finished sentence only goes on with END. */
export const beamStep = jit(function beamStep(
  scores: Num<["beams"]>,
  last: Num<["beams"], "i32">,
  logits: Num<["words", "words"]>,
) {
  const [beams, words] = [np.size(last), np.size(logits, 0)];
  const word = num(np.arange(words));
  const place = num(np.arange(beams * words));
  const ended = np.expandDims(last, 1) === END;
  const next = ended ? (word === END ? 0 : IMPOSSIBLE) : nn.logSoftmax(np.take(logits, last, 0));
  let open: number = np.ravel(np.expandDims(scores, 1) + next);
  const best: number[] = [];
  const parents: number[] = [];
  const chosen: number[] = [];
  for (const _ of range(beams)) {
    const at = np.argmax(open);
    best.push(np.index(open, at));
    parents.push(np.floorDivide(at, words));
    chosen.push(at % words);
    open = place === at ? IMPOSSIBLE : open;
  }
  return { scores: np.stack(best), parents: np.stack(parents), words: np.stack(chosen) };
});

/** The score of the best sentence of at most `steps` words after `first`. */
export const beamSearch = jit(
  function beamSearch(first: Num<[], "i32">, logits: Num<["words", "words"]>, beams: number, steps: number) {
    let scores: number = num(np.arange(beams)) === 0 ? 0 : IMPOSSIBLE;
    let last: number = num(np.full([beams], first, "i32"));
    for (const _ of range(steps)) {
      if (np.all(last === END)) break;
      const next = beamStep(scores, last, logits);
      scores = next.scores;
      last = next.words;
    }
    return np.max(scores);
  },
  { staticArgnums: [2, 3] },
);
