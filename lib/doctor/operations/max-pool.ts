import { type Rng, Tensor } from "@gradbook/core";
import { maxPool2dBackwardInput, maxPool2dForward } from "@gradbook/core/internal";
import type { Case, Sizes, Values } from "../types.js";
import { type BackwardInput, type Mistake, type Operation, usual } from "./operation.js";
import { windowCases } from "./window-cases.js";

const axes = { x: ["N", "C", "H", "W"], y: ["N", "C", "OH", "OW"] };

/** Max pooling: the definition of lib/layers/max-pool2d.ts. */
export const maxPool2d: Operation = {
  kind: "maxPool2d",
  title: "max pooling",
  inputs: ["x"],
  axes,
  curved: false,
  cases(can) {
    const { cases, probe } = windowCases(can, true);
    const last = cases[cases.length - 1];
    const negative = cases.filter((c) => c.sizes.KH > 1 && c.scale === undefined).slice(-2);
    return {
      cases: [
        ...cases,
        ...negative.map((c) => ({ ...c, shift: -100, label: `${c.label}, all x negative` })),
        { ...last, shift: 100, label: `${last.label}, all x positive` },
      ],
      probe,
    };
  },
  draw: distinct,
  conventions: () => [usual],
  forward: (s, inputs) => new Tensor([s.N, s.C, s.OH, s.OW], pool(s, inputs).y),
  gradient(_name, { sizes: s, inputs, dy }) {
    const g = Tensor.zeros([s.N, s.C, s.H, s.W], "float64");
    maxPool2dBackwardInput(dy.data, pool(s, inputs).winners, g.data);
    return g;
  },
  mutant: (_tensor, moment, mistakes, variant) =>
    mistakes.length === 1 && variant === 0 ? mistakes[0].produce?.(moment) : undefined,
  mistakes: mistakes(),
  unnamed: () => [],
};

/** Every value different, an eighth apart at least: no ties, and a small step never changes a winner. */
function distinct(c: Case, rng: Rng): Values {
  const { N, C, H, W } = c.sizes;
  const x = Tensor.zeros([N, C, H, W], "float64");
  const order = rng.fork("x").permutation(x.size);
  for (let i = 0; i < x.size; i++) {
    x.data[i] = ((order[i] - Math.floor(x.size / 2)) / 8 + 1 / 16) * (c.scale ?? 1) + (c.shift ?? 0);
  }
  return { x };
}

function dims({ N, C, H, W, KH, KW, OH, OW, SH, SW, PH, PW }: Sizes) {
  return { planes: N * C, H, W, KH, KW, OH, OW, SH, SW, PH, PW };
}

function pool(s: Sizes, inputs: Values): { y: Float64Array; winners: Int32Array } {
  const y = new Float64Array(s.N * s.C * s.OH * s.OW);
  const winners = new Int32Array(y.length);
  maxPool2dForward(inputs.x.data, y, winners, dims(s));
  return { y, winners };
}

/** One window: where it stands, where its maximum is, and the gradient that comes to it. */
interface Window {
  readonly n: number;
  readonly c: number;
  readonly i: number;
  readonly j: number;
  /** Row and column of the maximum in the image. */
  readonly h: number;
  readonly k: number;
  readonly g: number;
}

/** dx from a rule that says what each window adds. */
function spread(
  { sizes: s, inputs, dy }: BackwardInput,
  rule: (w: Window, add: (n: number, c: number, h: number, k: number, g: number) => void) => void,
  assign = false,
): Float64Array {
  const dx = new Float64Array(inputs.x.size);
  const { winners } = pool(s, inputs);
  const add = (n: number, c: number, h: number, k: number, g: number) => {
    if (n < 0 || n >= s.N || c < 0 || c >= s.C || h < 0 || h >= s.H || k < 0 || k >= s.W) return;
    const at = ((n * s.C + c) * s.H + h) * s.W + k;
    dx[at] = assign ? g : dx[at] + g;
  };
  for (let o = 0; o < winners.length; o++) {
    const j = o % s.OW;
    const i = Math.floor(o / s.OW) % s.OH;
    const plane = Math.floor(o / (s.OW * s.OH));
    const k = winners[o] % s.W;
    const h = Math.floor(winners[o] / s.W) % s.H;
    rule({ n: Math.floor(plane / s.C), c: plane % s.C, i, j, h, k, g: dy.data[o] }, add);
  }
  return dx;
}

/** y from a rule over the pixels of each window. */
function windows(
  { sizes: s, inputs }: BackwardInput,
  rule: (pixels: readonly number[], total: number) => number,
  stride: readonly [number, number] = [s.SH, s.SW],
  pad: readonly [number, number] = [s.PH, s.PW],
): Float64Array {
  const y = new Float64Array(s.N * s.C * s.OH * s.OW);
  for (let o = 0; o < y.length; o++) {
    const j = o % s.OW;
    const i = Math.floor(o / s.OW) % s.OH;
    const plane = Math.floor(o / (s.OW * s.OH));
    const pixels: number[] = [];
    for (let u = 0; u < s.KH; u++)
      for (let v = 0; v < s.KW; v++) {
        const [h, k] = [i * stride[0] + u - pad[0], j * stride[1] + v - pad[1]];
        if (h >= 0 && h < s.H && k >= 0 && k < s.W) pixels.push(inputs.x.data[(plane * s.H + h) * s.W + k]);
      }
    y[o] = rule(pixels, s.KH * s.KW);
  }
  return y;
}

function mistakes(): Mistake[] {
  const image = ["height", "width"];
  const list: Mistake[] = [];
  const add = (
    tensor: "dx" | "y",
    id: string,
    mistake: string,
    formula: string,
    cure: string,
    axes: readonly string[],
    produce: (m: BackwardInput) => ArrayLike<number> | undefined,
  ) => list.push({ id: `maxPool2d/${tensor}/${id}`, tensor, mistake, formula, cure, axes, produce });
  const each = (m: BackwardInput, w: Window, see: (h: number, k: number) => void) => {
    const { sizes: s } = m;
    for (let u = 0; u < s.KH; u++)
      for (let v = 0; v < s.KW; v++) see(w.i * s.SH + u - s.PH, w.j * s.SW + v - s.PW);
  };
  const winnerCure = "Only the maximum moved the output: dx[winner] += dy, nothing for the others.";

  add(
    "dx",
    "shared-by-all",
    "every pixel of the window gets the whole gradient, not only the maximum",
    "dx[n,c,⟦every h,k of the window⟧] += dy[n,c,i,j]",
    winnerCure,
    image,
    (m) => spread(m, (w, put) => each(m, w, (h, k) => put(w.n, w.c, h, k, w.g))),
  );
  add(
    "dx",
    "averaged",
    "the gradient is spread evenly over the window: that is average pooling's backward pass",
    "dx[n,c,h,k] += dy[n,c,i,j] ⟦/ (KH·KW)⟧",
    winnerCure,
    image,
    (m) => spread(m, (w, put) => each(m, w, (h, k) => put(w.n, w.c, h, k, w.g / (m.sizes.KH * m.sizes.KW)))),
  );
  add(
    "dx",
    "divided",
    "the maximum gets only 1/(KH·KW) of the gradient",
    "dx[winner] += dy[n,c,i,j] ⟦/ (KH·KW)⟧",
    "The output is the maximum itself: its gradient is dy, undivided.",
    image,
    (m) => spread(m, (w, put) => put(w.n, w.c, w.h, w.k, w.g / (m.sizes.KH * m.sizes.KW))),
  );
  add(
    "dx",
    "windows-overwritten",
    "= for +=: where windows overlap and share a maximum, the last one overwrites the others",
    "dx[winner] ⟦=⟧ dy[n,c,i,j]",
    "Overlapping windows add up: write +=.",
    image,
    (m) => spread(m, (w, put) => put(w.n, w.c, w.h, w.k, w.g), true),
  );
  add(
    "dx",
    "position-in-window",
    "the maximum's position within the window is used as its position in the image",
    "dx[n,c,⟦u⟧,⟦v⟧] += dy[n,c,i,j]",
    "Row i·SH + u − PH, column j·SW + v − PW.",
    image,
    (m) =>
      spread(m, (w, put) =>
        put(w.n, w.c, w.h - w.i * m.sizes.SH + m.sizes.PH, w.k - w.j * m.sizes.SW + m.sizes.PW, w.g),
      ),
  );
  add(
    "dx",
    "stride-ignored",
    "the stride is forgotten when the gradient is sent back",
    "dx[n,c,⟦i⟧+u−PH,⟦j⟧+v−PW] += dy[n,c,i,j]",
    "Row i·SH + u − PH, column j·SW + v − PW.",
    image,
    (m) =>
      spread(m, (w, put) => put(w.n, w.c, w.h - w.i * (m.sizes.SH - 1), w.k - w.j * (m.sizes.SW - 1), w.g)),
  );
  add(
    "dx",
    "padding-not-cropped",
    "the padding is not subtracted: dx is shifted by the pad",
    "dx[n,c,i·SH+u⟦ ⟧,j·SW+v⟦ ⟧] += dy[n,c,i,j]",
    "Row i·SH + u − PH, column j·SW + v − PW.",
    image,
    (m) => spread(m, (w, put) => put(w.n, w.c, w.h + m.sizes.PH, w.k + m.sizes.PW, w.g)),
  );
  add(
    "dx",
    "transposed",
    "row and column of the maximum are exchanged",
    "dx[n,c,⟦k⟧,⟦h⟧] += dy[n,c,i,j]",
    "Keep the row first, the column second.",
    image,
    (m) =>
      spread(m, (w, put) => {
        const { SH, SW, PH, PW } = m.sizes;
        const [u, v] = [w.h - w.i * SH + PH, w.k - w.j * SW + PW];
        put(w.n, w.c, w.i * SH + v - PH, w.j * SW + u - PW, w.g);
      }),
  );
  add(
    "dx",
    "first-pixel",
    "the gradient always goes to the first pixel of the window",
    "dx[n,c,i·SH⟦ ⟧−PH,j·SW⟦ ⟧−PW] += dy[n,c,i,j]",
    winnerCure,
    image,
    (m) =>
      spread(m, (w, put) => put(w.n, w.c, w.i * m.sizes.SH - m.sizes.PH, w.j * m.sizes.SW - m.sizes.PW, w.g)),
  );
  add(
    "dx",
    "last-pixel",
    "the gradient always goes to the last pixel of the window",
    "dx[n,c,i·SH⟦+KH−1⟧−PH,j·SW⟦+KW−1⟧−PW] += dy[n,c,i,j]",
    winnerCure,
    image,
    (m) =>
      spread(m, (w, put) =>
        put(
          w.n,
          w.c,
          w.i * m.sizes.SH + m.sizes.KH - 1 - m.sizes.PH,
          w.j * m.sizes.SW + m.sizes.KW - 1 - m.sizes.PW,
          w.g,
        ),
      ),
  );
  add(
    "dx",
    "minimum",
    "the gradient goes to the minimum of the window",
    "dx[⟦argmin⟧] += dy[n,c,i,j]",
    winnerCure,
    image,
    (m) => {
      const turned = {
        ...m,
        inputs: {
          x: new Tensor(
            m.inputs.x.shape,
            m.inputs.x.data.map((v) => -v),
          ),
        },
      };
      return spread(turned, (w, put) => put(w.n, w.c, w.h, w.k, w.g));
    },
  );
  add(
    "dx",
    "losers",
    "the mask is inverted: every pixel but the maximum gets the gradient",
    "dx[n,c,h,k] += dy[n,c,i,j] where x ⟦≠⟧ max",
    winnerCure,
    image,
    (m) =>
      spread(m, (w, put) =>
        each(m, w, (h, k) => (h === w.h && k === w.k ? undefined : put(w.n, w.c, h, k, w.g))),
      ),
  );
  add(
    "dx",
    "first-channel",
    "all channels' gradients land in channel 0: c is missing in dx's index",
    "dx[n,⟦0⟧,h,k] += dy[n,c,i,j]",
    "Use dx[n,c,…] with the c of dy.",
    ["channel"],
    (m) => spread(m, (w, put) => put(w.n, 0, w.h, w.k, w.g)),
  );
  add(
    "dx",
    "first-sample",
    "all samples' gradients land in sample 0: n is missing in dx's index",
    "dx[⟦0⟧,c,h,k] += dy[n,c,i,j]",
    "Use dx[n,…] with the n of dy.",
    ["sample"],
    (m) => spread(m, (w, put) => put(0, w.c, w.h, w.k, w.g)),
  );
  add(
    "dx",
    "first-plane",
    "all gradients land in the first image: the plane's offset (n·C + c)·H·W is missing",
    "dx[⟦0⟧,⟦0⟧,h,k] += dy[n,c,i,j]",
    "Add (n·C + c)·H·W to the position of the maximum.",
    ["sample", "channel"],
    (m) => spread(m, (w, put) => put(0, 0, w.h, w.k, w.g)),
  );
  add(
    "dx",
    "one-sample-only",
    "only one sample of the batch gets a gradient",
    "dx[⟦0⟧,…] += dy[⟦0⟧,…]",
    "Loop over the whole batch.",
    ["sample"],
    (m) => spread(m, (w, put) => (w.n === 0 ? put(0, w.c, w.h, w.k, w.g) : undefined)),
  );
  add(
    "dx",
    "last-sample-only",
    "only the last sample of the batch gets a gradient",
    "dx[⟦N−1⟧,…] += dy[⟦N−1⟧,…]",
    "Loop over the whole batch, and allocate dx once.",
    ["sample"],
    (m) => spread(m, (w, put) => (w.n === m.sizes.N - 1 ? put(w.n, w.c, w.h, w.k, w.g) : undefined)),
  );
  add(
    "dx",
    "times-value",
    "the gradient is multiplied by the maximum itself",
    "dx[winner] += dy[n,c,i,j] · ⟦y[n,c,i,j]⟧",
    "The derivative of the maximum by its pixel is 1.",
    image,
    (m) =>
      spread(m, (w, put) =>
        put(
          w.n,
          w.c,
          w.h,
          w.k,
          w.g * m.inputs.x.data[((w.n * m.sizes.C + w.c) * m.sizes.H + w.h) * m.sizes.W + w.k],
        ),
      ),
  );
  add(
    "dx",
    "mask-only",
    "dy is missing: the maxima get a 1",
    "dx[winner] += ⟦1⟧",
    "Multiply the mask by dy.",
    image,
    (m) => spread(m, (w, put) => put(w.n, w.c, w.h, w.k, 1)),
  );
  add(
    "dx",
    "last-windows-missing",
    "the loop over the windows ends one early",
    "dx[winner] += dy[n,c,i,j] for i < OH ⟦− 1⟧, j < OW ⟦− 1⟧",
    "Loop i = 0 … OH − 1 and j = 0 … OW − 1.",
    image,
    (m) =>
      spread(m, (w, put) =>
        w.i < m.sizes.OH - 1 && w.j < m.sizes.OW - 1 ? put(w.n, w.c, w.h, w.k, w.g) : undefined,
      ),
  );
  add(
    "y",
    "starts-at-zero",
    "the maximum starts at 0 instead of −∞: windows of negative pixels give 0",
    "y[n,c,i,j] = max(⟦0⟧, x[…])",
    "Start with −Infinity or with the window's first pixel.",
    image,
    (m) => windows(m, (p) => Math.max(0, ...p)),
  );
  add(
    "y",
    "zero-padding-takes-part",
    "the zeros of the padding take part in the maximum: a border window of negative pixels gives 0",
    "y[n,c,i,j] = max(x[…], ⟦0 from the padding⟧)",
    "Skip pixels outside the image, or pad with −Infinity.",
    image,
    (m) => windows(m, (p, total) => (p.length < total ? Math.max(0, ...p) : Math.max(...p))),
  );
  add(
    "y",
    "minimum",
    "the minimum is taken",
    "y[n,c,i,j] = ⟦min⟧ x[…]",
    "Keep the larger value: x > best.",
    image,
    (m) => windows(m, (p) => Math.min(...p)),
  );
  add(
    "y",
    "mean",
    "the mean is taken, not the maximum",
    "y[n,c,i,j] = ⟦mean⟧ x[…]",
    "Keep the largest value of the window.",
    image,
    (m) => windows(m, (p, total) => p.reduce((a, b) => a + b, 0) / total),
  );
  add(
    "y",
    "absolute",
    "the pixel with the largest absolute value is taken",
    "y[n,c,i,j] = x at max ⟦|x|⟧",
    "Compare x itself.",
    image,
    (m) => windows(m, (p) => p.reduce((a, b) => (Math.abs(b) > Math.abs(a) ? b : a))),
  );
  add(
    "y",
    "first-or-last",
    "the window's first (or last) pixel is taken: nothing is compared",
    "y[n,c,i,j] = x[n,c,i·SH⟦ ⟧,j·SW⟦ ⟧]",
    "Keep the largest value of the window.",
    image,
    (m) => windows(m, (p) => p[p.length - 1]),
  );
  add(
    "y",
    "stride-ignored",
    "the stride is forgotten",
    "y[n,c,i,j] = max x[n,c,⟦i⟧+u−PH,⟦j⟧+v−PW]",
    "Window i starts at row i·SH − PH.",
    image,
    (m) => windows(m, (p) => Math.max(...p), [1, 1]),
  );
  add(
    "y",
    "kernel-for-stride",
    "the kernel's size is used as the stride",
    "y[n,c,i,j] = max x[n,c,i·⟦KH⟧+u−PH,…]",
    "Window i starts at row i·SH − PH.",
    image,
    (m) => windows(m, (p) => Math.max(...p), [m.sizes.KH, m.sizes.KW]),
  );
  add(
    "y",
    "padding-ignored",
    "the padding is forgotten: windows start at the image's own corner",
    "y[n,c,i,j] = max x[n,c,i·SH+u⟦ ⟧,j·SW+v⟦ ⟧]",
    "Window i starts at row i·SH − PH.",
    image,
    (m) => windows(m, (p) => Math.max(...p), [m.sizes.SH, m.sizes.SW], [0, 0]),
  );
  return list;
}
