/** What is said of a name whose value nobody knows, and of a function that cannot be read. */
import type { Refusal } from "../refusals.js";

const TOOLS =
  "or let the build plugin (tilework/plugin) or node --import tilework/register read the source, which knows the names around it";

export function unknownName({ unknown, note }: { unknown: string; note?: string }, functionName: string): Refusal {
  const root = /^[\w$\p{L}]+/u.exec(unknown)?.[0] ?? unknown;
  const isName = root === unknown && root !== "this";
  return {
    code: "TW7017",
    message: `${unknown} is not known in ${functionName || "the function"}, which is read from its text alone${note ? `: ${note}` : ""}`,
    help:
      root === "this" || unknown === "import.meta"
        ? `read the value into a constant outside and pass it: { constants: { … } }; ${TOOLS}`
        : `pass it in the options: { constants: { ${isName ? unknown : root} } }; ${TOOLS}`,
  };
}

export const unreadable = (functionName: string, why: string, help: string): Refusal => ({
  code: "TW7018",
  message: `the source of ${functionName || "the function"} cannot be read: ${why}`,
  help,
});
