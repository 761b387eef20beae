/** TypeScript as JavaScript, for the tools that take a file's text from nobody: Node, and Rollup's own TypeScript plugin. */
import remapping from "@jridgewell/remapping";
import ts from "typescript";
import { plainError } from "./problem-text.js";

export interface Stripped {
  readonly code: string;
  /** As JSON. */
  readonly map: string;
}

/** The text without types, enums and decorators. `path` is named in errors. */
export function withoutTypes(text: string, path: string): Stripped {
  const { outputText, sourceMapText, diagnostics } = ts.transpileModule(text, {
    fileName: path,
    reportDiagnostics: true,
    compilerOptions: {
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.ESNext,
      jsx: ts.JsxEmit.ReactJSX,
      sourceMap: true,
      inlineSources: true,
    },
  });
  for (const { file, start = 0, messageText } of diagnostics ?? []) {
    const at = file?.getLineAndCharacterOfPosition(start);
    const place = at ? `${path}:${at.line + 1}:${at.character + 1}` : path;
    throw plainError(`${ts.flattenDiagnosticMessageText(messageText, " ")}\n  at ${place}`);
  }
  return { code: outputText.replace(/\n\/\/# sourceMappingURL=.*\s*$/, "\n"), map: sourceMapText ?? "" };
}

/** What was rewritten, without types; the map leads to `text`, the file at `address`. */
export function rewrittenWithoutTypes(
  rewritten: { readonly code: string; readonly map: { toString(): string } },
  path: string,
  address: string,
  text: string,
): Stripped {
  const stripped = withoutTypes(rewritten.code, path);
  // of two steps: text of the file → with records → without types
  const map = remapping(stripped.map, (_, { depth }) => (depth === 1 ? rewritten.map.toString() : null));
  map.sources = [address];
  map.sourcesContent = [text];
  return { code: stripped.code, map: map.toString() };
}
