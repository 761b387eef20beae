/** Every error code with the remedy that is used when the raiser has no better one: all of the catalogue that a program needs. */
export const HELP = {
  // 1xxx: tracing and values
  TW1001:
    "use np.where, cond, whileLoop or scan instead of a JavaScript condition, or mark the argument static (staticArgnums)",
  TW1002: "return the value from the function instead of storing it outside",
  TW1003: "pass an array, a number, a boolean or a tree of them",
  TW1004: "use methods: x.add(y), x.mul(y), x.less(y); operators belong into staged code",
  TW1005: "trace a plain function; await outside of it",
  TW1006: "static arguments are JavaScript values known when the function is compiled; drop arrays from staticArgnums",
  TW1007: "compare the call with the documentation of the function",
  TW1008: "use the result of the call that took the array, or drop it from donate",
  TW1009: "both sides must have the same keys, lengths and kinds of containers; tree.structure(x) prints them",
  TW1010:
    "use np.where, cond or whileLoop, mark the argument static (staticArgnums), or capture the source with tilework/plugin",
  TW1011: "write functions of an instance as methods, private fields without #, and objects with arrays as models",
  TW1012: "return the new value, or a new model: tree.map((w, g) => w.sub(g), model, gradients)",
  // 2xxx: shapes, dtypes, axes
  TW2001: "print the shapes (x.shape) on both sides; reshape, slice or transpose one of them",
  TW2002: "sizes must be equal or 1, counted from the last axis; insert axes with np.expandDims",
  TW2003: "transpose one side, or name the axes with np.einsum or lax.dotGeneral",
  TW2004: "an array of rank n has the axes -n to n - 1; x.ndim is its rank",
  TW2005: "convert the array with .astype(dtype)",
  TW2006: "convert one side with .astype(dtype)",
  TW2007: "add axes with np.expandDims, drop them with np.squeeze, or map over them with vmap",
  TW2008: "the product of the sizes must stay the same; one size may be -1",
  TW2009: "indices run from -n to n - 1 along an axis of n elements",
  TW2010: "convert the array with .astype('f32') first",
  TW2011: "compare the parameter with the documentation of the operation",
  TW2012: "use np.where(mask, x, fill), or index outside jit",
  TW2013: 'write dims as integers and names with + - * and //, such as "2*n" or "h//2"',
  TW2014: "give a literal size",
  TW2015: "pass arrays of these shapes and dtypes, or change the spec",
  // 3xxx: transformations
  TW3001: "reduce the output (np.sum, np.mean), or use vjp, jacrev or jacfwd",
  TW3002: "convert the input with .astype('f32'), or leave it out of argnums",
  TW3003: "use scan or foriLoop with a static trip count, jvp or jacfwd, or customRoot for a fixed point",
  TW3004: "stop the gradient there (lax.stopGradient), or give the function a rule with customJvp or customVjp",
  TW3005: "mapped axes must have one size; give null in inAxes to what is not mapped",
  TW3006: "inAxes and outAxes name axes of the arguments and results, or null; one entry for each argument",
  TW3007: "give the name to vmap(f, { axisName })",
  TW3008: "return a carry of the shape and dtype that the body was given (astype, reshape)",
  TW3009: "make all branches return the same structure, shapes and dtypes",
  TW3010: "a rule returns results and (co)tangents of the shapes and dtypes of what they belong to",
  TW3011: "linearize gives the linear part of any function",
  TW3012: "drop { ordered: true }, or call the function in scan or map instead of vmap",
  TW3013:
    "move the collective outside of the branch or loop, and choose with np.where, or make the predicate the same for all (psum, pmax)",
  // 4xxx: running
  TW4001: "use smaller batches, donate inputs, or checkpoint the function",
  TW4002: "look at the named operation; debug.print shows its inputs",
  TW4003:
    "use the value before the scope of its `using` ends, or declare it with const: arrays are collected by themselves",
  TW4004: "pass a function made by jit, or a file that exports one",
  TW4005: "programs are written as printProgram writes them",
  TW4006: "print the program instead: printProgram(makeProgram(f)(…))",
  TW4007: "this is a mistake in Tilework: please report it with the program (makeProgram shows it)",
  TW4008:
    "a worker thread was stopped or hangs; configure({ workerTimeout }) allows more time, configure({ threads: 1 }) does without workers",
  // 5xxx: files
  TW5001: "check that the file is complete and of this format",
  TW5002: "convert the file to one of the dtypes of Tilework with the program that wrote it",
  TW5003: "the error lists the names that the file has",
  // 6xxx: the installation
  TW6001: "the error names the line that installs it",
  TW6002: "build a function of arrays, lists and plain objects that does not call back into JavaScript",
  // 7xxx: source capture
  TW7001: "write it with functions, loops, conditions and expressions, or move it outside of the staged function",
  TW7002: "catch outside of the staged function, or test the condition with if",
  TW7003: "use let or const",
  TW7004: "return the new value and assign it outside",
  TW7005: "reduce it with np.all or np.any, or choose elementwise with np.where or ?:",
  TW7006: "give it a value before the if or the loop",
  TW7007: "give it the same structure, shape and dtype on both",
  TW7008: "convert its first value, or the new one: a variable that a loop carries keeps its shape and dtype",
  TW7009: "loop over range(n): it becomes one scan, with a traced index",
  TW7010: "assign to a variable instead, or build a new object",
  TW7011: "write it as a loop",
  TW7012: "arrays keep their values: x = x.at(i).set(v)",
  TW7013: "return a value that says so, or check outside of the staged function",
  TW7014: "stack the elements to one array, or loop over the list itself",
  TW7015: "use the function of numpy that does it",
  TW7030: "write jit(function …) (kernel(…) likewise), or let tilework/plugin or tilework/register read the source",
  TW7031: "pass arrays (np.array(3)), or say what comes back: tensor(f(3)) in staged code, await f(x).data() outside",
  TW7016: "build again: the build plugin and the package must have one version",
} as const satisfies Readonly<Record<`TW${number}`, string>>;

export type Code = keyof typeof HELP;
