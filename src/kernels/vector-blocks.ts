/** Orthonormal vectors made of reflections: formed some vectors at a time, then kept as blocks of a few elements of all of them. */
import type { Dim } from "../ir/dim.js";
import type { DType } from "../ir/dtype.js";
import type { TileAtom, TileRef } from "../ir/tile.js";
import { blockWidth, type PanelRefs, Panels, panelRefs } from "./panels.js";
import { MatrixView, type ScalarCode } from "./scalar-code.js";

export interface BlockSizes {
  readonly reflections: number;
  /** Elements of a vector, and vectors. */
  readonly length: number;
  readonly vectors: number;
}
export class VectorBlocks {
  readonly width: number;
  /** Programs that form vectors, for each matrix. */
  readonly formed: number;
  readonly blocks: number;
  readonly #panels: PanelRefs;
  readonly #formed: TileRef;
  readonly #blocks: TileRef;
  constructor(
    readonly k: ScalarCode,
    name: string,
    readonly dtype: DType,
    readonly sizes: BlockSizes,
    several: (each: number) => Dim,
  ) {
    const { reflections, length, vectors } = sizes;
    const width = blockWidth(dtype);
    this.width = width;
    this.formed = Math.ceil(vectors / width);
    this.blocks = Math.ceil(length / width);
    this.#panels = panelRefs(k, name, dtype, reflections, length, several);
    this.#formed = k.t.ref(`${name}_formed`, dtype, "scratch", several(this.formed * length * width));
    this.#blocks = k.t.ref(`${name}_blocks`, dtype, "scratch", several(this.blocks * vectors * width));
  }
  panels(matrix: TileAtom): Panels {
    return new Panels(this.k, this.#panels, this.sizes.reflections, this.sizes.length, matrix);
  }
  /** Row j: some elements of vector j. */
  block(matrix: TileAtom, i: TileAtom): MatrixView {
    const { k, blocks, width } = this;
    const base = k.mul(k.add(k.mul(matrix, blocks), i), this.sizes.vectors * width);
    return new MatrixView(k, this.#blocks, base, width);
  }
  /** Program i of those that form vectors. */
  form(matrix: TileAtom, i: TileAtom): void {
    const { k, width } = this;
    const { length, vectors } = this.sizes;
    const made = new MatrixView(k, this.#formed, k.mul(k.add(k.mul(matrix, this.formed), i), length * width), width);
    const first = k.mul(i, width);
    this.panels(matrix).form(made, first, width);
    k.for(0, this.blocks, (at) => {
      const to = this.block(matrix, at);
      const start = k.mul(at, width);
      k.for(0, k.min(k.sub(length, start), width), (lane) =>
        k.for(0, k.min(k.sub(vectors, first), width), (j) =>
          to.set(k.add(first, j), lane, made.at(k.add(start, lane), j)),
        ),
      );
    });
  }
  /** `body` for each element that block i has of each vector: vector j, and which element. */
  elements(matrix: TileAtom, i: TileAtom, body: (element: TileAtom, lane: TileAtom, block: MatrixView) => void): void {
    const { k, width } = this;
    const start = k.mul(i, width);
    const block = this.block(matrix, i);
    k.for(0, k.min(k.sub(this.sizes.length, start), width), (lane) => body(k.add(start, lane), lane, block));
  }
}
