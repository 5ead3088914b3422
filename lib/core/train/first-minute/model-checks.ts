import { originOf } from "../../layers/layer.js";
import { builtinLossSpec, lossName } from "../../losses/loss.js";
import { lossGradient, lossSum } from "../../losses/run-loss.js";
import { log } from "../../tensor/portable.js";
import { Tensor } from "../../tensor/tensor.js";
import { type CheckLine, number, percent } from "./panel.js";
import { type ModelSnapshot, rms } from "./snapshot.js";

/** A model that knows nothing gives every class the same chance: cross-entropy ln K. */
export function checkInitialLoss({ loss, output, labels, data }: ModelSnapshot): CheckLine {
  const check = "initial loss";
  const value = lossSum(loss, output, labels) / labels.length;
  const K = output.shape[1];
  if (!Number.isFinite(value))
    return {
      check,
      verdict: "bad",
      words: `the loss is ${value} before the first step.`,
      cure: "Look at the input scale, and for a division by 0 or log 0 in your own layers.",
    };
  const spec = builtinLossSpec(loss);
  if (spec === undefined)
    return {
      check,
      verdict: "good",
      words: `${number(value)} by ${lossName(loss)}, a loss of your own.`,
      cure: "",
    };
  if (spec.kind !== "softmaxCrossEntropy") {
    // outputs near 0 against one-hot targets: 1 of K values is off by 1
    const expected = spec.kind === "euclidean" ? 0.5 : 1 / K;
    const words = `${number(value)}; outputs near 0 give ${number(expected)}.`;
    return value > 5 * expected
      ? {
          check,
          verdict: "look",
          words,
          cure: "The initial outputs are large: use smaller weights in the last layer.",
        }
      : { check, verdict: "good", words, cure: "" };
  }
  const expected = log(K);
  const words = `${number(value)}, where knowing nothing about ${K} classes costs ln ${K} = ${number(expected)}.`;
  if (value > 3 * expected)
    return {
      check,
      verdict: "bad",
      words,
      cure: "The initial outputs are far too confident: scale the inputs, or start with smaller weights (init).",
    };
  if (value > 1.5 * expected)
    return { check, verdict: "look", words, cure: "Smaller weights in the last layer bring it down." };
  if (value < 0.5 * expected)
    return {
      check,
      verdict: "look",
      words,
      cure: `It is too good for an untrained model: is it trained already, do the labels leak into the inputs, or are there fewer classes than ${data.classes}?`,
    };
  return { check, verdict: "good", words, cure: "" };
}

/** Rectifiers that are 0, and sigmoids that are flat, for every sample of the batch. */
export function checkUnits({ model, outputs }: ModelSnapshot): CheckLine[] {
  const dead: string[] = [];
  const flat: string[] = [];
  let [rectifiers, squashers] = [0, 0];
  for (const { name, layer } of model.layers) {
    const kind = originOf(layer)?.kind ?? layer.constructor.name.toLowerCase();
    const y = outputs[name];
    if (/relu/.test(kind) && !/leaky|prelu/.test(kind)) {
      rectifiers++;
      const share = deadShare(y);
      if (share > 0.4) dead.push(`${name} ${percent(share)}`);
    } else if (kind === "sigmoid" || kind === "tanh") {
      squashers++;
      const share = saturatedShare(y, kind);
      if (share > 0.3) flat.push(`${name} ${percent(share)}`);
    }
  }
  const lines: CheckLine[] = [];
  if (rectifiers > 0)
    lines.push(
      dead.length === 0
        ? { check: "dead units", verdict: "good", words: "most ReLU units are active.", cure: "" }
        : {
            check: "dead units",
            verdict: "bad",
            words: `0 for every sample: ${dead.join(", ")} of the units.`,
            cure: 'Smaller learning rate, init: "he", biases at 0, or leakyRelu; no ReLU on the class scores.',
          },
    );
  if (squashers > 0)
    lines.push(
      flat.length === 0
        ? { check: "saturated units", verdict: "good", words: "most units are not saturated.", cure: "" }
        : {
            check: "saturated units",
            verdict: "bad",
            words: `saturated: ${flat.join(", ")} of the outputs.`,
            cure: 'Scale the inputs, or start with smaller weights (init: "xavier").',
          },
    );
  return lines;
}

/** Share of the units (features, or whole channels) that are 0 for every sample. */
function deadShare(y: Tensor): number {
  const [N, units] = y.shape;
  const inner = y.size / (N * units);
  let dead = 0;
  for (let u = 0; u < units; u++) {
    let alive = false;
    for (let n = 0; n < N && !alive; n++)
      for (let s = 0; s < inner && !alive; s++) alive = y.data[(n * units + u) * inner + s] > 0;
    if (!alive) dead++;
  }
  return dead / units;
}

function saturatedShare(y: Tensor, kind: "sigmoid" | "tanh"): number {
  const at = (v: number) => (kind === "tanh" ? Math.abs(v) : Math.abs(2 * v - 1));
  return y.data.filter((v) => at(v) > 0.97).length / y.size;
}

/** Gradient of each layer, and how far the first step moves its weights. */
export function checkGradients({ model, loss, optimizer, output, labels }: ModelSnapshot): CheckLine[] {
  model.zeroGradients();
  model.backward(lossGradient(loss, output, labels));
  const rows = model.parameters
    .filter(({ name }) => !/bias$/.test(name))
    .map(({ name, parameter: { value, grad } }) => {
      const before = value.data.slice();
      const w = value.data.slice();
      const slots = Array.from(
        { length: optimizer.slots ?? 0 },
        () => Tensor.zeros(value.shape, value.dtype).data,
      );
      optimizer.update(w, grad.data, slots, optimizer.spec.lr, 1);
      const step = w.map((v, i) => v - before[i]);
      const size = rms(before);
      return { name, gradient: rms(grad.data), ratio: size === 0 ? Number.NaN : rms(step) / size };
    });
  if (rows.length === 0) return [];
  const norms = rows.map((r) => `${r.name} ${number(r.gradient)}`).join(", ");
  const gradients: CheckLine[] = [];
  const broken = rows.find((r) => !Number.isFinite(r.gradient));
  const zero = rows.filter((r) => r.gradient === 0);
  const [first, last] = [rows[0].gradient, rows[rows.length - 1].gradient];
  const line = (verdict: CheckLine["verdict"], cure: string) =>
    gradients.push({ check: "gradients", verdict, words: `${norms}.`, cure });
  if (broken !== undefined)
    line("bad", `The gradient of ${broken.name} is not a number: diagnose its layer.`);
  else if (zero.length > 0)
    line(
      "bad",
      `No gradient reaches ${zero.map((r) => r.name).join(", ")}: dead units behind it, or a backward that returns zeros.`,
    );
  else if (first < last * 1e-4)
    line(
      "bad",
      "The gradient vanishes on its way to the first layer: ReLU instead of sigmoid, batch norm, or a better init.",
    );
  else if (first > last * 1e4)
    line("bad", "The gradient explodes on its way to the first layer: smaller weights.");
  else line("good", "");
  const ratios = rows
    .map((r) => `${r.name} ${Number.isNaN(r.ratio) ? "weights 0" : number(r.ratio)}`)
    .join(", ");
  const measured = rows.map((r) => r.ratio).filter((r) => !Number.isNaN(r));
  const [least, most] = [Math.min(...measured), Math.max(...measured)];
  const step = (verdict: CheckLine["verdict"], cure: string): CheckLine => ({
    check: "first step ÷ weights",
    verdict,
    words: `${ratios}.`,
    cure,
  });
  if (rows.some((r) => Number.isNaN(r.ratio)))
    return [
      ...gradients,
      step("bad", "A layer's weights are all 0: its units stay identical forever. Choose an init."),
    ];
  if (most > 0.3)
    return [
      ...gradients,
      step("bad", `The step is as large as the weights: a smaller learning rate (now ${optimizer.spec.lr}).`),
    ];
  if (most < 1e-5)
    return [
      ...gradients,
      step("bad", `The weights hardly move: a larger learning rate (now ${optimizer.spec.lr}), or momentum.`),
    ];
  if (most > 0.03 || least < 1e-6) return [...gradients, step("look", "About 0.001 is usual.")];
  return [...gradients, step("good", "")];
}

/** The same sample twice: a mean gives each half its gradient, a sum the whole. */
export function checkBatchReduction({ loss, output, labels }: ModelSnapshot): CheckLine {
  const check = "batch reduction";
  const K = output.shape[1];
  const one = new Tensor([1, K], output.data.slice(0, K));
  const two = Tensor.zeros([2, K], output.dtype);
  two.data.set(one.data, 0);
  two.data.set(one.data, K);
  const single = loss.gradient(one, [labels[0]]);
  const double = loss.gradient(two, [labels[0], labels[0]]);
  const ratio = rms(double.data) / rms(single.data);
  if (Math.abs(ratio - 0.5) < 0.01)
    return {
      check,
      verdict: "good",
      words: "the loss is a mean: the learning rate means the same for every batch size.",
      cure: "",
    };
  if (Math.abs(ratio - 1) < 0.01)
    return {
      check,
      verdict: "look",
      words: "the loss is a sum over the batch: with twice the batch the step is twice as long.",
      cure: 'Divide by the batch size (reduction: "mean"), or the learning rate by it.',
    };
  return {
    check,
    verdict: "bad",
    words: `the gradient of a batch of two is ${number(ratio)} times that of one, neither a mean nor a sum.`,
    cure: "diagnose the loss: it is divided by the batch twice, or by something else.",
  };
}
