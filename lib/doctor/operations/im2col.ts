import { Tensor } from "@gradbook/core";
import type { Sizes } from "../types.js";
import { chosenTwists, type Letter, sizeOfLetter, type Term, type Twist } from "./contraction.js";
import { drawAll, type Mistake, type Operation, usual } from "./operation.js";
import { drop, firstOnly, lastOnly, place, replace, shift } from "./twists.js";
import { slips } from "./unnamed.js";
import { windowCases } from "./window-cases.js";

const axes = { x: ["N", "C", "H", "W"], y: ["N", "OH", "OW", "C", "KH", "KW"] };
const letters: readonly Letter[] = ["n", "i", "j", "c", "u", "v"];

/**
 * im2col and its adjoint col2im: cols[n,i,j,c,u,v] = x[n,c,i·SH+u−PH,j·SW+v−PW], 0 outside the image. In which order the
 * six letters make rows and columns, people differ; it is found out from the forward pass.
 */
export const im2col: Operation = {
  kind: "im2col",
  title: "im2col and col2im",
  inputs: ["x"],
  axes,
  curved: false,
  cases(can) {
    const { cases, probe } = windowCases({ ...can, channels: true }, false);
    const single = cases.filter(({ sizes: s }) => can.channels || s.C === 1);
    return { cases: single, probe: can.channels ? probe : windowCases(can, false).probe };
  },
  draw: (c, rng) => drawAll(axes, ["x"], c, rng),
  conventions: () => [usual],
  forward: (s, { x }) =>
    new Tensor(
      axes.y.map((l) => s[l]),
      gather("y", s, x.data, []),
    ),
  gradient: (_name, { sizes: s, dy }) =>
    new Tensor(
      axes.x.map((l) => s[l]),
      gather("x", s, dy.data, []),
    ),
  mutant(tensor, { sizes, inputs, dy }, mistakes, variant) {
    const twists = chosenTwists(mistakes, variant);
    if (twists === undefined) return undefined;
    return tensor === "y" ? gather("y", sizes, inputs.x.data, twists) : gather("x", sizes, dy.data, twists);
  },
  mistakes: mistakes(),
  unnamed: (tensor) =>
    slips(tensor === "y" ? "y" : "x", { letters, name: (l) => l, tensors: ["x"] }).filter(
      (m) => !m.id.includes("mean-"),
    ),
};

/** Moves numbers between the image and its columns; outside the image stands 0. */
function gather(
  target: "x" | "y",
  d: Sizes,
  data: ArrayLike<number>,
  twists: readonly Twist[],
): Float64Array {
  const columns = d.N * d.OH * d.OW * d.C * d.KH * d.KW;
  const result = new Float64Array(target === "y" ? columns : d.N * d.C * d.H * d.W);
  const assign = twists.some((t) => t.assign !== undefined);
  const t: Term = { n: 0, f: 0, c: 0, i: 0, j: 0, u: 0, v: 0, h: 0, k: 0 };
  const order = twists.flatMap((w) => w.assign ?? []);
  const loops = [...order, ...letters.filter((l) => !order.includes(l))];
  const visit = (): void => {
    t.h = t.i * d.SH + t.u - d.PH;
    t.k = t.j * d.SW + t.v - d.PW;
    for (const w of twists) if (w.skip?.(t, d) === true) return;
    const at = ((((t.n * d.OH + t.i) * d.OW + t.j) * d.C + t.c) * d.KH + t.u) * d.KW + t.v;
    const own = { ...t };
    for (const w of twists) w.x?.(own, d);
    let factor = 1;
    for (const w of twists) factor *= w.factor?.(d, t) ?? 1;
    const inside =
      own.h >= 0 &&
      own.h < d.H &&
      own.k >= 0 &&
      own.k < d.W &&
      own.n < d.N &&
      own.c < d.C &&
      own.n >= 0 &&
      own.c >= 0;
    if (!inside) return;
    const pixel = ((own.n * d.C + own.c) * d.H + own.h) * d.W + own.k;
    if (target === "y") result[at] = data[pixel] * factor;
    else result[pixel] = assign ? data[at] * factor : result[pixel] + data[at] * factor;
  };
  const loop = (level: number): void => {
    if (level === loops.length) {
      visit();
      return;
    }
    const letter = loops[level];
    for (let index = 0; index < d[sizeOfLetter[letter]]; index++) {
      t[letter] = index;
      loop(level + 1);
    }
  };
  loop(0);
  for (const w of twists) w.after?.(result, target === "y" ? { x: data } : { y: data }, d);
  return result;
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
    axesOf: readonly string[],
    ...twists: Twist[]
  ) =>
    list.push({
      id: `im2col/${tensor === "y" ? "cols" : "dx"}/${id}`,
      tensor,
      mistake,
      formula,
      cure,
      axes: axesOf,
      twists,
    });
  const noPad = place((t, d) => [t.i * d.SH + t.u, t.j * d.SW + t.v]);
  const noStride = place((t, d) => [t.i + t.u - d.PH, t.j + t.v - d.PW]);
  const turned = place((t, d) => [t.i * d.SH + t.v - d.PH, t.j * d.SW + t.u - d.PW]);
  const cure =
    "Pixel [i·SH + u − PH, j·SW + v − PW] is in the column of window [i, j], at the place [c, u, v].";

  add(
    "dx",
    "overwritten",
    "= for +=: col2im overwrites where windows overlap instead of adding up",
    "x[n,c,h,k] ⟦=⟧ cols[…]",
    "col2im is the adjoint of im2col: every copy of a pixel is added: write +=.",
    image,
    { assign: ["n", "i", "j"] },
    { assign: ["u", "v"] },
    { assign: ["c", "u", "v", "n", "i", "j"] },
  );
  add(
    "dx",
    "averaged",
    "col2im averages the copies of a pixel instead of adding them up",
    "x[n,c,h,k] = ⟦1/(number of copies)⟧ · Σ cols[…]",
    "The gradient is the sum over all copies: don't divide.",
    image,
    {
      after: (x, _data, d) => {
        const counts = gather("x", d, new Float64Array(d.N * d.OH * d.OW * d.C * d.KH * d.KW).fill(1), []);
        for (let at = 0; at < x.length; at++) if (counts[at] > 0) x[at] /= counts[at];
      },
    },
  );
  add(
    "dx",
    "padding-not-cropped",
    "col2im does not cut off the padding: the image is shifted by the pad",
    "x[n,c,i·SH+u⟦ ⟧,j·SW+v⟦ ⟧] += cols[…]",
    cure,
    image,
    noPad,
  );
  add(
    "dx",
    "stride-ignored",
    "col2im forgets the stride",
    "x[n,c,⟦i⟧+u−PH,⟦j⟧+v−PW] += cols[…]",
    cure,
    image,
    noStride,
  );
  add(
    "dx",
    "transposed",
    "col2im exchanges the rows and columns of the window",
    "x[n,c,i·SH+⟦v⟧−PH,j·SW+⟦u⟧−PW] += cols[…]",
    cure,
    image,
    turned,
  );
  add(
    "dx",
    "first-channel",
    "col2im puts all channels into channel 0",
    "x[n,⟦0⟧,h,k] += cols[…]",
    cure,
    ["channel"],
    drop("x", "c"),
  );
  add(
    "dx",
    "one-sample",
    "col2im treats one sample only",
    "x[⟦0⟧,c,h,k] += cols[…]",
    cure,
    ["sample"],
    firstOnly("n"),
    lastOnly("n"),
    drop("x", "n"),
  );
  add(
    "dx",
    "window-end-missing",
    "col2im leaves out the last row or column of each window",
    "u < KH ⟦− 1⟧",
    cure,
    image,
    { skip: (t, d) => t.u === d.KH - 1 || t.v === d.KW - 1 },
  );
  add(
    "y",
    "padding-ignored",
    "im2col forgets the padding: windows start at the image's own corner",
    "cols[…] = x[n,c,i·SH+u⟦ ⟧,j·SW+v⟦ ⟧]",
    cure,
    image,
    noPad,
  );
  add(
    "y",
    "stride-ignored",
    "im2col forgets the stride: windows are taken one pixel apart",
    "cols[…] = x[n,c,⟦i⟧+u−PH,⟦j⟧+v−PW]",
    cure,
    image,
    noStride,
  );
  add(
    "y",
    "transposed",
    "im2col exchanges the rows and columns of the window",
    "cols[…] = x[n,c,i·SH+⟦v⟧−PH,j·SW+⟦u⟧−PW]",
    cure,
    image,
    turned,
  );
  add(
    "y",
    "first-channel",
    "im2col copies channel 0 for every channel",
    "cols[…] = x[n,⟦0⟧,h,k]",
    cure,
    ["channel"],
    drop("x", "c"),
  );
  add(
    "y",
    "first-sample",
    "im2col copies the first sample for every sample",
    "cols[…] = x[⟦0⟧,c,h,k]",
    cure,
    ["sample"],
    drop("x", "n"),
  );
  add(
    "y",
    "same-column",
    "the column of the window is missing: every column of the kernel sees the same pixels",
    "cols[…] = x[n,c,h,j·SW⟦ ⟧−PW]",
    cure,
    ["width"],
    drop("x", "v"),
    replace("x", "v", "u"),
  );
  add(
    "y",
    "same-row",
    "the row of the window is missing: every row of the kernel sees the same pixels",
    "cols[…] = x[n,c,i·SH⟦ ⟧−PH,k]",
    cure,
    ["height"],
    drop("x", "u"),
    replace("x", "u", "v"),
  );
  add(
    "y",
    "off-by-one",
    "im2col reads one pixel beside the right place",
    "cols[…] = x[n,c,…⟦±1⟧,…⟦±1⟧]",
    cure,
    image,
    shift("x", "u", 1),
    shift("x", "v", 1),
    place((t) => [t.h + 1, t.k + 1]),
    place((t) => [t.h - 1, t.k - 1]),
  );
  return list;
}
