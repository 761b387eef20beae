/** What is said about a condition on a traced value, by the scan, by `tilework check` and by the ESLint rule. */
export interface Told {
  readonly text: string;
  readonly name: string;
  readonly kind: "test" | "not" | "logical" | "equality";
}

const OUTCOME = {
  test: "is always taken as true",
  not: "is always false",
  logical: "never depends on its value",
  equality: "compares an object with a number, always with the same outcome",
} as const;

export function conditionMessage({ text, name, kind }: Told, type: string, where: string): string {
  return `${text}${where ? ` in ${where}` : ""} ${OUTCOME[kind]}: ${name} is a traced ${type}, an object for JavaScript`;
}

export function conditionHelp({ kind, name }: Told): string {
  const choose = "use np.where, cond or whileLoop, mark the argument static, or capture the source (tilework/plugin)";
  return kind === "equality"
    ? `compare with np.equal(${name}, …) and ${choose}`
    : `${choose}; to ask whether it was given, compare it with undefined`;
}
