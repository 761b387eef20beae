/** Elementary functions that arrays have no methods for, and the error function, by the names of their primitives. */
import {
  erfcF64,
  erfcShort,
  erfF32,
  erfF64,
  erfInvCentralF32,
  erfInvF32,
  erfInvF64,
  isOuter,
} from "./error-function.js";
import { cosh, sinh } from "./exponential.js";
import { type MathGroup, viaDouble } from "./handed-over.js";
import { acos, acosh, asin, asinh, atan2, atanF32, atanF64, atanh } from "./inverse-trigonometric.js";
import { cbrt } from "./logarithm.js";
import { isHuge, isLarge, isLargeF64, tanF32, tanF64, tanMedium, tanSmall, tanSmallF64 } from "./trigonometric.js";

const COMMON = { sinh, cosh, cbrt, asin, acos, atan2, asinh, acosh, atanh };

export const extended = {
  functions: { tan: tanF64 },
  inline: {
    f32: { ...COMMON, tan: tanF32, atan: atanF32, erf: erfF32, erfc: viaDouble(erfcShort), erf_inv: erfInvF32 },
    f64: { ...COMMON, atan: atanF64, erf: erfF64, erfc: erfcF64, erf_inv: erfInvF64 },
  },
  short: {
    f32: {
      tan: { usual: tanSmall, beyond: isLarge, right: tanF32, medium: { usual: tanMedium, beyond: isHuge } },
      erf_inv: {
        usual: erfInvCentralF32,
        beyond: isOuter,
        right: erfInvF32,
        medium: { usual: (x) => x, beyond: isOuter },
      },
    },
    f64: { tan: { usual: tanSmallF64, beyond: isLargeF64 } },
  },
} satisfies MathGroup;
