import type { Tensor } from "@gradbook/core";
import type { Operation } from "../operations/operation.js";
import { decode, encode } from "../reading/decode.js";
import { plainName, type Role, rolesOf } from "../reading/roles.js";
import { fullSource, type Param, parametersOf } from "../reading/source.js";
import { type Callable, type Case, Fault, type Values } from "../types.js";
import { arranged } from "./arrange.js";
import { CallArguments, type Plan } from "./bench.js";
import { type Output, orderOf, readGradients, readOutput } from "./results.js";
import { call, type Gradients, restore, type Session, watch } from "./session.js";

/** Two functions, or two methods of one object. */
export interface Pair {
  readonly forward?: Callable;
  readonly backward?: Callable;
  readonly self?: unknown;
}

export interface PairPlan extends Plan {
  readonly forward: readonly Role[];
  readonly backward: readonly Role[];
  /** backward wants all that forward returned, not only its second part */
  readonly wholeCache?: boolean;
}

/** Calls a function pair in one case. */
export class PairSession implements Session {
  readonly #pair: Pair;
  readonly #operation: Operation;
  readonly #c: Case;
  readonly #plan: PairPlan;
  readonly #numbers: Readonly<Record<string, number>>;
  readonly #seed: string;

  readonly mutations = new Set<string>();
  #bench: CallArguments | undefined;
  #output: Output | undefined;

  constructor(
    pair: Pair,
    operation: Operation,
    c: Case,
    plan: PairPlan,
    numbers: Readonly<Record<string, number>>,
    seed = "doctor",
  ) {
    this.#pair = pair;
    this.#operation = operation;
    this.#c = c;
    this.#plan = plan;
    this.#numbers = numbers;
    this.#seed = seed;
  }

  forward(inputs: Values, training = true): Tensor {
    const pair = this.#pair;
    const operation = this.#operation;
    const c = this.#c;
    const plan = this.#plan;
    const bench = new CallArguments(operation, c, plan, inputs, this.#numbers, training, this.#seed);
    this.#bench = bench;
    if (pair.forward === undefined) {
      // nothing to call: the definition's forward stands in
      const y = operation.forward(c.sizes, inputs, operation.conventions([])[0]);
      bench.set("y", encode(arranged(y, operation.axes.y, plan.arrangements.y), plan.form, plan.own));
      return y;
    }
    const args = argumentsOf(pair.forward, plan.forward, bench);
    const changed = watch(bench);
    const raw = call(pair.forward, pair.self, args, "forward", "y");
    for (const change of changed("forward")) this.mutations.add(change);
    const size = operation.axes.y.reduce((product, l) => product * c.sizes[l], 1);
    this.#output = readOutput(raw, size);
    bench.set("y", this.#output.rawY);
    bench.set("cache", this.#cacheOf(this.#output));
    return restore(this.#output.y, "y", "y", bench, "forward");
  }

  backward(dy: Tensor): Gradients {
    const pair = this.#pair;
    const operation = this.#operation;
    const plan = this.#plan;
    const bench = this.#bench;
    if (pair.backward === undefined || bench === undefined)
      throw new Fault("backward", "nothing", "dx", "there is no backward");
    const shaped = arranged(dy, operation.axes.y, plan.arrangements.y);
    bench.set("dy", encode(shaped, dyForm(this.#output, plan), plan.own));
    const args = argumentsOf(pair.backward, plan.backward, bench, this.#output);
    const changed = watch(bench);
    const raw = call(pair.backward, pair.self, args, "backward", "dx");
    for (const change of changed("backward")) this.mutations.add(change);
    const order = orderOf(raw, operation, bench.c.sizes);
    return { ...gradientsOf(raw, operation, bench), ...(order === undefined ? {} : { order }) };
  }

  #cacheOf(output: Output): unknown {
    const { raw, rest } = output;
    if (this.#plan.wholeCache === true || rest.length === 0) return raw;
    if (Array.isArray(raw)) return rest.length === 1 ? rest[0] : rest;
    for (const key of Object.keys(raw as object)) {
      if (/^(cache|ctx|context|saved|mem|memory|state|tape)$/i.test(key))
        return Reflect.get(raw as object, key);
    }
    return raw;
  }
}

/** dy comes in the form in which forward gave its output. */
export function dyForm(output: Output | undefined, plan: Plan): Plan["form"] {
  if (output === undefined || plan.form === "own") return plan.form;
  const { form } = output.y;
  if (plan.form === "tensor" && form === "record") return "tensor";
  return form === "flat" && plan.form === "nested" ? "nested" : form;
}

/** Gradients that a call returned, each read for itself. */
export function gradientsOf(raw: unknown, operation: Operation, bench: CallArguments): Gradients {
  const values: Record<string, Tensor> = {};
  const faults: Fault[] = [];
  for (const [name, found] of readGradients(raw, operation, bench.c.sizes)) {
    try {
      values[name] = restore(found, `d${name}`, name, bench, "backward");
    } catch (fault) {
      if (!(fault instanceof Fault)) throw fault;
      faults.push(fault);
    }
  }
  return { values, faults, kept: [] };
}

/** The values for a function's parameters; names that mean nothing to us are looked up in what forward returned. */
export function argumentsOf(
  fn: Callable,
  roles: readonly Role[],
  bench: CallArguments,
  output?: Output,
): unknown[] {
  const params = parametersOf(fn).filter((p) => !p.rest);
  const source = fullSource(fn);
  const unused = [...(output?.rest ?? [])];
  const args = roles.map((role, at) => {
    const param = params[at];
    if (role === "options" && param !== undefined) {
      const kept = output === undefined ? {} : recordOf(output.raw);
      return { ...kept, ...bench.record(source), ...tensorsInRecord(param, roles, bench, source) };
    }
    const own = role === "cache" && param !== undefined ? keptBy(param, output) : undefined;
    if (own !== undefined) return own;
    const single = role === "extra" ? undefined : bench.valueOf(role, source);
    const value = param?.pair === true && typeof single === "number" ? [single, single] : single;
    if (value !== undefined) return value;
    const kept = param === undefined ? undefined : keptBy(param, output);
    if (kept !== undefined) return kept;
    return param?.optional === true ? undefined : unused.shift();
  });
  while (args.length > 0 && args[args.length - 1] === undefined) args.pop();
  return args;
}

/** `({ x, w, b, stride, pad })`: tensors that are wanted in a record, where they are no parameters of their own. */
function tensorsInRecord(param: Param, roles: readonly Role[], bench: CallArguments, source: string): object {
  const wanted = rolesInRecord(param, roles, source);
  return Object.fromEntries(
    Array.from(wanted, ([key, role]) => [key, bench.valueOf(role)]).filter(([, v]) => v !== undefined),
  );
}

const tensorRoles: readonly Role[] = ["dy", "x", "W", "b", "gamma", "beta", "cache", "y"];

/** Which key of a record of arguments is which tensor. */
export function rolesInRecord(param: Param, roles: readonly Role[], source: string): Map<string, Role> {
  if (roles.includes("x") && param.keys === undefined) return new Map();
  const keys = param.keys ?? [
    ...new Set(source.match(new RegExp(`(?<=\\b${param.name}\\.)\\w+`, "g")) ?? []),
    ...destructuredFrom(param.name, source),
  ];
  const free = tensorRoles.filter((role) => !roles.includes(role));
  const found = new Map<string, Role>();
  for (const key of keys) {
    const role = rolesOf(key).find((r) => free.includes(r) && ![...found.values()].includes(r));
    if (role !== undefined) found.set(key, role);
  }
  return found;
}

/** `const { x, w } = args;` @param name as it stands in a regular expression */
export function destructuredFrom(name: string, source: string): string[] {
  const match = new RegExp(`\\{([^{}]*)\\}\\s*=\\s*${name}\\b`).exec(source);
  return match === null
    ? []
    : match[1]
        .split(",")
        .map((part) => part.trim().split(/[\s:=]/)[0])
        .filter((part) => part !== "");
}

/** What forward returned under a parameter's own name. */
function keptBy(param: Param, output: Output | undefined): unknown {
  const record = output === undefined ? {} : recordOf(output.raw);
  return Object.entries(record).find(([key]) => plainName(key) === plainName(param.name))?.[1];
}

function recordOf(raw: unknown): object {
  return typeof raw === "object" && raw !== null && !Array.isArray(raw) && decode(raw) === undefined
    ? raw
    : {};
}
