import { Rng, type Tensor } from "@gradbook/core";
import type { Operation } from "../operations/operation.js";
import { decode, encode, type Form } from "../reading/decode.js";
import {
  type Field,
  fieldsOf,
  gradientField,
  method,
  parameterField,
  writeField,
} from "../reading/fields.js";
import type { Role } from "../reading/roles.js";
import { fullSource, isClass } from "../reading/source.js";
import { type Callable, CannotDrive, type Case, Fault, type Values } from "../types.js";
import { arranged } from "./arrange.js";
import { CallArguments, type Plan } from "./bench.js";
import { argumentsOf, dyForm, gradientsOf } from "./function-pair.js";
import { type Output, readOutput } from "./results.js";
import { call, type Gradients, restore, type Session, watch } from "./session.js";

export const forwardNames = [
  "forward",
  "fwd",
  "call",
  "apply",
  "predict",
  "fprop",
  "feedForward",
  "feedforward",
];
export const backwardNames = [
  "backward",
  "bwd",
  "backprop",
  "backPropagate",
  "backpropagate",
  "bprop",
  "grad",
  "gradient",
  "back",
];

/** A class, a factory, or one finished instance. */
export interface Maker {
  readonly make?: Callable;
  readonly instance?: object;
}

export interface ClassPlan extends Plan {
  readonly construct: readonly Role[];
  readonly forward: readonly Role[];
  readonly backward: readonly Role[];
}

/** A new instance of a class, or what a factory returns. @throws Fault when the constructor throws */
export function construct(maker: Maker, args: readonly unknown[]): object {
  if (maker.instance !== undefined) return maker.instance;
  const { make } = maker;
  if (make === undefined) throw new CannotDrive("there is nothing to construct.", "");
  let made: unknown;
  try {
    made =
      isClass(make) ||
      make.prototype?.forward !== undefined ||
      /\bthis\s*\.\s*forward\s*=/.test(fullSource(make))
        ? Reflect.construct(make, args)
        : Reflect.apply(make, undefined, args);
  } catch (thrown) {
    const words = thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown);
    throw new Fault("constructor", "throws", "y", `the constructor throws ${words}`, thrown);
  }
  if (typeof made !== "object" || made === null)
    throw new Fault("constructor", "nothing", "y", "the factory returns no object");
  return made;
}

/** One instance of a layer class in one case. */
export class ClassSession implements Session {
  readonly maker: Maker;
  readonly #operation: Operation;
  readonly #c: Case;
  readonly #plan: ClassPlan;
  readonly #numbers: Readonly<Record<string, number>>;
  readonly #seed: string;

  readonly mutations = new Set<string>();
  object: object;
  #bench: CallArguments;
  #output: Output | undefined;
  readonly #parameters = new Map<string, Field>();
  readonly #source: string;
  /** The constructor takes the parameters: new ones need a new instance. */
  readonly #takesParameters: boolean;

  constructor(
    maker: Maker,
    operation: Operation,
    c: Case,
    plan: ClassPlan,
    numbers: Readonly<Record<string, number>>,
    seed: string,
    inputs?: Values,
  ) {
    this.maker = maker;
    this.#operation = operation;
    this.#c = c;
    this.#plan = plan;
    this.#numbers = numbers;
    this.#seed = seed;

    const { make } = maker;
    this.#source =
      make === undefined ? fullSource((maker.instance as object).constructor as Callable) : fullSource(make);
    this.#takesParameters = plan.construct.some((role) => role === "W" || role === "gamma");
    const given = inputs ?? (this.#takesParameters ? operation.draw(c, new Rng("construct")) : {});
    this.#bench = new CallArguments(operation, c, plan, given, numbers, true, seed);
    this.object = this.#build();
  }

  #build(): object {
    const { maker } = this;
    const plan = this.#plan;
    const bench = this.#bench;
    return construct(
      maker,
      maker.make === undefined ? [] : constructorArguments(plan.construct, bench, this.#source),
    );
  }

  forward(inputs: Values, training = true): Tensor {
    const operation = this.#operation;
    const c = this.#c;
    const plan = this.#plan;
    const bench = new CallArguments(operation, c, plan, inputs, this.#numbers, training, this.#seed);
    if (this.#takesParameters && this.#parameters.size === 0 && !sameParameters(this.#bench.inputs, inputs)) {
      this.#bench = bench;
      this.object = this.#build();
    }
    this.#bench = bench;
    this.#setTraining(training);
    this.#setParameters(inputs);
    const found = method(this.object, forwardNames);
    if (found === undefined)
      throw new CannotDrive("the object has no method forward.", "Write forward(x) and backward(dy).");
    const args = argumentsOf(found.fn, plan.forward, bench);
    if (operation.inputs.length > 1 && this.#parameters.size === 0 && !this.#takesParameters) {
      // weights that are made by the first forward, when it knows the sizes
      call(found.fn, this.object, args, "forward", "y");
      this.#setParameters(inputs);
    }
    const changed = watch(bench);
    const raw = call(found.fn, this.object, args, "forward", "y");
    for (const change of changed("forward")) this.mutations.add(change);
    const size = operation.axes.y.reduce((product, l) => product * c.sizes[l], 1);
    this.#output = readOutput(raw, size);
    bench.set("y", this.#output.rawY);
    bench.set("cache", this.#output.raw);
    return restore(this.#output.y, "y", "y", bench, "forward");
  }

  backward(dy: Tensor): Gradients {
    const operation = this.#operation;
    const plan = this.#plan;
    const bench = this.#bench;
    const found = method(this.object, backwardNames);
    if (found === undefined) throw new Fault("backward", "nothing", "dx", "there is no method backward");
    const shaped = arranged(dy, operation.axes.y, plan.arrangements.y);
    bench.set("dy", encode(shaped, dyForm(this.#output, plan), plan.own));
    const before = new Map(Array.from(this.#parameters, ([name, field]) => [name, current(field)]));
    const args = argumentsOf(found.fn, plan.backward, bench, this.#output);
    const changed = watch(bench);
    const raw = call(found.fn, this.object, args, "backward", "dx");
    for (const change of changed("backward")) this.mutations.add(change);
    // a layer that is given a rate takes its own step
    if (!plan.backward.includes("lr") && !/\b(lr|learningRate|learning_rate|eta)\b/.test(this.#source))
      for (const [name, old] of before) {
        const field = this.#parameters.get(name);
        const now = field === undefined ? undefined : current(field);
        if (old !== undefined && now?.some((v, i) => v !== old[i]))
          this.mutations.add(`backward changes ${name}`);
      }
    const returned = gradientsOf(raw, operation, bench);
    return this.#withFields(returned, before, plan.backward.includes("lr"));
  }

  /** The names of the parameters that the instance really has. */
  get has(): readonly string[] {
    return this.#operation.inputs.filter(
      (name) => name === "x" || this.#parameters.has(name) || this.#plan.construct.includes(name as Role),
    );
  }

  #withFields(
    returned: Gradients,
    before: ReadonlyMap<string, Float64Array | undefined>,
    updates: boolean,
  ): Gradients {
    const values: Record<string, Tensor> = { ...returned.values };
    const faults = [...returned.faults];
    const kept: string[] = [];
    const failed = (name: string) => faults.some((f) => f.tensor === `d${name}`);
    const fields = fieldsOf(this.object);
    for (const name of this.#operation.inputs) {
      if (values[name] !== undefined || failed(name)) continue;
      if (name !== "x" && !this.has.includes(name)) continue;
      const field = gradientField(fields, name);
      const old = before.get(name);
      const parameter = this.#parameters.get(name);
      const now = parameter === undefined ? undefined : current(parameter);
      try {
        if (field !== undefined) {
          values[name] = restore(field.decoded, `d${name}`, name, this.#bench, "backward");
          kept.push(name);
        } else if (updates && old !== undefined && now !== undefined) {
          // backward(dy, lr) takes the step itself, with lr = 1
          const step = { shape: [old.length], form: "flat" as const, data: old.map((v, i) => v - now[i]) };
          values[name] = restore(step, `d${name}`, name, this.#bench, "backward");
        }
      } catch (fault) {
        if (!(fault instanceof Fault)) throw fault;
        faults.push(fault);
      }
    }
    return { values, faults, kept };
  }

  #setTraining(training: boolean): void {
    const object = this.object;
    for (const key of ["training", "isTraining", "is_training", "train_flg", "isTrain", "trainMode"])
      if (typeof Reflect.get(object, key) === "boolean") Reflect.set(object, key, training);
    if (typeof Reflect.get(object, "mode") === "string")
      Reflect.set(object, "mode", training ? "train" : "eval");
    const switches = training ? ["train", "setTraining"] : ["eval", "evaluate", "test", "setTraining"];
    for (const name of switches) {
      const fn: unknown = Reflect.get(object, name);
      if (typeof fn !== "function" || fn.length > 1) continue;
      if (name === "setTraining" || name === "train") Reflect.apply(fn, object, [training]);
      else if (fn.length === 0) Reflect.apply(fn, object, []);
    }
  }

  #setParameters(inputs: Values): void {
    const names = this.#operation.inputs.filter((name) => name !== "x" && inputs[name] !== undefined);
    if (names.length === 0) return;
    if (this.#parameters.size === 0) this.#findParameters(inputs);
    for (const [name, field] of this.#parameters) {
      if (inputs[name] === undefined) continue;
      const letters = this.#plan.arrangements[name] ?? this.#operation.axes[name];
      const data = arranged(inputs[name], this.#operation.axes[name], letters).data;
      const now = { ...field, value: Reflect.get(field.holder, field.key) ?? field.value };
      const decoded = decode(now.value);
      if (decoded !== undefined) writeField({ ...now, decoded }, data);
    }
  }

  #findParameters(inputs: Values): void {
    const fields = fieldsOf(this.object);
    for (const name of this.#operation.inputs) {
      if (name === "x" || inputs[name] === undefined) continue;
      const field = parameterField(fields, name, inputs[name].size);
      if (
        field !== undefined &&
        !Array.from(this.#parameters.values()).some((other) => other.value === field.value)
      )
        this.#parameters.set(name, field);
    }
  }

  /** Shapes in which the parameters lie. */
  parameterShapes(
    inputs: Values,
  ): ReadonlyMap<string, { readonly shape: readonly number[]; readonly form: Form }> {
    if (this.#parameters.size === 0) this.#findParameters(inputs);
    return new Map(Array.from(this.#parameters, ([name, { decoded }]) => [name, decoded]));
  }
}

function sameParameters(a: Values, b: Values): boolean {
  return Object.keys(b).every(
    (name) => name === "x" || a[name]?.data.every((v, i) => v === b[name].data[i]) === true,
  );
}

function current(field: Field): Float64Array | undefined {
  return decode(Reflect.get(field.holder, field.key) ?? field.value)?.data.slice();
}

function constructorArguments(roles: readonly Role[], bench: CallArguments, source: string): unknown[] {
  const args = roles.map((role) => (role === "extra" ? undefined : bench.valueOf(role, source)));
  while (args.length > 0 && args[args.length - 1] === undefined) args.pop();
  return args;
}
