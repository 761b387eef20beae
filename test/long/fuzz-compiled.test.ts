/** Random programs against the laws of the compiler. */
import { COMPILED } from "../laws/fuzz-flavours.js";
import { fuzz } from "./fuzz-batch.js";

fuzz(COMPILED);
