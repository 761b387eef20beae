// lax functions convert nothing.
import { array, lax } from "tilework";

lax.add(array([1, 2], { dtype: "f64" }), array([1, 2], { dtype: "f32" }));
//  ^ TW2006
