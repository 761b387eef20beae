/** Elementwise. Expected numbers are NumPy's. */
import { array, numpy as np } from "../../src/index.js";
import { A, B, E, I, J, M, N, U, V, W, Z, empty, checkTable } from "./table.js";

checkTable([
  [
    () => np.hypot(array([Infinity, -Infinity, Infinity, NaN, 3e30, 0]), array([Infinity, 1, NaN, 1, 4e30, 0])),
    [Infinity, Infinity, Infinity, NaN, 5e30, 0],
    "f32",
  ],
  // the least integer, whose absolute value is itself
  [() => np.gcd(array([-128, -128, -128], "i8"), array([-127, 2, 96], "i8")), [1, 2, 32], "i8"],
  [() => np.gcd(array([-(2 ** 31), -(2 ** 31)], "i32"), array([2147483647, 6], "i32")), [1, 2], "i32"],
  [
    () => np.add(A, B),
    [
      [2.5, 0, 3.25],
      [3.5, 8, 13],
    ],
    "f32",
  ],
  [
    () => np.add(A, 1),
    [
      [2, 3, 4],
      [5, 6, 7],
    ],
    "f32",
  ],
  [
    () => np.add(I, 1),
    [
      [8, -6, 4],
      [-2, 1, 6],
    ],
    "i32",
  ],
  [
    () => np.add(A, array([10, 20, 30])),
    [
      [11, 22, 33],
      [14, 25, 36],
    ],
    "f32",
  ],
  [
    () => np.add(array([[1], [2]], "i32"), array([[10, 20, 30]], "i32")),
    [
      [11, 21, 31],
      [12, 22, 32],
    ],
    "i32",
  ],
  [
    () => np.add(M, M),
    [
      [true, false, true],
      [false, true, true],
    ],
    "bool",
  ],
  [() => np.add(U, U), [144, 200, 6], "u8"],
  [
    () => np.subtract(A, B),
    [
      [-0.5, 4, 2.75],
      [4.5, 2, -1],
    ],
    "f32",
  ],
  [
    () => np.subtract(1, A),
    [
      [0, -1, -2],
      [-3, -4, -5],
    ],
    "f32",
  ],
  [
    () => np.multiply(A, B),
    [
      [1.5, -4, 0.75],
      [-2, 15, 42],
    ],
    "f32",
  ],
  [
    () => np.multiply(M, I),
    [
      [7, 0, 3],
      [0, 0, 5],
    ],
    "i32",
  ],
  [
    () => np.divide(I, J),
    [
      [3.5, -3.5, -1.5],
      [-1.5, 0, -1.25],
    ],
    "f32",
  ],
  [() => np.divide(7, array(2, "i32")), 3.5, "f32"],
  [
    () => np.divide(A, array([0, 1, 2])),
    [
      [Infinity, 2, 1.5],
      [Infinity, 5, 3],
    ],
    "f32",
  ],
  [
    () => np.floorDivide(I, J),
    [
      [3, -4, -2],
      [-2, 0, -2],
    ],
    "i32",
  ],
  [
    () => np.floorDivide(B, A),
    [
      [1, -1, 0],
      [-1, 0, 1],
    ],
    "f32",
  ],
  [
    () => np.floorDivide(B, -0.5),
    [
      [-3, 4, -1],
      [1, -6, -14],
    ],
    "f32",
  ],
  [() => np.floorDivide(array(1), 0.1), 9, "f32"],
  // quotients that no rounding on the way may change; the exact ones are 14638120.749, 12432970.59 and 4319275466712815.5
  [
    () => np.floorDivide(array([20459062, 17534478]), array([1.3976563215255737, 1.4103208780288696])),
    [14638120, 12432970],
    "f32",
  ],
  [
    () => np.floorDivide(array([-8.68426161793495e-219], "f64"), array([-2.0105829519005204e-234], "f64")),
    [4319275466712815],
    "f64",
  ],
  [() => np.floorDivide(array([-1, 1, -0]), array([Infinity, -Infinity, 7])), [-1, -1, -0], "f32"],
  // bools count as 0 and 1
  [() => np.power(array([true, true, false, false]), array([true, false, true, false])), [1, 1, 0, 1], "i32"],
  [() => np.remainder(array([true, false]), true), [0, 0], "i32"],
  [() => np.fmod(array([true, false]), true), [0, 0], "i32"],
  [() => np.floorDivide(array([true, false]), true), [1, 0], "i32"],
  [() => np.floorDivide(U, array([7, 3, 2], "u8")), [28, 33, 1], "u8"],
  [
    () => np.remainder(I, J),
    [
      [1, 1, -1],
      [1, 0, -3],
    ],
    "i32",
  ],
  [
    () => np.mod(B, A),
    [
      [0.5, 0, 0.25],
      [3.5, 3, 1],
    ],
    "f32",
  ],
  [
    () => np.remainder(B, -2),
    [
      [-0.5, -0, -1.75],
      [-0.5, -1, -1],
    ],
    "f32",
  ],
  [() => np.remainder(array([5, -5]), Infinity), [5, Infinity], "f32"],
  [
    () => np.fmod(I, J),
    [
      [1, -1, 1],
      [-1, 0, 1],
    ],
    "i32",
  ],
  [
    () => np.fmod(B, 2),
    [
      [1.5, -0, 0.25],
      [-0.5, 1, 1],
    ],
    "f32",
  ],
  [
    () => np.divmod(I, J),
    [
      [
        [3, -4, -2],
        [-2, 0, -2],
      ],
      [
        [1, 1, -1],
        [1, 0, -3],
      ],
    ],
  ],
  [
    () => np.power(A, 2),
    [
      [1, 4, 9],
      [16, 25, 36],
    ],
    "f32",
  ],
  [
    () => np.power(A, -1),
    [
      [1, 0.5, 0.333333333],
      [0.25, 0.2, 0.166666667],
    ],
    "f32",
  ],
  [
    () => np.power(A, 0.5),
    [
      [1, 1.41421356, 1.73205081],
      [2, 2.23606798, 2.44948974],
    ],
    "f32",
  ],
  [
    () => np.power(2, A),
    [
      [2, 4, 8],
      [16, 32, 64],
    ],
    "f32",
  ],
  [
    () => np.power(I, 3),
    [
      [343, -343, 27],
      [-27, 0, 125],
    ],
    "i32",
  ],
  [() => np.power(array([2, 3, -2], "i32"), array([10, 4, 3], "i32")), [1024, 81, -8], "i32"],
  [() => np.floatPower(array([2, 3], "i32"), -1), [0.5, 0.333333333], "f32"],
  [
    () => np.maximum(A, B),
    [
      [1.5, 2, 3],
      [4, 5, 7],
    ],
    "f32",
  ],
  [
    () => np.minimum(N, 2),
    [
      [1, NaN, 2],
      [2, 2, NaN],
    ],
    "f32",
  ],
  [
    () => np.maximum(N, 2),
    [
      [2, NaN, 3],
      [4, 5, NaN],
    ],
    "f32",
  ],
  [
    () => np.fmax(N, 2),
    [
      [2, 2, 3],
      [4, 5, 2],
    ],
    "f32",
  ],
  [
    () => np.fmin(2, N),
    [
      [1, 2, 2],
      [2, 2, 2],
    ],
    "f32",
  ],
  [
    () => np.maximum(M, false),
    [
      [true, false, true],
      [false, true, true],
    ],
    "bool",
  ],
  [
    () => np.negative(I),
    [
      [-7, 7, -3],
      [3, 0, -5],
    ],
    "i32",
  ],
  [
    () => np.positive(B),
    [
      [1.5, -2, 0.25],
      [-0.5, 3, 7],
    ],
    "f32",
  ],
  [
    () => np.abs(I),
    [
      [7, 7, 3],
      [3, 0, 5],
    ],
    "i32",
  ],
  [() => np.abs(U), [200, 100, 3], "u8"],
  [
    () => np.fabs(I),
    [
      [7, 7, 3],
      [3, 0, 5],
    ],
    "f32",
  ],
  [
    () => np.sign(B),
    [
      [1, -1, 1],
      [-1, 1, 1],
    ],
    "f32",
  ],
  [
    () => np.sign(I),
    [
      [1, -1, 1],
      [-1, 0, 1],
    ],
    "i32",
  ],
  [
    () => np.square(B),
    [
      [2.25, 4, 0.0625],
      [0.25, 9, 49],
    ],
    "f32",
  ],
  [
    () => np.square(I),
    [
      [49, 49, 9],
      [9, 0, 25],
    ],
    "i32",
  ],
  [
    () => np.sqrt(A),
    [
      [1, 1.41421356, 1.73205081],
      [2, 2.23606798, 2.44948974],
    ],
    "f32",
  ],
  [() => np.sqrt(array([-1, 0, Infinity])), [NaN, 0, Infinity], "f32"],
  [
    () => np.cbrt(B),
    [
      [1.14471424, -1.25992105, 0.629960525],
      [-0.793700526, 1.44224957, 1.91293118],
    ],
    "f32",
  ],
  [
    () => np.reciprocal(B),
    [
      [0.666666667, -0.5, 4],
      [-2, 0.333333333, 0.142857143],
    ],
    "f32",
  ],
  [
    () => np.rsqrt(A),
    [
      [1, 0.707106781, 0.577350269],
      [0.5, 0.447213595, 0.40824829],
    ],
    "f32",
  ],
  [
    () => np.exp(B),
    [
      [4.48168907, 0.135335283, 1.28402542],
      [0.60653066, 20.0855369, 1096.63316],
    ],
    "f32",
  ],
  [
    () => np.exp2(B),
    [
      [2.82842712, 0.25, 1.18920712],
      [0.707106781, 8, 128],
    ],
    "f32",
  ],
  [
    () => np.expm1(B),
    [
      [3.48168907, -0.864664717, 0.284025417],
      [-0.39346934, 19.0855369, 1095.63316],
    ],
    "f32",
  ],
  [
    () => np.exp(I),
    [
      [1096.63316, 0.000911881966, 20.0855369],
      [0.0497870684, 1, 148.413159],
    ],
    "f32",
  ],
  [
    () => np.log(A),
    [
      [0, 0.693147181, 1.09861229],
      [1.38629436, 1.60943791, 1.79175947],
    ],
    "f32",
  ],
  [() => np.log(array([-1, 0])), [NaN, -Infinity], "f32"],
  [() => np.log2(array([1, 8, 1000])), [0, 3, 9.96578428], "f32"],
  [() => np.log10(array([1, 1000, 0.001])), [0, 3, -3], "f32"],
  [
    () => np.log1p(A),
    [
      [0.693147181, 1.09861229, 1.38629436],
      [1.60943791, 1.79175947, 1.94591015],
    ],
    "f32",
  ],
  [
    () => np.sin(B),
    [
      [0.997494987, -0.909297427, 0.247403959],
      [-0.479425539, 0.141120008, 0.656986599],
    ],
    "f32",
  ],
  [
    () => np.cos(B),
    [
      [0.0707372017, -0.416146837, 0.968912422],
      [0.877582562, -0.989992497, 0.753902254],
    ],
    "f32",
  ],
  [
    () => np.tan(B),
    [
      [14.1014199, 2.18503986, 0.255341921],
      [-0.54630249, -0.142546543, 0.871447983],
    ],
    "f32",
  ],
  [() => np.arcsin(array([-1, 0, 0.5, 2])), [-1.57079633, 0, 0.523598776, NaN], "f32"],
  [() => np.arccos(array([-1, 0, 0.5, 1])), [3.14159265, 1.57079633, 1.04719755, 0], "f32"],
  [
    () => np.arctan(B),
    [
      [0.982793723, -1.10714872, 0.244978663],
      [-0.463647609, 1.24904577, 1.42889927],
    ],
    "f32",
  ],
  [
    () => np.sinh(B),
    [
      [2.12927946, -3.62686041, 0.252612317],
      [-0.521095305, 10.0178749, 548.316123],
    ],
    "f32",
  ],
  [
    () => np.cosh(B),
    [
      [2.35240962, 3.76219569, 1.0314131],
      [1.12762597, 10.067662, 548.317035],
    ],
    "f32",
  ],
  [
    () => np.tanh(B),
    [
      [0.905148254, -0.96402758, 0.244918662],
      [-0.462117157, 0.995054754, 0.999998337],
    ],
    "f32",
  ],
  [
    () => np.arcsinh(B),
    [
      [1.19476322, -1.44363548, 0.247466462],
      [-0.481211825, 1.81844646, 2.64412076],
    ],
    "f32",
  ],
  [
    () => np.arccosh(A),
    [
      [0, 1.3169579, 1.76274717],
      [2.06343707, 2.29243167, 2.47788873],
    ],
    "f32",
  ],
  [() => np.arctanh(array([-0.5, 0, 0.9])), [-0.549306144, 0, 1.47221949], "f32"],
  [
    () => np.arctan2(B, A),
    [
      [0.982793723, -0.785398163, 0.0831412319],
      [-0.124354995, 0.5404195, 0.862170055],
    ],
    "f32",
  ],
  [() => np.arctan2(array([0, 0, 1, -1]), array([1, -1, 0, 0])), [0, 3.14159265, 1.57079633, -1.57079633], "f32"],
  [
    () => np.hypot(A, B),
    [
      [1.80277564, 2.82842712, 3.01039864],
      [4.03112887, 5.83095189, 9.21954446],
    ],
    "f32",
  ],
  [() => np.hypot(array([0, 3e20]), array([0, 4e20])), [0, 5e20], "f32"],
  [
    () => np.logaddexp(A, B),
    [
      [1.97407698, 2.01814993, 3.06196759],
      [4.01104774, 5.12692801, 7.31326169],
    ],
    "f32",
  ],
  [
    () => np.logaddexp(array([-Infinity, Infinity, 1e3]), array([-Infinity, Infinity, 1e3])),
    [-Infinity, Infinity, 1000.69315],
    "f32",
  ],
  [
    () => np.logaddexp2(A, B),
    [
      [2.2715533, 2.08746284, 3.19994038],
      [4.06239001, 5.32192809, 7.5849625],
    ],
    "f32",
  ],
  [() => np.logaddexp2(array([-Infinity, 3]), array([-Infinity, 3])), [-Infinity, 4], "f32"],
  [
    () => np.erf(B),
    [
      [0.966105146, -0.995322265, 0.27632639],
      [-0.520499878, 0.99997791, 1],
    ],
    "f32",
  ],
  [
    () => np.erfc(B),
    [
      [0.0338948535, 1.99532227, 0.72367361],
      [1.52049988, 2.2090497e-5, 4.18382561e-23],
    ],
    "f32",
  ],
  [
    () => np.sinc(B),
    [
      [-0.212206591, -3.89817183e-17, 0.900316316],
      [0.636619772, 3.89817183e-17, 3.89817183e-17],
    ],
    "f32",
  ],
  [
    () => np.i0(A),
    [
      [1.26606588, 2.2795853, 4.88079259],
      [11.301922, 27.2398718, 67.234407],
    ],
    "f32",
  ],
  [() => np.deg2rad(array([0, 90, 180])), [0, 1.57079633, 3.14159265], "f32"],
  [() => np.rad2deg(array([0, Math.PI])), [0, 180], "f32"],
  [() => np.floor(W), [0, -2, 2, -0, Infinity, NaN], "f32"],
  [() => np.ceil(W), [1, -1, 3, -0, Infinity, NaN], "f32"],
  [() => np.trunc(W), [0, -1, 2, -0, Infinity, NaN], "f32"],
  [() => np.rint(array([0.5, 1.5, 2.5, -0.5, 2.4])), [0, 2, 2, -0, 2], "f32"],
  [() => np.round(array([1.25, 2.675, -1.5])), [1, 3, -2], "f32"],
  [() => np.round(array([1.234, -5.678]), 2), [1.23, -5.68], "f32"],
  [() => np.round(array([1234, 5678]), -2), [1200, 5700], "f32"],
  [
    () => np.floor(I),
    [
      [7, -7, 3],
      [-3, 0, 5],
    ],
    "i32",
  ],
  [
    () => np.modf(array([1.5, -2.25, 3])),
    [
      [0.5, -0.25, 0],
      [1, -2, 3],
    ],
  ],
  [
    () => np.isnan(N),
    [
      [false, true, false],
      [false, false, true],
    ],
    "bool",
  ],
  [() => np.isfinite(W), [true, true, true, true, false, false], "bool"],
  [() => np.isinf(W), [false, false, false, false, true, false], "bool"],
  [() => np.isposinf(W), [false, false, false, false, true, false], "bool"],
  [() => np.isneginf(np.negative(W)), [false, false, false, false, true, false], "bool"],
  [() => np.signbit(W.slice([0, 5])), [false, true, false, true, false], "bool"],
  [
    () => np.isnan(I),
    [
      [false, false, false],
      [false, false, false],
    ],
    "bool",
  ],
  [
    () => np.nanToNum(N),
    [
      [1, 0, 3],
      [4, 5, 0],
    ],
    "f32",
  ],
  [() => np.nanToNum(W, { nan: 7, posinf: 9 }), [0.5, -1.5, 2.5, -0, 9, 7], "f32"],
  [
    () => np.copysign(A, B),
    [
      [1, -2, 3],
      [-4, 5, 6],
    ],
    "f32",
  ],
  [() => np.heaviside(array([-1, 0, 2, NaN]), 0.5), [0, 0.5, 1, NaN], "f32"],
  [
    () => np.ldexp(A, array([1, 2, -1], "i32")),
    [
      [2, 8, 1.5],
      [8, 20, 3],
    ],
    "f32",
  ],
  [() => np.nextafter(array(1), 2), 1.00000012, "f32"],
  [() => np.gcd(array([12, 18, 0, -4], "i32"), array([8, 27, 5, 6], "i32")), [4, 9, 5, 2], "i32"],
  [() => np.lcm(array([4, 6, 0], "i32"), array([6, 8, 3], "i32")), [12, 24, 0], "i32"],
  [
    () => np.equal(A, 3),
    [
      [false, false, true],
      [false, false, false],
    ],
    "bool",
  ],
  [
    () => np.notEqual(I, J),
    [
      [true, true, true],
      [true, true, true],
    ],
    "bool",
  ],
  [
    () => np.less(A, B),
    [
      [true, false, false],
      [false, false, true],
    ],
    "bool",
  ],
  [
    () => np.lessEqual(A, 2),
    [
      [true, true, false],
      [false, false, false],
    ],
    "bool",
  ],
  [
    () => np.greater(N, 2),
    [
      [false, false, true],
      [true, true, false],
    ],
    "bool",
  ],
  [
    () => np.greaterEqual(3, A),
    [
      [true, true, true],
      [false, false, false],
    ],
    "bool",
  ],
  [
    () => np.equal(N, N),
    [
      [true, false, true],
      [true, true, false],
    ],
    "bool",
  ],
  [() => np.less(array(-1, "i32"), array(1, "u8")), true, "bool"],
  [
    () => np.logicalAnd(M, A),
    [
      [true, false, true],
      [false, true, true],
    ],
    "bool",
  ],
  [
    () => np.logicalOr(M, array([0, 1, 0])),
    [
      [true, true, true],
      [false, true, true],
    ],
    "bool",
  ],
  [
    () => np.logicalXor(M, true),
    [
      [false, true, false],
      [true, false, false],
    ],
    "bool",
  ],
  [
    () => np.logicalNot(I),
    [
      [false, false, false],
      [false, true, false],
    ],
    "bool",
  ],
  [
    () => np.bitwiseAnd(I, J),
    [
      [2, 0, 2],
      [0, 0, 4],
    ],
    "i32",
  ],
  [
    () => np.bitwiseOr(I, 8),
    [
      [15, -7, 11],
      [-3, 8, 13],
    ],
    "i32",
  ],
  [
    () => np.bitwiseXor(I, J),
    [
      [5, -5, -3],
      [-1, 3, -7],
    ],
    "i32",
  ],
  [
    () => np.bitwiseNot(I),
    [
      [-8, 6, -4],
      [2, -1, -6],
    ],
    "i32",
  ],
  [
    () => np.invert(M),
    [
      [false, true, false],
      [true, false, false],
    ],
    "bool",
  ],
  [
    () => np.bitwiseAnd(M, true),
    [
      [true, false, true],
      [false, true, true],
    ],
    "bool",
  ],
  [
    () => np.leftShift(I, 2),
    [
      [28, -28, 12],
      [-12, 0, 20],
    ],
    "i32",
  ],
  [
    () => np.rightShift(I, 1),
    [
      [3, -4, 1],
      [-2, 0, 2],
    ],
    "i32",
  ],
  [() => np.rightShift(U, 3), [25, 12, 0], "u8"],
  [() => np.bitwiseCount(array([0, 1, 255, 7], "u8")), [0, 1, 8, 3], "u8"],
  [() => np.bitwiseCount(array([-1, -7, 7, -2147483648], "i32")), [1, 3, 3, 1], "i32"],
  [
    () => np.where(M, A, B),
    [
      [1, -2, 3],
      [-0.5, 5, 6],
    ],
    "f32",
  ],
  [
    () => np.where(M, A, 0),
    [
      [1, 0, 3],
      [0, 5, 6],
    ],
    "f32",
  ],
  [
    () => np.where(M, 1, 0),
    [
      [1, 0, 1],
      [0, 1, 1],
    ],
    "f32",
  ],
  [
    () => np.where(array([true, false, true]), array([[1], [2]]), B),
    [
      [1, -2, 1],
      [2, 3, 2],
    ],
    "f32",
  ],
  [
    () => np.where(M, I, array(0.5)),
    [
      [7, 0.5, 3],
      [0.5, 0, 5],
    ],
    "f32",
  ],
  [
    () => np.clip(B, -1, 2),
    [
      [1.5, -1, 0.25],
      [-0.5, 2, 2],
    ],
    "f32",
  ],
  [
    () => np.clip(I, null, 4),
    [
      [4, -7, 3],
      [-3, 0, 4],
    ],
    "i32",
  ],
  [
    () => np.clip(B, array([0, -1, 0.5]), 3),
    [
      [1.5, -1, 0.5],
      [0, 3, 3],
    ],
    "f32",
  ],
  [
    () => np.select([np.less(A, 2), np.less(A, 5)], [A, np.negative(A)], 100),
    [
      [1, -2, -3],
      [-4, 100, 100],
    ],
    "f32",
  ],
  [() => np.isclose(array([1, 1.000001, 2, NaN]), array([1, 1, 2.1, NaN])), [true, true, false, false], "bool"],
  [
    () => np.isclose(array([NaN, Infinity, -Infinity]), array([NaN, Infinity, Infinity]), { equalNan: true }),
    [true, true, false],
    "bool",
  ],
  [() => np.allclose(A, np.add(A, 1e-9)), true, "bool"],
  [() => np.arrayEqual(A, A), true, "bool"],
  [() => np.arrayEqual(A, V), false, "bool"],
  [() => np.arrayEqual(N, N, { equalNan: true }), true, "bool"],
  [() => np.arrayEquiv(A, array([1, 2, 3])), false, "bool"],
  [() => np.exp(E), empty(0, 3), "f32"],
  [() => np.add(E, 1), empty(0, 3), "f32"],
  [() => np.add(E, array([1, 2, 3])), empty(0, 3), "f32"],
  [() => np.multiply(Z, Z), 6.25, "f32"],
  [
    () => A.add(1).mul(2).sub(B).div(3),
    [
      [0.833333333, 2.66666667, 2.58333333],
      [3.5, 3, 2.33333333],
    ],
    "f32",
  ],
  [
    () => A.pow(2).neg().abs().sqrt().log().exp(),
    [
      [1, 2, 3],
      [4, 5, 6],
    ],
    "f32",
  ],
  [
    () => A.greater(3).logicalAnd(A.less(6)).logicalNot(),
    [
      [true, true, true],
      [false, false, true],
    ],
    "bool",
  ],
  [
    () => I.mod(4).floorDivide(2),
    [
      [1, 0, 1],
      [0, 0, 0],
    ],
    "i32",
  ],
]);
