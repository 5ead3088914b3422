import type { Sizes } from "../types.js";
import { type Change, type Letter, sizeOfLetter, type Target, type Term, type Twist } from "./contraction.js";

/** The building blocks of wrong sums. */

/** Only the last round of these loops counts: what `=` for `+=` leaves over. */
export function lastOnly(...letters: Letter[]): Twist {
  return { skip: (t, d) => letters.some((l) => t[l] !== d[sizeOfLetter[l]] - 1) };
}

export function firstOnly(...letters: Letter[]): Twist {
  return { skip: (t) => letters.some((l) => t[l] !== 0) };
}

/** A loop that ends one round early. */
export function withoutLast(letter: Letter): Twist {
  return { skip: (t, d) => t[letter] === d[sizeOfLetter[letter]] - 1 };
}

/** A loop that starts at 1. */
export function withoutFirst(letter: Letter): Twist {
  return { skip: (t) => t[letter] === 0 };
}

export function dividedBy(divisor: (d: Sizes) => number): Twist {
  return { factor: (d) => 1 / divisor(d) };
}

export function times(factor: (d: Sizes, t: Term) => number): Twist {
  return { factor };
}

/** A tensor's index changed. */
export function reindex(tensor: Target, change: Change): Twist {
  return { [tensor]: change };
}

/** The letter left out of an index: 0 stands there. */
export function drop(tensor: Target, letter: Letter): Twist {
  return reindex(tensor, (t, d) => {
    t[letter] = 0;
    follow(t, d, letter);
  });
}

/** Index read backwards. */
export function flip(tensor: Target, ...letters: Letter[]): Twist {
  return reindex(tensor, (t, d) => {
    for (const l of letters) {
      t[l] = d[sizeOfLetter[l]] - 1 - t[l];
      follow(t, d, l);
    }
  });
}

export function shift(tensor: Target, letter: Letter, by: number): Twist {
  return reindex(tensor, (t, d) => {
    t[letter] += by;
    follow(t, d, letter);
  });
}

export function swap(tensor: Target, a: Letter, b: Letter): Twist {
  return reindex(tensor, (t, d) => {
    const kept = t[a];
    t[a] = t[b];
    t[b] = kept;
    follow(t, d, a);
    follow(t, d, b);
  });
}

/** Another letter's value in the place of one. */
export function replace(tensor: Target, letter: Letter, by: Letter): Twist {
  return reindex(tensor, (t, d) => {
    t[letter] = t[by];
    follow(t, d, letter);
  });
}

/** x's row and column computed otherwise. */
export function place(change: (t: Term, d: Sizes) => readonly [h: number, k: number]): Twist {
  return {
    x: (t, d) => {
      const [h, k] = change(t, d);
      t.h = h;
      t.k = k;
    },
  };
}

/** h and k follow the letters that they are computed from. */
function follow(t: Term, d: Sizes, letter: Letter): void {
  if (letter === "i" || letter === "u") t.h = t.i * d.SH + t.u - d.PH;
  if (letter === "j" || letter === "v") t.k = t.j * d.SW + t.v - d.PW;
}

/** Axes in words. */
export const axisOfLetter: Readonly<Record<Letter, string>> = {
  n: "sample",
  f: "output channel",
  c: "channel",
  i: "height",
  j: "width",
  u: "height",
  v: "width",
};
