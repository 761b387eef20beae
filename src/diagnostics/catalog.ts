/** What every error code means: one entry per kind of mistake. */
import { type Code, HELP } from "./help.js";

export interface CatalogEntry {
  readonly title: string;
  readonly help: string;
}

const TITLES: Readonly<Record<Code, string>> = {
  // 1xxx: tracing and values
  TW1001: "A traced value has no concrete number",
  TW1002: "A traced value escaped the function that was being traced",
  TW1003: "Not an array",
  TW1004: "JavaScript operators do not work on arrays",
  TW1005: "A transformed function must be synchronous",
  TW1006: "A static argument cannot be used as a cache key",
  TW1007: "Wrong number or kind of arguments",
  TW1008: "The array was donated and no longer holds data",
  TW1009: "Wrong tree structure",
  TW1010: "A JavaScript condition on a traced value",
  TW1011: "A model cannot hold this",
  TW1012: "An assignment to a model that would be lost",
  // 2xxx: shapes, dtypes, axes
  TW2001: "Shapes do not match",
  TW2002: "Shapes cannot be broadcast together",
  TW2003: "Contracting dimensions differ",
  TW2004: "Axis out of range",
  TW2005: "Dtype is not accepted",
  TW2006: "Dtypes differ",
  TW2007: "Wrong rank",
  TW2008: "Reshape changes the number of elements",
  TW2009: "Index out of range",
  TW2010: "A non-integer number meets an integer array",
  TW2011: "Invalid parameter of an operation",
  TW2012: "A boolean mask makes a shape that depends on values",
  TW2013: "A dimension expression cannot be read",
  TW2014: "The size must be known here",
  TW2015: "The value is not what its spec says",
  // 3xxx: transformations
  TW3001: "grad needs a scalar output",
  TW3002: "grad needs floating-point inputs",
  TW3003: "whileLoop has no reverse mode",
  TW3004: "Not differentiable",
  TW3005: "vmap: sizes of mapped axes differ",
  TW3006: "vmap: bad axes",
  TW3007: "Unknown axis name",
  TW3008: "Carry type changes in a loop",
  TW3009: "Branches return different types",
  TW3010: "A custom rule returned something of the wrong type",
  TW3011: "The function is not linear in its inputs",
  TW3012: "An ordered effect cannot be batched",
  TW3013: "A collective stands under a predicate that varies along its axis",
  // 4xxx: running
  TW4001: "Out of memory",
  TW4002: "A NaN was produced",
  TW4003: "The array was given back",
  TW4004: "The file holds no program that can be shown",
  TW4005: "The text of a program cannot be read",
  TW4006: "The program cannot be written as source",
  TW4007: "The compiled program stopped",
  TW4008: "A worker thread did not finish its part",
  // 5xxx: files
  TW5001: "The file is not valid",
  TW5002: "The file holds a dtype that Tilework does not have",
  TW5003: "The entry is not in the file",
  // 6xxx: the installation
  TW6001: "An optional package is not installed",
  TW6002: "A function cannot be built ahead of time",
  // 7xxx: source capture
  TW7001: "Source capture does not know this construct",
  TW7002: "try in a staged function",
  TW7003: "var in a staged function",
  TW7004: "Assignment to what lies outside of a staged function",
  TW7005: "A condition over several elements",
  TW7006: "A variable has no value on one of the ways to here",
  TW7007: "A value has different types on the ways to here",
  TW7008: "A variable changes its type in a loop",
  TW7009: "A loop is too long, or a recursion too deep, to be unrolled",
  TW7010: "A side effect that the compiled program would not have",
  TW7011: "Recursion under a condition that only the run decides",
  TW7012: "An array is written in place",
  TW7013: "throw under a condition that only the run decides",
  TW7014: "A traced index meets a JavaScript list",
  TW7015: "JavaScript has no such operation on traced values",
  TW7030: "A decorator or directive that nobody reads",
  TW7031: "A staged function called with plain numbers",
  TW7016: "The captured source is of another version",
  TW7017: "A name around a function that is read without tooling",
  TW7018: "The source of a function cannot be read",
  // 8xxx: kernels
  TW8001: "A function of the kernel language outside of a kernel",
  TW8002: "A reference is used as a value",
  TW8003: "The kernel language does not take this",
  TW8004: "An index does not fit the reference",
  TW8005: "A mask does not fit the block",
  TW8006: "A value has another dtype than the reference",
  TW8007: "A store to an argument of a kernel",
  TW8008: "Blocks of different shapes",
  TW8009: "A constant of a kernel is missing or unknown",
  TW8010: "The grid of a kernel is wrong, or has no such axis",
  TW8011: "Blocks of these dtypes have no product",
  TW8012: "A size or a constant of a kernel is not known when it is compiled",
  TW8013: "The function cannot be a kernel",
  TW8014: "A static assertion does not hold",
  TW8015: "An assertion in a kernel does not hold",
  TW8016: "What a kernel gives is not described",
  TW8017: "return in a loop that the run decides",
  // 81xx: what the interpreter of kernels finds
  TW8030: "A constant is chosen by autotune and given in the call",
  TW8031: "No configuration of a kernel works",
  TW8101: "A kernel reads or writes outside of an array",
  TW8102: "A kernel reads what nothing was written to",
  TW8103: "Two programs of a kernel meet at an element",
  TW8104: "Two lanes of a store write one element",
  TW8105: "The kernel cannot be interpreted",
};

const CODES = Object.keys(HELP) as Code[];

export const CATALOG = Object.fromEntries(
  CODES.map((code): [Code, CatalogEntry] => [code, { title: TITLES[code], help: HELP[code] }]),
) as Readonly<Record<Code, CatalogEntry>>;
