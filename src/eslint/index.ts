/**
 * ESLint rules for programs that are traced without capture of their source. In eslint.config.js:
 *
 * @example
 * import tilework from "tilework/eslint";
 * export default [tilework.configs.recommended];
 */
import { tracedCondition } from "./traced-condition.js";

const rules = { "traced-condition": tracedCondition };
const meta = { name: "tilework", namespace: "tilework" };

export default {
  meta,
  rules,
  configs: {
    recommended: {
      name: "tilework/recommended",
      plugins: { tilework: { meta, rules } },
      rules: { "tilework/traced-condition": "error" as const },
    },
  },
};
