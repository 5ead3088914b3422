/** What a cell's code does with names where a plain property would not say what a variable says. */
export interface ScopeKit {
  /** A name that was declared a constant: reading goes on, assigning throws. */
  readonly constant: (name: string) => { value: unknown };
  /** A name that has no value yet: its declaration comes later in the cell. */
  readonly early: (name: string) => never;
  /** From now on nobody can assign to these names. */
  readonly fix: (...names: string[]) => void;
}

type Kind = "var" | "let" | "const";

/**
 * The variables of all cells: own properties of one object, so that a cell sees the latest value of a name wherever
 * it was last defined. Names that no cell has defined are looked for among the globals.
 */
export class Scope {
  readonly #declared = new Set<string>();
  readonly #constants = new Set<string>();
  readonly values: Record<string, unknown> = createValues(this.#declared);

  /** Before a cell runs. Values of variables stay until they are assigned, so that a cell that fails loses none. */
  declare(names: readonly (readonly [name: string, kind: Kind])[]): void {
    for (const [name, kind] of names) {
      this.#declared.add(name);
      const found = Reflect.getOwnPropertyDescriptor(this.values, name);
      // Import bindings and fixed constants become assignable; a `var` is there from the start.
      if (found === undefined ? kind === "var" : found.set !== undefined)
        Reflect.defineProperty(this.values, name, { ...assignable, value: importedValue(found) });
      if (kind === "const") this.#constants.add(name);
      else this.#constants.delete(name);
    }
  }

  /** An imported name: a live view of a module's export. */
  bind(name: string, get: () => unknown): void {
    this.#constants.add(name);
    Object.defineProperty(this.values, name, { ...constant, get });
  }

  get kit(): ScopeKit {
    const { values } = this;
    const constants = this.#constants;
    return {
      constant: (name) => ({
        get value() {
          return values[name];
        },
        set value(value) {
          // It may have become a variable in the meantime.
          if (constants.has(name)) refuseAssignment();
          values[name] = value;
        },
      }),
      early: (name) => {
        throw new ReferenceError(`Cannot access '${name}' before initialization`);
      },
      fix(...names) {
        for (const name of names) {
          const value = values[name];
          Object.defineProperty(values, name, { ...constant, get: () => value });
        }
      },
    };
  }
}

const assignable = { writable: true, enumerable: true, configurable: true };
const constant = { enumerable: true, configurable: true, set: refuseAssignment };

function refuseAssignment(): never {
  throw new TypeError("Assignment to constant variable.");
}

/** What an imported name stood for, if it can be had. */
function importedValue(found: PropertyDescriptor | undefined): unknown {
  try {
    return found?.get?.();
  } catch {
    // It was a type, or the module does not export it.
    return undefined;
  }
}

/** @param declared names that a cell may give a value to */
function createValues(declared: ReadonlySet<string>): Record<string, unknown> {
  const beyond = new Proxy(Object.create(null), {
    has: () => false,
    get(_, name) {
      if (name in globalThis) return Reflect.get(globalThis, name);
      throw new ReferenceError(`${String(name)} is not defined`);
    },
    set(_, name, value, scope) {
      if (!declared.has(String(name))) {
        if (name in globalThis) return Reflect.set(globalThis, name, value);
        throw new ReferenceError(`${String(name)} is not defined`);
      }
      return Reflect.defineProperty(scope, name, { ...assignable, value });
    },
  });
  return Object.create(beyond);
}
