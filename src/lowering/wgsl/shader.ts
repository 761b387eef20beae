/** What a kernel is on a GPU: one shader for each grid stage, and what whoever dispatches it has to give. */
import type { Dim } from "../../ir/dim.js";
import type { TileRef, TileRounds } from "../../ir/tile.js";

export interface WgslBinding {
  readonly ref: TileRef;
  /** Position among the kernel's refs. */
  readonly position: number;
  readonly access: "read" | "read_write";
}

/** A 32-bit word of the uniform buffer at binding 0, an i32. */
export type WgslParameter =
  /** Programs of the grid. */
  | { readonly kind: "programs"; readonly name: string }
  /** Where the ref begins in what is bound, in elements: bindings begin at multiples of 256 bytes, refs anywhere. */
  | { readonly kind: "start"; readonly name: string; readonly binding: number }
  /** A size that is known when the kernel is dispatched. */
  | { readonly kind: "size"; readonly name: string; readonly size: Dim };

export interface WgslShader {
  readonly name: string;
  readonly code: string;
  /** Invocations of a workgroup, along one dimension. */
  readonly workgroupSize: number;
  /** One program per invocation, or one per workgroup. */
  readonly distribution: "invocation" | "workgroup";
  readonly programs: Dim;
  /** Neighbours of the same rounds are dispatched in turns, so many times. */
  readonly rounds: TileRounds | undefined;
  readonly parameters: readonly WgslParameter[];
  /** Storage buffers from binding 1 on. */
  readonly bindings: readonly WgslBinding[];
  /** Bytes that a workgroup shares. */
  readonly workgroupBytes: number;
  readonly features: readonly "shader-f16"[];
}
export interface WgslKernel {
  readonly name: string;
  /** In order; each starts when the one before it has ended. */
  readonly shaders: readonly WgslShader[];
}

/** Workgroups along x and y: the shader counts them as one line. */
export function workgroupsOf(shader: WgslShader, programs: number, gridSize: number): readonly [number, number] {
  const count = shader.distribution === "workgroup" ? programs : Math.ceil(programs / shader.workgroupSize);
  const x = Math.min(count, gridSize);
  return [x, x === 0 ? 0 : Math.ceil(count / x)];
}
