import { Tensor } from "@gradbook/core";
import { compare } from "../judging/compare.js";
import { im2col } from "../operations/im2col.js";
import { encode } from "../reading/decode.js";
import type { OwnTensor } from "../reading/own-tensor.js";
import { assignments, type Role } from "../reading/roles.js";
import { fullSource, parametersOf } from "../reading/source.js";
import { CannotDrive, type Capabilities, type Case, Fault, type Values } from "../types.js";
import { type Arrangement, arranged, dataArrangements } from "./arrange.js";
import { CallArguments, type Plan } from "./bench.js";
import { type Calibrated, probeInputs, probeOptions } from "./calibrate.js";
import { argumentsOf, gradientsOf, type Pair } from "./function-pair.js";
import { conventionsIn, likelyForms } from "./hints.js";
import { type Output, readOutput } from "./results.js";
import { call, type Gradients, restore, type Session, watch } from "./session.js";
import { sitesOf } from "./sites.js";

interface ColumnsPlan extends Plan {
  readonly forward: readonly Role[];
  readonly backward: readonly Role[];
  /** Axes of the matrix: how many letters make its rows. */
  readonly split: number;
}

/** Orders to start with when there is no im2col to show one: rows first. */
const usualOrders: readonly (readonly [Arrangement, number])[] = [
  [["C", "KH", "KW", "N", "OH", "OW"], 3],
  [["N", "OH", "OW", "C", "KH", "KW"], 3],
  [["C", "KH", "KW", "OH", "OW", "N"], 3],
  [["OH", "OW", "N", "C", "KH", "KW"], 3],
  [["N", "C", "KH", "KW", "OH", "OW"], 1],
];

/** Finds how im2col and col2im are called, and in which order the columns lie. @throws CannotDrive */
export function calibrateColumns(name: string, pair: Pair, own?: OwnTensor): Calibrated {
  const fns = [pair.forward, pair.backward].flatMap((fn) => (fn === undefined ? [] : [fn]));
  const source = fns.map((fn) => fullSource(fn)).join("\n");
  const spoken = spokenOfColumns(
    fns.flatMap((fn) => parametersOf(fn)),
    source,
  );
  let best: { plan: ColumnsPlan; can: Capabilities; score: number } | undefined;
  let fault: Fault | undefined;
  const forwardWays =
    pair.forward === undefined ? [[]] : assignments(parametersOf(pair.forward), sitesOf.im2col.forward, 8);
  search: for (const roles of forwardWays)
    for (const data of dataArrangements({ ...im2col, axes: { x: im2col.axes.x, y: im2col.axes.x } }))
      for (const form of likelyForms(source, own)) {
        const can = { batch: data.x.includes("N"), channels: data.x.includes("C"), rect: false, ...spoken };
        const c = im2col.cases(can).probe;
        const inputs = probeInputs(im2col, c);
        const plan: ColumnsPlan = {
          form,
          ...(own === undefined ? {} : { own }),
          arrangements: { x: data.x, y: im2col.axes.y },
          forward: roles,
          backward: [],
          split: 3,
        };
        try {
          const found =
            pair.forward === undefined
              ? { order: usualOrders[0][0], share: 0.5 }
              : orderOf(new ColumnsSession(pair, c, plan), c, inputs);
          const score = found.share;
          if (best === undefined || score > best.score)
            best = { plan: { ...plan, arrangements: { x: data.x, y: found.order } }, can, score };
          if (score === 1) break search;
        } catch (error) {
          if (!(error instanceof Fault)) throw error;
          fault ??= error;
        }
      }
  if (best === undefined) {
    throw new CannotDrive(
      `${name}: no way to call it gives a matrix of C·KH·KW·N·OH·OW numbers; the first one: ${fault?.detail ?? "nothing"}.`,
      "Write it as im2col(x, kernel, stride, pad) and col2im(cols, xShape, kernel, stride, pad).",
    );
  }
  const plan = withBackward(pair, best.plan, best.can);
  const { can } = best;
  const rect = { ...can, rect: true };
  const paired =
    pair.forward !== undefined &&
    /\b(kh|kw|kernelH|kernel_h|kernelHeight|hh|ww)\b|Array\.isArray/i.test(source);
  return {
    operation: im2col,
    can: paired ? rect : can,
    open: (c) => new ColumnsSession(pair, c, c.sizes.KH !== c.sizes.KW ? { ...plan, pairs: true } : plan),
    hasForward: pair.forward !== undefined,
    hasBackward: pair.backward !== undefined,
    conventions: [`rows and columns in the order ${plan.arrangements.y.join(", ")}`],
    source,
    inputs: ["x"],
  };
}

function spokenOfColumns(
  params: ReturnType<typeof parametersOf>,
  source: string,
): Pick<Capabilities, "stride" | "pad"> {
  return conventionsIn({ ...im2col, axes: { x: im2col.axes.x, y: ["N", "C", "OH", "OW"] } }, source, params);
}

/** The order of letters in which most of the columns are right. */
function orderOf(session: ColumnsSession, c: Case, inputs: Values): { order: Arrangement; share: number } {
  const flat = session.forwardFlat(inputs);
  const right = im2col.forward(c.sizes, inputs, im2col.conventions([])[0]);
  let best = { order: im2col.axes.y as Arrangement, share: -1 };
  for (const order of permutations(im2col.axes.y)) {
    // letters of size 1 move freely: keep the first of such orders
    const expected = arranged(right, im2col.axes.y, order).data;
    let same = 0;
    for (let i = 0; i < expected.length; i++)
      if (Math.abs(expected[i] - flat[i]) < 1e-6 * (1 + Math.abs(expected[i]))) same++;
    const share = same / expected.length;
    if (share > best.share + 1e-12) best = { order, share };
    if (share === 1) break;
  }
  return best;
}

/** Calls col2im with its most likely parameters; without an im2col, with the usual orders in turn. */
function withBackward(pair: Pair, plan: ColumnsPlan, can: Capabilities): ColumnsPlan {
  if (pair.backward === undefined) return plan;
  const c = im2col.cases(can).probe;
  const inputs = probeInputs(im2col, c);
  const orders = pair.forward === undefined ? usualOrders : ([[plan.arrangements.y, 3]] as const);
  let best = plan;
  let highest = -1;
  for (const backward of assignments(parametersOf(pair.backward), ["dy", ...sitesOf.im2col.forward], 12))
    for (const [y, split] of orders) {
      const tried = { ...plan, backward, split, arrangements: { ...plan.arrangements, y } };
      try {
        const session = new ColumnsSession(pair, c, tried);
        session.forward(inputs);
        const dy = new Tensor(
          im2col.axes.y.map((l) => c.sizes[l]),
          gradientOfColumns(c),
        );
        const { values } = session.backward(dy);
        const right = im2col.gradient("x", {
          sizes: c.sizes,
          inputs,
          dy,
          convention: im2col.conventions([])[0],
        });
        const score =
          values.x === undefined
            ? 0
            : 1 + (compare(values.x.data, right.data).error < 1e-6 ? 10 : likeness(values.x, right));
        if (score > highest) {
          highest = score;
          best = tried;
        }
      } catch (error) {
        if (!(error instanceof Fault)) throw error;
      }
    }
  return best;
}

function likeness(a: Tensor, b: Tensor): number {
  let same = 0;
  for (let i = 0; i < b.size; i++) if (Math.abs(a.data[i] - b.data[i]) < 1e-9) same++;
  return same / b.size;
}

function gradientOfColumns({ sizes }: Case): Float64Array {
  const size = im2col.axes.y.reduce((product, l) => product * sizes[l], 1);
  return Float64Array.from({ length: size }, (_, i) => ((i * 37) % 101) / 8 - 6);
}

class ColumnsSession implements Session {
  readonly #pair: Pair;
  readonly #c: Case;
  readonly #plan: ColumnsPlan;

  readonly mutations = new Set<string>();
  #bench: CallArguments | undefined;
  #output: Output | undefined;

  constructor(pair: Pair, c: Case, plan: ColumnsPlan) {
    this.#pair = pair;
    this.#c = c;
    this.#plan = plan;
  }

  forward(inputs: Values): Tensor {
    const pair = this.#pair;
    const c = this.#c;
    const plan = this.#plan;
    if (pair.forward === undefined) {
      this.#bench = new CallArguments(im2col, c, plan, inputs, probeOptions, true);
      return im2col.forward(c.sizes, inputs, im2col.conventions([])[0]);
    }
    this.forwardFlat(inputs);
    const output = this.#output;
    const bench = this.#bench;
    if (output === undefined || bench === undefined) throw new Fault("forward", "nothing", "y", "no output");
    return restore({ ...output.y, shape: [output.y.data.length] }, "y", "y", bench, "forward");
  }

  /** The columns as they lie in the code. */
  forwardFlat(inputs: Values): Float64Array {
    const pair = this.#pair;
    const c = this.#c;
    const plan = this.#plan;
    const bench = new CallArguments(im2col, c, plan, inputs, probeOptions, true);
    this.#bench = bench;
    const fn = pair.forward ?? (() => undefined);
    const changed = watch(bench);
    const raw = call(fn, pair.self, argumentsOf(fn, plan.forward, bench), "forward", "y");
    for (const change of changed("forward")) this.mutations.add(change);
    const size = im2col.axes.y.reduce((product, l) => product * c.sizes[l], 1);
    this.#output = readOutput(raw, size);
    const { y } = this.#output;
    if (y.data.length !== size)
      throw new Fault(
        "forward",
        "shape",
        "y",
        `cols has the shape [${y.shape.join(", ")}], expected ${size} numbers = C·KH·KW × N·OH·OW = ${c.sizes.C * c.sizes.KH * c.sizes.KW} × ${c.sizes.N * c.sizes.OH * c.sizes.OW}`,
      );
    return y.data;
  }

  backward(dy: Tensor): Gradients {
    const pair = this.#pair;
    const plan = this.#plan;
    const bench = this.#bench;
    const output = this.#output;
    if (pair.backward === undefined || bench === undefined)
      throw new Fault("backward", "nothing", "dx", "there is no col2im");
    const lying = arranged(dy, im2col.axes.y, plan.arrangements.y);
    const shape = output?.y.shape ?? matrixShape(lying.shape, plan.split);
    const form =
      output === undefined || plan.form === "own"
        ? plan.form
        : output.y.form === "flat" && plan.form === "nested"
          ? "nested"
          : output.y.form;
    bench.set("dy", encode(new Tensor(shape, lying.data), form, plan.own));
    const changed = watch(bench);
    const raw = call(
      pair.backward,
      pair.self,
      argumentsOf(pair.backward, plan.backward, bench, output),
      "backward",
      "dx",
    );
    for (const change of changed("backward")) this.mutations.add(change);
    return gradientsOf(raw, im2col, bench);
  }
}

function matrixShape(shape: readonly number[], split: number): number[] {
  const product = (list: readonly number[]) => list.reduce((a, b) => a * b, 1);
  return split === 1
    ? [shape[0], product(shape.slice(1, 4)), product(shape.slice(4))]
    : [product(shape.slice(0, split)), product(shape.slice(split))];
}

function permutations(letters: readonly string[]): Arrangement[] {
  if (letters.length <= 1) return [letters];
  return letters.flatMap((letter, i) =>
    permutations([...letters.slice(0, i), ...letters.slice(i + 1)]).map((rest) => [letter, ...rest]),
  );
}
