import assert from "node:assert/strict";
import { test } from "node:test";
import { Brand } from "./brand.js";

const brand = new Brand<{ kind: string; sizes?: number[] }>();

class Made {
  readonly spec: { kind: string; sizes?: number[] };
  table = { f: 1 };
  constructor(kind = "made") {
    this.spec = { kind, sizes: [1, 2] };
    brand.mark(this, this.spec, Made.prototype, ["table"]);
  }
  forward(): number {
    return 1;
  }
  get twice(): number {
    return 2;
  }
}

const literal = () => {
  const object = { spec: { kind: "literal" }, sum: () => 1, slots: 0 };
  brand.mark(object, object.spec);
  return object;
};

test("an unchanged object has its spec; its own data may change", () => {
  assert.equal(brand.specOf(new Made())?.kind, "made");
  assert.equal(brand.specOf(literal())?.kind, "literal");
  assert.equal(brand.specOf(Object.assign(new Made(), { cache: 1, name: "a" }))?.kind, "made");
});

const changes: Record<string, () => object> = {
  "a stranger with a spec": () => ({ spec: { kind: "made" }, forward: () => 1 }),
  "a spread copy": () => ({ ...literal() }),
  "a spread copy with another function": () => ({ ...literal(), sum: () => 2 }),
  "Object.create of one": () => Object.create(new Made()),
  "a Proxy of one": () => new Proxy(new Made(), {}),
  "a structured clone": () => structuredClone({ spec: literal().spec }),
  "a subclass": () => new (class extends Made {})(),
  "a method of its own": () => Object.assign(new Made(), { forward: () => 3 }),
  "a getter of its own": () => Object.defineProperty(new Made(), "twice", { get: () => 4 }),
  "another spec": () => Object.assign(new Made(), { spec: { kind: "other" } }),
  "another function in a literal": () => Object.assign(literal(), { sum: () => 2 }),
  "a deleted function": () => {
    const object = literal();
    Reflect.deleteProperty(object, "sum");
    return object;
  },
  "another field that has to stay": () => Object.assign(new Made(), { table: { f: 2 } }),
  "another prototype": () => Object.setPrototypeOf(new Made(), { forward: () => 5 }),
};
for (const [what, make] of Object.entries(changes))
  test(`${what} has no spec`, () => assert.equal(brand.specOf(make()), undefined));

test("a method replaced on the class's prototype takes the brand from all its objects", () => {
  const one = new Made();
  const { forward } = Made.prototype;
  Made.prototype.forward = () => 6;
  assert.equal(brand.specOf(one), undefined);
  assert.equal(brand.specOf(new Made()), undefined);
  Made.prototype.forward = forward;
  assert.equal(brand.specOf(one)?.kind, "made");
});

test("a spec cannot be changed behind the object's back", () => {
  const { spec } = new Made();
  assert.throws(() => {
    spec.kind = "other";
  }, TypeError);
  assert.throws(() => spec.sizes?.push(3), TypeError);
});

test("originOf tells what a changed object or one of a subclass was made as", () => {
  assert.equal(brand.originOf(new (class extends Made {})())?.kind, "made");
  assert.equal(brand.originOf(Object.assign(literal(), { sum: () => 2 }))?.kind, "literal");
  assert.equal(brand.originOf({ spec: { kind: "made" } }), undefined);
});
