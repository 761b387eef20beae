/** The hooks for `module.register`, which run in a thread of their own: Node 20. */
import { loadAnyway, loadStaged, loadStripped, loadUnmarked, ownAddress, typescriptName } from "./rules.js";

interface Resolved {
  readonly url: string;
}
interface Context {
  readonly parentURL?: string | undefined;
}
interface Module {
  readonly format?: unknown;
}
interface LoadContext {
  readonly format?: string | null | undefined;
}
type Next<C, R> = (at: string, context: C) => Promise<R>;

let own = false;
export function initialize(data: { readonly own: boolean }): void {
  own = data.own;
}

export async function resolve(specifier: string, context: Context, next: Next<Context, Resolved>): Promise<Resolved> {
  const address = own ? ownAddress(specifier) : undefined;
  if (address !== undefined) return next(address, context);
  try {
    return await next(specifier, context);
  } catch (e) {
    const other = typescriptName(specifier);
    if (other === undefined) throw e;
    return next(other, context).catch(() => {
      throw e;
    });
  }
}

export async function load(url: string, context: LoadContext, next: Next<LoadContext, Module>): Promise<object> {
  const found = loadStaged(url) ?? loadUnmarked(url, context.format);
  if (found) return found;
  try {
    const loaded = await next(url, context);
    return loadStripped(url, loaded.format) ?? loaded;
  } catch (e) {
    return loadAnyway(url, e);
  }
}
