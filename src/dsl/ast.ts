/**
 * The part of TypeScript that capture understands, as plain data: made from source by `dsl/parse`, carried beside the function
 * by what the build plugin writes, and run at trace time by `dsl/interpret`. It holds no types and nothing of the compiler's.
 */

/** Counted up when the meaning or the encoding of a node changes; a record of another version is refused. */
export const AST_VERSION = 2;

/** Where a node stands: offsets from the beginning of its function's text (UTF-16 units), end exclusive. */
export interface Located {
  readonly start: number;
  readonly end: number;
}

export type Expression =
  | Literal
  | Name
  | Captured
  | This
  | OptionalChain
  | Member
  | Index
  | Call
  | New
  | Unary
  | Binary
  | Logical
  | Conditional
  | Assign
  | Update
  | ArrayLiteral
  | ObjectLiteral
  | Template
  | Sequence
  | FunctionNode;

export interface Literal extends Located {
  readonly kind: "literal";
  readonly value: number | string | boolean | bigint | null | undefined;
}
/** A parameter or a variable of the function or of one around it that is itself part of the tree. */
export interface Name extends Located {
  readonly kind: "name";
  readonly name: string;
}
/**
 * A value from outside of the outermost function: a variable, or the longest chain of plain members on one (`np.linalg.inv`),
 * read through a thunk when it is needed. `chain` is its text. Where a member of an object is called, only the object is
 * captured, so that the call has its `this`; members of imported namespaces and of globals such as Math are captured whole.
 */
export interface Captured extends Located {
  readonly kind: "captured";
  readonly chain: string;
  /** Comes from an import of this package: what fails inside of it, fails where it is called. */
  readonly library: boolean;
}
export interface This extends Located {
  readonly kind: "this";
}
/** The whole of `a?.b.c(d)`: undefined when what stands before a `?.` in it is null or undefined. */
export interface OptionalChain extends Located {
  readonly kind: "chain";
  readonly expression: Expression;
}
export interface Member extends Located {
  readonly kind: "member";
  readonly object: Expression;
  readonly property: string;
  /** `a?.b` */
  readonly optional: boolean;
}
export interface Index extends Located {
  readonly kind: "index";
  readonly object: Expression;
  readonly index: Expression;
  readonly optional: boolean;
}
export interface Call extends Located {
  readonly kind: "call";
  readonly callee: Expression;
  readonly args: readonly (Expression | Spread)[];
  readonly optional: boolean;
}
export interface New extends Located {
  readonly kind: "new";
  readonly callee: Expression;
  readonly args: readonly (Expression | Spread)[];
}
export interface Spread extends Located {
  readonly kind: "spread";
  readonly value: Expression;
}
export type UnaryOperator = "-" | "+" | "!" | "~" | "typeof" | "void";
export interface Unary extends Located {
  readonly kind: "unary";
  readonly op: UnaryOperator;
  readonly operand: Expression;
}
export type ArithmeticOperator = "+" | "-" | "*" | "/" | "%" | "**" | "&" | "|" | "^" | "<<" | ">>" | ">>>";
export type ComparisonOperator = "<" | "<=" | ">" | ">=" | "==" | "!=" | "===" | "!==";
export type BinaryOperator = ArithmeticOperator | ComparisonOperator | "in" | "instanceof";
export interface Binary extends Located {
  readonly kind: "binary";
  readonly op: BinaryOperator;
  readonly left: Expression;
  readonly right: Expression;
}
export interface Logical extends Located {
  readonly kind: "logical";
  readonly op: "&&" | "||" | "??";
  readonly left: Expression;
  readonly right: Expression;
}
export interface Conditional extends Located {
  readonly kind: "conditional";
  readonly test: Expression;
  readonly then: Expression;
  readonly otherwise: Expression;
}
/** `target op= value`; `op` is absent for plain assignment. */
export interface Assign extends Located {
  readonly kind: "assign";
  readonly op?: ArithmeticOperator | "&&" | "||" | "??";
  readonly target: Pattern;
  readonly value: Expression;
}
export interface Update extends Located {
  readonly kind: "update";
  readonly op: "++" | "--";
  readonly prefix: boolean;
  readonly target: NamePattern | MemberPattern;
}
export interface ArrayLiteral extends Located {
  readonly kind: "array";
  readonly elements: readonly (Expression | Spread)[];
}
export interface ObjectLiteral extends Located {
  readonly kind: "object";
  readonly properties: readonly (Property | Spread)[];
}
export interface Property extends Located {
  readonly kind: "property";
  readonly key: string | Expression;
  readonly value: Expression;
}
/** `quasis` has one more entry than `values`. */
export interface Template extends Located {
  readonly kind: "template";
  readonly quasis: readonly string[];
  readonly values: readonly Expression[];
}
export interface Sequence extends Located {
  readonly kind: "sequence";
  readonly values: readonly Expression[];
}

/** What a value is bound to: by a declaration, a parameter or an assignment. */
export type Pattern = NamePattern | MemberPattern | ArrayPattern | ObjectPattern;
export interface NamePattern extends Located {
  readonly kind: "name";
  readonly name: string;
}
/** Assignment to a member or an element (never in a declaration). */
export interface MemberPattern extends Located {
  readonly kind: "target";
  readonly object: Expression;
  readonly property: string | Expression;
}
export interface PatternElement extends Located {
  readonly kind: "element";
  readonly pattern: Pattern;
  readonly fallback?: Expression;
}
export interface ArrayPattern extends Located {
  readonly kind: "arrayPattern";
  /** null is a hole. */
  readonly elements: readonly (PatternElement | null)[];
  readonly rest?: Pattern;
}
export interface ObjectPattern extends Located {
  readonly kind: "objectPattern";
  readonly properties: readonly { readonly key: string | Expression; readonly element: PatternElement }[];
  readonly rest?: Pattern;
}

/** A function, an arrow or a method; also the root of what is captured. */
export interface FunctionNode extends Located {
  readonly kind: "function";
  readonly name: string;
  /** Arrows have the `this` of the function around them. */
  readonly arrow: boolean;
  /** A function expression, whose name is known inside of it. */
  readonly self: boolean;
  readonly params: readonly PatternElement[];
  readonly rest?: Pattern;
  readonly body: Block;
}

export type Statement =
  | Declaration
  | ExpressionStatement
  | If
  | While
  | DoWhile
  | For
  | ForOf
  | Switch
  | Break
  | Continue
  | Return
  | Throw
  | Block
  | DebuggerStatement
  | FunctionDeclaration;

export interface Declaration extends Located {
  readonly kind: "declare";
  readonly mutable: boolean;
  readonly bindings: readonly { readonly pattern: Pattern; readonly init?: Expression }[];
}
/** Hoisted to the beginning of its block. */
export interface FunctionDeclaration extends Located {
  readonly kind: "declareFunction";
  readonly fn: FunctionNode;
}
export interface ExpressionStatement extends Located {
  readonly kind: "expression";
  readonly expression: Expression;
}
export interface If extends Located {
  readonly kind: "if";
  readonly test: Expression;
  readonly then: Statement;
  readonly otherwise?: Statement;
}
export interface While extends Located {
  readonly kind: "while";
  readonly label?: string;
  readonly test: Expression;
  readonly body: Statement;
}
export interface DoWhile extends Located {
  readonly kind: "doWhile";
  readonly label?: string;
  readonly test: Expression;
  readonly body: Statement;
}
export interface For extends Located {
  readonly kind: "for";
  readonly label?: string;
  readonly init?: Declaration | ExpressionStatement;
  readonly test?: Expression;
  readonly update?: Expression;
  readonly body: Statement;
}
export interface ForOf extends Located {
  readonly kind: "forOf";
  readonly label?: string;
  readonly mutable: boolean;
  readonly pattern: Pattern;
  readonly iterable: Expression;
  readonly body: Statement;
}
/** A case without `test` is the default. */
export interface SwitchCase extends Located {
  readonly kind: "case";
  readonly test?: Expression;
  readonly body: readonly Statement[];
}
export interface Switch extends Located {
  readonly kind: "switch";
  readonly label?: string;
  readonly subject: Expression;
  readonly cases: readonly SwitchCase[];
}
export interface Break extends Located {
  readonly kind: "break";
  readonly label?: string;
}
export interface Continue extends Located {
  readonly kind: "continue";
  readonly label?: string;
}
export interface Return extends Located {
  readonly kind: "return";
  readonly value?: Expression;
}
export interface Throw extends Located {
  readonly kind: "throw";
  readonly value: Expression;
}
export interface Block extends Located {
  readonly kind: "block";
  readonly statements: readonly Statement[];
}

/** `debugger`: where the interpreter of kernels stops; compiled, it is nothing. */
export interface DebuggerStatement extends Located {
  readonly kind: "debugger";
}

export type Node = Expression | Statement | Spread | Property | Pattern | PatternElement | SwitchCase;

/** A captured function's source and the way to the values around it: what the build plugin attaches to the function. */
export interface CaptureRecord {
  /** AST_VERSION of who wrote it. */
  readonly v: number;
  /** Path of the source file as the user knows it, relative to the project where that is possible. */
  readonly file: string;
  /** Line and column (1-based) of the function's first character in the file. */
  readonly line: number;
  readonly column: number;
  /** Offsets of the beginnings of the function's second and later lines. */
  readonly lines: readonly number[];
  /** The function, as `encode` of dsl/encode.ts writes it; decoded at the first trace. */
  readonly ast: string;
  /** The function's text, for excerpts in errors; left out of production builds. */
  readonly source?: string;
  /** Thunks of the captured chains. */
  readonly values: Readonly<Record<string, () => unknown>>;
  /** What capture refuses in this function: raised at the first trace. */
  readonly errors?: readonly CaptureError[];
}

/** A construct that is refused; offsets as those of nodes. */
export interface CaptureError extends Located {
  readonly code: string;
  readonly message: string;
  readonly help?: string;
}
