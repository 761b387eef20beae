/** A map that forgets what was not used for longest once it holds more than `capacity` entries. */
export class LruMap<K, V> {
  readonly #map = new Map<K, V>();

  constructor(
    readonly capacity: number,
    readonly onEvict?: (value: V, key: K) => void,
  ) {}

  get size(): number {
    return this.#map.size;
  }

  has(key: K): boolean {
    return this.#map.has(key);
  }

  get(key: K): V | undefined {
    const value = this.#map.get(key);
    if (value !== undefined) {
      // a Map keeps the order of insertion, so the youngest stands last
      this.#map.delete(key);
      this.#map.set(key, value);
    }
    return value;
  }

  set(key: K, value: V): void {
    this.#map.delete(key);
    this.#map.set(key, value);
    if (this.#map.size <= this.capacity) return;
    for (const [oldest, old] of this.#map) {
      this.#map.delete(oldest);
      this.onEvict?.(old, oldest);
      break;
    }
  }

  delete(key: K): boolean {
    return this.#map.delete(key);
  }

  clear(): void {
    this.#map.clear();
  }

  values(): IterableIterator<V> {
    return this.#map.values();
  }
}
