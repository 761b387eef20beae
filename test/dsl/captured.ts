/** Functions written as text, with their source captured: as they would be after the build plugin. */
import * as tilework from "tilework";
import * as captureEntry from "tilework/capture";
import ts from "typescript";
import { captureModule } from "./capture-module.js";

const NAMES = Object.keys(tilework).filter((n) => n !== "numpy" && n !== "default");
const HEAD = `import { numpy as np, ${NAMES.join(", ")} } from "tilework";\n`;

const MODULES: Readonly<Record<string, unknown>> = { tilework, "tilework/capture": captureEntry };

/** The value of an expression; everything of the package is in scope, and what `scope` has. */
// biome-ignore lint/suspicious/noExplicitAny: it is whatever the text says
export function captured(text: string, scope: Readonly<Record<string, unknown>> = {}): any {
  const module = captureModule(`${HEAD}export default ${text};`, "model.ts");
  const { outputText } = ts.transpileModule(module, {
    compilerOptions: { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022 },
  });
  const exports: { default?: unknown } = {};
  const names = Object.keys(scope);
  new Function("require", "exports", ...names, outputText)(
    (m: string) => MODULES[m],
    exports,
    ...names.map((n) => scope[n]),
  );
  return exports.default;
}
