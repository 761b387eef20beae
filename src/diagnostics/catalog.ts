/** What every error code means. One entry per kind of mistake; `help` is the remedy used when the raiser has no better one. */
export interface CatalogEntry {
  readonly title: string;
  readonly help?: string;
}

function entries<K extends string>(table: Record<K, CatalogEntry>): Record<K, CatalogEntry> {
  return table;
}

export const CATALOG = entries({
  // 1xxx: tracing and values
  TW1001: {
    title: "A traced value has no concrete number",
    help: "use np.where, cond, whileLoop or scan instead of a JavaScript condition, or mark the argument static (staticArgnums)",
  },
  TW1002: {
    title: "A traced value escaped the function that was being traced",
    help: "return the value from the function instead of storing it outside",
  },
  TW1003: { title: "Not an array", help: "pass an array, a number, a boolean or a tree of them" },
  TW1004: { title: "JavaScript operators do not work on arrays", help: "use methods: x.add(y), x.mul(y), x.less(y)" },
  TW1005: { title: "A transformed function must be synchronous", help: "trace a plain function; await outside of it" },
  TW1006: {
    title: "A static argument cannot be used as a cache key",
    help: "static arguments are JavaScript values known when the function is compiled; drop arrays from staticArgnums",
  },
  TW1007: {
    title: "Wrong number or kind of arguments",
    help: "compare the call with the documentation of the function",
  },
  TW1008: {
    title: "The array was donated and no longer holds data",
    help: "use the result of the call that took the array, or drop it from donate",
  },
  TW1009: {
    title: "Wrong tree structure",
    help: "both sides must have the same keys, lengths and kinds of containers; tree.structure(x) prints them",
  },
  // 2xxx: shapes, dtypes, axes
  TW2001: {
    title: "Shapes do not match",
    help: "print the shapes (x.shape) on both sides; reshape, slice or transpose one of them",
  },
  TW2002: {
    title: "Shapes cannot be broadcast together",
    help: "sizes must be equal or 1, counted from the last axis; insert axes with np.expandDims",
  },
  TW2003: {
    title: "Contracting dimensions differ",
    help: "transpose one side, or name the axes with np.einsum or lax.dotGeneral",
  },
  TW2004: { title: "Axis out of range", help: "an array of rank n has the axes -n to n - 1; x.ndim is its rank" },
  TW2005: { title: "Dtype is not accepted", help: "convert the array with .astype(dtype)" },
  TW2006: { title: "Dtypes differ", help: "convert one side with .astype(dtype)" },
  TW2007: {
    title: "Wrong rank",
    help: "add axes with np.expandDims, drop them with np.squeeze, or map over them with vmap",
  },
  TW2008: {
    title: "Reshape changes the number of elements",
    help: "the product of the sizes must stay the same; one size may be -1",
  },
  TW2009: { title: "Index out of range", help: "indices run from -n to n - 1 along an axis of n elements" },
  TW2010: { title: "A non-integer number meets an integer array", help: "convert the array with .astype('f32') first" },
  TW2011: {
    title: "Invalid parameter of an operation",
    help: "compare the parameter with the documentation of the operation",
  },
  TW2012: {
    title: "A boolean mask makes a shape that depends on values",
    help: "use np.where(mask, x, fill), or index outside jit",
  },
  TW2013: {
    title: "A dimension expression cannot be read",
    help: 'write dims as integers and names with + - * and //, such as "2*n" or "h//2"',
  },
  TW2014: { title: "The size must be known here", help: "give a literal size" },
  // 3xxx: transformations
  TW3001: {
    title: "grad needs a scalar output",
    help: "reduce the output (np.sum, np.mean), or use vjp, jacrev or jacfwd",
  },
  TW3002: {
    title: "grad needs floating-point inputs",
    help: "convert the input with .astype('f32'), or leave it out of argnums",
  },
  TW3003: {
    title: "whileLoop has no reverse mode",
    help: "use scan or foriLoop with a static trip count, jvp or jacfwd, or customRoot for a fixed point",
  },
  TW3004: {
    title: "Not differentiable",
    help: "stop the gradient there (lax.stopGradient), or give the function a rule with customJvp or customVjp",
  },
  TW3005: {
    title: "vmap: sizes of mapped axes differ",
    help: "mapped axes must have one size; give null in inAxes to what is not mapped",
  },
  TW3006: {
    title: "vmap: bad axes",
    help: "inAxes and outAxes name axes of the arguments and results, or null; one entry for each argument",
  },
  TW3007: { title: "Unknown axis name", help: "give the name to vmap(f, { axisName })" },
  TW3008: {
    title: "Carry type changes in a loop",
    help: "return a carry of the shape and dtype that the body was given (astype, reshape)",
  },
  TW3009: {
    title: "Branches return different types",
    help: "make all branches return the same structure, shapes and dtypes",
  },
  TW3010: {
    title: "A custom rule returned something of the wrong type",
    help: "a rule returns results and (co)tangents of the shapes and dtypes of what they belong to",
  },
  TW3011: {
    title: "The function is not linear in its inputs",
    help: "linearize gives the linear part of any function",
  },
  TW3012: {
    title: "An ordered effect cannot be batched",
    help: "drop { ordered: true }, or call the function in scan or map instead of vmap",
  },
  TW3013: {
    title: "A collective stands under a predicate that varies along its axis",
    help: "move the collective outside of the branch or loop, and choose with np.where, or make the predicate the same for all (psum, pmax)",
  },
  // 4xxx: running
  TW4001: { title: "Out of memory", help: "use smaller batches, donate inputs, or checkpoint the function" },
  TW4002: { title: "A NaN was produced", help: "look at the named operation; debug.print shows its inputs" },
  TW4003: {
    title: "The array was given back",
    help: "use the value before the scope of its `using` ends, or declare it with const: arrays are collected by themselves",
  },
  TW4004: {
    title: "The file holds no program that can be shown",
    help: "pass a function made by jit, or a file that exports one",
  },
  TW4005: { title: "The text of a program cannot be read", help: "programs are written as printProgram writes them" },
  TW4006: {
    title: "A view needs a package that is not installed",
    help: "npm install --save-dev binaryen@132.0.0",
  },
  TW4007: {
    title: "The compiled program stopped",
    help: "this is a mistake in Tilework: please report it with the program (makeProgram shows it)",
  },
  // 5xxx: files
  TW5001: { title: "The file is not valid", help: "check that the file is complete and of this format" },
  TW5002: {
    title: "The file holds a dtype that Tilework does not have",
    help: "convert the file to one of the dtypes of Tilework with the program that wrote it",
  },
  TW5003: { title: "The entry is not in the file", help: "the error lists the names that the file has" },
  // 6xxx: the installation
  TW6001: { title: "An optional package is not installed", help: "the error names the line that installs it" },
});

export type Code = keyof typeof CATALOG;
