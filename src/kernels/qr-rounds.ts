/**
 * QR steps on a diagonal, and beside them the vectors that they turn. In each round one program of a matrix finds rotations, as many as
 * a list holds; the others turn blocks of vectors by those of the round before. In the first round they form the vectors.
 * So threads share what takes long, though each step needs the one before.
 */
import type { Dim } from "../ir/dim.js";
import type { DType } from "../ir/dtype.js";
import type { TileAtom, TileRef } from "../ir/tile.js";
import { isOpen, PROGRESS, startDeflation } from "./deflation.js";
import { type Recorder, RotationList, type RotationRefs, rotationRefs } from "./rotation-list.js";
import { type ScalarCode, VectorView } from "./scalar-code.js";
import type { VectorBlocks } from "./vector-blocks.js";

/** Rotations that a matrix of n values needs mostly, in n². */
const MOSTLY = 1;
/** Nanoseconds of finding a rotation of each list, and of turning a block by it. */
const FINDING = 20;
const TURNING = 1.4;

/** Behind the iteration's own progress: the number of the round, and whether the iteration was still open before it. */
const ROUND = PROGRESS;
const OPEN = PROGRESS + 1;
const WORDS = PROGRESS + 2;

export class QrRounds {
  readonly #rotations: RotationRefs;
  readonly #progress: TileRef;
  /** Rounds after the first. */
  readonly #rounds: number;
  constructor(
    readonly k: ScalarCode,
    dtype: DType,
    readonly n: number,
    /** List i turns the vectors of sides[i]. */
    readonly sides: readonly VectorBlocks[],
    several: (each: number) => Dim,
  ) {
    this.#rotations = rotationRefs(k, dtype, n, sides.length, several);
    this.#progress = k.t.ref("progress", "i32", "scratch", several(WORDS));
    this.#rounds = Math.ceil((4 / 3) * ((MOSTLY * n * n) / this.#rotations.capacity));
  }
  #progressOf(matrix: TileAtom): VectorView {
    return new VectorView(this.k, this.#progress, this.k.mul(matrix, WORDS));
  }
  #list(matrix: TileAtom, part: TileAtom): RotationList {
    return new RotationList(this.k, this.#rotations, this.n, matrix, part);
  }
  /** In a stage before the rounds. */
  start(matrix: TileAtom): void {
    const progress = this.#progressOf(matrix);
    startDeflation(this.k, this.n, progress);
    progress.set(ROUND, this.k.i32(-1));
  }
  /** `body` for the side that program i of these belongs to, and its number there. */
  #sideOf(i: TileAtom, counts: readonly number[], body: (side: number, own: TileAtom) => void): void {
    const { k } = this;
    let first = 0;
    counts.forEach((count, side) => {
      const start = first;
      first += count;
      const isOwn = k.and(k.ge(i, start), k.lt(i, first));
      k.t.if(isOwn, () => body(side, k.sub(i, start)));
    });
  }
  /** The stages; `find` goes on with the iteration of a matrix as long as the recorder has room. */
  stages(batch: Dim, find: (matrix: TileAtom, recorder: Recorder, progress: VectorView) => void): void {
    const { k, n, sides } = this;
    const { t } = k;
    const formed = sides.map((s) => s.formed);
    const blocks = sides.map((s) => s.blocks);
    const sum = (counts: readonly number[]): number => counts.reduce((a, b) => a + b, 0);
    // whoever finds rotations should do nothing else before: it takes a quarter of all programs, or less
    const idle = Math.ceil(Math.max(sum(formed), sum(blocks)) / 3);
    const programs = 1 + idle + Math.max(sum(formed), sum(blocks));
    const time = MOSTLY * n * n * (sides.length * FINDING + sum(blocks) * TURNING);
    t.rounds(1 + this.#rounds, () => {
      t.stage([batch], (b) => {
        const progress = this.#progressOf(b);
        progress.set(ROUND, k.add(progress.at(ROUND), 1));
        progress.set(OPEN, t.convert(isOpen(k, n, progress), "i32"));
      });
      t.stage(
        [batch, programs],
        (b, i) => {
          const progress = this.#progressOf(b);
          const round = progress.at(ROUND);
          const wasOpen = k.ne(progress.at(OPEN), 0);
          // in the last round the iteration is taken to its end, and whoever does that turns the vectors, too
          const isTail = k.and(wasOpen, k.eq(round, this.#rounds));
          const part = t.op("and", [round, t.i32(1)]);
          const before = k.sub(1, part);
          t.if(
            k.eq(i, 0),
            () => this.#find(b, part, before, isTail, wasOpen, find),
            () => {
              const own = k.sub(i, 1 + idle);
              t.if(
                k.eq(round, 0),
                () => this.#sideOf(own, formed, (side, at) => sides[side].form(b, at)),
                () =>
                  t.if(k.not(isTail), () => this.#sideOf(own, blocks, (side, at) => this.#turn(b, before, side, at))),
              );
            },
          );
        },
        { ns: time / programs / this.#rounds },
      );
    });
  }
  #find(
    b: TileAtom,
    part: TileAtom,
    before: TileAtom,
    isTail: TileAtom,
    wasOpen: TileAtom,
    find: (matrix: TileAtom, recorder: Recorder, progress: VectorView) => void,
  ): void {
    const { k, n, sides } = this;
    const { t } = k;
    const progress = this.#progressOf(b);
    const found = this.#list(b, part);
    found.clear();
    const pending = t.var(before);
    const going = t.var(wasOpen);
    t.while(
      () => going,
      () => {
        t.if(isTail, () =>
          sides.forEach(({ blocks }, side) => {
            k.for(0, blocks, (at) => this.#turn(b, pending, side, at));
          }),
        );
        found.record((recorder) => find(b, recorder, progress));
        t.assign(pending, part);
        t.assign(going, k.and(isTail, isOpen(k, n, progress)));
      },
    );
  }
  #turn(b: TileAtom, part: TileAtom, side: number, i: TileAtom): void {
    const blocks = this.sides[side];
    this.#list(b, part).apply(side, blocks.block(b, i), blocks.width);
  }
  /** After the rounds: turns a block by what was found last. */
  finish(matrix: TileAtom, side: number, i: TileAtom): void {
    this.#turn(matrix, this.k.i32(this.#rounds & 1), side, i);
  }
}
