import type { Callable, Kind } from "../types.js";
import { method } from "./fields.js";
import { findOwnTensor, hiddenExport, type OwnTensor } from "./own-tensor.js";
import { blankOut, fullSource, isClass } from "./source.js";

/** Something exported that looks like an operation. */
export interface Subject {
  /** As it is exported: `"conv2d_forward, conv2d_backward"`. */
  readonly name: string;
  /** What it may be, by its name; empty when the name says nothing. */
  readonly kinds: readonly Kind[];
  readonly shape: Shape;
  /** How tensors of the code's own class are made, where it has one. */
  readonly own?: OwnTensor;
}

export type Shape =
  | { readonly form: "class"; readonly make: Callable }
  | { readonly form: "instance"; readonly instance: object }
  | {
      readonly form: "pair";
      readonly forward?: Callable;
      readonly backward?: Callable;
      readonly self?: unknown;
    }
  | { readonly form: "function"; readonly fn: Callable };

/** What a name without "forward" and "backward" stands for; the first that fits. */
const kindNames: readonly (readonly [RegExp, readonly Kind[]])[] = [
  [/im2col|im2cols|unfold|imagetocol/, ["im2col"]],
  [/col2im|cols2im|^fold|coltoimage/, ["im2col"]],
  [
    /softmax.*(ce|cross|entropy|loss|nll|xent)|cross.?entropy|xent|^(celoss|lossce|nll)|logsoftmaxloss/,
    ["softmaxCrossEntropy"],
  ],
  [/softmax/, ["softmax", "softmaxCrossEntropy"]],
  [/euclid|mse|squared|l2loss|meansquare|quadratic/, ["euclidean"]],
  [/rmsprop|rms/, ["rmsprop"]],
  [/adam/, ["adam"]],
  [/momentum|sgdm|heavyball/, ["momentum"]],
  [/^sgd|vanilla|gradientdescent|^gd/, ["sgd", "momentum"]],
  [/trainstep|trainingstep|trainbatch|trainepoch|trainloop|trainone|^train$|^fit$/, ["trainStep"]],
  [/batchnorm.*2|^bn2|norm2d|spatialbatchnorm|bnconv/, ["batchNorm2d"]],
  [/batchnorm.*1|^bn1|norm1d/, ["batchNorm1d"]],
  [/batchnorm|^bn|batchnormali[sz]ation/, ["batchNorm2d", "batchNorm1d"]],
  [/max.*pool|pool.*max/, ["maxPool2d"]],
  [/(avg|average|mean).*pool|pool.*(avg|average|mean)/, ["avgPool2d"]],
  [/pool/, ["maxPool2d", "avgPool2d"]],
  [/conv/, ["conv2d"]],
  [/linear|dense|affine|fullyconnected|fclayer|^fc|innerproduct|matmullayer|^gemm/, ["linear"]],
  [/leaky|lrelu/, ["leakyRelu"]],
  [/relu|rectif/, ["relu"]],
  [/sigmoid|logistic/, ["sigmoid"]],
  [/tanh|hyperbolictangent/, ["tanh"]],
  [/dropout/, ["dropout"]],
  [/flatten/, ["flatten"]],
];

const forwardPart = /(forward|fwd|fprop|forwardpass|_f$|fp$)/i;
const backwardPart =
  /(backward|backprop|bprop|bwd|gradient|grad|derivative|deriv|prime|backwardpass|_b$|bp$)/i;

/** The operations among the exports of a file, or in one value. */
/** @param hint what the code calls itself besides, e.g. its file's name: it says what a nameless export is */
export function recognise(exported: Readonly<Record<string, unknown>>, hint = ""): Recognised {
  const own = findOwnTensor(exported);
  const visible = Object.fromEntries(
    Object.entries(exported).filter(([name]) => !name.startsWith(hiddenExport)),
  );
  const { subjects, others } = recogniseAll(visible);
  const hinted = kindsOf(hint);
  const all = subjects.map((s) => ({
    ...s,
    ...(s.kinds.length === 0 && subjects.length === 1 ? { kinds: hinted } : {}),
    ...(own === undefined ? {} : { own }),
  }));
  return { subjects: all, others };
}

/** Operations, and the names of the exports that are none. */
export interface Recognised {
  readonly subjects: Subject[];
  readonly others: string[];
}

function recogniseAll(exported: Readonly<Record<string, unknown>>): Recognised {
  const subjects: Subject[] = [];
  const others: string[] = [];
  const halves: {
    name: string;
    stem: string;
    kinds: readonly Kind[];
    fn: Callable;
    side: "forward" | "backward" | "";
  }[] = [];
  for (const [name, value] of Object.entries(exported)) {
    if (typeof value === "object" && value !== null) {
      const found = objectSubject(name, value);
      if (found === undefined) others.push(name);
      else subjects.push(found);
      continue;
    }
    if (typeof value !== "function") {
      others.push(name);
      continue;
    }
    const fn = value as Callable;
    if (isLayerClass(fn)) {
      subjects.push({
        name,
        kinds: kindsOf(name === "default" ? fn.name : name),
        shape: { form: "class", make: fn },
      });
      continue;
    }
    const passes = isClass(fn) ? staticPasses(fn) : undefined;
    if (passes !== undefined) {
      subjects.push({ name, kinds: kindsOf(fn.name), shape: { form: "pair", self: fn, ...passes } });
      continue;
    }
    if (isClass(fn)) {
      const kinds = kindsOf(name === "default" ? fn.name : name);
      if (kinds.length > 0) subjects.push({ name, kinds, shape: { form: "class", make: fn } });
      else others.push(name);
      continue;
    }
    const called = name === "default" ? fn.name : name;
    const factory = factoryKinds(called, fn);
    if (factory !== undefined) {
      subjects.push({ name, kinds: factory, shape: { form: "class", make: fn } });
      continue;
    }
    const side =
      isFold(called) || /^d(?=[A-Z_])|^d_/.test(called) || backwardPart.test(called)
        ? "backward"
        : forwardPart.test(called)
          ? "forward"
          : "";
    const stem = stemOf(called);
    halves.push({ name, stem, kinds: kindsOf(stem), fn, side });
  }
  pairUp(halves, subjects, others);
  return { subjects, others };
}

/** `createConv2D`, `makeReLU`: a function that returns a layer; or one that has both passes inside. */
function factoryKinds(name: string, fn: Callable): readonly Kind[] | undefined {
  const code = blankOut(fullSource(fn));
  // its definition, not a call of it
  const has = (pass: string) => new RegExp(`\\b${pass}\\s*(\\([^()]*\\)\\s*\\{|:|=[^=])`).test(code);
  const both = has("forward") && has("backward") && !forwardPart.test(name) && !backwardPart.test(name);
  if (!both && !/^(create|make|build|new)[_A-Z]/.test(name)) return undefined;
  const kinds = kindsOf(name);
  return (both || kinds.length > 0) && kinds[0] !== "trainStep" ? kinds : undefined;
}

function pairUp(
  halves: readonly {
    name: string;
    stem: string;
    kinds: readonly Kind[];
    fn: Callable;
    side: "forward" | "backward" | "";
  }[],
  subjects: Subject[],
  others: string[],
): void {
  const used = new Set<string>();
  for (const half of halves) {
    if (used.has(half.name)) continue;
    const { kinds } = half;
    const whole = kinds.some((k) => singleKinds.includes(k));
    const partners = halves.filter(
      (h) => h !== half && !used.has(h.name) && (h.stem === half.stem || sameKind(h.kinds, kinds)),
    );
    const isBack = half.side === "backward";
    const partner =
      partners.find((h) => h.stem === half.stem && (h.side === "backward") !== isBack) ??
      (kinds.length > 0 ? partners.find((h) => (h.side === "backward") !== isBack) : undefined);
    if (kinds.length === 0 && !(partner !== undefined && (isBack || partner.side === "backward"))) {
      // a loss that nobody here knows may have its gradient in it, a forward pass return the way back
      if (lossName.test(half.name) || half.side === "forward") {
        used.add(half.name);
        subjects.push({ name: half.name, kinds: [], shape: { form: "function", fn: half.fn } });
      } else others.push(half.name);
      continue;
    }
    used.add(half.name);
    if (whole && partner === undefined) {
      subjects.push({ name: half.name, kinds, shape: { form: "function", fn: half.fn } });
      continue;
    }
    if (partner !== undefined) used.add(partner.name);
    const [forward, backward] = isBack ? [partner, half] : [half, partner];
    subjects.push({
      name: [forward?.name, backward?.name].filter((n) => n !== undefined).join(", "),
      kinds,
      shape: {
        form: "pair",
        ...(forward === undefined ? {} : { forward: forward.fn }),
        ...(backward === undefined ? {} : { backward: backward.fn }),
      },
    });
  }
}

/** Operations that one function does all by itself. */
const singleKinds: readonly Kind[] = [
  "softmaxCrossEntropy",
  "softmax",
  "euclidean",
  "sgd",
  "momentum",
  "rmsprop",
  "adam",
  "trainStep",
];

const lossName = /loss|hinge|entropy|diverg|criterion|huber|mae$|^bce|^nll|^kl/i;

/** The way back of im2col. */
function isFold(name: string): boolean {
  return /^(col2im|cols2im|coltoim|fold)/i.test(name.replace(/[_-]/g, "").toLowerCase());
}

function sameKind(a: readonly Kind[], b: readonly Kind[]): boolean {
  return a.length > 0 && a[0] === b[0];
}

/** An instance of a layer, or an object of two functions. */
function objectSubject(name: string, value: object): Subject | undefined {
  const forward = method(value, ["forward", "fwd"]);
  const backward = method(value, ["backward", "bwd", "backprop"]);
  if (forward === undefined && backward === undefined) return undefined;
  const proto: unknown = Object.getPrototypeOf(value);
  const kinds = kindsOf(name).length > 0 ? kindsOf(name) : kindsOf(value.constructor?.name ?? "");
  if (proto !== Object.prototype && proto !== null) {
    const make: unknown = value.constructor;
    return {
      name,
      kinds,
      shape:
        typeof make === "function" && isClass(make as Callable)
          ? { form: "class", make: make as Callable }
          : { form: "instance", instance: value },
    };
  }
  return {
    name,
    kinds,
    shape: {
      form: "pair",
      self: value,
      ...(forward === undefined ? {} : { forward: forward.fn }),
      ...(backward === undefined ? {} : { backward: backward.fn }),
    },
  };
}

/** A class whose objects have a forward. */
export function isLayerClass(fn: Callable): boolean {
  const proto: unknown = fn.prototype;
  if (typeof proto !== "object" || proto === null) return false;
  const has = (names: readonly string[]) =>
    names.some((name) => typeof Reflect.get(proto, name) === "function");
  return has(["forward", "backward", "step", "update"]) || (has(forwardNames) && has(backwardNames));
}

/** What the passes of a layer are called, in some languages. */
export const forwardNames: readonly string[] =
  "forward fwd fprop call adelante vorwaerts vorwärts avant propager propagate propagar compute apply run loss".split(
    " ",
  );
export const backwardNames: readonly string[] =
  "backward bwd bprop backprop atras atrás rueckwaerts rückwärts arriere arrière retropropager retropropagar backpropagate grad gradient derivative vjp".split(
    " ",
  );

/** Both passes as functions of the class itself, as PyTorch's `Function` has them. */
function staticPasses(fn: Callable): { forward: Callable; backward: Callable } | undefined {
  const [forward, backward]: unknown[] = [Reflect.get(fn, "forward"), Reflect.get(fn, "backward")];
  return typeof forward === "function" && typeof backward === "function"
    ? { forward: forward as Callable, backward: backward as Callable }
    : undefined;
}

/** Relatives of the operations that are something else. */
const strangers =
  /transpose|deconv|depthwise|separable|conv1d|conv3d|adaptive|global|unpool|prelu|relu6|crelu|thresholded|hard(sigmoid|tanh|swish)|logs(oftmax$|igmoid)|binarycross|bce|nadam|adamax|radam|lion|lars|layernorm|instancenorm|groupnorm/;

export function kindsOf(name: string): readonly Kind[] {
  const plain = name.replace(/[_\-$\s]/g, "").toLowerCase();
  if (strangers.test(plain)) return [];
  return kindNames.find(([pattern]) => pattern.test(plain))?.[1] ?? [];
}

/** `conv2d_backward_naive` → conv2d_naive */
function stemOf(name: string): string {
  return name
    .replace(/^d_?(?=[A-Z])/, "")
    .replace(new RegExp(forwardPart, "gi"), "")
    .replace(new RegExp(backwardPart, "gi"), "")
    .replace(/[_\-$]/g, "")
    .toLowerCase();
}
