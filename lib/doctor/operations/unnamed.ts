import { gradientName, type Letter, sizeOfLetter, type Target, type Twist } from "./contraction.js";
import type { Mistake } from "./operation.js";
import {
  axisOfLetter,
  dividedBy,
  drop,
  firstOnly,
  flip,
  lastOnly,
  place,
  replace,
  shift,
  swap,
  withoutFirst,
  withoutLast,
} from "./twists.js";

/** How an operation calls the letters and tensors of the sum. */
export interface Spelling {
  readonly letters: readonly Letter[];
  readonly name: (letter: Letter) => string;
  /** Tensors that take part in the sum. */
  readonly tensors: readonly Target[];
}

const others: Readonly<Record<Letter, readonly Letter[]>> = {
  n: ["f", "c", "i", "j"],
  f: ["n", "c", "u", "i"],
  c: ["n", "f", "u", "i"],
  i: ["j", "u", "v"],
  j: ["i", "v", "u"],
  u: ["v", "i", "j"],
  v: ["u", "j", "i"],
};

/** Letters in each tensor's index; x's rows follow i and u, its columns j and v. */
const lettersOf: Readonly<Record<Target, readonly Letter[]>> = {
  x: ["n", "c", "i", "j", "u", "v"],
  W: ["f", "c", "u", "v"],
  y: ["n", "f", "i", "j"],
  b: ["f"],
};

/**
 * Every single slip in a sum of products: a letter left out, replaced, flipped or shifted by one in one tensor's index; a
 * loop one round short, or only its first or last round; a mean for a sum; stride or pad left out on one axis.
 */
export function slips(target: Target, { letters, name, tensors }: Spelling): Mistake[] {
  const written = gradientName(target);
  const list: Mistake[] = [];
  const add = (id: string, mistake: string, cure: string, axes: readonly string[], ...twists: Twist[]) =>
    list.push({ id: `slip/${written}/${id}`, tensor: written, mistake, formula: "", cure, axes, twists });
  const called = (tensor: Target) => (tensor === target ? written : tensor === "y" ? "dy" : tensor);

  for (const l of letters) {
    const range = `${name(l)} = 0 … ${sizeOfLetter[l]} − 1`;
    const summed = !lettersOf[target].includes(l) || (target === "x" && "ijuv".includes(l));
    const loop = `the loop over ${name(l)} (${axisOfLetter[l]})`;
    add(`short-${l}`, `${loop} ends one round early`, `Loop ${range}.`, [axisOfLetter[l]], withoutLast(l));
    add(`late-${l}`, `${loop} starts at 1`, `Loop ${range}.`, [axisOfLetter[l]], withoutFirst(l));
    if (summed) {
      add(
        `last-${l}`,
        `only the last round of ${loop} counts (= for +=)`,
        `Sum over ${range} with +=.`,
        [axisOfLetter[l]],
        lastOnly(l),
        { assign: [l] },
      );
      add(
        `first-${l}`,
        `only the first round of ${loop} counts`,
        `Sum over ${range}.`,
        [axisOfLetter[l]],
        firstOnly(l),
      );
      add(
        `mean-${l}`,
        `a mean over ${name(l)} is used where a sum belongs`,
        `Don't divide by ${sizeOfLetter[l]}.`,
        [axisOfLetter[l]],
        dividedBy((d) => d[sizeOfLetter[l]]),
      );
    }
  }
  for (const tensor of tensors) {
    for (const l of lettersOf[tensor].filter((letter) => letters.includes(letter))) {
      const index = `${name(l)} in the index of ${called(tensor)}`;
      const cure = `Index ${called(tensor)} as the forward pass does.`;
      add(
        `drop-${tensor}-${l}`,
        `${index} is missing: 0 is used there`,
        cure,
        [axisOfLetter[l]],
        drop(tensor, l),
      );
      add(`flip-${tensor}-${l}`, `${index} runs backwards`, cure, [axisOfLetter[l]], flip(tensor, l));
      add(
        `shift-${tensor}-${l}`,
        `${index} is off by one`,
        cure,
        [axisOfLetter[l]],
        shift(tensor, l, 1),
        shift(tensor, l, -1),
      );
      for (const o of others[l].filter((letter) => letters.includes(letter))) {
        const axes = [...new Set([axisOfLetter[l], axisOfLetter[o]])];
        add(
          `replace-${tensor}-${l}-${o}`,
          `${index} is written ${name(o)}`,
          cure,
          axes,
          replace(tensor, l, o),
        );
        if (l < o && lettersOf[tensor].includes(o))
          add(
            `swap-${tensor}-${l}-${o}`,
            `${name(l)} and ${name(o)} are exchanged in the index of ${called(tensor)}`,
            cure,
            axes,
            swap(tensor, l, o),
          );
      }
    }
  }
  if (tensors.includes("x") && letters.includes("u")) {
    const row = "x's row is i·SH + u − PH";
    const column = "x's column is j·SW + v − PW";
    add(
      "stride-h",
      "the stride is missing in the row's index",
      row,
      ["height"],
      place((t, d) => [t.i + t.u - d.PH, t.k]),
    );
    add(
      "stride-w",
      "the stride is missing in the column's index",
      column,
      ["width"],
      place((t, d) => [t.h, t.j + t.v - d.PW]),
    );
    add(
      "stride-u",
      "the stride multiplies u instead of i",
      row,
      ["height"],
      place((t, d) => [t.i + t.u * d.SH - d.PH, t.k]),
    );
    add(
      "stride-v",
      "the stride multiplies v instead of j",
      column,
      ["width"],
      place((t, d) => [t.h, t.j + t.v * d.SW - d.PW]),
    );
    add(
      "pad-h",
      "the pad is missing in the row's index",
      row,
      ["height"],
      place((t, d) => [t.i * d.SH + t.u, t.k]),
    );
    add(
      "pad-w",
      "the pad is missing in the column's index",
      column,
      ["width"],
      place((t, d) => [t.h, t.j * d.SW + t.v]),
    );
    add(
      "pad-plus-h",
      "the pad is added instead of subtracted in the row's index",
      row,
      ["height"],
      place((t, d) => [t.i * d.SH + t.u + d.PH, t.k]),
    );
    add(
      "pad-plus-w",
      "the pad is added instead of subtracted in the column's index",
      column,
      ["width"],
      place((t, d) => [t.h, t.j * d.SW + t.v + d.PW]),
    );
    add(
      "pad-plus",
      "the pad is added instead of subtracted",
      `${row}, ${column}`,
      ["height", "width"],
      place((t, d) => [t.i * d.SH + t.u + d.PH, t.j * d.SW + t.v + d.PW]),
    );
    add(
      "minus-u",
      "u is subtracted instead of added in the row's index",
      row,
      ["height"],
      place((t, d) => [t.i * d.SH - t.u - d.PH, t.k]),
      place((t, d) => [t.i * d.SH - t.u + d.PH, t.k]),
    );
    add(
      "minus-v",
      "v is subtracted instead of added in the column's index",
      column,
      ["width"],
      place((t, d) => [t.h, t.j * d.SW - t.v - d.PW]),
      place((t, d) => [t.h, t.j * d.SW - t.v + d.PW]),
    );
    add(
      "border-first-h",
      "the first row of the image is left out by its bounds check (> 0 for ≥ 0)",
      "0 ≤ h < H",
      ["height"],
      { skip: (t) => t.h <= 0 },
    );
    add(
      "border-first-w",
      "the first column of the image is left out by its bounds check (> 0 for ≥ 0)",
      "0 ≤ k < W",
      ["width"],
      { skip: (t) => t.k <= 0 },
    );
    add(
      "border-last-h",
      "the last row of the image is left out by its bounds check",
      "0 ≤ h < H",
      ["height"],
      { skip: (t, d) => t.h >= d.H - 1 },
    );
    add(
      "border-last-w",
      "the last column of the image is left out by its bounds check",
      "0 ≤ k < W",
      ["width"],
      { skip: (t, d) => t.k >= d.W - 1 },
    );
    add(
      "bounds-swapped-h",
      "the row is compared with the width W instead of the height H",
      "0 ≤ h < H",
      ["height"],
      { skip: (t, d) => t.h >= d.W },
    );
    add(
      "bounds-swapped-w",
      "the column is compared with the height H instead of the width W",
      "0 ≤ k < W",
      ["width"],
      { skip: (t, d) => t.k >= d.H },
    );
  }
  return list;
}
