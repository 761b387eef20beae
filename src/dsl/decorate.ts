/** What the build plugin writes where a decorator of ours stood: the call that an engine with decorators would make. */

type Method = (...args: never[]) => unknown;
type MethodDecorator = (value: Method, context: ClassMethodDecoratorContext) => Method | undefined;
type ClassDecorator<C> = (value: C, context: ClassDecoratorContext) => C | undefined;

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
    metadata: undefined,
  };
  const value = decorator(holder[name] as Method, context as unknown as ClassMethodDecoratorContext);
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
  const context = {
    kind: "class",
    name: cls.name,
    addInitializer: (f: (this: C) => void) => void initializers.push(f),
    metadata: undefined,
  };
  const made = decorator(cls, context as unknown as ClassDecoratorContext) ?? cls;
  for (const f of initializers) f.call(made);
  return made;
}

function refuseInitializer(): never {
  throw new Error("a decorator of a method that the build plugin lowers has no addInitializer");
}
