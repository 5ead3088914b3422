import { Tensor } from "@gradbook/core";
import type { Sizes } from "../types.js";
import { chosenTwists, contract, type Term, type Twist, targetOf } from "./contraction.js";
import { type Convention, drawAll, type Mistake, type Operation, usual } from "./operation.js";
import { drop, firstOnly, lastOnly, place, times, withoutLast } from "./twists.js";
import { slips } from "./unnamed.js";
import { windowCases } from "./window-cases.js";

const axes = { x: ["N", "C", "H", "W"], y: ["N", "C", "OH", "OW"] };

const pixelsOnly: Convention = {
  id: "pixels-only",
  words: "a window at the border is divided by its real pixels only, not by KH·KW",
  numbers: {},
};

/** Average pooling: the definition of lib/layers/avg-pool2d.ts, as a sum of products with W = 1/(KH·KW) for each channel. */
export const avgPool2d: Operation = {
  kind: "avgPool2d",
  title: "average pooling",
  inputs: ["x"],
  axes,
  curved: false,
  cases: (can) => windowCases(can, true),
  draw: (c, rng) => drawAll(axes, ["x"], c, rng),
  conventions: () => [usual, pixelsOnly],
  forward: (s, inputs, convention) =>
    new Tensor([s.N, s.C, s.OH, s.OW], contract("y", s, { x: inputs.x.data }, share(convention), true)),
  gradient: (_name, { sizes: s, dy, convention }) =>
    new Tensor([s.N, s.C, s.H, s.W], contract("x", s, { y: dy.data }, share(convention), true)),
  mutant(tensor, { sizes, inputs, dy, convention }, mistakes, variant) {
    const target = targetOf(tensor);
    const twists = chosenTwists(mistakes, variant);
    if (target === undefined || twists === undefined) return undefined;
    return contract(target, sizes, { x: inputs.x.data, y: dy.data }, [...share(convention), ...twists], true);
  },
  mistakes: mistakes(),
  unnamed(tensor) {
    const target = targetOf(tensor);
    if (target !== "x" && target !== "y") return [];
    return slips(target, {
      letters: ["n", "f", "c", "i", "j", "u", "v"],
      name: (letter) => (letter === "f" ? "c" : letter),
      tensors: ["x", "y"],
    });
  },
};

function share(convention: Convention): Twist[] {
  return convention.id === "pixels-only" ? [times((d, t) => (d.KH * d.KW) / pixels(t, d))] : [];
}

/** Pixels of the image in a window. */
function pixels(t: Term, d: Sizes): number {
  const along = (start: number, size: number, k: number) => Math.min(start + k, size) - Math.max(start, 0);
  return along(t.i * d.SH - d.PH, d.H, d.KH) * along(t.j * d.SW - d.PW, d.W, d.KW);
}

function mistakes(): Mistake[] {
  const list: Mistake[] = [];
  const add = (
    tensor: "dx" | "y",
    id: string,
    mistake: string,
    formula: string,
    cure: string,
    axis: readonly string[],
    ...twists: Twist[]
  ) => list.push({ id: `avgPool2d/${tensor}/${id}`, tensor, mistake, formula, cure, axes: axis, twists });
  const image = ["height", "width"];
  const area = (d: Sizes) => d.KH * d.KW;
  const channelsSummed: Twist = {
    before: (data, d) => {
      const summed = (values: ArrayLike<number> | undefined, plane: number) => {
        if (values === undefined) return undefined;
        const result = new Float64Array(values.length);
        for (let at = 0; at < values.length; at++) {
          const n = Math.floor(at / (plane * d.C));
          for (let c = 0; c < d.C; c++) result[at] += values[(n * d.C + c) * plane + (at % plane)];
        }
        return result;
      };
      const x = summed(data.x, d.H * d.W);
      const y = summed(data.y, d.OH * d.OW);
      return { ...data, ...(x === undefined ? {} : { x }), ...(y === undefined ? {} : { y }) };
    },
  };

  add(
    "dx",
    "not-divided",
    "the gradient is not divided by the window's size",
    "dx[n,c,h,k] += dy[n,c,i,j] ⟦ ⟧",
    "Each pixel had the weight 1/(KH·KW) in the mean: share = dy/(KH·KW).",
    image,
    times(area),
  );
  add(
    "dx",
    "divided-by-k",
    "1/k instead of 1/k²: the gradient is divided by the side of the window, not by its area",
    "dx[n,c,h,k] += dy[n,c,i,j] / ⟦KH⟧",
    "The window has KH·KW pixels: divide by their number.",
    image,
    times((d) => d.KW),
    times((d) => d.KH),
  );
  add(
    "dx",
    "divided-twice",
    "the gradient is divided by the window's size twice",
    "dx[n,c,h,k] += dy[n,c,i,j] / ⟦(KH·KW)²⟧",
    "Divide by KH·KW once.",
    image,
    times((d) => 1 / area(d)),
  );
  add(
    "dx",
    "divided-by-output",
    "the gradient is divided by the number of windows (or pixels of the image) instead of the window's size",
    "dx[n,c,h,k] += dy[n,c,i,j] / ⟦(OH·OW)⟧",
    "Divide by KH·KW.",
    image,
    times((d) => area(d) / (d.OH * d.OW)),
    times((d) => area(d) / (d.H * d.W)),
  );
  add(
    "dx",
    "dense-kernel",
    "a dense kernel of 1/k² sums over the channels: every channel gets the gradient of all of them. That is not average pooling",
    "dx[n,c,h,k] += ⟦Σ_c′⟧ dy[n,⟦c′⟧,i,j] / (KH·KW)",
    "Pool each channel by itself: as a convolution, W[f,c] is 1/(KH·KW) for f = c and 0 elsewhere.",
    ["channel"],
    channelsSummed,
  );
  add(
    "dx",
    "windows-overwritten",
    "= for +=: overlapping windows overwrite each other",
    "dx[n,c,h,k] ⟦=⟧ dy[n,c,i,j] / (KH·KW)",
    "A pixel may lie in several windows: write +=.",
    image,
    { assign: ["n", "i", "j"] },
    { assign: ["u", "v"] },
  );
  add(
    "dx",
    "one-pixel",
    "only one pixel of each window gets the gradient",
    "dx[n,c,i·SH⟦ ⟧,j·SW⟦ ⟧] += dy[n,c,i,j] / (KH·KW)",
    "Every pixel of the window had its share in the mean: loop over u and v.",
    image,
    firstOnly("u", "v"),
    lastOnly("u", "v"),
    { ...firstOnly("u", "v"), factor: area },
  );
  add(
    "dx",
    "stride-ignored",
    "the stride is forgotten: the windows are spread one pixel apart",
    "dx[n,c,⟦i⟧+u−PH,⟦j⟧+v−PW] += dy[n,c,i,j] / (KH·KW)",
    "Window i starts at row i·SH − PH.",
    image,
    place((t, d) => [t.i + t.u - d.PH, t.j + t.v - d.PW]),
  );
  add(
    "dx",
    "kernel-for-stride",
    "the kernel's size is used as the stride",
    "dx[n,c,i·⟦KH⟧+u−PH,j·⟦KW⟧+v−PW] += dy[n,c,i,j] / (KH·KW)",
    "Window i starts at row i·SH − PH.",
    image,
    place((t, d) => [t.i * d.KH + t.u - d.PH, t.j * d.KW + t.v - d.PW]),
  );
  add(
    "dx",
    "padding-not-cropped",
    "the padding is not cut off: dx is shifted by the pad",
    "dx[n,c,i·SH+u⟦ ⟧,j·SW+v⟦ ⟧] += dy[n,c,i,j] / (KH·KW)",
    "Window i starts at row i·SH − PH.",
    image,
    place((t, d) => [t.i * d.SH + t.u, t.j * d.SW + t.v]),
  );
  add(
    "dx",
    "same-for-all-channels",
    "every channel gets the gradient of channel 0",
    "dx[n,c,h,k] += dy[n,⟦0⟧,i,j] / (KH·KW)",
    "Use dy[n,c,i,j] with the c of dx.",
    ["channel"],
    drop("y", "f"),
  );
  add(
    "dx",
    "one-sample-only",
    "only one sample of the batch gets a gradient",
    "dx[⟦0⟧,c,h,k] += dy[⟦0⟧,c,i,j] / (KH·KW)",
    "Loop over the whole batch.",
    ["sample"],
    firstOnly("n"),
    lastOnly("n"),
  );
  add(
    "dx",
    "last-windows-missing",
    "the loop over the windows ends one early",
    "dx += dy[n,c,i,j]/(KH·KW) for i < OH ⟦− 1⟧, j < OW ⟦− 1⟧",
    "Loop i = 0 … OH − 1 and j = 0 … OW − 1.",
    image,
    { skip: (t, d) => t.i === d.OH - 1 || t.j === d.OW - 1 },
    withoutLast("i"),
    withoutLast("j"),
  );
  add(
    "y",
    "not-divided",
    "the sum of the window is not divided by its size",
    "y[n,c,i,j] = Σ_uv x[n,c,…] ⟦ ⟧",
    "Divide by KH·KW.",
    image,
    times(area),
  );
  add(
    "y",
    "divided-by-k",
    "1/k instead of 1/k²: the window is divided by its side, not by its area",
    "y[n,c,i,j] = 1/⟦KH⟧ · Σ_uv x[n,c,…]",
    "The window has KH·KW pixels: divide by their number.",
    image,
    times((d) => d.KW),
    times((d) => d.KH),
  );
  add(
    "y",
    "dense-kernel",
    "a dense kernel of 1/k² sums over the channels: every output channel is the same. That is not average pooling",
    "y[n,c,i,j] = 1/(KH·KW) · ⟦Σ_c′⟧ Σ_uv x[n,⟦c′⟧,…]",
    "Pool each channel by itself: as a convolution, W[f,c] is 1/(KH·KW) for f = c and 0 elsewhere.",
    ["channel"],
    channelsSummed,
    { ...channelsSummed, factor: (d) => 1 / d.C },
  );
  add(
    "y",
    "stride-ignored",
    "the stride is forgotten",
    "y[n,c,i,j] = mean of x[n,c,⟦i⟧+u−PH,⟦j⟧+v−PW]",
    "Window i starts at row i·SH − PH.",
    image,
    place((t, d) => [t.i + t.u - d.PH, t.j + t.v - d.PW]),
    place((t, d) => [t.i * d.KH + t.u - d.PH, t.j * d.KW + t.v - d.PW]),
  );
  add(
    "y",
    "padding-ignored",
    "the padding is forgotten: windows start at the image's own corner",
    "y[n,c,i,j] = mean of x[n,c,i·SH+u⟦ ⟧,j·SW+v⟦ ⟧]",
    "Window i starts at row i·SH − PH.",
    image,
    place((t, d) => [t.i * d.SH + t.u, t.j * d.SW + t.v]),
  );
  add(
    "y",
    "one-pixel",
    "only one pixel of each window counts",
    "y[n,c,i,j] = x[n,c,i·SH⟦ ⟧,j·SW⟦ ⟧]/(KH·KW)",
    "Sum over u and v with +=.",
    image,
    firstOnly("u", "v"),
    lastOnly("u", "v"),
    { ...firstOnly("u", "v"), factor: area },
  );
  return list;
}
