/** Lines of a shader, and names in it. */
export class Lines {
  readonly lines: string[] = [];
  #indent = "  ";
  #before = 0;

  add(text: string): void {
    this.lines.push(this.#indent + text);
  }
  /** A block; gives what ends it. */
  begin(head: string): () => void {
    const outer = this.#before;
    this.#before = this.lines.length;
    this.add(head);
    this.#indent += "  ";
    return () => {
      this.#before = outer;
      this.#indent = this.#indent.slice(2);
      this.add("}");
    };
  }
  block(head: string, body: () => void): void {
    const end = this.begin(head);
    body();
    end();
  }
  branch(test: string, then: () => void, otherwise: (() => void) | null): void {
    this.block(`if (${test}) {`, then);
    if (!otherwise) return;
    this.lines.pop();
    this.block("} else {", otherwise);
  }
  /** A line in front of the innermost block that is open. */
  before(text: string): void {
    this.lines.splice(this.#before++, 0, this.#indent.slice(2) + text);
  }
}

/** Words of the language, functions that we call, and names that every shader has. */
const TAKEN =
  `alias break case const const_assert continue continuing default diagnostic discard else enable false fn for if let loop override requires
  return struct switch true var while array atomic bool f16 f32 i32 mat2x2 ptr sampler texture u32 vec2 vec3 vec4 vec2u vec3u
  abs bitcast ceil clamp clz countLeadingZeros countOneBits exp extractBits floor fma inverseSqrt log main max min pow round select sign sqrt
  atomicAdd atomicAnd atomicOr atomicLoad atomicStore storageBarrier workgroupBarrier workgroupUniformLoad
  abstract active alignas as asm async attribute auto await become catch cast class common compile compute delete demote device do double
  enum event export extends extern external filter final friend from get goto groupshared half handle highp impl implements import in
  inline instanceof interface is layout lowp macro match mediump meta mod module move mut mutable namespace new nil noexcept noinline null
  nullptr of operator out package pass patch pixelfragment precise precision premerge priv protected pub public readonly ref register
  reinterpret_cast resource restrict self set shared signed sizeof smooth snorm static super target template texture this thread throw trait
  try type typedef typeid typename typeof union unless unorm unsafe unsized use using varying virtual volatile where with yield
  params program group groups lane local e s lo words Params Turns`
    .split(/\s+/)
    .filter((w) => w !== "");

export class Names {
  readonly #taken: Set<string>;
  constructor(functions: readonly string[]) {
    this.#taken = new Set([...TAKEN, ...functions]);
  }
  /** `wish` itself where it is free, `stem` and a number otherwise. */
  fresh(wish: string | undefined, stem: string): string {
    const clean = wish?.replace(/\W/g, "_").replace(/^(\d|_+)/, "x$1");
    let name = clean !== undefined && !this.#taken.has(clean) ? clean : "";
    const base = clean ?? stem;
    for (let i = 0; name === ""; i++) if (!this.#taken.has(`${base}${i}`)) name = `${base}${i}`;
    this.#taken.add(name);
    return name;
  }
}
