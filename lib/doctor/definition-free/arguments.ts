import { type Rng, Tensor } from "@gradbook/core";
import { sizeOf } from "@gradbook/core/internal";
import { encode, type Form } from "../reading/decode.js";
import { plainName, type Role, rolesOf } from "../reading/roles.js";
import type { Param } from "../reading/source.js";

/** What an array is filled with. */
export type Content = "real" | "label" | "oneHot" | "sign" | "positive";

/**
 * What is handed over for a parameter. Sizes are numbers of a list that all arguments share, so that they can be changed one by
 * one; −1 is an axis of one element.
 */
export type Argument =
  | { readonly kind: "array"; readonly axes: readonly number[]; readonly content: Content }
  | { readonly kind: "size"; readonly size: number }
  | { readonly kind: "shape"; readonly sizes: readonly number[] }
  | { readonly kind: "knob"; readonly name: string; readonly value: number }
  | { readonly kind: "record"; readonly entries: Readonly<Record<string, Argument>> }
  | { readonly kind: "constant"; readonly value: unknown }
  | { readonly kind: "context" }
  | { readonly kind: "random" };

/** How arrays are written. */
export interface Writing {
  readonly form: Form;
  /** Vectors as plain arrays beside tensors. */
  readonly flatVectors: boolean;
}

/** Makes the value of an argument. */
export interface Filling {
  readonly sizes: readonly number[];
  readonly knobs: Readonly<Record<string, number>>;
  readonly writing: Writing;
  readonly own: ((t: Tensor) => unknown) | undefined;
  readonly rng: Rng;
}

export function valueFor(argument: Argument, filling: Filling): unknown {
  const { sizes, knobs, writing, own, rng } = filling;
  switch (argument.kind) {
    case "array": {
      const shape = argument.axes.map((axis) => (axis < 0 ? 1 : sizes[axis]));
      if (argument.axes.length === 0) return 3 * rng.uniform() - 1.4;
      const tensor = filled(shape, argument.content, rng, Math.min(3, ...sizes));
      if (argument.content === "label" || (shape.length === 1 && writing.flatVectors))
        return Array.from(tensor.data);
      return encode(tensor, writing.form, own);
    }
    case "size":
      return sizes[argument.size];
    case "shape":
      return argument.sizes.map((size) => sizes[size]);
    case "knob":
      return knobs[argument.name] ?? argument.value;
    case "record":
      return Object.fromEntries(
        Object.entries(argument.entries).map(([key, entry]) => [key, valueFor(entry, filling)]),
      );
    case "constant":
      return argument.value;
    case "context":
      return savingContext();
    case "random": {
      const stream = rng.fork("handed over");
      return () => stream.uniform();
    }
  }
}

/** What a pair of static methods keeps between both passes, as PyTorch's functions do. */
function savingContext(): object {
  const context: Record<string, unknown> = { saved_tensors: [], savedTensors: [] };
  const save = (...tensors: unknown[]) => {
    context.saved_tensors = tensors;
    context.savedTensors = tensors;
  };
  context.save_for_backward = save;
  context.saveForBackward = save;
  return context;
}

/** @param classes that every size of the call has room for */
function filled(shape: readonly number[], content: Content, rng: Rng, classes: number): Tensor {
  const data = new Float64Array(sizeOf(shape));
  const K = shape[shape.length - 1];
  for (let i = 0; i < data.length; i++) {
    const row = Math.floor(i / K);
    if (content === "real") data[i] = 1.6 * rng.uniform() - 0.75;
    else if (content === "positive") data[i] = 0.1 + 0.8 * rng.uniform();
    else if (content === "label") data[i] = i % classes;
    else if (content === "sign") data[i] = i % 3 === 1 ? -1 : 1;
    else data[i] = i % K === row % Math.min(K, classes) ? 1 : 0;
  }
  return new Tensor(shape, data);
}

/** Hands out sizes: numbers of a list. */
export interface Sizes {
  next(): number;
}

/** Axes by letter: a size, or one element; none for a single number. */
type Template = "" | "ss" | "s" | "ssss" | "sss" | "s1" | "1s" | "111s";

/** What a parameter may be given, the most plausible first. */
export function candidates(param: Param, source: string, sizes: Sizes, keys: readonly string[]): Argument[] {
  const array = (template: Template, content: Content = "real"): Argument => ({
    kind: "array",
    axes: Array.from(template, (letter) => (letter === "1" ? -1 : sizes.next())),
    content,
  });
  const arrays = (templates: readonly Template[], content: Content = "real") =>
    templates.map((template) => array(template, content));
  if (param.keys !== undefined)
    return param.keys.includes("data") && param.keys.includes("shape")
      ? arrays(["ss", "ssss", "s", "sss"])
      : [recordOf(param.keys, sizes)];
  if (/^(ctx|context|self|kontext|contexto|saved)$/i.test(param.name)) return [{ kind: "context" }];
  const number = numberFor(param.name, sizes);
  const roles = rolesOf(param.name);
  const labels: Argument[] = [
    array("s", "label"),
    array("ss", "oneHot"),
    array("s", "sign"),
    array("ss"),
    array("s"),
  ];
  const byRole: Partial<Record<Role, () => Argument[]>> = {
    x: () => arrays(["ss", "ssss", "s", "sss", ""]),
    dy: () => arrays(["ss", "ssss", "s", "sss"]),
    W: () => arrays(["ss", "ssss", "sss", "s"]),
    b: () => arrays(["s", "s1", "1s", "111s"]),
    gamma: () => arrays(["s", "1s", "s1", "ss"]),
    beta: () => arrays(["s", "1s", "s1", "ss"]),
    labels: () => labels,
    options: () => [recordOf(keys, sizes), ...arrays(["ss", "s"])],
    training: () => [{ kind: "constant", value: true }],
    mode: () => [{ kind: "constant", value: "train" }],
    rng: () => [{ kind: "random" }],
    xShape: () => shapesOf(sizes),
    wShape: () => shapesOf(sizes),
    yShape: () => shapesOf(sizes),
    runningMean: () => [array("s")],
    runningVar: () => [array("s", "positive")],
  };
  const known = roles.flatMap((role) => byRole[role]?.() ?? []);
  if (param.optional && number !== undefined && known.length === 0) return [number];
  const spare = known.length > 0 ? [] : arrays(["ss", "s", "ssss", "sss", ""]);
  const all = [...known, ...(number === undefined ? [] : [number]), ...spare];
  if (known.length === 0) all.push(array("s", "label"), array("ss", "oneHot"));
  const name = escaped(param.name);
  const read = new RegExp(
    `\\b${name}\\s*\\??\\.\\s*(?!length|map|forEach|reduce|slice|fill|every|some|join|flat|data|shape)|\\}\\s*=\\s*${name}\\b|\\.\\.\\.${name}\\b`,
  );
  const isRecord = read.test(source) && !roles.some((role) => ["x", "W", "b", "labels"].includes(role));
  return isRecord ? [recordOf(keys, sizes), ...all] : all;
}

function shapesOf(sizes: Sizes): Argument[] {
  return [4, 2, 3].map((rank) => ({
    kind: "shape",
    sizes: Array.from({ length: rank }, () => sizes.next()),
  }));
}

function escaped(name: string): string {
  return name.replace(/\$/g, "\\$&");
}

/** A record with all that the source may read of it. */
export function recordOf(keys: readonly string[], sizes: Sizes): Argument {
  const entries = keys.flatMap((key) => {
    const number = numberFor(key, sizes);
    return number === undefined ? [] : [[key, number] as const];
  });
  return { kind: "record", entries: Object.fromEntries(entries) };
}

const sizeRoles: readonly Role[] = [
  "N",
  "C",
  "H",
  "width",
  "F",
  "OH",
  "OW",
  "in",
  "out",
  "kernel",
  "KH",
  "KW",
];
const knobValues: readonly (readonly [RegExp, number])[] = [
  [/^(strides?|stridesize|step|sh|sw)$/, 1],
  [/^(pad|pads|padding|padsize|zeropad(ding)?|ph|pw)$/, 0],
  [/^(dilations?|dilationrate|dil)$/, 1],
  [/^(groups?|ngroups|numgroups)$/, 1],
  [/^(alpha|slope|negativeslope|leak|leakiness|leakage)$/, 0.3],
  [/^(delta|margin|threshold|thresh|beta|temperature|temp|tau|gammafocal)$/, 0.6],
  [/^(eps|epsilon|e)$/, 1e-3],
  [/^(smoothing|labelsmoothing|smooth|ls)$/, 0.2],
  [/^(momentum|mom|decay|rho)$/, 0.9],
  [/^(lr|learningrate|eta|rate)$/, 0.1],
  [/^(p|prob|keepprob|keep|droprate|dropout)$/, 0.5],
  [/^(reg|lambda|lam|l2|weightdecay|wd|regularization)$/, 0.1],
  [/^(seed|axis)$/, 1],
];

/** A number that a name asks for. */
function numberFor(name: string, sizes: Sizes): Argument | undefined {
  const plain = plainName(name);
  const knob = knobValues.find(([pattern]) => pattern.test(plain));
  if (knob !== undefined && !/^(beta|delta)$/.test(plain)) return { kind: "knob", name, value: knob[1] };
  const roles = rolesOf(name);
  if (
    roles.some((role) => sizeRoles.includes(role)) ||
    /^(n|d|m|k|dims?|size|hidden|units|num\w*|n?in|n?out|dmodel|\w*dim|\w*size)$/.test(plain)
  )
    return { kind: "size", size: sizes.next() };
  if (knob !== undefined) return { kind: "knob", name, value: knob[1] };
  return undefined;
}

/** Names of the numbers that the source reads of a record: `o.stride`, `{ stride, pad = 0 } = o`. */
export function keysIn(source: string): string[] {
  const words = new Set<string>();
  for (const [, key] of source.matchAll(/\.\s*([A-Za-z_$][\w$]*)/g)) words.add(key);
  for (const [, inside] of source.matchAll(/\{([^{}()]*)\}\s*(?:=|\))/g))
    for (const [, key] of inside.matchAll(/(?:^|,)\s*([A-Za-z_$][\w$]*)/g)) words.add(key);
  return [...words].filter((word) => {
    const roles = rolesOf(word);
    return (
      knobValues.some(([pattern]) => pattern.test(plainName(word))) ||
      roles.some((role) => sizeRoles.includes(role) || role === "hasBias")
    );
  });
}
