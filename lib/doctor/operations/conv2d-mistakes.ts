import type { Twist } from "./contraction.js";
import type { Mistake } from "./operation.js";
import {
  dividedBy,
  drop,
  firstOnly,
  flip,
  lastOnly,
  place,
  reindex,
  replace,
  shift,
  swap,
  times,
  withoutLast,
} from "./twists.js";

type Row = readonly [
  id: string,
  mistake: string,
  formula: string,
  cure: string,
  axes: readonly string[],
  twists: readonly Twist[],
];

const rows = (tensor: string, list: readonly Row[]): Mistake[] =>
  list.map(([id, mistake, formula, cure, axes, twists]) => ({
    id: `conv2d/${tensor}/${id}`,
    tensor,
    mistake,
    formula,
    cure,
    axes,
    twists,
  }));

const image = ["height", "width"] as const;
const area = (d: Readonly<Record<string, number>>) => d.OH * d.OW;

const dx: readonly Row[] = [
  [
    "kernel-flipped",
    "the kernel is not flipped where it must be (or flipped twice): dx takes W upside down and mirrored",
    "dx[n,c,h,k] += dy[n,f,i,j] · W[f,c,⟦KH−1−u⟧,⟦KW−1−v⟧]",
    "Pixel h = i·SH + u − PH was multiplied by W[f,c,u,v] in the forward pass, so its gradient takes the same W[f,c,u,v]. Written as a convolution of dy, that needs W rotated by 180° exactly once.",
    image,
    [flip("W", "u", "v")],
  ],
  [
    "kernel-flipped-height",
    "the kernel is flipped along its height only",
    "dx[n,c,h,k] += dy[n,f,i,j] · W[f,c,⟦KH−1−u⟧,v]",
    "Rotate by 180°: both axes of the kernel, or use the very index [u,v] of the forward pass.",
    ["height"],
    [flip("W", "u")],
  ],
  [
    "kernel-flipped-width",
    "the kernel is flipped along its width only",
    "dx[n,c,h,k] += dy[n,f,i,j] · W[f,c,u,⟦KW−1−v⟧]",
    "Rotate by 180°: both axes of the kernel, or use the very index [u,v] of the forward pass.",
    ["width"],
    [flip("W", "v")],
  ],
  [
    "weights-missing",
    "W is missing: dx is only a sum of dy",
    "dx[n,c,h,k] += dy[n,f,i,j] · ⟦1⟧",
    "The chain rule multiplies by ∂y[n,f,i,j]/∂x[n,c,h,k] = W[f,c,u,v].",
    ["channel", "height", "width"],
    [{ operand: () => 1 }],
  ],
  [
    "matrix-not-transposed",
    "W is not transposed for Wᵀ·dy: its numbers are read as if they lay [C·KH·KW, F]",
    "dcols = ⟦W⟧·dy",
    "As a matrix W is [F, C·KH·KW]; dcols = Wᵀ·dy takes element [c,u,v] of row f at f·C·KH·KW + (c·KH + u)·KW + v.",
    ["channel"],
    [{ operand: (t, d, { W }) => W?.[((t.c * d.KH + t.u) * d.KW + t.v) * d.F + t.f] ?? 0 }],
  ],
  [
    "kernel-transposed",
    "rows and columns of the kernel are exchanged (transposed, not rotated)",
    "dx[n,c,h,k] += dy[n,f,i,j] · W[f,c,⟦v⟧,⟦u⟧]",
    "Use W[f,c,u,v]; a rotation by 180° is not a transposition.",
    image,
    [swap("W", "u", "v")],
  ],
  [
    "channels-not-transposed",
    "input and output channels of the kernel are not transposed: W is read as if it were [C, F, KH, KW]",
    "dx[n,c,h,k] += dy[n,f,i,j] · W[⟦c⟧,⟦f⟧,u,v]",
    "dx sums over the output channels f: take W[f,c,u,v], that is, W with its first two axes transposed in a convolution of dy.",
    ["channel"],
    [
      swap("W", "f", "c"),
      {
        operand: (t, d, { W = [] }) => W[((t.c * d.F + t.f) * d.KH + t.u) * d.KW + t.v] ?? Number.NaN,
      },
      {
        operand: (t, d, { W = [] }) =>
          W[((t.c * d.F + t.f) * d.KH + (d.KH - 1 - t.u)) * d.KW + (d.KW - 1 - t.v)] ?? Number.NaN,
      },
    ],
  ],
  [
    "windows-overwritten",
    "= for +=: overlapping windows overwrite each other instead of adding up",
    "dx[n,c,h,k] ⟦=⟧ Σ_f dy[n,f,i,j] · W[f,c,u,v]",
    "A pixel lies in several windows, and each of them sends it gradient: write +=.",
    image,
    [
      { assign: ["n", "i", "j"] },
      { assign: ["u", "v"] },
      { assign: ["v", "u"] },
      { assign: ["n", "j", "i"] },
    ],
  ],
  [
    "everything-overwritten",
    "= for +=: only the last product of each pixel is kept, those of the other windows and output channels are overwritten",
    "dx[n,c,h,k] ⟦=⟧ dy[n,f,i,j] · W[f,c,u,v]",
    "Every output channel and every window that saw the pixel sends it gradient: write +=.",
    ["height", "width", "output channel"],
    [{ assign: ["n", "f", "i", "j"] }, { assign: ["n", "i", "j", "f"] }, { assign: ["f", "u", "v"] }],
  ],
  [
    "last-kernel-only",
    "= for += over the output channels: only the last kernel's gradient is kept",
    "dx[n,c,h,k] = ⟦(f = F−1 only)⟧ dy[n,f,i,j] · W[f,c,u,v]",
    "Every kernel saw the pixel: sum over f with +=.",
    ["output channel"],
    [lastOnly("f"), { assign: ["f"] }],
  ],
  [
    "first-kernel-only",
    "only the first output channel is used; the sum over the kernels is missing",
    "dx[n,c,h,k] += dy[n,⟦0⟧,i,j] · W[⟦0⟧,c,u,v]",
    "Sum over all output channels f.",
    ["output channel"],
    [firstOnly("f")],
  ],
  [
    "one-kernel-for-all",
    "the same kernel W[0] is used for every output channel",
    "dx[n,c,h,k] += dy[n,f,i,j] · W[⟦0⟧,c,u,v]",
    "Use W[f,c,u,v] with the f of dy[n,f,i,j].",
    ["output channel"],
    [drop("W", "f")],
  ],
  [
    "same-for-all-channels",
    "every input channel gets the gradient of channel 0: c is missing in W's index",
    "dx[n,c,h,k] += dy[n,f,i,j] · W[f,⟦0⟧,u,v]",
    "Channel c of the image was multiplied by W[f,c]: use that c.",
    ["channel"],
    [drop("W", "c")],
  ],
  [
    "channels-summed",
    "the kernel is summed over its input channels: every channel of dx is the same",
    "dx[n,c,h,k] += dy[n,f,i,j] · ⟦Σ_c′⟧ W[f,⟦c′⟧,u,v]",
    "There is no sum over c: channel c of dx takes W[f,c,u,v] alone.",
    ["channel"],
    [
      {
        operand: (t, d, { W = [] }) => {
          let sum = 0;
          for (let c = 0; c < d.C; c++) sum += W[((t.f * d.C + c) * d.KH + t.u) * d.KW + t.v];
          return sum;
        },
      },
    ],
  ],
  [
    "padding-not-cropped",
    "the padding is not cut off: dx is taken from the corner of the padded gradient, shifted by the pad",
    "dx[n,c,h,k] = dxPadded[n,c,⟦h⟧,⟦k⟧]",
    "The pixel [h,k] is at [h + PH, k + PW] of the padded image: crop the pad on all four sides.",
    image,
    [place((t, d) => [t.i * d.SH + t.u, t.j * d.SW + t.v])],
  ],
  [
    "padding-off-by-one",
    "the padding is cut off by one pixel too little or too much",
    "dx[n,c,h,k] = dxPadded[n,c,h + PH ⟦± 1⟧,k + PW ⟦± 1⟧]",
    "Pixel [h,k] is [h + PH, k + PW] of the padded image, exactly.",
    image,
    [
      place((t) => [t.h + 1, t.k + 1]),
      place((t) => [t.h - 1, t.k - 1]),
      place((t) => [t.h + 1, t.k]),
      place((t) => [t.h, t.k + 1]),
      place((t) => [t.h - 1, t.k]),
      place((t) => [t.h, t.k - 1]),
    ],
  ],
  [
    "stride-ignored",
    "the stride is forgotten: dy is spread as if the windows were one pixel apart",
    "dx[n,c,⟦i⟧ + u − PH,⟦j⟧ + v − PW] += dy[n,f,i,j] · W[f,c,u,v]",
    "Window i starts at row i·SH − PH, window j at column j·SW − PW: multiply by the stride.",
    image,
    [place((t, d) => [t.i + t.u - d.PH, t.j + t.v - d.PW])],
  ],
  [
    "valid-for-full",
    "dy is not padded by KH−1 and KW−1: a valid convolution is used where a full one is needed, so gradient is lost at the border",
    "dx[n,c,h,k] += Σ dy[n,f,h−u,k−v] · W[f,c,u,v] ⟦only where the whole window lies inside dy⟧",
    "Pad dy by K−1−pad on each side before it is convolved with the rotated kernel.",
    image,
    [
      {
        skip: (t, d) =>
          t.h + d.PH < d.KH - 1 || t.h + d.PH > d.OH - 1 || t.k + d.PW < d.KW - 1 || t.k + d.PW > d.OW - 1,
      },
    ],
  ],
  [
    "last-windows-missing",
    "the loop over the windows ends one early: the last row or column of dy is never spread",
    "dx += dy[n,f,i,j] · W[f,c,u,v] for i < OH ⟦− 1⟧, j < OW ⟦− 1⟧",
    "Loop i = 0 … OH − 1 and j = 0 … OW − 1: OH = ⌊(H + 2·pad − KH)/stride⌋ + 1.",
    image,
    [{ skip: (t, d) => t.i === d.OH - 1 || t.j === d.OW - 1 }, withoutLast("i"), withoutLast("j")],
  ],
  [
    "kernel-end-missing",
    "the loop over the kernel ends one early: its last row or column is never used",
    "dx += dy[n,f,i,j] · W[f,c,u,v] for u < KH ⟦− 1⟧, v < KW ⟦− 1⟧",
    "Loop u = 0 … KH − 1 and v = 0 … KW − 1.",
    image,
    [{ skip: (t, d) => t.u === d.KH - 1 || t.v === d.KW - 1 }, withoutLast("u"), withoutLast("v")],
  ],
  [
    "last-sample-only",
    "only the last sample of the batch gets a gradient, the others stay 0",
    "dx[⟦N−1⟧,c,h,k] += …, and 0 for all other n",
    "Run the loop over n around the whole sum, and allocate dx for the whole batch once.",
    ["sample"],
    [lastOnly("n")],
  ],
  [
    "first-sample-only",
    "only the first sample of the batch gets a gradient",
    "dx[⟦0⟧,c,h,k] += …, and 0 for all other n",
    "Run the loop over n around the whole sum.",
    ["sample"],
    [firstOnly("n"), drop("x", "n")],
  ],
  [
    "same-sample-for-all",
    "every sample gets the gradient of the first one: n is missing in dy's index",
    "dx[n,c,h,k] += dy[⟦0⟧,f,i,j] · W[f,c,u,v]",
    "Use dy[n,f,i,j] with the n of dx.",
    ["sample"],
    [drop("y", "n")],
  ],
  [
    "divided-by-batch",
    "dx is divided by the batch size: the loss has done that already, so it is done twice",
    "dx[n,c,h,k] += ⟦1/N⟧ · dy[n,f,i,j] · W[f,c,u,v]",
    "Leave the 1/N to the loss: dy carries it.",
    ["sample"],
    [dividedBy((d) => d.N)],
  ],
  [
    "divided-by-positions",
    "dx is divided by the number of positions",
    "dx[n,c,h,k] += ⟦1/(OH·OW)⟧ · dy[n,f,i,j] · W[f,c,u,v]",
    "Drop the divisor: a convolution is a sum, not a mean.",
    image,
    [dividedBy(area)],
  ],
  [
    "dy-flipped",
    "dy is read backwards: dx comes out rotated by 180°",
    "dx[n,c,h,k] += dy[n,f,⟦OH−1−i⟧,⟦OW−1−j⟧] · W[f,c,u,v]",
    "Rotate the kernel, not dy.",
    image,
    [flip("y", "i", "j")],
  ],
];

const dW: readonly Row[] = [
  [
    "equal-columns",
    "grad_W is equal across its columns: v is missing in x's index, so each column of the kernel sees the same pixels",
    "dW[f,c,u,v] += dy[n,f,i,j] · x[n,c,i·SH+u−PH, j·SW⟦ ⟧−PW]",
    "Column v of the kernel met pixel j·SW + v − PW: add v to the column index.",
    ["width"],
    // the border may still be left out by the index that was forgotten when reading
    [
      drop("x", "v"),
      { ...drop("x", "v"), skip: (t, d) => t.k < 0 || t.k >= d.W },
      { ...place((t, d) => [t.h, t.j * d.SW]), skip: (t, d) => t.k < 0 || t.k >= d.W },
    ],
  ],
  [
    "equal-columns-summed",
    "grad_W is equal across its columns: the products are summed (or averaged) over the width of the window before they are stored",
    "dW[f,c,u,⟦:⟧] += dy[n,f,i,j] · ⟦Σ_v⟧ x[n,c,i·SH+u−PH,j·SW+v−PW]",
    "There is no sum over v: each column of dW has its own pixel x[…, j·SW + v − PW].",
    ["width"],
    [windowSum("v", false), windowSum("v", true)],
  ],
  [
    "equal-rows",
    "grad_W is equal across its rows: u is missing in x's index, so each row of the kernel sees the same pixels",
    "dW[f,c,u,v] += dy[n,f,i,j] · x[n,c,i·SH⟦ ⟧−PH, j·SW+v−PW]",
    "Row u of the kernel met pixel i·SH + u − PH: add u to the row index.",
    ["height"],
    [drop("x", "u")],
  ],
  [
    "equal-rows-summed",
    "grad_W is equal across its rows: the products are summed (or averaged) over the height of the window before they are stored",
    "dW[f,c,⟦:⟧,v] += dy[n,f,i,j] · ⟦Σ_u⟧ x[n,c,i·SH+u−PH,j·SW+v−PW]",
    "There is no sum over u: each row of dW has its own pixel x[…, i·SH + u − PH, …].",
    ["height"],
    [windowSum("u", false), windowSum("u", true)],
  ],
  [
    "equal-kernel",
    "grad_W has one value for each kernel: u and v are both missing in x's index",
    "dW[f,c,u,v] += dy[n,f,i,j] · x[n,c,i·SH⟦ ⟧−PH,j·SW⟦ ⟧−PW]",
    "Element [u,v] of the kernel met pixel [i·SH + u − PH, j·SW + v − PW].",
    image,
    [both(drop("x", "u"), drop("x", "v")), windowSum("uv", false), windowSum("uv", true)],
  ],
  [
    "same-index-twice",
    "the column index is used for the row too (or the row index for the column)",
    "dW[f,c,u,v] += dy[n,f,i,j] · x[n,c,i·SH+⟦v⟧−PH,j·SW+v−PW]",
    "u belongs to the rows, v to the columns.",
    image,
    [replace("x", "u", "v"), replace("x", "v", "u")],
  ],
  [
    "rotated",
    "grad_W is rotated by 180°: true convolution instead of cross-correlation",
    "dW[f,c,⟦KH−1−u⟧,⟦KW−1−v⟧] += dy[n,f,i,j] · x[n,c,i·SH+u−PH,j·SW+v−PW]",
    "Don't flip anything here: the weight's gradient is the plain correlation of x with dy.",
    image,
    [flip("W", "u", "v"), flip("W", "u"), flip("W", "v")],
  ],
  [
    "transposed",
    "rows and columns of grad_W are exchanged",
    "dW[f,c,⟦v⟧,⟦u⟧] += dy[n,f,i,j] · x[n,c,i·SH+u−PH,j·SW+v−PW]",
    "u goes with the rows of x, v with its columns.",
    image,
    [swap("W", "u", "v"), place((t, d) => [t.i * d.SH + t.v - d.PH, t.j * d.SW + t.u - d.PW])],
  ],
  [
    "dy-flipped",
    "dy is read backwards (flipped) in grad_W",
    "dW[f,c,u,v] += dy[n,f,⟦OH−1−i⟧,⟦OW−1−j⟧] · x[n,c,i·SH+u−PH,j·SW+v−PW]",
    "Use dy as it is: only dx needs a rotation, and there it is the kernel's.",
    image,
    [flip("y", "i", "j")],
  ],
  [
    "dy-transposed",
    "rows and columns of dy are exchanged in grad_W",
    "dW[f,c,u,v] += dy[n,f,⟦j⟧,⟦i⟧] · x[…]",
    "i goes with the rows, j with the columns.",
    image,
    [swap("y", "i", "j")],
  ],
  [
    "channels-exchanged",
    "input and output channels of grad_W are exchanged",
    "dW[⟦c⟧,⟦f⟧,u,v] += dy[n,f,i,j] · x[n,c,…]",
    "The first axis of W is the output channel f, the second the input channel c.",
    ["channel", "output channel"],
    [swap("W", "f", "c")],
  ],
  [
    "same-for-all-channels",
    "grad_W is the same for every input channel: c is missing in x's index",
    "dW[f,c,u,v] += dy[n,f,i,j] · x[n,⟦0⟧,…]",
    "Use x[n,c,…] with the c of dW.",
    ["channel"],
    [drop("x", "c")],
  ],
  [
    "channels-summed",
    "x is summed over its channels: grad_W is the same for every input channel",
    "dW[f,c,u,v] += dy[n,f,i,j] · ⟦Σ_c′⟧ x[n,⟦c′⟧,…]",
    "There is no sum over c: each input channel has its own weights.",
    ["channel"],
    [channelSum()],
  ],
  [
    "same-for-all-kernels",
    "grad_W is the same for every output channel: f is missing in dy's index",
    "dW[f,c,u,v] += dy[n,⟦0⟧,i,j] · x[n,c,…]",
    "Use dy[n,f,i,j] with the f of dW.",
    ["output channel"],
    [drop("y", "f")],
  ],
  [
    "kernels-summed",
    "dy is summed over its channels: grad_W is the same for every output channel",
    "dW[f,c,u,v] += ⟦Σ_f′⟧ dy[n,⟦f′⟧,i,j] · x[n,c,…]",
    "There is no sum over f: each kernel has its own output channel.",
    ["output channel"],
    [kernelSum()],
  ],
  [
    "last-sample-only",
    "= for += over the batch: only the last sample counts",
    "dW[f,c,u,v] ⟦=⟧ Σ_ij dy[n,f,i,j] · x[n,c,…] for each n",
    "Every sample uses the same W: sum over n with +=, and set dW to 0 once, before the loop over the samples.",
    ["sample"],
    [lastOnly("n")],
  ],
  [
    "first-sample-only",
    "only the first sample counts: the sum over the batch is missing",
    "dW[f,c,u,v] += dy[⟦0⟧,f,i,j] · x[⟦0⟧,c,…]",
    "Every sample uses the same W: sum over n.",
    ["sample"],
    [firstOnly("n")],
  ],
  [
    "wrong-sample",
    "x of the first (or last) sample is multiplied by every sample's dy",
    "dW[f,c,u,v] += dy[n,f,i,j] · x[⟦0⟧,c,…]",
    "Take x and dy of the same sample n.",
    ["sample"],
    [
      drop("x", "n"),
      drop("y", "n"),
      reindex("x", (t, d) => {
        t.n = d.N - 1;
      }),
      flip("x", "n"),
    ],
  ],
  [
    "last-position-only",
    "= for += over the positions: only the last window counts",
    "dW[f,c,u,v] ⟦=⟧ dy[n,f,i,j] · x[n,c,…] for each i, j",
    "Every position uses the same W: sum over i and j with +=.",
    image,
    [
      lastOnly("i", "j"),
      { assign: ["i", "j"] },
      lastOnly("n", "i", "j"),
      { assign: ["n", "i", "j"] },
      firstOnly("i", "j"),
    ],
  ],
  [
    "last-row-only",
    "= for += in one of the loops over the positions: only the last row (or column) of windows counts",
    "dW[f,c,u,v] ⟦=⟧ Σ_j dy[n,f,i,j] · x[n,c,…] for each i",
    "Every position uses the same W: sum over i and over j with +=.",
    image,
    [lastOnly("i"), lastOnly("j"), { assign: ["i"] }, { assign: ["j"] }, firstOnly("i"), firstOnly("j")],
  ],
  [
    "divided-by-batch",
    "grad_W is divided by the batch size: the loss has done that already, so it is done twice",
    "dW[f,c,u,v] += ⟦1/N⟧ · dy[n,f,i,j] · x[n,c,…]",
    "Leave the 1/N to the loss: dy carries it.",
    ["sample"],
    [dividedBy((d) => d.N)],
  ],
  [
    "divided-by-positions",
    "grad_W is averaged over the positions instead of summed",
    "dW[f,c,u,v] += ⟦1/(OH·OW)⟧ · dy[n,f,i,j] · x[n,c,…]",
    "Sum: every position adds its own gradient.",
    image,
    [dividedBy(area), dividedBy((d) => d.N * area(d))],
  ],
  [
    "padding-ignored",
    "the padding is forgotten: x is read without − pad (the unpadded image is used where the padded one belongs)",
    "dW[f,c,u,v] += dy[n,f,i,j] · x[n,c,i·SH+u⟦ ⟧,j·SW+v⟦ ⟧]",
    "Window i starts at row i·SH − PH: subtract the pad, or read from the padded x.",
    image,
    [place((t, d) => [t.i * d.SH + t.u, t.j * d.SW + t.v])],
  ],
  [
    "stride-ignored",
    "the stride is forgotten in x's index",
    "dW[f,c,u,v] += dy[n,f,i,j] · x[n,c,⟦i⟧+u−PH,⟦j⟧+v−PW]",
    "Window i starts at row i·SH − PH: multiply i and j by the stride.",
    image,
    [place((t, d) => [t.i + t.u - d.PH, t.j + t.v - d.PW])],
  ],
  [
    "off-by-one",
    "x is read one pixel beside the right place",
    "dW[f,c,u,v] += dy[n,f,i,j] · x[n,c,i·SH+u−PH⟦±1⟧,j·SW+v−PW⟦±1⟧]",
    "Element [u,v] of the kernel met pixel [i·SH + u − PH, j·SW + v − PW].",
    image,
    [
      place((t) => [t.h + 1, t.k + 1]),
      place((t) => [t.h - 1, t.k - 1]),
      place((t) => [t.h + 1, t.k]),
      place((t) => [t.h, t.k + 1]),
      place((t) => [t.h - 1, t.k]),
      place((t) => [t.h, t.k - 1]),
    ],
  ],
  [
    "last-windows-missing",
    "the loop over the positions ends one early: the last row or column of windows is left out",
    "dW[f,c,u,v] += dy[n,f,i,j] · x[n,c,…] for i < OH ⟦− 1⟧, j < OW ⟦− 1⟧",
    "Loop i = 0 … OH − 1 and j = 0 … OW − 1.",
    image,
    [{ skip: (t, d) => t.i === d.OH - 1 || t.j === d.OW - 1 }, withoutLast("i"), withoutLast("j")],
  ],
  [
    "kernel-end-missing",
    "the loop over the kernel ends one early: the last row or column of grad_W stays 0",
    "dW[f,c,u,v] for u < KH ⟦− 1⟧, v < KW ⟦− 1⟧",
    "Loop u = 0 … KH − 1 and v = 0 … KW − 1.",
    image,
    [{ skip: (t, d) => t.u === d.KH - 1 || t.v === d.KW - 1 }, withoutLast("u"), withoutLast("v")],
  ],
  [
    "weights-added",
    "W itself is added to its gradient (an unrequested weight decay, or dW started as a copy of W)",
    "dW[f,c,u,v] = ⟦W[f,c,u,v]⟧ + Σ dy[n,f,i,j] · x[n,c,…]",
    "Start dW from zeros of W's shape; weight decay belongs into the optimizer.",
    ["channel", "output channel"],
    [
      {
        after: (dw, { W = [] }) => {
          for (let at = 0; at < dw.length; at++) dw[at] += W[at];
        },
      },
    ],
  ],
];

const db: readonly Row[] = [
  [
    "last-sample-only",
    "db is not summed over the batch: only the last sample counts",
    "db[f] ⟦=⟧ Σ_ij dy[n,f,i,j] for each n",
    "The bias is added to every sample: sum over n with +=.",
    ["sample"],
    [lastOnly("n"), firstOnly("n")],
  ],
  [
    "positions-not-summed",
    "db is not summed over the positions: only one window counts",
    "db[f] += dy[n,f,⟦0⟧,⟦0⟧]",
    "The bias is added at every position: sum over i and j.",
    image,
    [
      firstOnly("i", "j"),
      lastOnly("i", "j"),
      lastOnly("n", "i", "j"),
      lastOnly("i"),
      lastOnly("j"),
      firstOnly("i"),
      firstOnly("j"),
    ],
  ],
  [
    "averaged-over-positions",
    "db is the mean over the positions instead of the sum",
    "db[f] += ⟦1/(OH·OW)⟧ · dy[n,f,i,j]",
    "Sum: the bias is added at every position.",
    image,
    [dividedBy(area)],
  ],
  [
    "averaged",
    "db is the mean over batch and positions instead of the sum",
    "db[f] += ⟦1/(N·OH·OW)⟧ · dy[n,f,i,j]",
    "Sum: the bias is added to every sample and at every position.",
    ["sample", "height", "width"],
    [dividedBy((d) => d.N * area(d))],
  ],
  [
    "divided-by-batch",
    "db is divided by the batch size: the loss has done that already, so it is done twice",
    "db[f] += ⟦1/N⟧ · dy[n,f,i,j]",
    "Leave the 1/N to the loss: dy carries it.",
    ["sample"],
    [dividedBy((d) => d.N)],
  ],
  [
    "kernels-summed",
    "db is summed over the output channels too: all its elements are the same",
    "db[f] += ⟦Σ_f′⟧ dy[n,⟦f′⟧,i,j]",
    "Each output channel has its own bias: sum over n, i and j only.",
    ["output channel"],
    [kernelSum()],
  ],
  [
    "same-for-all-kernels",
    "every db[f] is that of channel 0: f is missing in dy's index",
    "db[f] += dy[n,⟦0⟧,i,j]",
    "Use dy[n,f,i,j] with the f of db.",
    ["output channel"],
    [drop("y", "f")],
  ],
  [
    "last-windows-missing",
    "the loop over the positions ends one early",
    "db[f] += dy[n,f,i,j] for i < OH ⟦− 1⟧, j < OW ⟦− 1⟧",
    "Loop i = 0 … OH − 1 and j = 0 … OW − 1.",
    image,
    [{ skip: (t, d) => t.i === d.OH - 1 || t.j === d.OW - 1 }, withoutLast("i"), withoutLast("j")],
  ],
  [
    "counted-per-kernel-element",
    "dy is added once for each element of the kernel: the sum is inside the loops over c, u and v",
    "db[f] += ⟦C·KH·KW⟧ · dy[n,f,i,j]",
    "Add dy once for each position, outside the loops over the kernel.",
    ["channel", "height", "width"],
    [times((d) => d.C * d.KH * d.KW), times((d) => d.KH * d.KW), times((d) => d.C)],
  ],
];

const y: readonly Row[] = [
  [
    "last-channel-only",
    "the output is not summed over the input channels: only one of them counts",
    "y[n,f,i,j] = b[f] + Σ_uv W[f,⟦c⟧,u,v] · x[n,⟦c⟧,…]",
    "Sum over c with +=.",
    ["channel"],
    [lastOnly("c"), firstOnly("c")],
  ],
  [
    "one-input-channel",
    "every kernel channel reads channel 0 of x (or every channel uses W[f,0])",
    "y[n,f,i,j] += W[f,c,u,v] · x[n,⟦0⟧,…]",
    "Multiply W[f,c] by x[n,c].",
    ["channel"],
    [drop("x", "c"), drop("W", "c")],
  ],
  [
    "transposed",
    "rows and columns of the kernel are exchanged",
    "y[n,f,i,j] += W[f,c,⟦v⟧,⟦u⟧] · x[n,c,i·SH+u−PH,j·SW+v−PW]",
    "u goes with the rows of x, v with its columns.",
    image,
    [swap("W", "u", "v")],
  ],
  [
    "padding-ignored",
    "the padding is forgotten: windows start at the image's own corner",
    "y[n,f,i,j] += W[f,c,u,v] · x[n,c,i·SH+u⟦ ⟧,j·SW+v⟦ ⟧]",
    "Subtract the pad from the row and the column, or read from a padded copy of x.",
    image,
    [place((t, d) => [t.i * d.SH + t.u, t.j * d.SW + t.v])],
  ],
  [
    "stride-ignored",
    "the stride is forgotten in x's index",
    "y[n,f,i,j] += W[f,c,u,v] · x[n,c,⟦i⟧+u−PH,⟦j⟧+v−PW]",
    "Multiply i and j by the stride.",
    image,
    [place((t, d) => [t.i + t.u - d.PH, t.j + t.v - d.PW])],
  ],
  [
    "off-by-one",
    "x is read one pixel beside the right place",
    "y[n,f,i,j] += W[f,c,u,v] · x[n,c,…⟦±1⟧,…⟦±1⟧]",
    "Window i covers the rows i·SH − PH … i·SH − PH + KH − 1.",
    image,
    [
      place((t) => [t.h + 1, t.k + 1]),
      place((t) => [t.h - 1, t.k - 1]),
      place((t) => [t.h + 1, t.k]),
      place((t) => [t.h, t.k + 1]),
      place((t) => [t.h - 1, t.k]),
      place((t) => [t.h, t.k - 1]),
    ],
  ],
  [
    "same-sample-for-all",
    "every output is that of the first sample: n is missing in x's index",
    "y[n,f,i,j] += W[f,c,u,v] · x[⟦0⟧,c,…]",
    "Use x[n,c,…] with the n of y.",
    ["sample"],
    [drop("x", "n"), firstOnly("n"), lastOnly("n")],
  ],
  [
    "same-kernel-for-all",
    "every output channel uses the same kernel: f is missing in W's index",
    "y[n,f,i,j] += W[⟦0⟧,c,u,v] · x[n,c,…]",
    "Use W[f,c,u,v] with the f of y.",
    ["output channel"],
    [drop("W", "f")],
  ],
  [
    "kernel-end-missing",
    "the loop over the kernel ends one early: its last row or column is never used",
    "y += W[f,c,u,v] · x[…] for u < KH ⟦− 1⟧, v < KW ⟦− 1⟧",
    "Loop u = 0 … KH − 1 and v = 0 … KW − 1.",
    image,
    [{ skip: (t, d) => t.u === d.KH - 1 || t.v === d.KW - 1 }, withoutLast("u"), withoutLast("v")],
  ],
  [
    "bias-per-term",
    "the bias is added inside the sum, once for every product",
    "y[n,f,i,j] = Σ (W[f,c,u,v] · x[…] + ⟦b[f]⟧)",
    "Add the bias once for each output.",
    ["output channel"],
    [
      {
        after: (y, { b = [] }, d) => {
          const terms = d.C * d.KH * d.KW;
          for (let at = 0; at < y.length; at++) {
            y[at] += (terms - 1) * b[Math.floor(at / (d.OH * d.OW)) % d.F];
          }
        },
      },
    ],
  ],
  [
    "wrong-bias",
    "the bias of another channel is added: f is missing in b's index",
    "y[n,f,i,j] = b[⟦0⟧] + Σ …",
    "Add b[f].",
    ["output channel"],
    [drop("b", "f"), shift("b", "f", -1)],
  ],
  [
    "no-bias",
    "the bias is not added",
    "y[n,f,i,j] = ⟦0⟧ + Σ …",
    "Start the sum at b[f].",
    ["output channel"],
    [
      {
        b: (t) => {
          t.f = -1;
        },
      },
    ],
  ],
];

function both(a: Twist, b: Twist): Twist {
  return {
    x: (t, d) => {
      a.x?.(t, d);
      b.x?.(t, d);
    },
  };
}

/** x summed over the window's width (v), height (u), or both, in place of one pixel. */
function windowSum(over: "u" | "v" | "uv", mean: boolean): Twist {
  return {
    operand: (t, d, { x = [] }) => {
      let sum = 0;
      let count = 0;
      const rows = over === "v" ? [t.u] : Array.from({ length: d.KH }, (_, u) => u);
      const columns = over === "u" ? [t.v] : Array.from({ length: d.KW }, (_, v) => v);
      for (const u of rows)
        for (const v of columns) {
          const [h, k] = [t.i * d.SH + u - d.PH, t.j * d.SW + v - d.PW];
          count++;
          if (h >= 0 && h < d.H && k >= 0 && k < d.W) sum += x[((t.n * d.C + t.c) * d.H + h) * d.W + k];
        }
      return mean ? sum / count : sum;
    },
  };
}

function channelSum(): Twist {
  return {
    operand: (t, d, { x = [] }) => {
      if (t.h < 0 || t.h >= d.H || t.k < 0 || t.k >= d.W) return 0;
      let sum = 0;
      for (let c = 0; c < d.C; c++) sum += x[((t.n * d.C + c) * d.H + t.h) * d.W + t.k];
      return sum;
    },
  };
}

/** dy[n,f] replaced by its sum over f. */
function kernelSum(): Twist {
  return {
    before: (data, d) => {
      const { y = [] } = data;
      const plane = d.OH * d.OW;
      const summed = new Float64Array(y.length);
      for (let at = 0; at < y.length; at++) {
        const n = Math.floor(at / (plane * d.F));
        for (let f = 0; f < d.F; f++) summed[at] += y[(n * d.F + f) * plane + (at % plane)];
      }
      return { ...data, y: summed };
    },
  };
}

export const conv2dMistakes: readonly Mistake[] = [
  ...rows("dx", dx),
  ...rows("dW", dW),
  ...rows("db", db),
  ...rows("y", y),
];
