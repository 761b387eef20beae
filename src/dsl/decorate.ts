/** What the build plugin writes where a decorator of ours stood: the call that an engine with decorators would make. */

type Method = (...args: never[]) => unknown;
type MethodDecorator = (value: Method, context: ClassMethodDecoratorContext) => Method | undefined;
type ClassDecorator<C> = (value: C, context: ClassDecoratorContext) => C | undefined;
type Metadata = Record<PropertyKey, unknown>;

/** Of classes whose decorators are being applied. */
const open = new WeakMap<object, Metadata>();

/** One object for all decorators of a class, which inherits from that of the class above. Engines without the symbol have none. */
function metadataOf(cls: object): Metadata | undefined {
  const key = (Symbol as { metadata?: symbol }).metadata;
  if (key === undefined) return undefined;
  let metadata = open.get(cls);
  if (metadata === undefined) {
    metadata = Object.create((Object.getPrototypeOf(cls) as { [key]?: object } | null)?.[key] ?? null) as Metadata;
    open.set(cls, metadata);
    Object.defineProperty(cls, key, { value: metadata, configurable: true, writable: true, enumerable: true });
  }
  return metadata;
}

function checked<R>(made: R, kind: string): R {
  if (made !== undefined && typeof made !== "function") {
    throw new TypeError(`a decorator of a ${kind} gives a function or nothing, not ${String(made)}`);
  }
  return made;
}

/** `@decorator` on a method; `holder` is the prototype, or the class of a static method. */
export function decorateMethod(decorator: MethodDecorator, holder: Record<string, unknown>, name: string): void {
  const context = {
    kind: "method",
    name,
    static: typeof holder === "function",
    private: false,
    access: {
      has: (object: object) => name in object,
      get: (object: object) => (object as Record<string, unknown>)[name],
    },
    addInitializer: refuseInitializer,
    metadata: metadataOf(typeof holder === "function" ? holder : (holder.constructor as object)),
  };
  const value = checked(decorator(holder[name] as Method, context as unknown as ClassMethodDecoratorContext), "method");
  if (value !== undefined) {
    Object.defineProperty(holder, name, { value, writable: true, configurable: true, enumerable: false });
  }
}

/** `@decorator` on a class. */
export function decorateClass<C extends abstract new (...args: never[]) => unknown>(
  decorator: ClassDecorator<C>,
  cls: C,
): C {
  const initializers: ((this: C) => void)[] = [];
  let isDone = false;
  const context = {
    kind: "class",
    name: cls.name,
    addInitializer(f: (this: C) => void) {
      if (isDone) throw new TypeError("addInitializer after the decorator has returned");
      if (typeof f !== "function") throw new TypeError("addInitializer takes a function");
      initializers.push(f);
    },
    metadata: metadataOf(cls),
  };
  const made = checked(decorator(cls, context as unknown as ClassDecoratorContext), "class") ?? cls;
  isDone = true;
  for (const f of initializers) f.call(made);
  return made;
}

/** The plugin lowers decorators of Tilework alone, which have none. */
function refuseInitializer(): never {
  throw new Error("a decorator of a method that the build plugin lowers has no addInitializer");
}
