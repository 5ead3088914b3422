/**
 * The variables of all cells: own properties of one object, so that a cell sees the latest value of a name wherever
 * it was last defined. Names that no cell has defined are looked for among the globals.
 */
export function createScope(): Record<string, unknown> {
  const beyond = new Proxy(Object.create(null), {
    has: () => false,
    get(_, name) {
      if (name in globalThis) return Reflect.get(globalThis, name);
      throw new ReferenceError(`${String(name)} is not defined`);
    },
    set(_, name, value, scope) {
      return Reflect.defineProperty(scope, name, {
        value,
        writable: true,
        enumerable: true,
        configurable: true,
      });
    },
  });
  return Object.create(beyond);
}

/** Makes names assignable that were import bindings before; values of variables stay until they are assigned. */
export function declareNames(scope: object, names: readonly string[]): void {
  for (const name of names) {
    if (Reflect.getOwnPropertyDescriptor(scope, name)?.get === undefined) continue;
    Reflect.defineProperty(scope, name, {
      value: undefined,
      writable: true,
      enumerable: true,
      configurable: true,
    });
  }
}
