/** Puts the hooks in place, in the way that this Node has. */
import * as nodeModule from "node:module";
import { loadAnyway, loadStaged, loadStripped, loadUnmarked, ownAddress, typescriptName } from "./rules.js";

interface Resolved {
  readonly url: string;
}
type Next<C, R> = (at: string, context?: C) => R;
interface Module {
  readonly format?: unknown;
}
interface LoadContext {
  readonly format?: string | null | undefined;
}
/** `registerHooks` of Node 22.15 and later; @types/node of Node 20 does not know it. */
interface SyncHooks {
  registerHooks?(hooks: {
    resolve(specifier: string, context: object, next: Next<object, Resolved>): Resolved;
    load(url: string, context: LoadContext, next: Next<LoadContext, Module>): object;
  }): void;
}

export interface InstallOptions {
  /** "tilework" is this copy of it, wherever a file lies: for the command. */
  readonly own: boolean;
}

/** From here on, modules that are loaded have the source of their staged functions. */
export function install({ own }: InstallOptions): void {
  process.setSourceMapsEnabled(true);
  const { registerHooks } = nodeModule as SyncHooks;
  if (!registerHooks) {
    nodeModule.register(new URL("./hooks.js", import.meta.url), { data: { own } });
    return;
  }
  registerHooks({
    resolve(specifier, context, next) {
      const address = own ? ownAddress(specifier) : undefined;
      if (address !== undefined) return next(address, context);
      try {
        return next(specifier, context);
      } catch (e) {
        const other = typescriptName(specifier);
        if (other === undefined) throw e;
        try {
          return next(other, context);
        } catch {
          throw e;
        }
      }
    },
    load(url, context, next) {
      const found = loadStaged(url) ?? loadUnmarked(url, context.format);
      if (found) return found;
      try {
        const loaded = next(url, context);
        return loadStripped(url, loaded.format) ?? loaded;
      } catch (e) {
        return loadAnyway(url, e);
      }
    },
  });
}
