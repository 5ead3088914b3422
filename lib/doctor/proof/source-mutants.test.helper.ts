import type { Rng } from "@gradbook/core";

/** A definition's function with one small random edit in its source. */
export interface SourceMutant {
  /** `"h >= H ⇒ h > H"`, with some of the text around. */
  readonly edit: string;
  readonly source: string;
  /** Axes that the edited names belong to; where none of them has one, those that the function works along. */
  readonly axes: readonly string[];
}

const swaps: Readonly<Record<string, readonly string[]>> = {
  "+": ["-"],
  "-": ["+"],
  "*": ["+", "/"],
  "/": ["*"],
  "<": ["<="],
  ">": [">=", "<"],
  "<=": ["<", ">="],
  ">=": [">"],
  "+=": ["=", "-="],
  "-=": ["+=", "="],
  "/=": ["*="],
};

const names: Readonly<Record<string, readonly string[]>> = {
  n: ["f", "c", "i"],
  f: ["c", "n"],
  c: ["f", "n"],
  i: ["j"],
  j: ["i"],
  u: ["v"],
  v: ["u"],
  h: ["k", "i"],
  k: ["h", "j"],
  o: ["i", "n"],
  H: ["W", "OH"],
  W: ["H", "OW"],
  OH: ["OW", "H"],
  OW: ["OH", "W"],
  KH: ["KW", "H"],
  KW: ["KH", "W"],
  SH: ["KH"],
  SW: ["KW"],
  PH: ["SH"],
  PW: ["SW"],
  N: ["C", "F"],
  C: ["F", "N"],
  F: ["C", "N"],
  I: ["O"],
  O: ["I"],
  K: ["N"],
  sum: [],
};

const axisOfName: Readonly<Record<string, string>> = {
  n: "sample",
  N: "sample",
  f: "output channel",
  F: "output channel",
  c: "channel",
  C: "channel",
  i: "height",
  u: "height",
  h: "height",
  H: "height",
  OH: "height",
  KH: "height",
  SH: "height",
  PH: "height",
  j: "width",
  v: "width",
  k: "width",
  W: "width",
  OW: "width",
  KW: "width",
  SW: "width",
  PW: "width",
};

/** Letters that mean something else in some of the functions. */
function axisOf(name: string, loop: string): string | undefined {
  if (/^linear/.test(loop) && /^[ioIO]$/.test(name)) return "channel";
  if (/^softmax/.test(loop) && /^[kK]$/.test(name)) return "class";
  if (/^(forward|backward)$/.test(loop)) return undefined;
  return name === "s" || name === "S" ? "height" : axisOfName[name];
}

/** An elementwise function has one axis, the elements; a sum without a name in reach may go wrong along any of its own. */
function allAxes(loop: string): readonly string[] {
  if (/^(forward|backward)$/.test(loop)) return ["element"];
  if (/^softmax/.test(loop)) return ["class", "sample"];
  if (/^linear/.test(loop)) return ["channel", "sample"];
  return ["channel", "height", "width"];
}

interface Token {
  readonly text: string;
  readonly at: number;
}

/** Words, numbers and operators of a source, in order. */
function tokens(source: string): Token[] {
  const found = source.matchAll(
    /[A-Za-z_$][\w$]*|\d+(?:\.\d+)?|\+=|-=|\/=|\*=|\+\+|--|<=|>=|===|!==|=>|&&|\|\||[+\-*/<>=!?:;,.()[\]{}]/g,
  );
  return Array.from(found, (m) => ({ text: m[0], at: m.index ?? 0 }));
}

/** One random edit of an operator, an index, a size or a constant inside a function's body. */
export function mutateSource(loop: string, source: string, rng: Rng): SourceMutant | undefined {
  const all = tokens(source);
  const open = all.findIndex((t, at) => t.text === "{" && all[at - 1]?.text === ")");
  const body = all.slice(open + 1);
  const places = body.filter((t, at) => replacements(t, body, at).length > 0);
  if (places.length === 0) return undefined;
  const place = places[rng.int(places.length)];
  const at = body.indexOf(place);
  // only names that mean something here
  const options = replacements(place, body, at).filter(
    (text) => !/^[A-Za-z]/.test(text) || all.some((t) => t.text === text),
  );
  if (options.length === 0) return undefined;
  const put = options[rng.int(options.length)];
  const mutated = source.slice(0, place.at) + put + source.slice(place.at + place.text.length);
  const around = source
    .slice(Math.max(0, place.at - 18), place.at + place.text.length + 18)
    .replace(/\s+/g, " ");
  const axesOfTokens = (texts: readonly string[]) => texts.flatMap((text) => axisOf(text, loop) ?? []);
  const near = axesOfTokens([place, ...expression(body, at)].map((t) => t.text));
  const own = axesOfTokens([place.text, put]);
  return {
    edit: `…${around}… ${place.text} ⇒ ${put}`,
    source: mutated,
    axes: [...new Set(own.length > 0 ? own : near.length > 0 ? near : allAxes(loop))],
  };
}

function replacements({ text }: Token, body: readonly Token[], at: number): readonly string[] {
  const [before, after] = [body[at - 1]?.text ?? "", body[at + 1]?.text ?? ""];
  if (before === "." || after === ":" || before === "let" || before === "const") return [];
  if (/^\d/.test(text))
    return text === "0"
      ? before === "=" || before === "<" || before === ">=" || before === ">" || before === "<="
        ? ["1"]
        : []
      : text === "1"
        ? ["2"]
        : text === "2"
          ? ["1", "3"]
          : [];
  if (swaps[text] !== undefined) {
    // a sign, not an operation
    if ((text === "-" || text === "+") && /^[=(,[<>*/+-]$|^return$/.test(before)) return [];
    return swaps[text];
  }
  // a counter is only replaced where it is read
  if (names[text] !== undefined && after !== "=" && after !== "++" && after !== "+=") return names[text];
  return [];
}

/** The tokens of the same term. */
function expression(body: readonly Token[], at: number): Token[] {
  const near: Token[] = [];
  for (let left = at - 1; left >= Math.max(0, at - 4) && !/[;{}[\]]/.test(body[left].text); left--)
    near.push(body[left]);
  for (
    let right = at + 1;
    right <= Math.min(body.length - 1, at + 4) && !/[;{}[\]]/.test(body[right].text);
    right++
  )
    near.push(body[right]);
  return near;
}

/** The function that a source stands for. Loops are counted: one that never ends throws. */
export function compile(
  source: string,
  helpers: Readonly<Record<string, unknown>> = {},
): (...args: never[]) => unknown {
  const counted = source.replace(/for \(([^;]*);([^;]*);/g, "for ($1; __tick() && ($2);");
  let steps = 0;
  let last = 0;
  const tick = () => {
    const now = performance.now();
    if (now - last > 5) steps = 0;
    last = now;
    steps++;
    if (steps > 3e6) throw new Error("the loop never ends");
    return true;
  };
  const make = new Function("__tick", ...Object.keys(helpers), `"use strict"; return (${counted});`);
  return make(tick, ...Object.values(helpers));
}
