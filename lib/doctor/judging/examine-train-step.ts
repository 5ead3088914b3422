import {
  linear,
  Rng,
  relu,
  type Sequential,
  sequential,
  sgd,
  softmaxCrossEntropy,
  Tensor,
} from "@gradbook/core";
import { softmaxRows } from "@gradbook/core/internal";
import { call } from "../driving/session.js";
import { plainName } from "../reading/roles.js";
import { fullSource, type Param, parametersOf } from "../reading/source.js";
import { type Callable, CannotDrive, type Examination, Fault, type Finding, type OnCall } from "../types.js";
import { compare } from "./compare.js";

/** One mistake in a step of training, by the flag that `simulateTraining` looks at. */
export interface StepMistake {
  readonly flag: string;
  readonly words: string;
  readonly formula: string;
  readonly cure: string;
}

const lr = 0.25;
/** The last batch is a short one, as at the end of an epoch. */
const batchSizes = [4, 4, 3];
const [features, hidden, classes] = [3, 5, 4];

export const stepMistakes: readonly StepMistake[] = [
  {
    flag: "gradients-not-zeroed",
    words: "the gradients are not set to zero between the steps: each step adds those of all batches before",
    formula: "grad ⟦+=⟧ ∂L/∂w without zeroing",
    cure: "model.zeroGradients() before every backward.",
  },
  {
    flag: "ascent",
    words: "the sign is wrong: the weights go up the gradient",
    formula: "w ← w ⟦+⟧ η·g",
    cure: "w ← w − η·g",
  },
  {
    flag: "divided-twice",
    words: "the gradient is divided by the batch size once more: the loss has done that already",
    formula: "w ← w − η·g/⟦N⟧",
    cure: "A mean loss has the 1/N in its gradient: divide once.",
  },
  {
    flag: "summed",
    words: "the gradient is summed over the batch though the loss is a mean: the step is N times too long",
    formula: "w ← w − η·⟦N⟧·g",
    cure: "Leave the 1/N of the mean in the gradient.",
  },
  {
    flag: "fixed-batch-size",
    words: "the short last batch is divided by the usual batch size instead of its own",
    formula: "g = 1/⟦4⟧ · Σ over 3 samples",
    cure: "Divide by the number of samples in this very batch.",
  },
  {
    flag: "softmax-twice",
    words: "softmax is applied before a loss that has its own: twice",
    formula: "L = crossEntropy(softmax(⟦softmax(z)⟧))",
    cure: "Give the logits to softmaxCrossEntropy.",
  },
  {
    flag: "biases-forgotten",
    words: "only the weights are updated, the biases never move",
    formula: "w ← w − η·g, ⟦b ← b⟧",
    cure: "Update every parameter of the model.",
  },
  {
    flag: "last-layer-only",
    words: "only the last layer is updated",
    formula: "w ← w − η·g ⟦for the last layer only⟧",
    cure: "Update every parameter of the model.",
  },
  {
    flag: "rate-missing",
    words: "the learning rate is missing",
    formula: "w ← w − ⟦1⟧·g",
    cure: "w ← w − η·g",
  },
  {
    flag: "zeroed-before-update",
    words:
      "the weights never move: the gradients are zeroed between backward and the update (or nothing is updated)",
    formula: "⟦g ← 0⟧; w ← w − η·g",
    cure: "Zero before backward, update after it.",
  },
  {
    flag: "one-step-late",
    words: "the update comes before backward: each step uses the gradient of the batch before",
    formula: "w ← w − η·⟦g of the last batch⟧",
    cure: "forward, loss, backward, then the update.",
  },
  {
    flag: "stale-forward",
    words: "forward is not run for this batch: backward goes through the activations of the first one",
    formula: "g from ⟦the first batch's activations⟧",
    cure: "forward(x) for every batch, before backward.",
  },
  {
    flag: "labels-of-another",
    words: "the labels of the batch are reversed: images and labels do not belong together",
    formula: "L(z[n], labels[⟦N−1−n⟧])",
    cure: "Take images and labels by the same index.",
  },
  {
    flag: "first-sample-only",
    words: "only the first sample of the batch is trained on",
    formula: "g of ⟦n = 0⟧",
    cure: "Use the gradient of the whole batch.",
  },
];

/** A function (model, x, labels, lr) that trains a gradbook model by one step. */
export function examineTrainStep(subject: string, fn: Callable, onCall: OnCall): Examination {
  onCall("steps", subject);
  const right = simulateTraining(new Set());
  let got: Steps;
  try {
    got = runStudent(fn);
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    if (!(error.thrown instanceof ReferenceError)) {
      throw new CannotDrive(
        `${subject}: ${error.detail}.`,
        "Write it as trainStep(model, x, labels, lr) on a model of this library: forward, the gradient of softmaxCrossEntropy(), backward, update of model.parameters.",
      );
    }
    throw error;
  }
  const base = { subject, kind: "trainStep" as const, conventions: [] };
  const start = weightsOf(makeModel());
  if (!got.used && got.weights.every((w) => compare(w, start).error === 0))
    throw new CannotDrive(
      `${subject}: it runs no backward pass of the model that it is given; it may train a model of its own.`,
      "Write it as trainStep(model, x, labels, lr), with forward and backward of that model.",
    );
  if (equal(got.weights, right)) {
    const checked = [
      `${batchSizes.length} steps move every parameter as plain gradient descent does, a short batch among them`,
    ];
    return { ...base, verdict: "correct", findings: [], checked };
  }
  const finding = nameStep(got.weights, right);
  if (finding.id === "unknown")
    throw new CannotDrive(
      `${subject}: ${finding.mistake}; it may train by another rule.`,
      `Plain gradient descent is: ${finding.cure}`,
    );
  return { ...base, verdict: "wrong", findings: [finding], checked: [] };
}

function nameStep(got: readonly Float64Array[], right: readonly Float64Array[]): Finding {
  const first = got.findIndex((w, i) => compare(w, right[i]).error > 1e-6);
  const where = `from step ${first + 1} on (batches of ${batchSizes.join(", ")})`;
  const singles = stepMistakes.map((m) => [m]);
  const pairs = stepMistakes.flatMap((a, i) => stepMistakes.slice(i + 1).map((b) => [a, b]));
  for (const chosen of [...singles, ...pairs]) {
    if (!equal(got, simulateTraining(new Set(chosen.map((m) => m.flag))))) continue;
    return {
      id: chosen.map((m) => `trainStep/w/${m.flag}`).join(" + "),
      tensor: "w",
      mistake:
        (chosen.length > 1 ? "two mistakes at once: " : "") + chosen.map((m) => m.words).join("; and "),
      where,
      cure: chosen.map((m) => m.cure).join(" "),
      formula: chosen.map((m) => m.formula).join("\n"),
      axes: ["step"],
    };
  }
  return {
    id: "unknown",
    tensor: "w",
    mistake: "the weights after the step are not those of gradient descent, by no mistake of the catalogue",
    where,
    cure: "forward(x); dy = loss.gradient(output, labels); zero the gradients; backward(dy); w ← w − η·g for every parameter.",
    axes: ["step"],
  };
}

function equal(a: readonly Float64Array[], b: readonly Float64Array[]): boolean {
  return a.every((w, i) => compare(w, b[i]).error < 1e-6);
}

function makeModel(): Sequential {
  return sequential([linear({ in: features, out: hidden }), relu(), linear({ in: hidden, out: classes })], {
    input: [features],
    seed: "train step",
    dtype: "float64",
  });
}

function batches(): { x: Tensor; labels: number[] }[] {
  return batchSizes.map((N, at) => {
    const rng = new Rng(`batch ${at}`);
    const x = Tensor.zeros([N, features], "float64");
    for (let i = 0; i < x.size; i++) x.data[i] = rng.normal();
    return { x, labels: Array.from({ length: N }, () => rng.int(classes)) };
  });
}

/** All parameters one behind the other: the weights that a step is judged by. */
export function weightsOf(model: Sequential): Float64Array {
  return Float64Array.from(model.parameters.flatMap(({ parameter }) => Array.from(parameter.value.data)));
}

/** Weights after each step of plain gradient descent, with the flags' mistakes. */
export function simulateTraining(on: ReadonlySet<string>): Float64Array[] {
  const model = makeModel();
  const loss = softmaxCrossEntropy();
  const context = { training: true, rng: new Rng("context") };
  let previous: Float64Array[] | undefined;
  let stale: Tensor | undefined;
  return batches().map(({ x, labels }) => {
    const N = labels.length;
    const wanted = on.has("labels-of-another") ? [...labels].reverse() : labels;
    const output = on.has("stale-forward") && stale !== undefined ? stale : model.forward(x, context);
    stale ??= output;
    const seen = on.has("softmax-twice") ? squashed(output) : output;
    // a stale output may have more rows than the batch has labels
    const rows = Math.min(seen.shape[0], N);
    const used = seen.rows(0, rows);
    const dy = Tensor.zeros(seen.shape, "float64");
    dy.data.set(loss.gradient(used, wanted.slice(0, rows)).data);
    if (on.has("first-sample-only")) for (let i = classes; i < dy.size; i++) dy.data[i] = 0;
    if (!on.has("gradients-not-zeroed")) model.zeroGradients();
    model.backward(dy);
    const fresh = model.parameters.map(({ parameter }) => Float64Array.from(parameter.grad.data));
    const gradients = on.has("one-step-late") ? previous : fresh;
    previous = fresh;
    let factor = on.has("rate-missing") ? 1 : lr;
    if (on.has("ascent")) factor = -factor;
    if (on.has("divided-twice")) factor /= N;
    if (on.has("summed")) factor *= N;
    if (on.has("fixed-batch-size")) factor *= N / batchSizes[0];
    if (on.has("zeroed-before-update")) factor = 0;
    for (const [i, { name, parameter }] of model.parameters.entries()) {
      if (on.has("biases-forgotten") && name.endsWith(".bias")) continue;
      if (on.has("last-layer-only") && i < model.parameters.length - 2) continue;
      const g = gradients?.[i];
      if (g !== undefined) for (let k = 0; k < g.length; k++) parameter.value.data[k] -= factor * g[k];
    }
    return weightsOf(model);
  });
}

function squashed(logits: Tensor): Tensor {
  const p = Tensor.zeros(logits.shape, "float64");
  softmaxRows(logits.data, p.data, classes);
  return p;
}

interface Steps {
  /** All weights after each step. */
  readonly weights: readonly Float64Array[];
  /** Whether the backward pass of the model that was handed over ever ran. */
  readonly used: boolean;
}

function runStudent(fn: Callable): Steps {
  const model = makeModel();
  let used = false;
  const [head] = model.layers.map(({ layer }) => layer);
  const { backward } = head;
  head.backward = (...args) => {
    used = true;
    return backward.apply(head, args);
  };
  const params = parametersOf(fn);
  const source = fullSource(fn);
  const optimizer = sgd({ lr });
  const loss = softmaxCrossEntropy();
  const weights = batches().map(({ x, labels }, at) => {
    const argument = (p: Param, position: number): unknown => {
      const name = plainName(p.name);
      const batch = { x, labels, images: x, inputs: x, y: labels, targets: labels, data: x, input: x };
      const options = {
        lr,
        learningRate: lr,
        eta: lr,
        loss,
        optimizer,
        rng: new Rng(at),
        step: at + 1,
        ...batch,
      };
      if (p.keys !== undefined) return options;
      if (/^(model|net|network|m|sequential)$/.test(name)) return model;
      if (/^(labels?|y|targets?|t|ys|classes)$/.test(name)) return labels;
      if (/^(x|images?|inputs?|xs|features|data|input|batchx)$/.test(name)) return x;
      if (/^(lr|learningrate|eta|rate|alpha)$/.test(name)) return lr;
      if (/^(loss|criterion|lossfn|objective)$/.test(name)) return loss;
      if (
        /^(optimizer|optim|opt)$/.test(name) &&
        !new RegExp(`\\b${p.name}\\.(lr|learningRate)\\b`).test(source)
      )
        return optimizer;
      if (/^(options?|opts?|config|cfg|hyper|opt)$/.test(name)) return options;
      if (/^(batch|minibatch)$/.test(name)) return batch;
      if (/^(step|t|iteration)$/.test(name)) return at + 1;
      return [model, x, labels, lr][position];
    };
    call(fn, undefined, params.map(argument), "step", "w");
    const w = weightsOf(model);
    if (w.some(Number.isNaN)) throw new Fault("step", "nan", "w", `w is NaN after step ${at + 1}`);
    return w;
  });
  return { weights, used };
}
