/** The family of every primitive: the file in each column folder that holds its row. */
import type {
  CollectiveOps,
  ContractionOps,
  ControlOps,
  ElementwiseOps,
  IndexingOps,
  KernelOps,
  LinalgOps,
  MovementOps,
  Prim,
  RandomOps,
  ReductionOps,
  SortOps,
} from "./index.js";

export interface Families {
  elementwise: ElementwiseOps;
  movement: MovementOps;
  reduction: ReductionOps;
  contraction: ContractionOps;
  indexing: IndexingOps;
  control: ControlOps;
  random: RandomOps;
  linalg: LinalgOps;
  sort: SortOps;
  collective: CollectiveOps;
  kernel: KernelOps;
}
export type Family = keyof Families;
type FamilyTable = { [F in Family]: Readonly<Record<keyof Families[F], true>> };

/** tsc names a primitive that is missing here, or stands in the wrong family. */
const FAMILIES = {
  elementwise: {
    neg: true,
    abs: true,
    sign: true,
    floor: true,
    ceil: true,
    round: true,
    integer_pow: true,
    not: true,
    population_count: true,
    clz: true,
    is_finite: true,
    exp: true,
    exp2: true,
    expm1: true,
    log: true,
    log1p: true,
    sqrt: true,
    rsqrt: true,
    cbrt: true,
    logistic: true,
    sin: true,
    cos: true,
    tan: true,
    asin: true,
    acos: true,
    atan: true,
    sinh: true,
    cosh: true,
    tanh: true,
    asinh: true,
    acosh: true,
    atanh: true,
    erf: true,
    erfc: true,
    erf_inv: true,
    lgamma: true,
    digamma: true,
    bessel_i0e: true,
    bessel_i1e: true,
    igamma: true,
    igammac: true,
    igamma_grad_a: true,
    random_gamma_grad: true,
    polygamma: true,
    zeta: true,
    regularized_incomplete_beta: true,
    add: true,
    sub: true,
    mul: true,
    div: true,
    rem: true,
    pow: true,
    max: true,
    min: true,
    atan2: true,
    nextafter: true,
    and: true,
    or: true,
    xor: true,
    shift_left: true,
    shift_right_logical: true,
    shift_right_arithmetic: true,
    eq: true,
    ne: true,
    lt: true,
    le: true,
    gt: true,
    ge: true,
    select: true,
    clamp: true,
    convert_element_type: true,
    bitcast_convert_type: true,
    reduce_precision: true,
    stop_gradient: true,
  },
  movement: {
    reshape: true,
    transpose: true,
    broadcast_in_dim: true,
    slice: true,
    pad: true,
    concatenate: true,
    rev: true,
    iota: true,
  },
  reduction: {
    reduce_sum: true,
    reduce_prod: true,
    reduce_max: true,
    reduce_min: true,
    reduce_and: true,
    reduce_or: true,
    reduce_xor: true,
    argmax: true,
    argmin: true,
    cumsum: true,
    cumprod: true,
    cummax: true,
    cummin: true,
    cumlogsumexp: true,
    reduce_window: true,
    select_and_scatter_add: true,
    select_and_gather_add: true,
  },
  contraction: { dot_general: true, conv_general_dilated: true },
  indexing: {
    dynamic_slice: true,
    dynamic_update_slice: true,
    gather: true,
    scatter: true,
    scatter_add: true,
    scatter_mul: true,
    scatter_min: true,
    scatter_max: true,
  },
  control: {
    cond: true,
    while: true,
    scan: true,
    call: true,
    custom_jvp_call: true,
    custom_vjp_call: true,
    custom_vjp_linear: true,
    checkpoint: true,
    custom_linear_solve: true,
    optimization_barrier: true,
    debug_callback: true,
  },
  random: { threefry2x32: true, philox4x32: true, random_wrap: true, random_unwrap: true },
  linalg: { cholesky: true, triangular_solve: true, lu: true, qr: true, eigh: true, svd: true },
  sort: { sort: true, top_k: true },
  collective: {
    psum: true,
    pmax: true,
    pmin: true,
    all_gather: true,
    psum_scatter: true,
    all_to_all: true,
    ppermute: true,
    axis_index: true,
  },
  kernel: { kernel_call: true, load: true, store: true, atomic: true, atomic_cas: true, empty: true },
} satisfies FamilyTable;

const familyByPrim = new Map<string, Family>();
for (const [family, prims] of Object.entries(FAMILIES))
  for (const prim of Object.keys(prims)) familyByPrim.set(prim, family as Family);

/** The names of one family's primitives. */
export function primsOf<F extends Family>(family: F): readonly (keyof Families[F])[] {
  return Object.keys(FAMILIES[family]) as (keyof Families[F])[];
}
export function familyOf(prim: Prim): Family {
  return familyByPrim.get(prim) as Family;
}
export function isPrim(text: string): text is Prim {
  return familyByPrim.has(text);
}
