/** Node's own modules where there are any. Asked for when needed: browsers and their bundlers never see an import of them. */

interface Process {
  readonly getBuiltinModule?: (name: string) => unknown;
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly versions?: { readonly node?: string };
}

function hostProcess(): Process | undefined {
  return (globalThis as { process?: Process }).process;
}
/** For example `nodeModule<typeof import("node:os")>("node:os")`. */
export function nodeModule<T>(name: string): T | undefined {
  return hostProcess()?.getBuiltinModule?.(name) as T | undefined;
}
export function environment(name: string): string | undefined {
  return hostProcess()?.env?.[name];
}
