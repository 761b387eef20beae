// A template with a tag of its own.
import { array, jit, type Num } from "tilework";

const join = (texts: TemplateStringsArray, ...values: number[]): number => values[0] * texts.length;
export const y = jit((x: Num<[]>) => join`${x}`)(array(2));
//                                   ^ TW7001
