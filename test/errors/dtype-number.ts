// A fraction beside integers: JavaScript has no way to say which was meant.
import { array } from "tilework";

const counts = array([1, 2, 3], { dtype: "i32" });
counts.mul(0.5);
//     ^ TW2010
