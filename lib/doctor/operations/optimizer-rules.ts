/** Numbers of an update rule; which of them it reads depends on the rule. */
export interface Hyper {
  readonly lr: number;
  readonly momentum: number;
  readonly rho: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly eps: number;
  /** Asked of code that takes it as an option. */
  readonly nesterov?: boolean;
  readonly weightDecay?: number;
}

export type OptimizerKind = "sgd" | "momentum" | "rmsprop" | "adam";

/** One mistake or habit: its name is a flag that the rule below looks at. */
export interface RuleChange {
  readonly flag: string;
  readonly words: string;
  readonly formula: string;
  readonly cure: string;
}

/**
 * Weights after each step of a rule, starting from w, with the gradients of the steps.
 * @param on the flags of the mistakes and habits to follow
 */
export function simulate(
  kind: OptimizerKind,
  w: readonly number[],
  gradients: readonly (readonly number[])[],
  hyper: Hyper,
  on: ReadonlySet<string>,
): number[][] {
  const steps: number[][] = [];
  const now = [...w];
  const m = w.map(() => 0);
  const s = w.map(() => 0);
  for (const [step, g] of gradients.entries()) {
    for (let i = 0; i < now.length; i++) {
      const { weightDecay = 0, lr } = hyper;
      // λ·w goes through the rule as a part of the gradient, or beside it (decoupled, as in AdamW)
      const beside = on.has("decoupled") ? lr * weightDecay * now[i] : 0;
      const gradient = on.has("decoupled") ? g[i] : g[i] + weightDecay * now[i];
      const change = rules[kind](gradient, i, step + 1, m, s, hyper, on) + beside;
      const signed = on.has("ascent") ? -change : change;
      now[i] = (on.has("weights-lost") ? 0 : now[i]) - signed;
    }
    steps.push([...now]);
  }
  return steps;
}

type Rule = (
  g: number,
  i: number,
  t: number,
  m: number[],
  s: number[],
  h: Hyper,
  on: ReadonlySet<string>,
) => number;

const rules: Readonly<Record<OptimizerKind, Rule>> = {
  sgd: (g, _i, _t, _m, _s, { lr }, on) =>
    (on.has("rate-missing") ? 1 : on.has("rate-twice") ? lr * lr : lr) * g,

  momentum(g, i, _t, m, _s, { lr, momentum }, on) {
    const old = m[i];
    const decayed = on.has("no-decay") ? old : on.has("no-memory") ? 0 : momentum * old;
    const fresh = on.has("ema") ? (1 - momentum) * g : on.has("gradient-decayed") ? momentum * g : g;
    m[i] = on.has("decay-exchanged")
      ? old + momentum * g
      : on.has("minus")
        ? decayed - fresh
        : decayed + fresh;
    if (on.has("rate-on-velocity-only")) return m[i];
    const used = on.has("old-velocity")
      ? old
      : on.has("nesterov")
        ? g + momentum * m[i]
        : on.has("velocity-not-used")
          ? g
          : on.has("gradient-added")
            ? m[i] + g
            : m[i];
    const rate = on.has("rate-missing") ? 1 : on.has("rate-twice") ? lr * lr : lr;
    return rate * used;
  },

  rmsprop(g, i, _t, _m, s, { lr, rho, eps }, on) {
    const keep = on.has("exchanged") ? 1 - rho : on.has("sum") ? 1 : on.has("no-memory") ? 0 : rho;
    const fresh = on.has("sum") || on.has("one-minus-missing") ? 1 : on.has("exchanged") ? rho : 1 - rho;
    const old = s[i];
    const square = on.has("not-squared") ? Math.abs(g) : on.has("square-missing") ? g : g * g;
    s[i] = keep * old + fresh * square;
    const used = on.has("old-square") ? old : s[i];
    const rate = on.has("rate-missing") ? 1 : lr;
    if (on.has("eps-beside")) return (rate * g) / Math.sqrt(used) + eps;
    if (on.has("eps-added")) return (rate * g) / Math.sqrt(used) - eps;
    if (on.has("root-missing")) return (rate * g) / (used + eps);
    if (on.has("not-divided")) return rate * g;
    if (on.has("multiplied")) return rate * g * Math.sqrt(used);
    if (on.has("gradient-squared-above")) return (rate * g * g) / (Math.sqrt(used) + eps);
    if (on.has("state-for-gradient")) return (rate * used) / (Math.sqrt(used) + eps);
    return (rate * g) / (on.has("eps-inside") ? Math.sqrt(used + eps) : Math.sqrt(used) + eps);
  },

  adam(g, i, t, m, s, { lr, beta1, beta2, eps }, on) {
    const b1 =
      on.has("betas-exchanged") || on.has("beta2-for-both") || on.has("beta2-in-first") ? beta2 : beta1;
    const b2 =
      on.has("betas-exchanged") || on.has("beta1-for-both") || on.has("beta1-in-second") ? beta1 : beta2;
    // the corrections may still have the right one
    const [k1, k2] = [on.has("beta2-in-first") ? beta1 : b1, on.has("beta1-in-second") ? beta2 : b2];
    if (on.has("first-forgotten")) m[i] = 0;
    if (on.has("second-forgotten")) s[i] = 0;
    m[i] = b1 * m[i] + (on.has("one-minus-beta1-missing") ? 1 : 1 - b1) * g;
    s[i] = b2 * s[i] + (on.has("one-minus-beta2-missing") ? 1 : 1 - b2) * (on.has("not-squared") ? g : g * g);
    const clock = on.has("t-stays-1") ? 1 : on.has("t-ahead") ? t + 1 : t;
    const power = (b: number, which: string) =>
      on.has("product-for-power") || on.has(`product-for-${which}-power`) ? b * clock : pow(b, clock);
    const exchanged = on.has("corrections-exchanged");
    const c1 =
      on.has("no-correction") || on.has("no-first-correction") ? 1 : 1 - power(exchanged ? k2 : k1, "first");
    const c2 =
      on.has("no-correction") || on.has("no-second-correction")
        ? 1
        : 1 - power(exchanged ? k1 : k2, "second");
    const mHat = on.has("correction-multiplied") ? m[i] * c1 : m[i] / c1;
    const sHat = on.has("correction-multiplied") ? s[i] * c2 : s[i] / c2;
    if (on.has("correction-stored")) {
      m[i] = mHat;
      s[i] = sHat;
    }
    const rate = on.has("rate-missing") ? 1 : lr;
    const above = on.has("gradient-above") ? g : mHat;
    if (on.has("root-missing")) return (rate * above) / (sHat + eps);
    if (on.has("eps-hat")) return ((rate * above) / (Math.sqrt(s[i]) + eps)) * Math.sqrt(c2);
    if (on.has("not-divided")) return rate * above;
    return (rate * above) / (on.has("eps-inside") ? Math.sqrt(sHat + eps) : Math.sqrt(sHat) + eps);
  },
};

function pow(base: number, times: number): number {
  let result = 1;
  for (let k = 0; k < times; k++) result *= base;
  return result;
}

/** Habits in which correct code differs. */
export const ruleHabits: Readonly<Record<OptimizerKind, readonly RuleChange[]>> = {
  sgd: [],
  momentum: [{ flag: "nesterov", words: "Nesterov's look-ahead", formula: "w ← w − η(g + αv)", cure: "" }],
  rmsprop: [{ flag: "eps-inside", words: "ε is inside the root", formula: "g/√(s + ε)", cure: "" }],
  adam: [
    { flag: "eps-inside", words: "ε is inside the root", formula: "m̂/√(ŝ + ε)", cure: "" },
    {
      flag: "eps-hat",
      words: "ε is added before the correction of the bias",
      formula: "√(1−β₂ᵗ)/(1−β₁ᵗ)·m/(√s + ε)",
      cure: "",
    },
  ],
};

const ascent: RuleChange = {
  flag: "ascent",
  words: "the sign is wrong: the step goes up the gradient",
  formula: "w ← w ⟦+⟧ η·…",
  cure: "Subtract: w ← w − η·…",
};
const rate: RuleChange = {
  flag: "rate-missing",
  words: "the learning rate is missing",
  formula: "w ← w − ⟦1⟧·…",
  cure: "Multiply the step by η.",
};
const lost: RuleChange = {
  flag: "weights-lost",
  words: "the old weights are lost: w is set to the step instead of moved by it",
  formula: "w ← ⟦0⟧ − η·…",
  cure: "w ← w − η·…",
};

export const ruleMistakes: Readonly<Record<OptimizerKind, readonly RuleChange[]>> = {
  sgd: [
    ascent,
    rate,
    lost,
    {
      flag: "rate-twice",
      words: "the learning rate is applied twice",
      formula: "w ← w − ⟦η²⟧·g",
      cure: "w ← w − η·g",
    },
  ],
  momentum: [
    {
      flag: "ema",
      words:
        "the gradient is weighted by 1 − α: a moving average, not the momentum v ← αv + g; the steps are 1/(1 − α) times too small",
      formula: "v ← αv + ⟦(1 − α)⟧·g",
      cure: "v ← αv + g",
    },
    {
      flag: "no-memory",
      words:
        "the velocity is forgotten between the steps: v starts from 0 each time, so there is no momentum",
      formula: "v ← ⟦0⟧ + g",
      cure: "Keep v in the state and use it again: v ← αv + g.",
    },
    {
      flag: "no-decay",
      words: "the velocity is not multiplied by α: it never decays",
      formula: "v ← ⟦1⟧·v + g",
      cure: "v ← αv + g",
    },
    {
      flag: "decay-exchanged",
      words: "α is applied to the gradient instead of the velocity",
      formula: "v ← v + ⟦α⟧·g",
      cure: "v ← αv + g",
    },
    {
      flag: "gradient-decayed",
      words: "the gradient is multiplied by α too",
      formula: "v ← α(v ⟦+ g)⟧",
      cure: "v ← αv + g",
    },
    {
      flag: "old-velocity",
      words: "the weights move by the velocity of the step before",
      formula: "w ← w − η·⟦v_old⟧",
      cure: "Update v first, then w ← w − ηv.",
    },
    {
      flag: "velocity-not-used",
      words: "the velocity is computed but the weights move by the gradient alone",
      formula: "w ← w − η·⟦g⟧",
      cure: "w ← w − ηv",
    },
    {
      flag: "gradient-added",
      words: "the gradient is applied twice: within the velocity and beside it",
      formula: "w ← w − η(v ⟦+ g⟧)",
      cure: "w ← w − ηv",
    },
    {
      flag: "minus",
      words:
        "the gradient is subtracted from the velocity, and the velocity from the weights: two minus signs make an ascent",
      formula: "v ← αv ⟦−⟧ g; w ← w − ηv",
      cure: "Either v ← αv + g; w ← w − ηv, or v ← αv − ηg; w ← w + v.",
    },
    {
      flag: "rate-twice",
      words: "the learning rate is applied twice: in the velocity and in the step",
      formula: "v ← αv + ⟦η⟧g; w ← w − ⟦η⟧v",
      cure: "Use η in one of the two places.",
    },
    rate,
    ascent,
    {
      flag: "nesterov",
      words: "Nesterov's look-ahead is taken though it was not asked for",
      formula: "w ← w − η(⟦g + αv⟧)",
      cure: "w ← w − ηv",
    },
    lost,
  ],
  rmsprop: [
    {
      flag: "one-minus-missing",
      words: "the factor 1 − ρ on the squared gradient is missing",
      formula: "s ← ρs + ⟦1⟧·g²",
      cure: "s ← ρs + (1 − ρ)g²",
    },
    {
      flag: "exchanged",
      words: "ρ and 1 − ρ are exchanged",
      formula: "s ← ⟦(1 − ρ)⟧s + ⟦ρ⟧g²",
      cure: "s ← ρs + (1 − ρ)g²",
    },
    {
      flag: "sum",
      words: "the squares are added up without decay: that is AdaGrad",
      formula: "s ← ⟦1⟧·s + ⟦1⟧·g²",
      cure: "s ← ρs + (1 − ρ)g²",
    },
    {
      flag: "no-memory",
      words: "the mean square is forgotten between the steps: s starts from 0 each time",
      formula: "s ← ⟦0⟧ + (1 − ρ)g²",
      cure: "Keep s in the state.",
    },
    {
      flag: "root-missing",
      words: "the root is missing: the step is divided by s itself",
      formula: "w ← w − ηg/(⟦s⟧ + ε)",
      cure: "w ← w − ηg/(√s + ε)",
    },
    {
      flag: "not-squared",
      words: "the gradient is not squared in s",
      formula: "s ← ρs + (1 − ρ)⟦|g|⟧",
      cure: "s ← ρs + (1 − ρ)g²",
    },
    {
      flag: "square-missing",
      words: "the gradient is not squared in s: where it is negative, the root of s is not a number",
      formula: "s ← ρs + (1 − ρ)⟦g⟧",
      cure: "s ← ρs + (1 − ρ)g²",
    },
    {
      flag: "old-square",
      words: "the step uses s of the step before",
      formula: "w ← w − ηg/(√⟦s_old⟧ + ε)",
      cure: "Update s first.",
    },
    {
      flag: "eps-beside",
      words: "ε is outside the fraction: it is added to the step",
      formula: "w ← w − (ηg/√s ⟦+ ε⟧)",
      cure: "ε belongs into the denominator: g/(√s + ε).",
    },
    {
      flag: "eps-added",
      words: "ε is outside the fraction: it is added to the weights",
      formula: "w ← w − ηg/√s ⟦+ ε⟧",
      cure: "ε belongs into the denominator: g/(√s + ε).",
    },
    {
      flag: "not-divided",
      words: "the step is not divided by √s: plain gradient descent",
      formula: "w ← w − ηg⟦ ⟧",
      cure: "w ← w − ηg/(√s + ε)",
    },
    {
      flag: "multiplied",
      words: "the step is multiplied by √s instead of divided",
      formula: "w ← w − ηg·⟦√s⟧",
      cure: "w ← w − ηg/(√s + ε)",
    },
    {
      flag: "gradient-squared-above",
      words: "g² is in the numerator: the sign of the gradient is lost",
      formula: "w ← w − η⟦g²⟧/(√s + ε)",
      cure: "w ← w − ηg/(√s + ε)",
    },
    {
      flag: "state-for-gradient",
      words: "s is in the numerator where g belongs",
      formula: "w ← w − η⟦s⟧/(√s + ε)",
      cure: "w ← w − ηg/(√s + ε)",
    },
    rate,
    ascent,
    lost,
  ],
  adam: [
    {
      flag: "no-correction",
      words: "the bias correction is missing: the first steps are far from what they should be",
      formula: "w ← w − η·⟦m⟧/(√⟦s⟧ + ε)",
      cure: "m̂ = m/(1 − β₁ᵗ), ŝ = s/(1 − β₂ᵗ)",
    },
    {
      flag: "no-first-correction",
      words: "the bias correction of the first moment is missing",
      formula: "w ← w − η·⟦m⟧/(√ŝ + ε)",
      cure: "m̂ = m/(1 − β₁ᵗ)",
    },
    {
      flag: "no-second-correction",
      words: "the bias correction of the second moment is missing",
      formula: "w ← w − η·m̂/(√⟦s⟧ + ε)",
      cure: "ŝ = s/(1 − β₂ᵗ)",
    },
    {
      flag: "t-stays-1",
      words: "t is never advanced: every step is corrected as if it were the first",
      formula: "m̂ = m/(1 − β₁^⟦1⟧)",
      cure: "Count the steps: t ← t + 1 before the correction.",
    },
    {
      flag: "t-ahead",
      words: "t is one step ahead",
      formula: "m̂ = m/(1 − β₁^⟦t+1⟧)",
      cure: "The first step has t = 1.",
    },
    {
      flag: "corrections-exchanged",
      words: "β₁ and β₂ are exchanged in the bias correction",
      formula: "m̂ = m/(1 − ⟦β₂⟧ᵗ), ŝ = s/(1 − ⟦β₁⟧ᵗ)",
      cure: "m̂ = m/(1 − β₁ᵗ), ŝ = s/(1 − β₂ᵗ)",
    },
    {
      flag: "first-forgotten",
      words: "the first moment m is forgotten between the steps: it starts from 0 each time",
      formula: "m ← β₁·⟦0⟧ + (1 − β₁)g",
      cure: "Keep m in the state that is handed in, and return it there.",
    },
    {
      flag: "second-forgotten",
      words: "the second moment s is forgotten between the steps: it starts from 0 each time",
      formula: "s ← β₂·⟦0⟧ + (1 − β₂)g²",
      cure: "Keep s in the state that is handed in, and return it there.",
    },
    {
      flag: "correction-stored",
      words:
        "the corrected moments are written back into the state: the correction piles up from step to step",
      formula: "⟦m ←⟧ m/(1 − β₁ᵗ)",
      cure: "Keep m and s as they are; m̂ and ŝ live for one step only.",
    },
    {
      flag: "correction-multiplied",
      words: "the moments are multiplied by the bias correction instead of divided",
      formula: "m̂ = m ⟦·⟧ (1 − β₁ᵗ)",
      cure: "Divide by 1 − βᵗ.",
    },
    {
      flag: "product-for-power",
      words: "β·t is used where βᵗ belongs",
      formula: "m̂ = m/(1 − ⟦β₁·t⟧)",
      cure: "Math.pow(beta1, t), or beta1 ** t.",
    },
    {
      flag: "product-for-first-power",
      words: "β₁·t is used where β₁ᵗ belongs",
      formula: "m̂ = m/(1 − ⟦β₁·t⟧)",
      cure: "Math.pow(beta1, t), or beta1 ** t.",
    },
    {
      flag: "product-for-second-power",
      words: "β₂·t is used where β₂ᵗ belongs",
      formula: "ŝ = s/(1 − ⟦β₂·t⟧)",
      cure: "Math.pow(beta2, t), or beta2 ** t.",
    },
    {
      flag: "one-minus-beta1-missing",
      words: "the factor 1 − β₁ on the gradient is missing",
      formula: "m ← β₁m + ⟦1⟧·g",
      cure: "m ← β₁m + (1 − β₁)g",
    },
    {
      flag: "one-minus-beta2-missing",
      words: "the factor 1 − β₂ on the squared gradient is missing",
      formula: "s ← β₂s + ⟦1⟧·g²",
      cure: "s ← β₂s + (1 − β₂)g²",
    },
    {
      flag: "not-squared",
      words: "the gradient is not squared in the second moment",
      formula: "s ← β₂s + (1 − β₂)⟦g⟧",
      cure: "s ← β₂s + (1 − β₂)g²",
    },
    {
      flag: "betas-exchanged",
      words: "β₁ and β₂ are exchanged",
      formula: "m ← ⟦β₂⟧m + …, s ← ⟦β₁⟧s + …",
      cure: "β₁ (0.9) belongs to m, β₂ (0.999) to s.",
    },
    {
      flag: "beta1-for-both",
      words: "β₁ is used for both moments",
      formula: "s ← ⟦β₁⟧s + (1 − ⟦β₁⟧)g²",
      cure: "β₂ belongs to s.",
    },
    {
      flag: "beta2-for-both",
      words: "β₂ is used for both moments",
      formula: "m ← ⟦β₂⟧m + (1 − ⟦β₂⟧)g",
      cure: "β₁ belongs to m.",
    },
    {
      flag: "beta1-in-second",
      words: "β₁ is used in the second moment, though its correction has β₂",
      formula: "s ← ⟦β₁⟧s + (1 − ⟦β₁⟧)g²",
      cure: "β₂ belongs to s.",
    },
    {
      flag: "beta2-in-first",
      words: "β₂ is used in the first moment, though its correction has β₁",
      formula: "m ← ⟦β₂⟧m + (1 − ⟦β₂⟧)g",
      cure: "β₁ belongs to m.",
    },
    {
      flag: "root-missing",
      words: "the root is missing: the step is divided by ŝ itself",
      formula: "w ← w − ηm̂/(⟦ŝ⟧ + ε)",
      cure: "w ← w − ηm̂/(√ŝ + ε)",
    },
    {
      flag: "gradient-above",
      words: "the gradient is in the numerator instead of its moving average m̂",
      formula: "w ← w − η⟦g⟧/(√ŝ + ε)",
      cure: "w ← w − ηm̂/(√ŝ + ε)",
    },
    {
      flag: "not-divided",
      words: "the step is not divided by √ŝ",
      formula: "w ← w − ηm̂⟦ ⟧",
      cure: "w ← w − ηm̂/(√ŝ + ε)",
    },
    rate,
    ascent,
    lost,
  ],
};
