/**
 * Numbers of JAX's own tests for its older order of counters: jax-ml/jax, tests/random_test.py at cec06d116c, Apache-2.0.
 * The seed of a case is adler32 of its name and implementation.
 */
export interface Golden {
  readonly name: string;
  readonly seed: number;
  readonly shape: readonly number[];
  readonly dtype: string | null;
  readonly expected: readonly (number | bigint | boolean | readonly number[])[];
}
export const GOLDENS: readonly Golden[] = [
  { name: "bernoulli", seed: 1612777541, shape: [5], dtype: null, expected: [false, true, true, true, false] },
  {
    name: "beta",
    seed: 923534869,
    shape: [5],
    dtype: "f32",
    expected: [0.13258999586105347, 0.8248929977416992, 0.9483630061149597, 0.9641550183296204, 0.23544800281524658],
  },
  { name: "bits", seed: 942802475, shape: [5], dtype: "u8", expected: [10, 158, 82, 54, 158] },
  { name: "bits", seed: 942802475, shape: [5], dtype: "u16", expected: [6738, 38161, 50695, 57337, 61600] },
  {
    name: "bits",
    seed: 942802475,
    shape: [5],
    dtype: "u32",
    expected: [1978747883, 4134381225, 3628107870, 689687174, 2788938207],
  },
  {
    name: "bits",
    seed: 942802475,
    shape: [5],
    dtype: "u64",
    expected: [
      17649965731882839947n,
      1415307058040849897n,
      8282622628079774249n,
      14024425113645909402n,
      2012979996110532418n,
    ],
  },
  {
    name: "cauchy",
    seed: 1175914230,
    shape: [5],
    dtype: "f32",
    expected: [-0.08841600269079208, -10.169713020324707, 3.496769905090332, -1.1805599927902222, 0.3455600142478943],
  },
  {
    name: "dirichlet",
    seed: 1590822961,
    shape: [2],
    dtype: "f32",
    expected: [
      [0.003128000069409609, 0.009693999774754047, 0.9871780276298523],
      [0.0259380005300045, 0.47909098863601685, 0.49497100710868835],
    ],
  },
  {
    name: "double_sided_maxwell",
    seed: 3634826421,
    shape: [5],
    dtype: "f32",
    expected: [-2.408914089202881, -3.370436906814575, 3.235352039337158, -0.9077339768409729, -1.708732008934021],
  },
  {
    name: "exponential",
    seed: 1942292768,
    shape: [5],
    dtype: "f32",
    expected: [0.5260670185089111, 0.043046001344919205, 0.0399320013821125, 0.4642699956893921, 0.12388599663972855],
  },
  {
    name: "gamma",
    seed: 1038747260,
    shape: [5],
    dtype: "f32",
    expected: [0.8242210149765015, 1.7244759798049927, 0.5028820037841797, 5.386131763458252, 0.6855430006980896],
  },
  {
    name: "gumbel",
    seed: 1179715317,
    shape: [5],
    dtype: "f32",
    expected: [2.067009925842285, 0.9117259979248047, 0.1457359939813614, 0.1854269951581955, -0.007110000122338533],
  },
  {
    name: "laplace",
    seed: 1291781963,
    shape: [5],
    dtype: "f32",
    expected: [0.5789390206336975, -0.20490199327468872, 0.5557330250740051, 0.9110530018806458, -0.9645599722862244],
  },
  {
    name: "loggamma",
    seed: 1440221118,
    shape: [5],
    dtype: "f32",
    expected: [0.24055899679660797, -3.5754430294036865, -0.45094600319862366, -2.161371946334839, -2.943276882171631],
  },
  {
    name: "logistic",
    seed: 1466238935,
    shape: [5],
    dtype: "f32",
    expected: [
      0.19610999524593353, -1.7090530395507812, -0.27409300208091736, -0.20832200348377228, -1.6754889488220215,
    ],
  },
  {
    name: "maxwell",
    seed: 1331627891,
    shape: [5],
    dtype: "f32",
    expected: [3.0707790851593018, 0.9084789752960205, 1.5213170051574707, 0.8755509853363037, 1.306136965751648],
  },
  {
    name: "multivariate_normal",
    seed: 3497659512,
    shape: [2],
    dtype: "f32",
    expected: [
      [1.0678260326385498, 1.2155989408493042, 0.2341659963130951],
      [-0.23753400146961212, 1.325909972190857, 1.4139870405197144],
    ],
  },
  {
    name: "normal",
    seed: 1193674498,
    shape: [5],
    dtype: "f32",
    expected: [-1.173233985900879, -1.5116620063781738, 0.07059299945831299, -0.09976399689912796, 1.0528450012207031],
  },
  {
    name: "pareto",
    seed: 1192560388,
    shape: [5],
    dtype: "f32",
    expected: [2.7513980865478516, 1.2818629741668701, 87.85447692871094, 1.2545419931411743, 2.8244869709014893],
  },
  { name: "poisson", seed: 1349191556, shape: [5], dtype: "i32", expected: [7, 3, 6, 11, 6] },
  { name: "rademacher", seed: 1719994501, shape: [5], dtype: "i32", expected: [-1, -1, -1, -1, 1] },
  { name: "randint", seed: 1319372649, shape: [5], dtype: "i32", expected: [0, 5, 7, 7, 5] },
  {
    name: "truncated_normal",
    seed: 2846034731,
    shape: [5],
    dtype: "f32",
    expected: [0.5828070044517517, 1.7097710371017456, 0.15951299667358398, 0.8613759875297546, 0.3614799976348877],
  },
  {
    name: "uniform",
    seed: 1338574713,
    shape: [5],
    dtype: "f32",
    expected: [0.29867100715637207, 0.07321300357580185, 0.8733559846878052, 0.26054900884628296, 0.4127970039844513],
  },
  {
    name: "weibull_min",
    seed: 1921059088,
    shape: [5],
    dtype: "f32",
    expected: [1.6058629751205444, 0.8418089747428894, 0.2242179960012436, 0.48260000348091125, 0.027900999411940575],
  },
];
