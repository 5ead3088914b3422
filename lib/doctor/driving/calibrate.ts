import { Rng, Tensor } from "@gradbook/core";
import { attempt } from "../attempt.js";
import { compare } from "../judging/compare.js";
import { askedEps } from "../operations/batch-norm.js";
import type { Convention, Operation } from "../operations/operation.js";
import { method } from "../reading/fields.js";
import type { OwnTensor } from "../reading/own-tensor.js";
import { assignments, type Role, rolesOf } from "../reading/roles.js";
import { constructorParameters, fullSource, type Param, parametersOf } from "../reading/source.js";
import {
  type Callable,
  CannotDrive,
  type Capabilities,
  type Case,
  Fault,
  type OnCall,
  type Values,
} from "../types.js";
import { type Arrangement, arrangementOf, dataArrangements, weightArrangements } from "./arrange.js";
import type { Plan } from "./bench.js";
import { destructuredFrom, type Pair, type PairPlan, PairSession, rolesInRecord } from "./function-pair.js";
import { axesIn, conventionsIn, likelyForms } from "./hints.js";
import { backwardNames, type ClassPlan, ClassSession, forwardNames, type Maker } from "./layer-class.js";
import { workedNow, workedSince } from "./patience.js";
import type { Session } from "./session.js";
import { sitesOf } from "./sites.js";

/** Numbers that are probeOptions for where the code takes them. */
export const probeOptions: Readonly<Record<string, number>> = {
  slope: 0.125,
  p: 0.25,
  eps: askedEps,
  momentum: 0.25,
};

/** Code that has been called with success, or as near to it as could be. */
export interface Calibrated {
  readonly operation: Operation;
  readonly can: Capabilities;
  open(c: Case, seed?: string): Session;
  readonly hasForward: boolean;
  readonly hasBackward: boolean;
  readonly conventions: readonly string[];
  readonly source: string;
  /** Parameters that the code really has; x among them. */
  readonly inputs: readonly string[];
}

/** A way to call the code that may be the right one. */
interface Candidate<P extends Plan> {
  readonly operation: Operation;
  readonly can: Capabilities;
  readonly plan: P;
  /** Its place among the assignments of roles to parameters, the likeliest first. */
  readonly rank: number;
  readonly open: (c: Case, inputs: Values) => Session;
}

interface Attempt<P extends Plan = Plan> {
  readonly plan: P;
  readonly operation: Operation;
  readonly can: Capabilities;
  /** 10: the definition's output; 2 … 3: numbers of the right size; less: a fault */
  readonly score: number;
  readonly fault?: Fault;
  readonly convention?: Convention;
}

/** Milliseconds of work for the search of a way to call. */
const searchBudgetMs = 2000;
/** Ways to call that are tried: a number, so that a busy machine gives the same answer. */
const mostWays = 600;

/**
 * @param known whether the code said what it is; else only what computes an operation exactly is taken for it
 * @throws CannotDrive when no way to call the functions gives numbers
 */
export function calibratePair(
  name: string,
  pair: Pair,
  operations: readonly Operation[],
  own?: OwnTensor,
  known = true,
  onCall: OnCall = () => {},
): Calibrated {
  const forward = pair.forward;
  const source = [forward, pair.backward].map((fn) => (fn === undefined ? "" : fullSource(fn))).join("\n");
  const params = forward === undefined ? parametersOf(pair.backward ?? (() => 0)) : parametersOf(forward);
  const attempts = search(pairCandidates(pair, operations, params, source, own));
  const best = bestOf(name, attempts, params, known);
  onCall("backward", "first call");
  const withBackward = calibrateBackward(pair, best);
  const { operation, can, plan } = best;
  const open = (c: Case, seed?: string) =>
    new PairSession(pair, operation, c, pairsFor(c, withBackward), probeOptions, seed);
  const inputs = operation.inputs.filter(
    (i) => i === "x" || forward === undefined || takes(params, plan.forward, i, source),
  );
  return {
    operation,
    can: withRect(operation, can, open, inputs),
    open,
    hasForward: forward !== undefined,
    hasBackward: pair.backward !== undefined,
    conventions: [...recognised(operation, known), ...spoken(operation, plan, can)],
    source,
    inputs,
  };
}

/** @throws CannotDrive when no way to construct and call the class gives numbers */
export function calibrateClass(
  name: string,
  maker: Maker,
  operations: readonly Operation[],
  own?: OwnTensor,
  known = true,
  onCall: OnCall = () => {},
): Calibrated {
  const source =
    maker.make === undefined
      ? fullSource((maker.instance as object).constructor as Callable)
      : fullSource(maker.make);
  const params = (maker.make === undefined ? [] : constructorParameters(maker.make)).map((p) =>
    isRecord(p, source) ? { ...p, name: "options" } : p,
  );
  const sample = prototypeOf(maker);
  const methods = {
    forward: sample === undefined ? undefined : method(sample, forwardNames)?.fn,
    backward: sample === undefined ? undefined : method(sample, backwardNames)?.fn,
  };
  const attempts = search(classCandidates(maker, operations, params, methods.forward, source, own));
  const best = bestOf(name, attempts, params, known);
  const { operation, can, plan } = best;
  const probe = probeOf(operation, can);
  const inputs = probeInputs(operation, probe);
  const first = attempt(() => {
    const session = new ClassSession(maker, operation, probe, plan, probeOptions, "doctor", inputs);
    session.forward(inputs);
    return session;
  });
  const has = first?.has ?? operation.inputs;
  const needed = operation.inputs.filter((i) => i !== "b" && i !== "beta");
  if (first !== undefined && !needed.every((i) => has.includes(i))) {
    const lost = needed.filter((i) => !has.includes(i));
    throw new CannotDrive(
      `${name}: found no field with the ${inputs[lost[0]].size} numbers of ${lost.join(" and ")}.`,
      `Keep the parameters in fields that can be reached, e.g. this.${lost[0]} (not private with #).`,
    );
  }
  onCall("backward", "first call");
  const withBackward = calibrateMethods(maker, best, methods.backward);
  const open = (c: Case, seed = "doctor") =>
    new ClassSession(maker, operation, c, pairsFor(c, withBackward), probeOptions, seed);
  return {
    operation,
    can: withRect(operation, can, open, has),
    open,
    hasForward: true,
    hasBackward: methods.backward !== undefined || sample === undefined,
    conventions: [...recognised(operation, known), ...spoken(operation, plan, can)],
    source,
    inputs: has,
  };
}

/** The first ways to call that give numbers, until one computes the operation itself. */
function search<P extends Plan>(candidates: Iterable<Candidate<P>>): readonly Attempt<P>[] {
  const attempts: Attempt<P>[] = [];
  const started = workedNow();
  for (const candidate of candidates) {
    const attempt = tryForward(candidate);
    attempts.push(attempt);
    if (attempt.score === 10) break;
    if (attempts.length >= mostWays || workedSince(started) > searchBudgetMs) break;
  }
  return attempts;
}

/** The ways to call a pair of functions, the likeliest of each operation first. */
function* pairCandidates(
  pair: Pair,
  operations: readonly Operation[],
  params: readonly Param[],
  source: string,
  own: OwnTensor | undefined,
): Generator<Candidate<PairPlan>> {
  for (const operation of operations) {
    const conventions = conventionsIn(operation, source, params);
    const ways = pair.forward === undefined ? [[]] : assignments(params, sitesOf[operation.kind].forward);
    for (const [rank, roles] of ways.entries()) {
      const takesWeights = roles.includes("W") || pair.forward === undefined;
      const takesVectors = roles.includes("b") || roles.includes("gamma");
      for (const data of dataArrangements(operation, axesIn(source))) {
        const can = capabilities(data.x, conventions);
        for (const form of likelyForms(source, own))
          for (const W of takesWeights ? weightArrangements(operation) : [[]])
            for (const vectors of takesVectors ? vectorForms : [undefined]) {
              if (!fits(operation, data.x, W)) continue;
              const plan: PairPlan = {
                form,
                ...(own === undefined ? {} : { own }),
                arrangements: { ...data, ...(W.length > 0 ? { W } : {}) },
                forward: roles,
                backward: [],
                ...(vectors === undefined ? {} : { vectors }),
              };
              const open = (c: Case) => new PairSession(pair, operation, c, plan, probeOptions);
              yield { operation, can, plan, rank, open };
            }
      }
    }
  }
}

/** The ways to construct a class and to call its forward. */
function* classCandidates(
  maker: Maker,
  operations: readonly Operation[],
  params: readonly Param[],
  forwardMethod: Callable | undefined,
  source: string,
  own: OwnTensor | undefined,
): Generator<Candidate<ClassPlan>> {
  const forwardParams = forwardMethod === undefined ? undefined : parametersOf(forwardMethod);
  for (const operation of operations) {
    const conventions = conventionsIn(operation, source, params);
    const sites = sitesOf[operation.kind];
    const ways =
      forwardParams === undefined ? [["x"] as Role[]] : assignments(forwardParams, sites.forwardMethod, 3);
    const weights = operation.axes.W === undefined ? [[]] : weightArrangements(operation);
    for (const [rank, construct] of assignments(params, sites.construct, 6).entries())
      for (const data of dataArrangements(operation)) {
        const can = capabilities(data.x, conventions);
        for (const form of likelyForms(source, own))
          for (const forward of ways)
            for (const W of weights) {
              if (!fits(operation, data.x, W)) continue;
              const plan: ClassPlan = {
                form,
                ...(own === undefined ? {} : { own }),
                arrangements: { ...data, ...(W.length > 0 ? { W } : {}) },
                construct,
                forward,
                backward: [],
              };
              if (W.length > 0 && visibleOtherwise(maker, operation, probeOf(operation, can), plan, W))
                continue;
              const open = (c: Case, inputs: Values) =>
                new ClassSession(maker, operation, c, plan, probeOptions, "doctor", inputs);
              yield { operation, can, plan, rank, open };
            }
      }
  }
}

/** A parameter of whatever name from which options are read: `size.in`, `const { kernel } = this.geometry`. */
function isRecord({ name }: Param, source: string): boolean {
  if (name === "" || rolesOf(name).includes("options")) return false;
  const plain = name.replace(/\$/g, "\\$&");
  const fields = source.match(new RegExp(`(?<=\\b${plain}\\??\\.)\\w+`, "g")) ?? [];
  return [...fields, ...destructuredFrom(`(?:this\\s*\\.\\s*)?${plain}`, source)].some(
    (field) => field.length > 1 && rolesOf(field).some((role) => optionRoles.includes(role)),
  );
}

const optionRoles: readonly Role[] = [
  "in",
  "out",
  "kernel",
  "stride",
  "pad",
  "C",
  "F",
  "slope",
  "eps",
  "momentum",
];

const vectorForms = [undefined, "flat", "row", "column", "scalar"] as const;

/** Whether a function is given an input, as a parameter of its own or in a record. */
function takes(params: readonly Param[], roles: readonly Role[], input: string, source: string): boolean {
  if (roles.includes(input as Role)) return true;
  return params.some(
    (p, at) =>
      roles[at] === "options" && [...rolesInRecord(p, roles, source).values()].includes(input as Role),
  );
}

function prototypeOf({ make, instance }: Maker): object | undefined {
  if (instance !== undefined) return instance;
  const proto: unknown = make?.prototype;
  return typeof proto === "object" && proto !== null && method(proto, forwardNames) !== undefined
    ? proto
    : undefined;
}

function capabilities(
  x: Arrangement,
  spokenOfCode: Pick<Capabilities, "stride" | "pad" | "square">,
): Capabilities {
  return {
    batch: x.includes("N"),
    channels: x.length !== 2 || !x.includes("H"),
    rect: false,
    ...spokenOfCode,
  };
}

/** A layout of the weights that goes with one of the data: without a channel axis there, none here. */
function fits(operation: Operation, x: Arrangement, W: Arrangement): boolean {
  if (operation.axes.W?.length !== 4 || W.length === 0) return true;
  return x.includes("C") ? W.includes("F") && W.includes("C") : W.length !== 3;
}

export function probeOf(operation: Operation, can: Capabilities): Case {
  return operation.cases(can).probe;
}

export function probeInputs(operation: Operation, c: Case): Values {
  return operation.draw(c, new Rng(`probe/${c.label}`));
}

function tryForward<P extends Plan>({ operation, can, plan, rank, open }: Candidate<P>): Attempt<P> {
  const c = probeOf(operation, can);
  const inputs = probeInputs(operation, c);
  try {
    const y = open(c, inputs).forward(inputs);
    const conventions = operation.conventions([{ case: c, inputs, y }]);
    for (const convention of conventions) {
      const { error } = compare(y.data, operation.forward(c.sizes, inputs, convention).data);
      if (error < 1e-5) return { plan, operation, can, score: 10, convention };
    }
    const likeness = Math.max(
      ...conventions.map((k) => Math.abs(correlation(y, operation.forward(c.sizes, inputs, k)))),
    );
    return { plan, operation, can, score: 2 + likeness - rank * 0.02 - layoutPenalty(operation, plan) };
  } catch (error) {
    const fault = error instanceof Fault ? error : new Fault("forward", "throws", "y", String(error), error);
    const score = { shape: 1, nan: 0.9, nothing: 0.5, promise: 0.4, throws: 0 }[fault.sort];
    return { plan, operation, can, score: score - rank * 0.02, fault };
  }
}

/** Rare layouts must be a good deal more like the definition than the usual one. */
function layoutPenalty(operation: Operation, { arrangements: { x, W }, vectors }: Plan): number {
  const odd = (letters: Arrangement | undefined, usual: Arrangement | undefined) =>
    letters !== undefined && letters !== usual ? 0.1 : 0;
  return odd(x, operation.axes.x) + odd(W, operation.axes.W) + (vectors === undefined ? 0 : 0.5);
}

function correlation(a: Tensor, b: Tensor): number {
  let [ab, aa, bb] = [0, 0, 0];
  for (let i = 0; i < a.size; i++) {
    ab += a.data[i] * b.data[i];
    aa += a.data[i] * a.data[i];
    bb += b.data[i] * b.data[i];
  }
  return aa > 0 && bb > 0 ? ab / Math.sqrt(aa * bb) : 0;
}

function bestOf<P extends Plan>(
  name: string,
  attempts: readonly Attempt<P>[],
  params: readonly Param[],
  known: boolean,
): Attempt<P> {
  let best = attempts[0];
  for (const a of attempts) if (a.score > best.score + 1e-9) best = a;
  if (best === undefined)
    throw new CannotDrive(`${name}: there is nothing to call.`, "Export a forward and a backward.");
  if (!known && best.score < 10)
    throw new CannotDrive(
      `${name}: neither its name nor what it computes tells what it is meant to be.`,
      'Name it after what it is (Conv2D, linear_forward, …), or say it: diagnose(code, { kind: "conv2d" }).',
    );
  if (best.score >= 1.5) return best;
  // nothing gave numbers of the right size: is that the code's fault, or did we not understand how to call it?
  const { fault } = attempts[0];
  const understood = params.every((p) => p.name === "" || rolesOf(p.name).length > 0);
  if (understood && fault !== undefined && isOwnFault(fault)) return attempts[0];
  const judged = attempts.find((a) => a.fault !== undefined && a.fault.sort !== "throws");
  if (judged !== undefined) return judged;
  const written = params.map((p) => p.name || `{ ${p.keys?.join(", ")} }`).join(", ");
  throw new CannotDrive(
    `${name}(${written}): ${attempts.length} ways to call it were tried, none gave numbers; the first one: ${fault?.detail ?? "no result"}.`,
    "Name the parameters after what they are (x, W, b, kernel, stride, pad; dy in backward), take nested arrays or { shape, data }, and return the same.",
  );
}

/** A fault that no other way of calling would cure. */
function isOwnFault({ sort, thrown, detail }: Fault): boolean {
  if (sort === "nan" || sort === "shape" || sort === "promise") return true;
  if (thrown instanceof ReferenceError || thrown instanceof RangeError) return true;
  if (thrown instanceof TypeError) return /reading '\d+'|setting '\d+'|undefined \(reading/.test(detail);
  return /not implemented|todo|unimplemented/i.test(detail);
}

/** The kernel as [KH, KW] only where they differ. */
function pairsFor<P extends { readonly pairs?: boolean }>(c: Case, plan: P): P {
  return c.sizes.KH !== undefined && c.sizes.KH !== c.sizes.KW ? { ...plan, pairs: true } : plan;
}

function withRect(
  operation: Operation,
  can: Capabilities,
  open: (c: Case) => Session,
  inputs: readonly string[],
): Capabilities {
  if (operation.axes.y.at(-1) !== "OW" || can.square === true) return can;
  const rect = { ...can, rect: true };
  const c = probeOf(operation, rect);
  const drawn = probeInputs(operation, c);
  const given = Object.fromEntries(Object.entries(drawn).filter(([name]) => inputs.includes(name)));
  const y = attempt(() => open(c).forward(given));
  return y === undefined ? can : rect;
}

function calibrateBackward(pair: Pair, best: Attempt<PairPlan>): PairPlan {
  const { backward } = pair;
  if (backward === undefined) return best.plan;
  const ways = assignments(parametersOf(backward), sitesOf[best.operation.kind].backward);
  const plans = ways.flatMap((roles): PairPlan[] => [
    { ...best.plan, backward: roles },
    ...(roles.includes("cache") ? [{ ...best.plan, backward: roles, wholeCache: true }] : []),
  ]);
  return bestBackward(best, plans, (c, plan) => new PairSession(pair, best.operation, c, plan, probeOptions));
}

function calibrateMethods(maker: Maker, best: Attempt<ClassPlan>, backward: Callable | undefined): ClassPlan {
  const ways =
    backward === undefined
      ? [["dy"] as Role[]]
      : assignments(parametersOf(backward), sitesOf[best.operation.kind].backwardMethod, 6);
  const plans = ways.map((roles): ClassPlan => ({ ...best.plan, backward: roles }));
  return bestBackward(
    best,
    plans,
    (c, plan) => new ClassSession(maker, best.operation, c, plan, probeOptions, "doctor"),
  );
}

/** The way to call backward that gives most of the definition's gradients; else the one that gives most numbers. */
function bestBackward<P extends Plan>(
  best: Attempt<P>,
  plans: readonly P[],
  open: (c: Case, plan: P) => Session,
): P {
  const { operation, can, convention } = best;
  const c = probeOf(operation, can);
  const inputs = probeInputs(operation, c);
  let chosen = plans[0] ?? best.plan;
  let highest = -1;
  for (const [rank, plan] of plans.entries()) {
    const score = attempt(() => {
      const session = open(c, plan);
      const y = session.forward(inputs);
      const dy = operation.draw(c, new Rng("dy")).x;
      const r = y.size === dy.size ? new Tensor(y.shape, dy.data) : ramp(y);
      const { values, faults } = session.backward(r);
      let points = -0.01 * rank - faults.length * 0.1;
      for (const name of operation.inputs) {
        if (values[name] === undefined) continue;
        const truth = operation.gradient(name, {
          sizes: c.sizes,
          inputs,
          dy: r,
          convention: convention ?? operation.conventions([])[0],
        });
        points += 1 + (compare(values[name].data, truth.data).error < 1e-4 ? 2 : 0);
      }
      return points;
    });
    if (score === undefined || score <= highest) continue;
    highest = score;
    chosen = plan;
  }
  return chosen;
}

/** Some dy without symmetry. */
export function ramp(y: Tensor): Tensor {
  const dy = Tensor.zeros(y.shape, "float64");
  for (let i = 0; i < dy.size; i++) dy.data[i] = (((i * 7 + 3) % 11) - 5.5) / 4;
  return dy;
}

/** True when the instance shows its weights' shape, and it is another than W. */
function visibleOtherwise(
  maker: Maker,
  operation: Operation,
  c: Case,
  plan: ClassPlan,
  W: Arrangement,
): boolean {
  const inputs = probeInputs(operation, c);
  const shapes = attempt(() =>
    new ClassSession(maker, operation, c, plan, probeOptions, "doctor", inputs).parameterShapes(inputs),
  );
  const found = shapes?.get("W");
  if (found === undefined || found.shape.length < 2) return false;
  const told = arrangementOf(found.shape, weightArrangements(operation), c.sizes);
  return told !== undefined && told !== W && told.join() !== W.join();
}

/** Said when it is the behaviour alone that tells what the code is. */
function recognised({ kind }: Operation, known: boolean): string[] {
  return known ? [] : [`recognised by what it computes: ${kind}`];
}

/** How the code is written, where people differ. */
function spoken(operation: Operation, plan: PairPlan | ClassPlan, can: Capabilities): string[] {
  const { arrangements } = plan;
  const words: string[] = [];
  const windows = operation.axes.x.includes("H") && operation.axes.y.at(-1) === "OW";
  if (windows && !can.stride)
    words.push(`takes no stride: it is ${operation.axes.W === undefined ? "the kernel's size" : "1"}`);
  if (windows && can.square === true) words.push("takes square images only");
  if (windows && !can.pad) words.push("takes no pad: it is 0");
  const list = (letters: readonly string[]) =>
    `[${letters.map((l) => (l === "I" ? "in" : l === "O" ? "out" : l)).join(", ")}]`;
  words.push(
    plan.form === "nested"
      ? "numbers in nested arrays"
      : plan.form === "tensor" || plan.form === "record"
        ? "tensors { shape, data }"
        : "flat arrays",
  );
  if (arrangements.x !== operation.axes.x) words.push(`data lies ${list(arrangements.x)}`);
  if (operation.axes.W !== undefined && arrangements.W !== undefined)
    words.push(`weights lie ${list(arrangements.W)}`);
  return words;
}
