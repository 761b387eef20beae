/** Parts of the compiler that only some programs need. */
import { internal } from "../diagnostics/error.js";

/**
 * The place of such a part. Who makes the equations that need it hands it over first, when it is called and never when it is
 * imported: so bundlers leave the part out of applications that make no such equation.
 */
export class Slot<T> {
  #part: T | undefined;
  constructor(private readonly name: string) {}

  /** The same part each time. */
  fill(part: T): void {
    this.#part = part;
  }
  get isFilled(): boolean {
    return this.#part !== undefined;
  }
  get part(): T {
    return this.#part ?? internal(`nobody handed over the lowering of ${this.name}`);
  }
}
