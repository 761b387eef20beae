/** Generated text with the places of the source that its parts stand for. */
export class Emitter {
  #text = "";
  #line = 0;
  #column = 0;
  #indent = 0;
  /** Place of the generated text (from 0), and offset in the function's source. */
  readonly marks: { readonly line: number; readonly column: number; readonly offset: number }[] = [];

  get text(): string {
    return this.#text;
  }
  /** What follows stands for the source from `offset` on. */
  mark(offset: number): this {
    const last = this.marks[this.marks.length - 1];
    if (last?.line === this.#line && last.column === this.#column) this.marks.pop();
    this.marks.push({ line: this.#line, column: this.#column, offset });
    return this;
  }
  /** Text without line breaks. */
  write(text: string): this {
    this.#text += text;
    this.#column += text.length;
    return this;
  }
  newline(): this {
    this.#text += `\n${"  ".repeat(this.#indent)}`;
    this.#line++;
    this.#column = 2 * this.#indent;
    return this;
  }
  indent(by: 1 | -1): this {
    this.#indent += by;
    return this;
  }
  /** `each` for all items, with `between` them. */
  list<T>(items: readonly T[], each: (item: T, i: number) => void, between = ", "): this {
    items.forEach((item, i) => {
      if (i > 0) this.write(between);
      each(item, i);
    });
    return this;
  }
}
