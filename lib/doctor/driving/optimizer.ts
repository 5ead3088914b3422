import { Tensor } from "@gradbook/core";
import type { Hyper, OptimizerKind } from "../operations/optimizer-rules.js";
import { decode, encode, type Form } from "../reading/decode.js";
import { method } from "../reading/fields.js";
import { plainName } from "../reading/roles.js";
import { blankOut, constructorParameters, fullSource, type Param, parametersOf } from "../reading/source.js";
import { type Callable, CannotDrive, Fault } from "../types.js";
import { construct, type Maker } from "./layer-class.js";
import { call } from "./session.js";

/** A step function, or a class with a step. */
export interface OptimizerCode {
  readonly fn?: Callable;
  readonly maker?: Maker;
}

/** How the code is called: how weights lie, who counts the steps, how they are packed. */
export interface OptimizerPlan {
  readonly form: Form;
  readonly packing: "plain" | "list" | "record" | "parameters";
  /** who counts t: the code in its state, or the caller */
  readonly clock: "own" | "caller";
  /** `{}`; zeros under every usual name that the code does not start by itself; zeros under all of them */
  readonly start: "empty" | "filled" | "whole";
}

/** Weights after each step. */
export interface Trajectory {
  readonly steps: readonly (readonly number[])[];
  readonly mutatesGradient: boolean;
}

const stepNames = ["step", "update", "apply", "applyGradients", "optimize", "minimize"];

/** Runs the code over some gradients. @throws Fault, CannotDrive */
export function runOptimizer(
  kind: OptimizerKind,
  code: OptimizerCode,
  plan: OptimizerPlan,
  w0: readonly number[],
  gradients: readonly (readonly number[])[],
  hyper: Hyper,
): Trajectory {
  const { step } = startOptimizer(kind, code, plan, w0, hyper);
  let mutatesGradient = false;
  const steps = gradients.map((g) => {
    const { w, mutated } = step(g);
    mutatesGradient ||= mutated;
    return w;
  });
  return { steps, mutatesGradient };
}

/** Whether the code, given an empty state, puts arrays of its own there in the first step, even if it throws then. */
export function makesState(
  kind: OptimizerKind,
  code: OptimizerCode,
  plan: OptimizerPlan,
  w0: readonly number[],
  gradient: readonly number[],
  hyper: Hyper,
): boolean {
  const { step, state } = startOptimizer(kind, code, { ...plan, start: "empty" }, w0, hyper);
  try {
    step(gradient);
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
  }
  const now = state();
  return typeof now === "object" && now !== null && Object.values(now).some((v) => typeof v === "object");
}

/** A parameter on its way: each call of `step` is one. */
interface OneParameter {
  step(g: readonly number[]): { w: number[]; mutated: boolean };
  /** as it is now: the object handed in, or what the code returned instead */
  state(): unknown;
}

/** One parameter with its state. */
export function startOptimizer(
  kind: OptimizerKind,
  code: OptimizerCode,
  plan: OptimizerPlan,
  w0: readonly number[],
  hyper: Hyper,
): OneParameter {
  const source = blankOut(
    code.maker?.make === undefined
      ? code.fn === undefined
        ? ""
        : fullSource(code.fn)
      : fullSource(code.maker.make),
  );
  const numbers = (name: string): number | undefined => numberFor(kind, name, hyper, source);
  const record = recordFor(source, numbers);
  if (takesNesterov(source)) record.nesterov = hyper.nesterov ?? false;
  const shape = plan.form === "nested" ? [1, w0.length] : [w0.length];
  const wrap = (values: readonly number[]) => encode(new Tensor(shape, Float64Array.from(values)), plan.form);
  let w: unknown = wrap(w0);
  let state: unknown = {};
  if (plan.start !== "empty") {
    const words = stateWords(kind, source).filter(
      (word) => plan.start === "whole" || !startsByItself(source, word),
    );
    state = Object.fromEntries(words.map((word) => [word, isClock(word) ? 0 : wrap(w0.map(() => 0))]));
  }
  const slots = new Map<string, unknown>();
  let t = 0;
  const parameter = { value: w, grad: wrap(w0.map(() => 0)), data: w, gradient: undefined as unknown };
  const object =
    code.maker === undefined
      ? undefined
      : construct(code.maker, constructorArguments(code.maker, record, numbers, plan, parameter));
  const fn = object === undefined ? code.fn : method(object, stepNames)?.fn;
  if (fn === undefined)
    throw new CannotDrive(
      "there is no step function.",
      "Export sgdMomentumStep(w, g, state, options), or a class with step(w, g).",
    );
  const params = parametersOf(fn);

  const step = (values: readonly number[]): { w: number[]; mutated: boolean } => {
    t++;
    const g = wrap(values);
    if (plan.clock === "caller") {
      record.t = t;
      if (typeof state === "object" && state !== null) Reflect.set(state, "t", t);
    }
    parameter.grad = g;
    parameter.gradient = g;
    const args = params.filter((p) => !p.rest).map((p, at) => argument(p, at));
    const raw = call(fn, object, args, "step", "w");
    const next = weightsIn(raw, w0.length);
    if (next !== undefined) w = next;
    if (plan.packing === "parameters") w = parameter.value;
    adoptState(raw);
    const now = decode(w);
    if (now === undefined || now.data.length !== w0.length)
      throw new Fault("step", "shape", "w", "the weights come out in another size");
    if (now.data.some((v) => Number.isNaN(v)))
      throw new Fault("step", "nan", "w", nanWords(Array.from(now.data), t));
    const after = decode(g)?.data;
    return { w: Array.from(now.data), mutated: after?.some((v, i) => v !== values[i]) === true };

    function argument(p: Param, at: number): unknown {
      const name = plainName(p.name);
      const role = useOf(p.name, source, at) ?? roleOf(kind, name, at, p);
      if (role === "w") return packed(w, "W");
      if (role === "g") return packed(g, "W");
      if (role === "state") return state;
      if (role === "options") return record;
      if (role === "t") return plan.clock === "caller" ? t : t;
      if (role === "slot") {
        if (!slots.has(p.name)) slots.set(p.name, wrap(w0.map(() => 0)));
        return slots.get(p.name);
      }
      return numbers(p.name);
    }
  };
  return { step, state: () => state };

  function packed(value: unknown, name: string): unknown {
    if (plan.packing === "list") return [value];
    if (plan.packing === "record") return { [name]: value };
    if (plan.packing === "parameters") return [parameter];
    return value;
  }

  /** `return { w, v }`, `return [w, v]`: what is named like a slot is the slot's next value. */
  function adoptState(raw: unknown): void {
    if (
      (Array.isArray(raw) &&
        decode(raw[0])?.data.length === w0.length &&
        raw.length > 1 &&
        decode(raw) === undefined) ||
      (Array.isArray(raw) && slots.size > 0 && raw.length === slots.size + 1)
    ) {
      const rest = (raw as unknown[]).slice(1);
      if (slots.size > 0) {
        for (const [k, name] of [...slots.keys()].entries())
          if (rest[k] !== undefined) slots.set(name, rest[k]);
      } else if (typeof rest[0] === "object") state = rest[0];
      return;
    }
    if (typeof raw !== "object" || raw === null || Array.isArray(raw)) return;
    const next: unknown =
      Reflect.get(raw, "state") ?? Reflect.get(raw, "cache") ?? Reflect.get(raw, "newState");
    if (typeof next === "object" && next !== null && decode(next) === undefined) state = next;
    for (const name of slots.keys()) {
      const value: unknown = Reflect.get(raw, name);
      if (decode(value)?.data.length === w0.length) slots.set(name, value);
    }
  }
}

/** Which weights are NaN tells apart what makes them so. */
export function nanWords(w: readonly number[], step: number): string {
  const lost = w.filter(Number.isNaN).length;
  return `${lost === w.length ? "w is" : `${lost} of ${w.length} weights are`} NaN after step ${step}`;
}

function weightsIn(raw: unknown, size: number): unknown {
  if (typeof raw !== "object" || raw === null) return undefined;
  if (decode(raw)?.data.length === size) return raw;
  if (Array.isArray(raw)) return decode(raw[0])?.data.length === size ? raw[0] : undefined;
  for (const key of [
    "w",
    "W",
    "weights",
    "weight",
    "params",
    "param",
    "theta",
    "next",
    "x",
    "p",
    "newW",
    "wNew",
    "value",
  ]) {
    const value: unknown = Reflect.get(raw, key);
    if (decode(value)?.data.length === size) return value;
  }
  return undefined;
}

/** A short name says little, the fields that are read from it say more: `o.lr`, `s.velocity`. */
function useOf(name: string, source: string, at: number): OptimizerRole | undefined {
  if (at < 2 || name === "") return undefined;
  const fields = Array.from(
    source.matchAll(new RegExp(`\\b${escaped(name)}\\??\\.\\s*([A-Za-z_]\\w*)`, "g")),
    (m) => m[1],
  );
  if (
    fields.some((f) => /^(lr|learningRate|learning_rate|eta|rho|beta1|beta2|momentum|eps|epsilon)$/.test(f))
  )
    return "options";
  const own = fields.filter(
    (f) => !/^(length|map|forEach|slice|fill|data|shape|reduce|set|dims|size)$/.test(f),
  );
  return own.length > 0 ? "state" : undefined;
}

type OptimizerRole = "w" | "g" | "state" | "options" | "slot" | "t" | "number";

function roleOf(kind: OptimizerKind, name: string, at: number, p: Param): OptimizerRole {
  if (p.keys !== undefined) return "options";
  if (/^(w|weights?|theta|params?|p|x|values?|parameters?|wts|variables?|vars?)$/.test(name) && at === 0)
    return "w";
  if (/^(g|grads?|gradients?|dw|dtheta|dx|dparams?|dweights?|gw|gradw|gradweights?|d)$/.test(name) && at <= 1)
    return "g";
  if (
    /^(state|states|memory|mem|optstate|slots?|buffers?|st|cache|ctx)$/.test(name) &&
    !(kind === "rmsprop" && name === "cache" && at > 2)
  )
    return "state";
  if (/^(options?|opts?|config|cfg|hyper|hyperparams?|hp|settings|args|conf|params|h)$/.test(name) && at >= 2)
    return "options";
  if (/^(t|step|iter|iteration|timestep|k|n)$/.test(name)) return "t";
  if (
    /^(v|vel|velocity|vw|m|mw|s|sq|sw|r|h|u|vprev|mprev|sprev|eg2|sdw|vdw|meansquare|cache|acc|accum|firstmoment|secondmoment|momentumbuffer)$/.test(
      name,
    )
  )
    return "slot";
  if (at === 0) return "w";
  if (at === 1) return "g";
  return "number";
}

const decayWord = /^(weightdecay|wd|lambda|l2|l2reg)$/;

/** Whether the code has a word for weight decay among those that it reads. */
export function takesDecay(source: string): boolean {
  return (source.match(/[A-Za-z_$][\w$]*/g) ?? []).some((word) => decayWord.test(plainName(word)));
}

/** The value that a name of an option or parameter asks for. */
function numberFor(kind: OptimizerKind, name: string, h: Hyper, source: string): number | undefined {
  const plain = plainName(name);
  if (/^(lr|learningrate|eta|rate|stepsize|learnrate)$/.test(plain)) return h.lr;
  if (/^(beta1|b1|betaone)$/.test(plain)) return h.beta1;
  if (/^(beta2|b2|betatwo)$/.test(plain)) return h.beta2;
  if (/^(eps|epsilon|e|delta|eps1)$/.test(plain)) return h.eps;
  if (decayWord.test(plain)) return h.weightDecay ?? 0;
  if (/^(reg|decoupled|dampening)$/.test(plain)) return 0;
  if (plain === "alpha") {
    const hasRate = /\b(lr|learningRate|learning_rate|eta|rate|stepSize)\b/.test(source);
    return !hasRate ? h.lr : kind === "momentum" ? h.momentum : kind === "rmsprop" ? h.rho : h.lr;
  }
  if (/^(momentum|mu|beta|rho|gamma|mom|decay|decayrate|m|forget|discount|friction)$/.test(plain)) {
    return kind === "rmsprop"
      ? plain === "momentum"
        ? 0
        : h.rho
      : kind === "momentum"
        ? h.momentum
        : kind === "sgd"
          ? 0
          : h.beta1;
  }
  if (plain === "nesterov") return undefined;
  return undefined;
}

/** Whether the look-ahead is an option of the code: a field that it reads, not a word of its own. */
export function takesNesterov(source: string): boolean {
  return /[{,]\s*nesterov\s*[,}=:]|\.\s*nesterov\b/.test(source);
}

function recordFor(source: string, numbers: (name: string) => number | undefined): Record<string, unknown> {
  const record: Record<string, unknown> = {};
  for (const word of new Set(source.match(/[A-Za-z_$][\w$]*/g) ?? [])) {
    const value = numbers(word);
    if (value !== undefined && word.length > 0) record[word] = value;
  }
  if (/\bbetas\b/.test(source)) record.betas = [numbers("beta1"), numbers("beta2")];
  return record;
}

/** The usual names of memory, and of the count of steps, that the code reads from an object. */
export function stateWords(kind: OptimizerKind, source: string): string[] {
  const words = new Set<string>();
  for (const match of source.matchAll(
    /(?<!\.)\.\s*([A-Za-z_$][\w$]*)|[{,]\s*([A-Za-z_$][\w$]*)\s*(?=[,}=:])/g,
  )) {
    const word = match[1] ?? match[2];
    if (
      isClock(word) ||
      roleOf(kind, plainName(word), 3, { name: word, optional: false, rest: false }) === "slot"
    )
      words.add(word);
  }
  return [...words];
}

const isClock = (word: string): boolean => /^(t|step|iter|iteration)$/.test(plainName(word));

/** `state.v ?? …`, `state.v ||= …`: what the code starts by itself. */
function startsByItself(source: string, word: string): boolean {
  return new RegExp(`\\.\\s*${escaped(word)}\\s*(\\?\\?|\\|\\|)`).test(source);
}

/** Whether the code has a branch for memory that is not there yet: `!state.v`, `"v" in state`, `state.v ?? …`. */
export function looksForState(kind: OptimizerKind, source: string): boolean {
  const memory = stateWords(kind, source).filter((word) => !isClock(word));
  return memory.some((word) => {
    const name = escaped(word);
    const absent = `!\\s*(?:[\\w$.]+\\??\\.\\s*)?${name}\\b(?!\\s*[.([])|\\.\\s*${name}\\s*[!=]==?\\s*(?:undefined|null)\\b`;
    const probeOptions = `typeof\\s+[\\w$.]+\\.\\s*${name}\\b|(["'\`])${name}\\1\\s*in\\b`;
    return startsByItself(source, word) || new RegExp(`${absent}|${probeOptions}`).test(source);
  });
}

const escaped = (word: string): string => word.replace(/\$/g, "\\$&");

function constructorArguments(
  { make }: Maker,
  record: Record<string, unknown>,
  numbers: (name: string) => number | undefined,
  plan: OptimizerPlan,
  parameter: object,
): unknown[] {
  if (make === undefined) return [];
  return constructorParameters(make).map((p) => {
    if (p.keys !== undefined) return record;
    const plain = plainName(p.name);
    if (/^(params|parameters|variables|layers|weights)$/.test(plain))
      return plan.packing === "parameters" ? [parameter] : [];
    if (/^(options?|opts?|config|cfg|hyper|hyperparams?|hp|settings)$/.test(plain)) return record;
    return numbers(p.name);
  });
}
