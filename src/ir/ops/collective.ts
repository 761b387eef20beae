/** Named-axis collectives. Inside vmap(f, { axisName }) they become ordinary ops over the batch axis. */
export interface CollectiveOps {
  psum: { readonly axisName: string };
  pmax: { readonly axisName: string };
  pmin: { readonly axisName: string };
  /** Gathered along a new axis `axis` (tiled: concatenated along it). */
  all_gather: { readonly axisName: string; readonly axisSize: number; readonly axis: number; readonly tiled: boolean };
  /** psum, then each keeps its part of axis `axis` (tiled: the axis is divided, else it must have axisSize and vanishes). */
  psum_scatter: {
    readonly axisName: string;
    readonly axisSize: number;
    readonly axis: number;
    readonly tiled: boolean;
  };
  all_to_all: {
    readonly axisName: string;
    readonly axisSize: number;
    readonly splitAxis: number;
    readonly concatAxis: number;
    readonly tiled: boolean;
  };
  /** [source, destination] pairs; who receives nothing gets zeros. */
  ppermute: {
    readonly axisName: string;
    readonly axisSize: number;
    readonly perm: readonly (readonly [number, number])[];
  };
  /** i32 scalar. */
  axis_index: { readonly axisName: string; readonly axisSize: number };
}
