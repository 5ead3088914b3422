import type { Twist } from "./contraction.js";
import type { Mistake } from "./operation.js";
import { dividedBy, drop, firstOnly, flip, lastOnly, times } from "./twists.js";

/** dy summed over the outputs, in the place of each. */
const outputSum: Twist = {
  before: (data, d) => {
    const { y = [] } = data;
    const summed = new Float64Array(y.length);
    for (let at = 0; at < y.length; at++) {
      const n = Math.floor(at / d.F);
      for (let o = 0; o < d.F; o++) summed[at] += y[n * d.F + o];
    }
    return { ...data, y: summed };
  },
};

/** What goes wrong in a fully connected layer. */
export const linearMistakes: readonly Mistake[] = mistakes();

function mistakes(): Mistake[] {
  const list: Mistake[] = [];
  const add = (
    tensor: string,
    id: string,
    mistake: string,
    formula: string,
    cure: string,
    axis: readonly string[],
    ...twists: readonly Twist[]
  ) => list.push({ id: `linear/${tensor}/${id}`, tensor, mistake, formula, cure, axes: axis, twists });

  add(
    "dx",
    "weights-not-transposed",
    "the weights are not transposed: W is read as if it were [in, out] (or the other way round)",
    "dx[n,i] += dy[n,o] · W[⟦i⟧,⟦o⟧]",
    "y = x·Wᵀ gives dx = dy·W; y = x·W gives dx = dy·Wᵀ.",
    ["feature"],
    { operand: (t, d, { W = [] }) => W[t.c * d.F + t.f] },
    {
      // the same, where the weights lie [in, out]
      operand: (t, d, { W = [] }) => {
        const at = t.f * d.C + t.c;
        return W[(at % d.F) * d.C + Math.floor(at / d.F)];
      },
    },
    { W: (t) => ([t.f, t.c] = [t.c, t.f]) },
  );
  add(
    "dx",
    "last-output-only",
    "= for +=: only the last output's gradient reaches dx",
    "dx[n,i] ⟦=⟧ dy[n,o] · W[o,i]",
    "Every output read x[n,i]: sum over o with +=.",
    ["feature"],
    lastOnly("f"),
    firstOnly("f"),
  );
  add(
    "dx",
    "same-sample-for-all",
    "every sample gets the gradient of the first one",
    "dx[n,i] += dy[⟦0⟧,o] · W[o,i]",
    "Use dy[n,o] with the n of dx.",
    ["sample"],
    drop("y", "n"),
  );
  add(
    "dx",
    "one-sample-only",
    "only one sample of the batch gets a gradient, the others stay 0",
    "dx[⟦N−1⟧,i] += …, and 0 for all other n",
    "Run the loop over n around the whole sum.",
    ["sample"],
    lastOnly("n"),
    firstOnly("n"),
  );
  add(
    "dx",
    "divided-by-batch",
    "dx is divided by the batch size: the loss has done that already, so it is done twice",
    "dx[n,i] += ⟦1/N⟧ · dy[n,o] · W[o,i]",
    "Leave the 1/N to the loss: dy carries it.",
    ["sample"],
    dividedBy((d) => d.N),
  );
  add(
    "dx",
    "weights-missing",
    "W is missing: dx is only the sum of dy",
    "dx[n,i] += dy[n,o] · ⟦1⟧",
    "The chain rule multiplies by ∂y[n,o]/∂x[n,i] = W[o,i].",
    ["feature"],
    { operand: () => 1 },
  );
  add(
    "dx",
    "input-for-weights",
    "x is used in dx where W belongs",
    "dx[n,i] += dy[n,o] · ⟦x[n,i]⟧",
    "dx takes W[o,i]; x belongs into dW.",
    ["feature"],
    { operand: (t, d, { x = [] }) => x[t.n * d.C + t.c] },
  );
  add(
    "dW",
    "last-sample-only",
    "= for += over the batch: only the last sample counts",
    "dW[o,i] ⟦=⟧ dy[n,o] · x[n,i] for each n",
    "Every sample uses the same W: sum over n with +=.",
    ["sample"],
    lastOnly("n"),
  );
  add(
    "dW",
    "first-sample-only",
    "only the first sample counts: the sum over the batch is missing",
    "dW[o,i] += dy[⟦0⟧,o] · x[⟦0⟧,i]",
    "Every sample uses the same W: sum over n.",
    ["sample"],
    firstOnly("n"),
  );
  add(
    "dW",
    "divided-by-batch",
    "dW is divided by the batch size: the loss has done that already, so it is done twice",
    "dW[o,i] += ⟦1/N⟧ · dy[n,o] · x[n,i]",
    "Leave the 1/N to the loss: dy carries it.",
    ["sample"],
    dividedBy((d) => d.N),
  );
  add(
    "dW",
    "transposed",
    "dW is transposed: its rows and columns do not lie as those of W",
    "dW[⟦i⟧,⟦o⟧] += dy[n,o] · x[n,i]",
    "dW has W's own shape: dyᵀ·x for W [out, in], xᵀ·dy for W [in, out].",
    ["feature"],
    {
      after: (dw, _data, d) => {
        const kept = dw.slice();
        for (let o = 0; o < d.F; o++) for (let i = 0; i < d.C; i++) dw[i * d.F + o] = kept[o * d.C + i];
      },
    },
    { W: (t) => ([t.f, t.c] = [t.c, t.f]) },
  );
  add(
    "dW",
    "wrong-sample",
    "x of one sample is multiplied by dy of another",
    "dW[o,i] += dy[n,o] · x[⟦0⟧,i]",
    "Take x and dy of the same sample n.",
    ["sample"],
    drop("x", "n"),
    drop("y", "n"),
    flip("x", "n"),
  );
  add(
    "dW",
    "equal-columns",
    "grad_W is equal across its columns: the input's index i is missing",
    "dW[o,i] += dy[n,o] · x[n,⟦0⟧]",
    "Use x[n,i] with the i of dW.",
    ["feature"],
    drop("x", "c"),
    inputSum(false),
    inputSum(true),
  );
  add(
    "dW",
    "equal-rows",
    "grad_W is equal across its rows: the output's index o is missing",
    "dW[o,i] += dy[n,⟦0⟧] · x[n,i]",
    "Use dy[n,o] with the o of dW.",
    ["feature"],
    drop("y", "f"),
    outputSum,
  );
  add(
    "dW",
    "input-missing",
    "x is missing: dW is only the sum of dy",
    "dW[o,i] += dy[n,o] · ⟦1⟧",
    "The chain rule multiplies by ∂y[n,o]/∂W[o,i] = x[n,i]: keep x in the forward pass.",
    ["feature"],
    { operand: () => 1 },
  );
  add(
    "dW",
    "weights-added",
    "W itself is added to its gradient",
    "dW[o,i] = ⟦W[o,i]⟧ + Σ_n dy[n,o] · x[n,i]",
    "Start dW from zeros of W's shape; weight decay belongs into the optimizer.",
    ["feature"],
    {
      after: (dw, { W = [] }) => {
        for (let at = 0; at < dw.length; at++) dw[at] += W[at];
      },
    },
  );
  add(
    "db",
    "last-sample-only",
    "db is not summed over the batch: only one sample counts",
    "db[o] ⟦=⟧ dy[n,o] for each n",
    "The bias is added to every sample: sum over n with +=.",
    ["sample"],
    lastOnly("n"),
    firstOnly("n"),
  );
  add(
    "db",
    "divided-by-batch",
    "db is divided by the batch size (a mean for a sum): the loss has done that already",
    "db[o] += ⟦1/N⟧ · dy[n,o]",
    "Leave the 1/N to the loss: dy carries it.",
    ["sample"],
    dividedBy((d) => d.N),
  );
  add(
    "db",
    "outputs-summed",
    "db is summed over the outputs (the wrong axis): all its elements are the same",
    "db[o] += ⟦Σ_o′⟧ dy[n,⟦o′⟧]",
    "Sum over the batch n only: each output has its own bias.",
    ["feature"],
    outputSum,
    { ...outputSum, skip: lastOnly("n").skip ?? (() => false) },
  );
  add(
    "db",
    "same-for-all",
    "every db[o] is that of output 0",
    "db[o] += dy[n,⟦0⟧]",
    "Use dy[n,o].",
    ["feature"],
    drop("y", "f"),
  );
  add(
    "db",
    "counted-per-input",
    "dy is added once for each input: the sum is inside the loop over i",
    "db[o] += ⟦I⟧ · dy[n,o]",
    "Add dy once for each sample, outside the loop over the inputs.",
    ["feature"],
    times((d) => d.C),
  );
  add(
    "y",
    "weights-not-transposed",
    "W is read with its axes exchanged",
    "y[n,o] = b[o] + Σ_i W[⟦i⟧,⟦o⟧] · x[n,i]",
    "Index W as it lies.",
    ["feature"],
    { operand: (t, d, { W = [], x = [] }) => W[t.c * d.F + t.f] * x[t.n * d.C + t.c] },
  );
  add(
    "y",
    "no-bias",
    "the bias is not added",
    "y[n,o] = ⟦0⟧ + Σ_i W[o,i] · x[n,i]",
    "Add b[o].",
    ["feature"],
    {
      b: (t) => {
        t.f = -1;
      },
    },
  );
  add(
    "y",
    "bias-per-term",
    "the bias is added inside the sum, once for every input",
    "y[n,o] = Σ_i (W[o,i] · x[n,i] + ⟦b[o]⟧)",
    "Add the bias once for each output.",
    ["feature"],
    {
      after: (y, { b = [] }, d) => {
        for (let at = 0; at < y.length; at++) y[at] += (d.C - 1) * b[at % d.F];
      },
    },
  );
  add(
    "y",
    "last-input-only",
    "= for +=: only the last input counts",
    "y[n,o] ⟦=⟧ W[o,i] · x[n,i]",
    "Sum over i with +=.",
    ["feature"],
    lastOnly("c"),
    firstOnly("c"),
  );
  add(
    "y",
    "same-sample-for-all",
    "every output is that of the first sample",
    "y[n,o] = b[o] + Σ_i W[o,i] · x[⟦0⟧,i]",
    "Use x[n,i] with the n of y.",
    ["sample"],
    drop("x", "n"),
  );
  return list;
}

function inputSum(mean: boolean): Twist {
  return {
    operand: (t, d, { x = [] }) => {
      let sum = 0;
      for (let i = 0; i < d.C; i++) sum += x[t.n * d.C + i];
      return mean ? sum / d.C : sum;
    },
  };
}
