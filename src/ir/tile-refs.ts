/** Which memory statements of a tile program read and write, and the same statements over other memory. */
import type { TileRef, TileStmt } from "./tile.js";

export interface TileAccesses {
  readonly read: ReadonlySet<TileRef>;
  readonly written: ReadonlySet<TileRef>;
}

export function tileAccesses(body: readonly TileStmt[]): TileAccesses {
  const read = new Set<TileRef>();
  const written = new Set<TileRef>();
  const visit = (list: readonly TileStmt[]): void => {
    for (const s of list) {
      switch (s.kind) {
        case "load":
        case "load_at":
          read.add(s.ref);
          break;
        case "store":
        case "store_at":
          written.add(s.ref);
          break;
        case "atomic":
        case "atomic_cas":
          read.add(s.ref);
          written.add(s.ref);
          break;
        case "for":
          visit(s.body);
          break;
        case "while":
          visit(s.cond);
          visit(s.body);
          break;
        case "if":
          visit(s.then);
          visit(s.else);
          break;
        default:
      }
    }
  };
  visit(body);
  return { read, written };
}

/** The statements with `refOf(ref)` for each reference. */
export function withRefs(body: readonly TileStmt[], refOf: (ref: TileRef) => TileRef): TileStmt[] {
  const all = (list: readonly TileStmt[]): TileStmt[] => withRefs(list, refOf);
  return body.map((s): TileStmt => {
    switch (s.kind) {
      case "load":
      case "load_at":
      case "store":
      case "store_at":
      case "atomic":
      case "atomic_cas":
        return { ...s, ref: refOf(s.ref) };
      case "for":
        return { ...s, body: all(s.body) };
      case "while":
        return { ...s, cond: all(s.cond), body: all(s.body) };
      case "if":
        return { ...s, then: all(s.then), else: all(s.else) };
      default:
        return s;
    }
  });
}
