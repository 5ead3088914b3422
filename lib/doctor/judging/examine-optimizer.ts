import {
  looksForState,
  makesState,
  nanWords,
  type OptimizerCode,
  type OptimizerPlan,
  runOptimizer,
  startOptimizer,
  stateWords,
  takesDecay,
  takesNesterov,
} from "../driving/optimizer.js";
import {
  type Hyper,
  type OptimizerKind,
  type RuleChange,
  ruleHabits,
  ruleMistakes,
  simulate,
} from "../operations/optimizer-rules.js";
import { fullSource, parametersOf } from "../reading/source.js";
import { CannotDrive, type Examination, Fault, type Finding, type OnCall } from "../types.js";
import { compare } from "./compare.js";
import { fromFault } from "./findings.js";

const asked: Hyper = { lr: 0.125, momentum: 0.75, rho: 0.8, beta1: 0.7, beta2: 0.95, eps: 0.03125 };
const w0 = [0.5, -1.25, 2, -0.75, 0.375];
const gradients = [
  [0.5, -1, 0.25, 2, -0.125],
  [1.5, 0.5, -0.75, 1, 0.5],
  [-0.25, -0.5, 1, -2, 0.75],
  [0.75, 2, 0.5, 0.25, -1.5],
  [1, -0.5, -0.25, 1.5, 0.625],
];

/** Values of ε that code brings along instead of asking. */
const likelyEps = [asked.eps, 1e-8, 1e-7, 1e-6, 1e-5, 1e-10, 1e-12, 1e-4, 1e-3, 0];
const single = 1e-5;

/** Numbers that code has built in. */
const fixedNumbers: Readonly<Record<OptimizerKind, readonly Partial<Hyper>[]>> = {
  sgd: [],
  momentum: [{ momentum: 0.9 }, { momentum: 0.5 }, { momentum: 0.99 }],
  rmsprop: [{ rho: 0.9 }, { rho: 0.99 }, { rho: 0.95 }, { rho: 0.999 }],
  adam: [{ beta1: 0.9, beta2: 0.999 }, { beta1: 0.9 }, { beta2: 0.999 }],
};

/** Runs an update rule step by step and finds the rule, or the mistake, that gives the same weights. */
export function examineOptimizer(
  subject: string,
  kinds: readonly OptimizerKind[],
  code: OptimizerCode,
  onCall: OnCall,
): Examination {
  onCall("steps", subject);
  const kind = kinds[0];
  const source = sourceOf(code);
  const attempts = tryAll(kinds, code, source);
  const exact = attempts.find((a) => a.fit !== undefined);
  const chosen = exact ?? attempts.find((a) => a.steps !== undefined) ?? attempts[0];
  // code that starts t by itself, and has NaN then, is not to be helped with a better start
  const started = /\.t\s*(\?\?|\|\|)/.test(source) ? attempts[0].fault : undefined;
  const findings: Finding[] = [];
  const checked: string[] = [];
  const conventions: string[] = [];
  const start = startFinding(kind, code, attempts, exact, source);
  if (started?.sort === "nan") findings.push(nanFinding(kind, started));
  else if (
    start !== undefined &&
    (chosen.steps === undefined || exact !== undefined || chosen.plan.clock === "caller")
  )
    findings.push(start);
  else if (chosen.steps === undefined) {
    const { fault } = chosen;
    const nan = attempts.find((a) => a.fault?.sort === "nan")?.fault ?? (isOwn(fault) ? fault : undefined);
    if (nan === undefined)
      throw new CannotDrive(
        `${subject}: no way to call it moves the weights; the first one: ${fault?.detail ?? "nothing"}.`,
        "Write it as (w, g, state, options) on arrays, in place or returning the new weights.",
      );
    findings.push(nanFinding(kind, nan));
  } else if (exact?.fit !== undefined) {
    const { habits, eps, plan } = exact;
    conventions.push(...habits.map((h) => h.words));
    if (eps !== asked.eps && exact.kind !== "sgd" && exact.kind !== "momentum")
      conventions.push(`ε is ${eps}`);
    checked.push(`${gradients.length} steps of ${w0.length} weights equal ${exact.kind}'s rule`);
    if (plan.start === "filled")
      conventions.push(
        `the state must be filled by the caller: with zeros under ${stateWords(kind, source).join(", ")}`,
      );
    if (plan.clock === "caller") {
      if (ownsClock(code)) findings.push(clockFinding(subject));
      else conventions.push("the caller counts t");
    }
    furtherChecks(exact.kind, code, exact.plan, chosen.mutates === true, findings, checked, conventions);
  } else {
    const { fixed } = attempts.find((a) => a.fixed !== undefined) ?? {};
    if (fixed !== undefined && !readsOption(code, kind, source)) {
      conventions.push(`built in: ${numbersOf(fixed)}`);
      checked.push(`${gradients.length} steps of ${w0.length} weights equal ${kind}'s rule`);
    } else
      findings.push(
        fixed === undefined
          ? nameMistake(chosen.kind, chosen.steps, attempts, start)
          : unused(kind, fixed, chosen.steps),
      );
    furtherChecks(chosen.kind, code, chosen.plan, chosen.mutates === true, findings, checked, conventions);
  }
  // a rule that the doctor does not know is not therefore wrong
  const strange = findings.find(({ id }) => id === "unknown");
  if (strange !== undefined) {
    findings.splice(findings.indexOf(strange), 1);
    checked.push(`not checked: ${strange.mistake}. It may be a variant that the doctor does not know`);
  }
  return {
    subject,
    kind: exact?.kind ?? kind,
    verdict: findings.length > 0 ? "wrong" : strange === undefined ? "correct" : "unsure",
    findings,
    checked,
    conventions,
  };
}

interface Attempt {
  readonly kind: OptimizerKind;
  readonly plan: OptimizerPlan;
  readonly steps?: readonly (readonly number[])[];
  readonly mutates?: boolean;
  readonly fault?: Fault;
  /** set when the weights are those of the rule */
  readonly fit?: true;
  readonly habits: readonly RuleChange[];
  readonly eps: number;
  /** on a fault from an empty state: whether the code had put arrays of its own there */
  readonly made?: boolean;
  /** The rule, but with numbers of its own instead of those that were asked for. */
  readonly fixed?: Partial<Hyper>;
}

function tryAll(kinds: readonly OptimizerKind[], code: OptimizerCode, source: string): Attempt[] {
  const attempts: Attempt[] = [];
  const forms = /\.(data|shape)\b/.test(source)
    ? (["tensor", "typed", "flat", "nested"] as const)
    : (["typed", "flat", "nested", "tensor"] as const);
  const packings =
    code.maker === undefined ? (["plain"] as const) : (["plain", "list", "record", "parameters"] as const);
  for (const kind of kinds)
    for (const packing of packings)
      for (const start of ["empty", "filled"] as const)
        for (const form of forms)
          for (const clock of kind === "adam" ? (["own", "caller"] as const) : (["own"] as const)) {
            if (start === "filled" && startsFromNothing(attempts, kind, packing, form)) continue;
            const plan = { form, packing, clock, start };
            const attempt = tryPlan(kind, code, plan, source);
            attempts.push(attempt);
            if (attempt.fit !== undefined) return attempts;
          }
  return attempts;
}

/** Code that runs from an empty state, or makes one and breaks, is judged from there: its caller fills nothing. */
function startsFromNothing(
  attempts: readonly Attempt[],
  kind: OptimizerKind,
  packing: OptimizerPlan["packing"],
  form: OptimizerPlan["form"],
): boolean {
  return attempts.some(
    (a) =>
      a.kind === kind &&
      a.plan.packing === packing &&
      a.plan.form === form &&
      (a.fault === undefined || a.made === true),
  );
}

function tryPlan(kind: OptimizerKind, code: OptimizerCode, plan: OptimizerPlan, source: string): Attempt {
  try {
    const { steps, mutatesGradient } = runOptimizer(kind, code, plan, w0, gradients, asked);
    if (steps.every((s) => compare(s, w0).error < 1e-12)) {
      return {
        kind,
        plan,
        habits: [],
        eps: asked.eps,
        fault: new Fault("step", "nothing", "w", "the weights do not move, and nothing is returned"),
      };
    }
    // where it is an option, it was not asked for
    const lookAhead = /nesterov|nag/i.test(source) && !takesNesterov(source);
    const habits = ruleHabits[kind].filter((h) => h.flag !== "nesterov" || lookAhead);
    for (const eps of likelyEps)
      for (const habit of [undefined, ...habits]) {
        const on = new Set(habit === undefined ? [] : [habit.flag]);
        if (same(steps, simulate(kind, w0, gradients, { ...asked, eps }, on))) {
          return {
            kind,
            plan,
            steps,
            mutates: mutatesGradient,
            fit: true,
            habits: habit === undefined ? [] : [habit],
            eps,
          };
        }
      }
    const fixed = fixedNumbers[kind].find((numbers) =>
      likelyEps.some((eps) =>
        same(steps, simulate(kind, w0, gradients, { ...asked, ...numbers, eps }, new Set())),
      ),
    );
    return {
      kind,
      plan,
      steps,
      mutates: mutatesGradient,
      habits: [],
      eps: asked.eps,
      ...(fixed === undefined ? {} : { fixed }),
    };
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    const made = plan.start === "empty" && makesState(kind, code, plan, w0, gradients[0], asked);
    return { kind, plan, fault: error, made, habits: [], eps: asked.eps };
  }
}

function same(a: readonly (readonly number[])[], b: readonly (readonly number[])[]): boolean {
  return a.every((row, i) => compare(row, b[i]).error < single);
}

/** The mistake, or the two, whose weights are those of the code. */
function nameMistake(
  kind: OptimizerKind,
  steps: readonly (readonly number[])[],
  attempts: readonly Attempt[],
  start: Finding | undefined,
): Finding {
  const changes = ruleMistakes[kind];
  const habits: (string | undefined)[] = [
    undefined,
    ...ruleHabits[kind].map((h) => h.flag).filter((f) => f !== "nesterov"),
  ];
  const candidates = attempts.filter((a) => a.kind === kind && a.steps !== undefined);
  for (const amount of [1, 2] as const) {
    if (amount === 2 && start !== undefined) return start;
    for (const attempt of candidates)
      for (const chosen of subsets(changes, amount))
        for (const habit of habits)
          for (const eps of likelyEps.slice(0, amount === 1 ? undefined : 3)) {
            const on = new Set([...chosen.map((c) => c.flag), ...(habit === undefined ? [] : [habit])]);
            if (
              attempt.steps !== undefined &&
              same(attempt.steps, simulate(kind, w0, gradients, { ...asked, eps }, on))
            )
              return named(kind, chosen, attempt.steps);
          }
  }
  const expected = simulate(kind, w0, gradients, asked, new Set());
  const first = steps.findIndex((s, i) => compare(s, expected[i]).error > single);
  return {
    id: "unknown",
    tensor: "w",
    mistake: `the weights are not those of ${kind}, by no mistake of the catalogue: they differ from step ${first + 1} on${first > 0 ? " (the first step is right: look at what is kept in the state)" : ""}`,
    where: whereOf(steps, expected),
    cure: ruleOf(kind),
    axes: ["step"],
  };
  function subsets(list: readonly RuleChange[], amount: 1 | 2): RuleChange[][] {
    if (amount === 1) return list.map((c) => [c]);
    return list.flatMap((a, i) => list.slice(i + 1).map((b) => [a, b]));
  }
}

/** Memory that the code starts wrongly: from an empty state the steps are wrong, from zeros they are right. */
function startFinding(
  kind: OptimizerKind,
  code: OptimizerCode,
  attempts: readonly Attempt[],
  exact: Attempt | undefined,
  source: string,
): Finding | undefined {
  // a start that throws on purpose asks the caller for a state
  const leftToCaller =
    exact?.plan.start === "filled" && (!looksForState(kind, source) || /\bthrow\b/.test(source));
  if (exact?.plan.start === "empty" || leftToCaller) return undefined;
  const empty = attempts.filter((a) => a.plan.start === "empty" && a.plan.clock === "own");
  const from = empty.find(
    (a) =>
      (a.fault === undefined || a.made === true || exact?.plan.form === a.plan.form) &&
      tryPlan(a.kind, code, { ...a.plan, start: "whole" }, source).fit !== undefined,
  );
  if (from === undefined) return undefined;
  return {
    id: `${kind}/w/state-start`,
    tensor: "w",
    mistake: `the state is started wrongly: with zeros under ${stateWords(kind, source).join(", ")} the steps are right, from an empty state they are not${from.fault === undefined ? "" : ` (${from.fault.detail})`}`,
    where:
      from.steps === undefined
        ? "first step"
        : whereOf(from.steps, simulate(from.kind, w0, gradients, asked, new Set())),
    cure: "Where the state is empty, begin with zeros as long as w, each name with an array of its own (not g, not w), and with t = 0.",
    formula: "v₀ = ⟦0⟧",
    axes: ["step"],
  };
}

function named(
  kind: OptimizerKind,
  changes: readonly RuleChange[],
  steps: readonly (readonly number[])[],
): Finding {
  const expected = simulate(kind, w0, gradients, asked, new Set());
  return {
    id: changes.map((c) => `${kind}/w/${c.flag}`).join(" + "),
    tensor: "w",
    mistake:
      (changes.length > 1 ? "two mistakes at once: " : "") + changes.map((c) => c.words).join("; and "),
    where: whereOf(steps, expected),
    cure: changes.map((c) => c.cure).join(" "),
    formula: changes.map((c) => c.formula).join("\n"),
    axes: ["step"],
  };
}

function whereOf(steps: readonly (readonly number[])[], expected: readonly (readonly number[])[]): string {
  const first = Math.max(
    0,
    steps.findIndex((s, i) => compare(s, expected[i]).error > single),
  );
  const short = (row: readonly number[]) =>
    `[${row
      .slice(0, 3)
      .map((v) => Number(v.toPrecision(4)))
      .join(", ")}, …]`;
  return `from step ${first + 1} on; there w is ${short(steps[first])}, expected ${short(expected[first])}`;
}

function ruleOf(kind: OptimizerKind): string {
  return {
    sgd: "w ← w − η·g",
    momentum: "v ← αv + g; w ← w − ηv",
    rmsprop: "s ← ρs + (1 − ρ)g²; w ← w − ηg/(√s + ε)",
    adam: "m ← β₁m + (1 − β₁)g; s ← β₂s + (1 − β₂)g²; m̂ = m/(1 − β₁ᵗ), ŝ = s/(1 − β₂ᵗ); w ← w − ηm̂/(√ŝ + ε)",
  }[kind];
}

function isOwn(fault: Fault | undefined): boolean {
  return (
    fault?.thrown instanceof ReferenceError ||
    (fault?.sort === "throws" && /not implemented|todo/i.test(fault.detail)) ||
    fault?.sort === "nan"
  );
}

/** NaN in Adam is most often t = 0: 1 − β⁰ = 0. */
function nanFinding(kind: OptimizerKind, fault: Fault): Finding {
  if (kind === "adam" && fault.sort === "nan" && fault.detail === nanWords([Number.NaN], 1)) {
    return {
      id: "adam/w/t-from-0",
      tensor: "w",
      mistake: "t is 0 in the first step: the bias correction divides by 1 − β⁰ = 0, and w becomes NaN",
      where: "first step",
      cure: "Count first, then correct: t ← t + 1 comes before m/(1 − β₁ᵗ).",
      formula: "m̂ = m/(1 − β₁^⟦0⟧)",
      axes: ["step"],
    };
  }
  const cause = ruleMistakes[kind].find(({ flag }) => firstNaN(kind, flag) === fault.detail);
  const finding = fromFault(fault, undefined, "in every case");
  if (cause === undefined) return finding;
  return {
    ...finding,
    id: `${kind}/w/${cause.flag}`,
    mistake: `${cause.words}: ${fault.detail}`,
    cure: cause.cure,
    formula: cause.formula,
    axes: ["step"],
  };
}

/** When and where a mistake makes the weights NaN; undefined for one that never does. */
function firstNaN(kind: OptimizerKind, flag: string): string | undefined {
  const steps = simulate(kind, w0, gradients, asked, new Set([flag]));
  const at = steps.findIndex((w) => w.some(Number.isNaN));
  return at < 0 ? undefined : nanWords(steps[at], at + 1);
}

function sourceOf({ maker, fn }: OptimizerCode): string {
  if (maker?.make !== undefined) return fullSource(maker.make);
  return fn === undefined ? "" : fullSource(fn);
}

/** A function that looks after t itself (gives it a start), but does not count the steps. */
function ownsClock(code: OptimizerCode): boolean {
  const source = sourceOf(code);
  return (
    /\.t\s*(\?\?|\|\|)?=[^=]|\bt\s*:\s*\d|\.t\s*(\?\?|\|\|)\s*\d/.test(source) &&
    !/(options?|opts?|config|cfg)\.t\b/.test(source)
  );
}

function clockFinding(subject: string): Finding {
  return {
    id: "adam/w/t-stays-1",
    tensor: "w",
    mistake: `t is never advanced: ${subject} keeps its moments in the state but does not count the steps there`,
    where: "from step 2 on",
    cure: "Count the steps: state.t ← state.t + 1 before the correction.",
    formula: "m̂ = m/(1 − β₁^⟦t, always the same⟧)",
    axes: ["step"],
  };
}

/** A gradient of zero, the gradient itself unchanged, and two parameters side by side. */
function furtherChecks(
  kind: OptimizerKind,
  code: OptimizerCode,
  plan: OptimizerPlan,
  mutates: boolean,
  findings: Finding[],
  checked: string[],
  conventions: string[],
): void {
  if (mutates) {
    findings.push({
      id: "mutates-gradient",
      tensor: "g",
      mistake: "the step changes the gradient g: its argument is mutated in place",
      where: "every step",
      cure: "Compute into a new array, or into the state.",
      axes: [],
    });
  } else checked.push("the gradient is left unchanged");
  try {
    runOptimizer(
      kind,
      code,
      plan,
      [1, -2, 0.5],
      [
        [0, 0, 0],
        [0, 1, 0],
      ],
      asked,
    );
    checked.push("a gradient of 0 gives numbers");
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    findings.push({
      id: `${kind}/w/eps-missing`,
      tensor: "w",
      mistake: "ε is missing in the denominator: a weight whose gradient is 0 becomes NaN (0/0)",
      where: "first step with g = 0 (dead units, border pixels)",
      cure: "Divide by √s + ε.",
      formula: "g/(√s ⟦+ 0⟧)",
      axes: ["step"],
    });
  }
  if (takesDecay(sourceOf(code))) decayOption(kind, code, plan, findings, checked, conventions);
  if (kind === "momentum" && takesNesterov(sourceOf(code))) nesterovOption(code, plan, findings, checked);
  const shared = sharesState(kind, code, plan);
  if (shared === true) {
    findings.push({
      id: `${kind}/w/state-shared`,
      tensor: "w",
      mistake:
        "two parameters share one state: the memory of one moves the other (it is kept outside the state that is handed in)",
      where: "two parameters updated in turn, each with a state of its own",
      cure: "Keep v, m and s in the state of each parameter.",
      axes: ["step"],
    });
  } else if (shared === false) checked.push("two parameters updated in turn do not disturb each other");
  if (conventions.length === 0 && plan.form === "nested") conventions.push("weights are nested arrays");
}

/** Whether the code takes the number as an option or parameter, by any of its usual names. */
function readsOption(code: OptimizerCode, kind: OptimizerKind, source: string): boolean {
  const words = {
    sgd: "lr",
    momentum: "momentum|mu|beta|rho|mom|alpha",
    rmsprop: "rho|decay|decayRate|beta|alpha|gamma",
    adam: "beta1|beta2|b1|b2|betas",
  }[kind];
  // a list of names in braces, not a block of code
  const named = new RegExp(`\\.\\s*(${words})\\b|\\{[\\w\\s,:=.-]*\\b(${words})\\b[\\w\\s,:=.-]*\\}`);
  const { fn } = code;
  const positional =
    fn !== undefined && parametersOf(fn).some((p) => new RegExp(`^(${words})$`).test(p.name));
  return named.test(source) || positional;
}

function numbersOf(fixed: Partial<Hyper>): string {
  return Object.entries(fixed)
    .map(([name, value]) => `${name} = ${value}`)
    .join(", ");
}

function unused(kind: OptimizerKind, fixed: Partial<Hyper>, steps: readonly (readonly number[])[]): Finding {
  return {
    id: `${kind}/w/option-unused`,
    tensor: "w",
    mistake: `the option is taken but not used: the step always has ${numbersOf(fixed)}`,
    where: whereOf(steps, simulate(kind, w0, gradients, asked, new Set())),
    cure: "Use the number that was handed in.",
    formula: `⟦${numbersOf(fixed)}⟧`,
    axes: ["step"],
  };
}

/** Weight decay where it is asked for: λ·w added to the gradient, or taken off the weights beside the step. */
function decayOption(
  kind: OptimizerKind,
  code: OptimizerCode,
  plan: OptimizerPlan,
  findings: Finding[],
  checked: string[],
  conventions: string[],
): void {
  if (findings.length > 0) return;
  const decay = 0.0625;
  const run = (weightDecay: number) =>
    runOptimizer(kind, code, plan, w0, gradients, { ...asked, weightDecay }).steps;
  const [without, steps] = [run(0), run(decay)];
  // the habits of the rule itself are known from the run without decay
  const flags = [[], ...ruleHabits[kind].map((h) => [h.flag])];
  const settings = flags.flatMap((on) => likelyEps.map((eps) => ({ on, eps })));
  const { on, eps } = settings.find((s) =>
    same(without, simulate(kind, w0, gradients, { ...asked, eps: s.eps }, new Set(s.on))),
  ) ?? { on: [], eps: asked.eps };
  const rule = (weightDecay: number, more: readonly string[] = []) =>
    simulate(kind, w0, gradients, { ...asked, eps, weightDecay }, new Set([...on, ...more]));
  if (same(steps, rule(decay))) checked.push("weight decay adds λw to the gradient");
  else if (same(steps, rule(decay, ["decoupled"]))) {
    checked.push("weight decay takes ηλw off the weights");
    conventions.push("weight decay is applied beside the step (decoupled)");
  } else {
    const sign = same(steps, rule(-decay)) || same(steps, rule(-decay, ["decoupled"]));
    findings.push({
      id: `${kind}/w/${sign ? "decay-sign" : same(steps, without) ? "decay-unused" : "decay"}`,
      tensor: "w",
      mistake: sign
        ? "weight decay has the wrong sign: it drives the weights away from 0"
        : same(steps, without)
          ? "weight decay is read but changes nothing"
          : "weight decay is neither λw added to the gradient nor ηλw taken off the weights",
      where: whereOf(steps, rule(decay)),
      cure: "g ← g + λw before the rule; or, decoupled, w ← w − ηλw beside it.",
      formula: "g ⟦+ λw⟧",
      axes: ["step"],
    });
  }
}

/** The look-ahead where it is asked for: w ← w − η(g + αv), with the new v. */
function nesterovOption(
  code: OptimizerCode,
  plan: OptimizerPlan,
  findings: Finding[],
  checked: string[],
): void {
  if (findings.length > 0) return;
  const { steps } = runOptimizer("momentum", code, plan, w0, gradients, { ...asked, nesterov: true });
  const expected = simulate("momentum", w0, gradients, asked, new Set(["nesterov"]));
  if (same(steps, expected)) {
    checked.push("with nesterov the step is g + αv");
    return;
  }
  const ignored = same(steps, simulate("momentum", w0, gradients, asked, new Set()));
  findings.push({
    id: "momentum/w/nesterov-option",
    tensor: "w",
    mistake: ignored
      ? "the option nesterov is read but changes nothing"
      : "with the option nesterov, the step is not Nesterov's",
    where: whereOf(steps, expected),
    cure: "v ← αv + g; w ← w − η(g + αv), with the new v.",
    formula: "w ← w − η(⟦g + αv⟧)",
    axes: ["step"],
  });
}

/** Only for functions: a class has one state for all, by its own keys. */
function sharesState(kind: OptimizerKind, code: OptimizerCode, plan: OptimizerPlan): boolean | undefined {
  if (code.fn === undefined || kind === "sgd") return undefined;
  try {
    const alone = runOptimizer(kind, code, plan, w0, gradients, asked).steps;
    const { step: a } = startOptimizer(kind, code, plan, w0, asked);
    const { step: b } = startOptimizer(
      kind,
      code,
      plan,
      w0.map((v) => -v),
      asked,
    );
    const together = gradients.map((g) => {
      const { w } = a(g);
      b(g.map((v) => 3 * v + 1));
      return w;
    });
    return !same(together, alone);
  } catch (error) {
    if (error instanceof Fault) return undefined;
    throw error;
  }
}
