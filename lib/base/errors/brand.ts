type Descriptors = ReadonlyMap<string, PropertyDescriptor>;

interface Made<Spec> {
  readonly spec: Spec;
  readonly prototype: object;
  /** Methods of the class, as they were when its first object was made. */
  readonly methods: Descriptors;
  /** Fields that have to stay. */
  readonly fields: Descriptors;
}

/**
 * Knows which objects the library made and nobody has changed since, whatever they look like. Only for those may a
 * description (`spec`) stand in for the object: a copy, a subclass, a Proxy, an object with a replaced method or
 * another spec is somebody else's, and runs as it is written.
 */
export class Brand<Spec extends object> {
  readonly #made = new WeakMap<object, Made<Spec>>();
  readonly #classes = new WeakMap<object, Descriptors>();

  /**
   * Called by whatever makes the object.
   * @param spec its description, frozen from now on
   * @param prototype of the class whose constructor calls; an object of a subclass is remembered, but never unchanged
   * @param fields of a class's object that have to stay, beside `spec`
   */
  mark(
    object: object,
    spec: Spec,
    prototype: object = Object.prototype,
    fields: readonly string[] = [],
  ): void {
    freezeDeep(spec);
    const isLiteral = prototype === Object.prototype;
    this.#made.set(object, {
      spec,
      prototype,
      methods: isLiteral ? new Map() : this.#methodsOf(prototype),
      // an object without a class holds nothing but what describes it
      fields: descriptorsOf(
        object,
        (name, { value }) => isLiteral || value === spec || fields.includes(name),
      ),
    });
  }

  /** The description of an unchanged object; undefined for every other, and then only the object itself counts. */
  specOf(object: object): Spec | undefined {
    const made = this.#made.get(object);
    if (made === undefined || Object.getPrototypeOf(object) !== made.prototype) return undefined;
    for (const [name, then] of made.methods) {
      if (Object.hasOwn(object, name)) return undefined;
      if (!isSame(Object.getOwnPropertyDescriptor(made.prototype, name), then)) return undefined;
    }
    for (const [name, then] of made.fields)
      if (!isSame(Object.getOwnPropertyDescriptor(object, name), then)) return undefined;
    return made.spec;
  }

  /** What the object was made as, also when it has been changed since or belongs to a subclass: for names, never for results. */
  originOf(object: object): Spec | undefined {
    return this.#made.get(object)?.spec;
  }

  #methodsOf(prototype: object): Descriptors {
    const known = this.#classes.get(prototype);
    if (known !== undefined) return known;
    const methods = descriptorsOf(prototype, (name) => name !== "constructor" && name !== "toString");
    this.#classes.set(prototype, methods);
    return methods;
  }
}

function descriptorsOf(
  object: object,
  wanted: (name: string, descriptor: PropertyDescriptor) => boolean,
): Descriptors {
  const all = Object.entries(Object.getOwnPropertyDescriptors(object));
  return new Map(all.filter(([name, descriptor]) => wanted(name, descriptor)));
}

function isSame(now: PropertyDescriptor | undefined, then: PropertyDescriptor): boolean {
  return now !== undefined && now.value === then.value && now.get === then.get && now.set === then.set;
}

function freezeDeep(value: object): void {
  if (Object.isFrozen(value)) return;
  Object.freeze(value);
  for (const inner of Object.values(value))
    if (typeof inner === "object" && inner !== null) freezeDeep(inner);
}
