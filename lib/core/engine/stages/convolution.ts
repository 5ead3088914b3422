import type { ActivationSpec } from "../kernels/activations.js";
import { blockPositions, convColumns } from "../kernels/conv-columns.js";
import { convDirect } from "../kernels/conv-direct.js";
import { convPack, convPackTasks, packedFloats, packedWeights } from "../kernels/conv-pack.js";
import { convPoolBackwardWeight, convPoolForward, unpool } from "../kernels/conv-pool.js";
import type { ConvWeights } from "../kernels/conv-tile.js";
import { convWeightOnPieces, convWeightOnTasks, convWeightTasks } from "../kernels/conv-weight.js";
import { copy } from "../kernels/copy.js";
import { activationBackward } from "../kernels/elementwise.js";
import {
  blockFloats,
  blockMatrix,
  gemmKernel,
  gemmTasks,
  packTasks,
  panelBytes,
  panelFloats,
} from "../kernels/gemm.js";
import { col2im, im2col } from "../kernels/im2col.js";
import { type Buffer, type Layout, MEBIBYTE, paddedLayout, roundUp, sameLayout } from "../memory.js";
import type { Conv2dSpec, Pool2dSpec } from "../spec.js";
import {
  type Build,
  onPieces,
  onTasks,
  type PlanLayer,
  SMALL,
  type Stage,
  type StageBuffers,
  type StageSteps,
  type Step,
} from "./stage.js";

/** Whether conv2d → (ReLU) → max-pool can be one stage: 2×2 windows that cover the output exactly, few weights. */
export function canFusePool(conv: Conv2dSpec, pool: Pool2dSpec, [, OH, OW]: readonly number[]): boolean {
  const { kernel, stride, pad } = pool;
  const halving = [...kernel, ...stride].every((n) => n === 2) && pad[0] === 0 && pad[1] === 0;
  const fits = OH % 2 === 0 && OW % 2 === 0 && conv.kernel[1] <= 8;
  return pool.kind === "maxPool2d" && halving && fits && isDirect(conv) && weights(conv) <= SMALL;
}

const weights = ({ in: C, out: F, kernel }: Conv2dSpec): number => F * C * kernel[0] * kernel[1];

/** Stride 1, and a pad for which the gradient is again such a convolution. */
export function isDirect({ stride, kernel, pad }: Conv2dSpec): boolean {
  return stride[0] === 1 && stride[1] === 1 && pad[0] < kernel[0] && pad[1] < kernel[1];
}

/** conv2d → ReLU → 2×2 max-pool as one. */
export function convPoolStage(
  conv: PlanLayer<Conv2dSpec>,
  pool: PlanLayer<Pool2dSpec>,
  relu: ActivationSpec | undefined,
): Stage {
  const { spec } = conv;
  const { in: C, out: F } = spec;
  const [KH, KW] = spec.kernel;
  const [, OH, OW] = conv.output;
  return {
    name: conv.name,
    shape: pool.output,
    reads: paddedLayout(conv.input, spec.pad),
    writes: undefined,
    inPlace: false,
    params: conv.params,
    perPiece: true,
    work: OH * OW * weights(spec),
    build(b, { x, y, dx, dy }) {
      const weight = b.place(conv.index, "weight");
      const bias = spec.bias ? b.place(conv.index, "bias") : undefined;
      const winnerRow = 4 * x.layout.row;
      const winners = b.arena.buffer(paddedLayout(pool.output, [0, 0]), b.capacity);
      const shape = { C, F, KH, KW };
      const listBytes = roundUp(8 * b.pieceSamples * pool.output[1] * pool.output[2] + 8, 64);
      const forward = convPoolForward(b.program, b.name("forward"), {
        ...shape,
        x,
        y,
        winners,
        winnerRow,
        weight: weight.weight,
        bias: bias?.weight,
        relu: relu !== undefined,
      });
      const backward = [];
      if (relu !== undefined)
        backward.push(activationBackward(b.program, b.name("relu backward"), relu, y, dy));
      backward.push(
        convPoolBackwardWeight(b.program, b.name("backward weight"), {
          ...shape,
          x,
          dy,
          winners,
          dw: weight.gradient,
          db: bias?.gradient,
          pieceBytes: b.pieceBytes,
          lists: b.arena.floats((b.pieces * listBytes) / 4),
          listBytes,
        }),
      );
      if (dx !== undefined) {
        const full = b.arena.buffer(paddedLayout(conv.output, backwardPad(spec)), b.batch);
        backward.push(unpool(b.program, b.name("unpool"), { dy, winners, winnerRow, dx: full }));
        backward.push(
          convDirect(b.program, b.name("backward input"), {
            x: full,
            y: dx,
            weight: weight.weight + turnedWeights(spec).first,
            bias: undefined,
            KH,
            KW,
            weights: turnedWeights(spec).weights,
          }),
        );
      }
      return { forward: [onPieces(forward)], backward: backward.map(onPieces) };
    },
  };
}

/** conv2d alone. */
export function convStage(layer: PlanLayer<Conv2dSpec>): Stage {
  const { spec, input, output } = layer;
  const direct = isDirect(spec);
  return {
    name: layer.name,
    shape: output,
    reads: direct ? paddedLayout(input, spec.pad) : "any",
    // as the gradient wants it
    writes: direct ? paddedLayout(output, backwardPad(spec)) : undefined,
    inPlace: false,
    params: layer.params,
    perPiece: weights(spec) <= SMALL,
    work: output[1] * output[2] * weights(spec),
    build: (b, buffers) => (direct ? buildDirect(b, buffers, layer) : buildColumns(b, buffers, layer)),
  };
}

function buildDirect(
  b: Build,
  { x, y, dx, dy }: StageBuffers,
  { spec, index, output }: PlanLayer<Conv2dSpec>,
): StageSteps {
  const { in: C, out: F, kernel } = spec;
  const [KH, KW] = kernel;
  const weight = b.place(index, "weight");
  const bias = spec.bias ? b.place(index, "bias") : undefined;
  const plain = { filter: 4 * C * KH * KW, row: 4 * KW, tap: 4, channel: 4 * KH * KW };
  const turned = turnedWeights(spec);
  const packs = [{ from: weight.weight, weights: plain, F, C, KH, KW }];
  if (dx !== undefined)
    packs.push({ from: weight.weight + turned.first, weights: turned.weights, F: C, C: F, KH, KW });
  const [grads, copies] = withLayout(b, dy, paddedLayout(output, backwardPad(spec)));
  const many = weights(spec) > SMALL;
  const placed = packs.map((pack) =>
    many ? { ...pack, to: b.arena.floats(packedFloats(pack)) } : { ...pack, to: 0 },
  );
  const convolve = (what: string, pack: (typeof placed)[number], from: Buffer, to: Buffer, plus?: number) =>
    convDirect(b.program, b.name(what), {
      x: from,
      y: to,
      weight: many ? pack.to : pack.from,
      bias: plus,
      KH,
      KW,
      weights: many ? packedWeights : pack.weights,
    });
  const forward: Step[] = [];
  if (many) forward.push(onTasks(convPack(b.program, b.name("pack"), placed), () => convPackTasks(placed)));
  forward.push(onPieces(convolve("forward", placed[0], x, y, bias?.weight)));
  const backward: Step[] = [...copies];
  if (dx !== undefined) backward.push(onPieces(convolve("backward input", placed[1], grads, dx)));
  backward.push(...weightSteps(b, spec, x, grads, weight.gradient, bias?.gradient, KH, KW));
  return { forward, backward };
}

/**
 * conv2dBackwardInput is a convolution of the padded gradient with w[f,c,KH−1−u,KW−1−v]: the kernel turned by 180°,
 * input and output channels exchanged.
 */
function turnedWeights({ in: C, kernel: [KH, KW] }: Conv2dSpec): { first: number; weights: ConvWeights } {
  return {
    first: 4 * (KH * KW - 1),
    weights: { filter: 4 * KH * KW, row: -4 * KW, tap: -4, channel: 4 * C * KH * KW },
  };
}

/** Any stride and pad: the windows become columns (im2col), the convolution a 1×1 convolution of them. */
function buildColumns(
  b: Build,
  { x, y, dx, dy }: StageBuffers,
  { spec, index, output }: PlanLayer<Conv2dSpec>,
): StageSteps {
  const [, OH, OW] = output;
  const taps = spec.in * spec.kernel[0] * spec.kernel[1];
  const weight = b.place(index, "weight");
  const bias = spec.bias ? b.place(index, "bias") : undefined;
  const columns = b.arena.buffer(columnsLayout([taps, OH, OW]), b.capacity);
  const flat = columnsLayout(output);
  const unfold = im2col(b.program, b.name("im2col"), { spec, x, columns, OH, OW });
  const product = b.arena.buffer(flat, b.capacity);
  const forward = convDirect(b.program, b.name("forward"), {
    x: columns,
    y: product,
    weight: weight.weight,
    bias: bias?.weight,
    KH: 1,
    KW: 1,
    weights: { filter: 4 * taps, row: 0, tap: 0, channel: 4 },
  });
  const output3d = asImage(product, OH, OW);
  const grads = b.arena.buffer(flat, b.batch);
  const backward: Step[] = [
    onPieces(copy(b.program, b.name("gather grads"), dy, asImage(grads, OH, OW))),
    ...weightSteps(b, spec, columns, grads, weight.gradient, bias?.gradient, 1, 1),
  ];
  if (dx !== undefined) {
    const columnSlopes = b.arena.buffer(columns.layout, b.batch);
    const turned = convDirect(b.program, b.name("backward columns"), {
      x: grads,
      y: columnSlopes,
      weight: weight.weight,
      bias: undefined,
      KH: 1,
      KW: 1,
      weights: { filter: 4, row: 0, tap: 0, channel: 4 * taps },
    });
    backward.push(onPieces(turned));
    backward.push(
      onPieces(col2im(b.program, b.name("col2im"), { spec, x: dx, columns: columnSlopes, OH, OW })),
    );
  }
  const toImage = copy(b.program, b.name("image"), output3d, y);
  return { forward: [unfold, forward, toImage].map(onPieces), backward };
}

/** [F, OH, OW] as [F, 1, OH·OW], each row from a multiple of four floats on. */
function columnsLayout([F, OH, OW]: readonly number[]): Layout {
  const row = roundUp(OH * OW, 4);
  return { C: F, H: 1, W: OH * OW, origin: 0, row, plane: row, size: F * row };
}

function asImage({ address, layout }: Buffer, H: number, W: number): Buffer {
  return { address, layout: { ...layout, H, W, row: W } };
}

/** The gradient in the layout that the backward kernels read, copied only where it stands otherwise. */
function withLayout(b: Build, dy: Buffer, layout: Layout): [Buffer, Step[]] {
  if (sameLayout(dy.layout, layout)) return [dy, []];
  const padded = b.arena.buffer(layout, b.batch);
  return [padded, [onPieces(copy(b.program, b.name("pad grads"), dy, padded))]];
}

/** conv2dBackwardWeight: in the pieces, over the whole batch, or, for images of few pixels, as a matrix product. */
function weightSteps(
  b: Build,
  spec: Conv2dSpec,
  x: Buffer,
  dy: Buffer,
  dw: number,
  db: number | undefined,
  KH: number,
  KW: number,
): Step[] {
  const { C: F, H: OH, W: OW } = dy.layout;
  const C = x.layout.C;
  const o = { x, dy, dw, db, KH, KW };
  const name = b.name("backward weight");
  if (weights(spec) <= SMALL) return [onPieces(convWeightOnPieces(b.program, name, o, b.pieceBytes))];
  const [depth, columns] = [b.batch * OH * OW, C * KH * KW];
  if (OW > FEW_COLUMNS && panelFloats(depth, columns) > MOST_PANEL_FLOATS)
    return [onTasks(convWeightOnTasks(b.program, name, o), () => convWeightTasks(F, C))];
  const grads = { address: b.arena.floats(blockFloats({ rows: F, depth })), rows: F, depth };
  const panels = { panels: b.scratch(panelFloats(depth, columns)), panelBytes: panelBytes(depth) };
  const product = gemmKernel(b.program, name, {
    ...panels,
    ...blockMatrix(grads),
    c: { address: dw, row: 4 * columns, column: 4 },
    rows: F,
    depth: undefined,
    depthOfSample: OH * OW,
    columns,
    bias: undefined,
    rowSums: db,
  });
  const unfold = convColumns(b.program, b.name("columns"), { x, KH, KW, OH, OW, ...panels });
  return [
    onPieces(blockPositions(b.program, b.name("grad blocks"), dy, grads)),
    onTasks(unfold, () => packTasks(columns)),
    onTasks(product, () => gemmTasks(F, columns)),
  ];
}

/** Rows of at most so many pixels fill a vector badly. */
const FEW_COLUMNS = 4;
/** The product is faster, but its panels take memory: 24 MB at most. */
const MOST_PANEL_FLOATS = 6 * MEBIBYTE;

/** The pad under which the gradient's convolution with the turned kernel gives the input's size. */
function backwardPad({ kernel, pad }: Conv2dSpec): [number, number] {
  return [kernel[0] - 1 - pad[0], kernel[1] - 1 - pad[1]];
}
