import { Tensor } from "@gradbook/core";
import { compare } from "../judging/compare.js";
import { oneHot } from "../operations/losses.js";
import type { Operation } from "../operations/operation.js";
import { type Decoded, decode, encode } from "../reading/decode.js";
import { fieldsOf, method } from "../reading/fields.js";
import type { OwnTensor } from "../reading/own-tensor.js";
import { assignments, plainName, type Role } from "../reading/roles.js";
import { constructorParameters, fullSource, parametersOf } from "../reading/source.js";
import { type Callable, CannotDrive, type Capabilities, type Case, Fault, type Values } from "../types.js";
import { arranged } from "./arrange.js";
import { CallArguments, type Plan } from "./bench.js";
import { type Calibrated, probeInputs, probeOptions, ramp } from "./calibrate.js";
import { argumentsOf } from "./function-pair.js";
import { likelyForms } from "./hints.js";
import { backwardNames, construct, forwardNames, type Maker } from "./layer-class.js";
import type { Output } from "./results.js";
import { call, type Gradients, restore, type Session, watch } from "./session.js";

/** A loss as one function that gives value and gradient, as two functions, or as a class. */
export interface LossCode {
  readonly forward?: Callable;
  readonly backward?: Callable;
  readonly self?: unknown;
  readonly maker?: Maker;
}

interface LossPlan extends Plan {
  readonly roles: readonly Role[];
  readonly backward: readonly Role[];
  readonly labels: "index" | "one-hot" | "typed" | "target";
}

const forwardRoles: readonly Role[] = ["x", "labels", "N", "C", "options", "reduction"];
const backwardRoles: readonly Role[] = ["x", "labels", "cache", "y", "dy", "N", "C", "options"];

const lossMethods = [...forwardNames, "loss", "compute", "value", "calculate"];

/** @throws CannotDrive when no way to call the loss gives a number */
export function calibrateLoss(
  name: string,
  code: LossCode,
  operations: readonly Operation[],
  own?: OwnTensor,
): Calibrated {
  const make = code.maker?.make;
  const object =
    code.maker === undefined
      ? undefined
      : construct(code.maker, make === undefined ? [] : constructorParameters(make).map(() => undefined));
  const forward = object === undefined ? code.forward : method(object, lossMethods)?.fn;
  const backward = object === undefined ? code.backward : method(object, backwardNames)?.fn;
  const source =
    make === undefined
      ? [forward, backward].map((fn) => (fn === undefined ? "" : fullSource(fn))).join("\n")
      : fullSource(make);
  if (forward === undefined)
    throw new CannotDrive(
      `${name}: there is no function that gives the loss.`,
      "Export softmaxCrossEntropy(logits, labels) → { loss, dlogits }.",
    );
  const parts = { ...code, forward, ...(backward === undefined ? {} : { backward }) };

  let best: { plan: LossPlan; score: number; can: Capabilities; operation: Operation } | undefined;
  let first: Fault | undefined;
  for (const roles of assignments(parametersOf(forward), forwardRoles, 6))
    for (const letters of [["N", "K"], ["K"]])
      for (const form of likelyForms(source, own))
        for (const [operation, labels] of operations.flatMap((o) =>
          waysOfLabels(o).map((l) => [o, l] as const),
        )) {
          const can = { batch: letters.length > 1, channels: false, rect: false, stride: false, pad: false };
          const c = operation.cases(can).probe;
          const inputs = probeInputs(operation, c);
          for (const back of backward === undefined
            ? [[]]
            : assignments(parametersOf(backward), backwardRoles, 6)) {
            const plan: LossPlan = {
              form,
              ...(own === undefined ? {} : { own }),
              arrangements: { x: letters, target: letters },
              roles,
              backward: back,
              labels,
            };
            const points = tryLoss(operation, parts, plan, c, inputs);
            if (points instanceof Fault) first ??= points;
            else if (best === undefined || points > best.score)
              best = { plan, score: points, can, operation };
          }
        }
  if (best === undefined || (best.score < 1.5 && first !== undefined)) {
    if (first !== undefined && (first.sort === "nan" || first.thrown instanceof ReferenceError)) throw first;
    throw new CannotDrive(
      `${name}: no way to call it gives a loss; the first one: ${first?.detail ?? "nothing"}.`,
      "Write it as (logits, labels) → { loss, dlogits } with rows of logits and class numbers.",
    );
  }
  const { plan, can, operation } = best;
  return {
    operation,
    can,
    open: (c) => new LossSession(operation, parts, plan, c),
    hasForward: true,
    hasBackward: true,
    conventions: [
      ...(plan.labels === "target"
        ? []
        : [plan.labels === "one-hot" ? "labels are one-hot rows" : "labels are class numbers"]),
    ],
    source,
    inputs: ["x"],
  };
}

/** Forms of the second argument: targets of the output's shape, class numbers, one-hot rows. */
function waysOfLabels({ given = [] }: Operation): readonly LossPlan["labels"][] {
  return given.includes("labels") ? ["index", "one-hot", "typed"] : ["target"];
}

function tryLoss(
  operation: Operation,
  code: LossCode,
  plan: LossPlan,
  c: Case,
  inputs: Values,
): number | Fault {
  try {
    const session = new LossSession(operation, code, plan, c);
    const loss = session.forward(inputs);
    const conventions = operation.conventions([]);
    const fits = conventions.some(
      (k) => compare(loss.data, operation.forward(c.sizes, inputs, k).data).error < 1e-5,
    );
    // a call that does not see the logits is none
    const moved = { ...inputs, x: ramp(inputs.x) };
    const sees =
      Math.abs(new LossSession(operation, code, plan, c).forward(moved).data[0] - loss.data[0]) > 1e-12;
    let points = fits ? 10 : sees ? 2 : 0;
    try {
      const { values, faults } = session.backward(new Tensor([], Float64Array.of(1)));
      if (values.x !== undefined) {
        points += 1;
        if (
          conventions.some(
            (k) =>
              compare(
                values.x.data,
                operation.gradient("x", { sizes: c.sizes, inputs, dy: loss, convention: k }).data,
              ).error < 1e-4,
          )
        )
          points += 2;
      }
      points -= faults.length * 0.5;
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      points -= 0.6;
    }
    return points;
  } catch (error) {
    if (error instanceof Fault) return error;
    throw error;
  }
}

class LossSession implements Session {
  readonly #operation: Operation;
  readonly #code: LossCode;
  readonly #plan: LossPlan;
  readonly #c: Case;

  readonly mutations = new Set<string>();
  readonly object: object | undefined;
  #bench: CallArguments | undefined;
  #output: Output | undefined;

  constructor(operation: Operation, code: LossCode, plan: LossPlan, c: Case) {
    this.#operation = operation;
    this.#code = code;
    this.#plan = plan;
    this.#c = c;

    this.object = code.maker === undefined ? undefined : construct(code.maker, []);
  }

  forward(inputs: Values): Tensor {
    const operation = this.#operation;
    const c = this.#c;
    const plan = this.#plan;
    const code = this.#code;
    const bench = new CallArguments(operation, c, plan, inputs, probeOptions, true);
    bench.set("labels", this.#labels(inputs));
    this.#bench = bench;
    const fn = code.forward ?? (() => undefined);
    const args = argumentsOf(fn, plan.roles, bench);
    const changed = watch(bench);
    const raw = call(fn, this.object ?? code.self, args, "forward", "y");
    for (const change of changed("forward")) this.mutations.add(change);
    const loss = lossIn(raw);
    if (loss === undefined)
      throw new Fault(
        "forward",
        raw instanceof Promise ? "promise" : "nothing",
        "y",
        "the call gives no loss, neither as a number nor in a field loss",
      );
    if (!Number.isFinite(loss)) throw new Fault("forward", "nan", "y", `the loss is ${loss}`);
    this.#output = {
      y: { shape: [], data: Float64Array.of(loss), form: "flat" },
      rawY: loss,
      raw,
      rest: Array.isArray(raw) ? raw.filter((v) => typeof v !== "number") : [],
    };
    bench.set("y", loss);
    bench.set("cache", typeof raw === "object" ? cacheIn(raw) : undefined);
    return new Tensor([], Float64Array.of(loss));
  }

  backward(dy: Tensor): Gradients {
    const code = this.#code;
    const plan = this.#plan;
    const bench = this.#bench;
    const output = this.#output;
    const operation = this.#operation;
    const c = this.#c;
    if (bench === undefined || output === undefined)
      throw new Fault("backward", "nothing", "dx", "backward before forward");
    let raw: unknown = output.raw;
    if (code.backward !== undefined) {
      bench.set("dy", dy.data[0]);
      const args = argumentsOf(code.backward, plan.backward, bench, output);
      const changed = watch(bench);
      raw = call(code.backward, this.object ?? code.self, args, "backward", "dx");
      for (const change of changed("backward")) this.mutations.add(change);
    }
    const size = c.sizes.N * c.sizes.K;
    const found = gradientIn(raw, size) ?? (this.object === undefined ? undefined : kept(this.object, size));
    if (found === undefined)
      return {
        values: {},
        faults: [
          new Fault("backward", "nothing", "dx", "the gradient with respect to the logits is missing"),
        ],
        kept: [],
      };
    try {
      return {
        values: { x: restore(found, "dx", "x", { operation, c, plan }, "backward") },
        faults: [],
        kept: [],
      };
    } catch (fault) {
      if (fault instanceof Fault) return { values: {}, faults: [fault], kept: [] };
      throw fault;
    }
  }

  #labels(inputs: Values): unknown {
    const plan = this.#plan;
    const c = this.#c;
    const operation = this.#operation;
    const letters = plan.arrangements.x;
    if (plan.labels === "target")
      return encode(arranged(inputs.target, ["N", "K"], letters), plan.form, plan.own);
    if (plan.labels === "one-hot")
      return encode(arranged(oneHot(inputs, c.sizes), operation.axes.x, letters), plan.form, plan.own);
    if (letters.length === 1) return inputs.labels.data[0];
    return plan.labels === "typed" ? inputs.labels.clone() : Array.from(inputs.labels.data);
  }
}

/** `3.2`, `{ loss }`, `[loss, gradient]` */
function lossIn(raw: unknown): number | undefined {
  const single = (value: unknown): number | undefined => {
    if (typeof value === "number") return value;
    const found = decode(value);
    return found?.data.length === 1 ? found.data[0] : undefined;
  };
  const whole = single(raw);
  if (whole !== undefined) return whole;
  if (Array.isArray(raw)) return raw.map(single).find((v) => v !== undefined);
  if (typeof raw !== "object" || raw === null) return undefined;
  for (const key of ["loss", "L", "l", "value", "cost", "J", "total", "mean", "out", "lossValue"]) {
    const found = single(Reflect.get(raw, key));
    if (found !== undefined) return found;
  }
  return Object.values(raw)
    .map(single)
    .find((v) => v !== undefined);
}

function gradientIn(raw: unknown, size: number): Decoded | undefined {
  const whole = decode(raw);
  if (whole !== undefined && whole.data.length === size) return whole;
  if (Array.isArray(raw)) {
    const parts = raw.map(decode).filter((d) => d !== undefined && d.data.length > 1);
    return parts.find((d) => d?.data.length === size) ?? parts[0] ?? whole;
  }
  if (typeof raw !== "object" || raw === null) return whole;
  const entries = Object.entries(raw).filter(([, v]) => decode(v) !== undefined);
  const named = entries.find(
    ([key]) => /^(d|grad|gradient|delta|g$)/.test(plainName(key)) || /grad/.test(plainName(key)),
  );
  if (named !== undefined) return decode(named[1]);
  const fitting = entries.filter(
    ([key, v]) => decode(v)?.data.length === size && !/prob|softmax|^p$/.test(plainName(key)),
  );
  return fitting.length === 1 ? decode(fitting[0][1]) : undefined;
}

function kept(object: object, size: number): Decoded | undefined {
  return fieldsOf(object).find(
    ({ key, decoded }) => decoded.data.length === size && /^(d|grad)/.test(plainName(key)),
  )?.decoded;
}

function cacheIn(raw: object | null): unknown {
  if (raw === null) return undefined;
  if (Array.isArray(raw)) return raw.find((v) => typeof v === "object");
  for (const key of ["cache", "ctx", "probs", "p", "softmax"])
    if (Reflect.get(raw, key) !== undefined) return Reflect.get(raw, key);
  return raw;
}
