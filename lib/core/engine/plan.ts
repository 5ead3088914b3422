import { GradbookError } from "@gradbook/base";
import { sizeOf } from "../tensor/shape.js";
import { gather } from "./kernels/gather.js";
import { lossKernel } from "./kernels/loss.js";
import {
  RATES,
  slotCount,
  UPDATE_CHUNK,
  type UpdateKernel,
  type UpdateRange,
  updateKernel,
  updateTasks,
} from "./kernels/optimizer.js";
import { Arena, type Buffer, denseLayout, features, type Layout, MEBIBYTE, roundUp } from "./memory.js";
import { type Kernel, Program } from "./render/program.js";
import type { ClipSpec, LossSpec, OptimizerSpec } from "./spec.js";
import { chooseStages, type ModelLayer } from "./stages/choose.js";
import {
  type Build,
  onPieces,
  onTasks,
  type ParamAddress,
  type Stage,
  type StageBuffers,
  type Step,
} from "./stages/stage.js";

/** What is planned: a model, and the sizes that its memory is laid out for. */
export interface PlanRequest {
  /** Shape of one sample. */
  readonly input: readonly number[];
  readonly layers: readonly ModelLayer[];
  /** undefined: a loss written by hand, which runs on the calling thread. */
  readonly loss: LossSpec | undefined;
  /** The outputs are compared with numbers, one for each of them, not with classes. */
  readonly numbers?: boolean;
  /** undefined: an update rule written by hand, which runs on the calling thread. */
  readonly optimizer: OptimizerSpec | undefined;
  /** What becomes of the gradients before a kernel updates by them. */
  readonly clip?: ClipSpec | undefined;
  /** Samples of the largest training batch. */
  readonly batch: number;
  /** Samples whose pixels are kept in the plan's memory, beside the batch's. */
  readonly kept: number;
  /** Every layer's output is looked at: nothing is computed together, and nothing overwritten. */
  readonly observed?: boolean | undefined;
  /** A step is taken in parts, between which somebody looks at the values: see `Plan.parts`. */
  readonly stepwise?: boolean | undefined;
}

/** Numbers of the phases of each part of a step; empty for a plan that is not stepwise. */
export interface StepParts {
  readonly forward: readonly number[];
  readonly loss: readonly number[];
  readonly backward: readonly number[];
  /** Adds up the gradients, so that they stand in one place. */
  readonly sum: readonly number[];
  readonly update: readonly number[];
}

/** What happens between two barriers: an export of the module, or work by hand. */
export type Phase =
  | { readonly parallel: "pieces"; readonly name: string }
  | { readonly parallel: "tasks"; readonly name: string; readonly tasks: (samples: number) => number }
  | Extract<Step, { parallel: "main" }>;

export interface ParameterPlace {
  readonly layer: number;
  readonly name: string;
  /** In floats, the same in weights, gradients and slots. */
  readonly offset: number;
  readonly size: number;
}

export interface Plan {
  readonly program: Program;
  /** Memory that it takes. */
  readonly bytes: number;
  readonly phases: readonly Phase[];
  /** Numbers of the phases of a training step, and of a forward pass with the loss where a kernel computes it. */
  readonly train: readonly number[];
  readonly forward: readonly number[];
  /** The same in parts. */
  readonly parts: StepParts;
  /** Samples of the largest forward pass. */
  readonly capacity: number;
  /** How many pieces a training batch of n samples is cut into. */
  pieces(n: number): number;
  /** Where each parameter stands. */
  readonly parameters: readonly ParameterPlace[];
  /** Byte addresses of the running statistics, and of the words that dropout draws from, in the layers' order. */
  readonly running: readonly { readonly layer: number; readonly name: string; readonly address: number }[];
  readonly keys: readonly number[];
  /** What each layer written by hand reads and writes. */
  readonly custom: readonly (StageBuffers & { readonly layer: number })[];
  /** Byte addresses. */
  /** Each layer's output; those of a plan that is not observed may be overwritten by what follows. */
  readonly layerOutputs: readonly Buffer[];
  /** What a step moves, in floats: the parameters that are not frozen. */
  readonly updated: readonly UpdateRange[];
  readonly at: {
    readonly rates: number;
    readonly divisor: number;
    readonly table: number;
    readonly labels: number;
    readonly lossParts: number;
    readonly weights: number;
    readonly slots: readonly number[];
    readonly gradients: number;
    readonly samples: number;
  };
  /** The model's output and the gradient by it, and how many values a sample has there. */
  readonly output: Buffer;
  readonly outputGrads: Buffer;
  /** Numbers that the outputs are compared with, as the output lies; undefined: classes. */
  readonly targets: Buffer | undefined;
  readonly classes: number;
  /** Floats from one kept sample to the next. */
  readonly sampleFloats: number;
}

/** A piece is worth another thread from about this many multiplications on: 50 µs of one core. */
const PIECE_WORK = 1.5e6;
const MOST_PIECES = 16;
/** A forward pass takes as many samples as fit into this memory, at most 100. */
const FORWARD_BYTES = 16 * MEBIBYTE;

/** Lays out the memory of a model and generates its kernels. */
export function plan(request: PlanRequest): Plan {
  const { input, loss, optimizer, batch } = request;
  const { stages, upTo } = chooseStages(request.layers, batch, request.observed);
  const pieces = pieceRule(3 * stages.reduce((sum, s) => sum + s.work, 0));
  const sampleBytes = 4 * stages.reduce((sum, s) => sum + 3 * sizeOf(s.shape), sizeOf(input));
  const capacity = Math.max(batch, Math.min(100, Math.floor(FORWARD_BYTES / sampleBytes)), 1);

  // memory: small things, parameters, gradients, activations, samples
  const arena = new Arena(64);
  const tables = {
    rates: arena.floats(RATES.length),
    divisor: arena.floats(1),
    table: arena.floats(capacity),
    labels: arena.floats(capacity),
    lossParts: arena.floats(2 * capacity),
  };
  const { parameters, shared, total, updated } = layOutParameters(stages);
  const weights = arena.floats(total + 16);
  const slotsNeeded = optimizer === undefined ? 0 : slotCount(optimizer);
  const slots = Array.from({ length: slotsNeeded }, () => arena.floats(total));
  // the gradients of piece p stand p steps before those of piece 0, which lie beside those of the large parameters
  const otherPieces = 4 * (pieces(batch) - 1) * shared;
  const gradients = arena.floats(otherPieces / 4 + total) + otherPieces;
  const running = stages
    .flatMap((s) => s.running ?? [])
    .map(({ layer, name, size }) => ({ layer, name, address: arena.floats(size) }));

  const program = new Program();
  const keys: number[] = [];
  const scratch = new Scratch(arena);
  let naming = "";
  const build: Build = {
    program,
    arena,
    batch,
    capacity,
    pieces: pieces(batch),
    pieceSamples: Math.max(...Array.from({ length: batch }, (_, i) => Math.ceil((i + 1) / pieces(i + 1)))),
    pieceBytes: 4 * shared,
    scratch: (floats) => scratch.take(floats),
    running: (layer, name) => lookUp(running, layer, name).address,
    keys() {
      keys.push(arena.floats(2));
      return keys[keys.length - 1];
    },
    place(layer, name): ParamAddress {
      const { offset } = lookUp(parameters, layer, name);
      return { weight: weights + 4 * offset, gradient: gradients + 4 * offset };
    },
    name: (what) => `${naming} ${what}`,
  };
  const branches = branchesOf(stages);
  const lowest = lowestTrained(stages, branches);
  const { values, grads } = layOutActivations(arena, stages, input, batch, capacity, lowest);
  const output = values[stages.length];
  // the loss writes it also where no stage needs it
  const outputGrads = grads[stages.length] ?? arena.buffer(output.layout, capacity);
  const targets = request.numbers === true ? arena.buffer(output.layout, capacity) : undefined;
  const first = onPieces(gather(program, "gather", { table: tables.table, x: values[0] }));
  const forward: Step[] = [first];
  const evaluate: Step[] = [first];
  const backward: Step[] = [];
  const custom: Plan["custom"][number][] = [];
  for (const [i, stage] of stages.entries()) {
    naming = stage.name;
    const [isLast, y] = [i === stages.length - 1, values[i + 1]];
    const buffers: StageBuffers = {
      x: stage.branching === "branch" ? values[forkOf(branches, i) + 1] : values[i],
      y,
      dx: grads[i],
      dy: isLast ? outputGrads : (grads[i + 1] ?? y),
      starts: branches.find(({ fork }) => fork === i)?.starts.map((start) => grads[start + 1]),
      ends: branches
        .find(({ join }) => join === i)
        ?.ends.map((end) => ({ value: values[end], grads: grads[end] })),
    };
    const built = stage.build(build, buffers);
    forward.push(...built.forward);
    evaluate.push(...(built.evaluate ?? built.forward));
    if (i >= lowest) backward.unshift(...built.backward);
    for (const step of built.forward)
      if (step.parallel === "main" && step.work.what === "layer")
        custom.push({ ...buffers, layer: step.work.layer });
  }
  const lossSteps: Step[] =
    loss === undefined
      ? []
      : [
          onPieces(
            lossKernel(program, "loss", {
              spec: loss,
              z: output,
              dz: outputGrads,
              labels: tables.labels,
              targets,
              parts: tables.lossParts,
              divisor: tables.divisor,
            }),
          ),
        ];
  const handLoss: Step[] = loss === undefined ? [{ parallel: "main", work: { what: "loss" } }] : [];
  const places = { weights, gradients, slots, shared, rates: tables.rates };
  const updateSteps = (name: string, o: Pick<UpdateKernel, "spec" | "clip" | "isSummed">): Step[] =>
    updated.map((range, i) => {
      const numbered = i === 0 ? name : `${name} ${i + 1}`;
      return onTasks(updateKernel(program, numbered, { ...places, ...o, range }), () => updateTasks(range));
    });
  const { clip } = request;
  const sum = () => updateSteps("sum", { spec: undefined });
  const byRule = (isSummed: boolean): Step[] =>
    optimizer === undefined
      ? [{ parallel: "main", work: { what: "update" } }]
      : [
          ...(clip !== undefined && "norm" in clip
            ? [{ parallel: "main", work: { what: "scale" } } as const]
            : []),
          ...updateSteps("update", { spec: optimizer, clip, isSummed }),
        ];
  // a norm is that of all gradients, and a rule by hand reads them: they are added up first
  const isSummedFirst = optimizer === undefined || (clip !== undefined && "norm" in clip);
  const isStepwise = request.stepwise === true;
  const last: Step[] = isStepwise ? [] : [...(isSummedFirst ? sum() : []), ...byRule(isSummedFirst)];
  const phases: Phase[] = [];
  const join = (steps: readonly Step[]) => joinSteps(program, phases, steps);
  const train = isStepwise ? [] : join([...forward, ...lossSteps, ...handLoss, ...backward, ...last]);
  const none = { forward: [], loss: [], backward: [], sum: [], update: [] };
  const parts: StepParts = isStepwise
    ? {
        forward: join(forward),
        loss: join([...lossSteps, ...handLoss]),
        backward: join(backward),
        sum: join(sum()),
        update: join(byRule(true)),
      }
    : none;
  const forwardPhases = joinSteps(program, phases, [...evaluate, ...lossSteps]);

  const sampleFloats = roundUp(sizeOf(input), 4);
  const samples = arena.floats(sampleFloats * (Math.max(2 * batch, capacity) + request.kept) + 16);
  assertFits(arena.bytes, batch);
  return {
    program,
    bytes: arena.bytes,
    phases,
    train,
    parts,
    forward: forwardPhases,
    capacity,
    pieces,
    parameters,
    running,
    keys,
    custom,
    layerOutputs: upTo.map((count) => values[count]),
    updated,
    at: { ...tables, weights, slots, gradients, samples },
    output,
    outputGrads,
    targets,
    classes: features(output),
    sampleFloats,
  };
}

/** Powers of two, so that two, four or eight threads get the same share. */
function pieceRule(work: number): (samples: number) => number {
  return (n) => {
    let count = 1;
    while (2 * count <= Math.min(MOST_PIECES, n) && 2 * count * PIECE_WORK <= n * work) count *= 2;
    return count;
  };
}

function assertFits(bytes: number, batch: number): void {
  if (bytes < 4095 * MEBIBYTE) return;
  throw new GradbookError({
    code: "memory",
    what: "engine",
    got: `${Math.round(bytes / MEBIBYTE)} MB for a batch of ${batch}`,
    expected: "less than 4096 MB",
    cure: "Use a smaller batch.",
  });
}

function lookUp<T extends { layer: number; name: string }>(
  list: readonly T[],
  layer: number,
  name: string,
): T {
  const place = list.find((p) => p.layer === layer && p.name === name);
  if (place === undefined) throw new RangeError(`no place for ${name} of layer ${layer}`);
  return place;
}

/** Memory for one product at a time: the largest so far serves all that fit. */
class Scratch {
  private readonly arena: Arena;

  private address = 0;
  private size = 0;

  constructor(arena: Arena) {
    this.arena = arena;
  }

  take(floats: number): number {
    if (floats > this.size) {
      this.address = this.arena.floats(floats + 16);
      this.size = floats;
    }
    return this.address;
  }
}

/**
 * Parameters one behind another, those with a gradient for each piece first, each from a multiple of 16 floats on; in each
 * part the frozen ones last, so that what is updated lies together.
 */
function layOutParameters(stages: readonly Stage[]) {
  const parameters: ParameterPlace[] = [];
  let at = 0;
  const take = (perPiece: boolean, frozen: boolean): number => {
    for (const stage of stages)
      if (stage.perPiece === perPiece)
        for (const { layer, name, size, frozen: is } of stage.params)
          if (is === frozen) {
            parameters.push({ layer, name, offset: at, size });
            at = roundUp(at + size, 16);
          }
    return at;
  };
  const small = { from: 0, to: take(true, false) };
  const shared = take(true, true);
  const large = { from: shared, to: take(false, false) };
  take(false, true);
  // a chunk of the update lies in one part or in the other
  const shift = at === shared ? 0 : roundUp(shared, UPDATE_CHUNK) - shared;
  const moved = parameters.map((p) => (p.offset < shared ? p : { ...p, offset: p.offset + shift }));
  const ranges = [small, { from: large.from + shift, to: large.to + shift }].filter((r) => r.to > r.from);
  return {
    parameters: moved,
    shared: shared + shift,
    total: at + shift,
    updated: joinRanges(ranges, shared),
  };
}

/** Without frozen parameters between them, both parts are updated in one pass. */
function joinRanges(ranges: readonly UpdateRange[], shared: number): readonly UpdateRange[] {
  const [small, large] = ranges;
  return large !== undefined && small.to === shared ? [{ from: small.from, to: large.to }] : ranges;
}

/**
 * The first stage that learns, or that runs by hand: those before it need no backward pass. Among branches it is where they
 * begin, as any of them may learn.
 */
function lowestTrained(stages: readonly Stage[], branches: readonly Branches[]): number {
  const lowest = stages.findIndex((s) => s.byHand === true || s.params.some(({ frozen }) => !frozen));
  if (lowest < 0) return stages.length;
  return Math.min(lowest, ...branches.flatMap((b) => (b.fork < lowest && lowest <= b.join ? [b.fork] : [])));
}

/** Positions of the stages that belong together. */
interface Branches {
  readonly fork: number;
  /** Where each branch but the first begins. */
  readonly starts: readonly number[];
  /** The value that each branch ends with: the input of the stage at that position. */
  readonly ends: readonly number[];
  readonly join: number;
}

/** Branches lie within one another like brackets. */
function branchesOf(stages: readonly Stage[]): readonly Branches[] {
  const open: { fork: number; starts: number[] }[] = [];
  const found: Branches[] = [];
  for (const [i, { branching }] of stages.entries()) {
    if (branching === "fork") open.push({ fork: i, starts: [] });
    else if (branching === "branch") open[open.length - 1].starts.push(i);
    else if (branching === "join") {
      const { fork, starts } = open.pop() ?? { fork: 0, starts: [] };
      found.push({ fork, starts, ends: [...starts, i], join: i });
    }
  }
  return found;
}

function forkOf(branches: readonly Branches[], start: number): number {
  return branches.find(({ starts }) => starts.includes(start))?.fork ?? start;
}

/** A buffer for the input and for each stage's output, and one for its gradient from the first stage that learns on. */
function layOutActivations(
  arena: Arena,
  stages: readonly Stage[],
  input: readonly number[],
  batch: number,
  capacity: number,
  lowest: number,
): { values: Buffer[]; grads: (Buffer | undefined)[] } {
  // stages that work in place leave the choice of the layout to the next one
  const nextOf = (i: number) => stages.slice(i).find((s) => !s.inPlace);
  const layoutFor = (i: number, shape: readonly number[], preferred: Layout | undefined): Layout => {
    const wanted = nextOf(i)?.reads ?? "dense";
    if (wanted !== "any" && wanted !== "dense") return wanted;
    return wanted === "any" && preferred !== undefined ? preferred : denseLayout(shape);
  };
  const values = [arena.buffer(layoutFor(0, input, undefined), capacity)];
  const grads: (Buffer | undefined)[] = [undefined];
  for (const [i, stage] of stages.entries()) {
    if (stage.inPlace) {
      values.push(values[i]);
      grads.push(grads[i]);
      continue;
    }
    const layout = layoutFor(i + 1, stage.shape, stage.writes);
    values.push(arena.buffer(layout, capacity));
    // the loss writes its gradient in a forward pass too
    grads.push(i < lowest ? undefined : arena.buffer(layout, nextOf(i + 1) === undefined ? capacity : batch));
  }
  return { values, grads };
}

/** Neighbouring steps on pieces run without a barrier between them: one call, one phase. */
function joinSteps(program: Program, phases: Phase[], steps: readonly Step[]): number[] {
  const numbers: number[] = [];
  for (let i = 0; i < steps.length; i++) {
    const step = steps[i];
    numbers.push(phases.length);
    if (step.parallel === "main") {
      phases.push(step);
      continue;
    }
    if (step.parallel === "tasks") {
      phases.push({ parallel: "tasks", name: step.kernel.name, tasks: step.tasks });
      continue;
    }
    const joined: Kernel[] = [step.kernel];
    for (let next = steps[i + 1]; next?.parallel === "pieces"; next = steps[i + 1]) {
      joined.push(next.kernel);
      i++;
    }
    const name = `phase ${phases.length}`;
    program.define(name, 3, (k, piece, first, end) => {
      for (const kernel of joined) k.call(kernel, piece, first, end);
    });
    phases.push({ parallel: "pieces", name });
  }
  return numbers;
}
