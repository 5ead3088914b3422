import { configError, inWords } from "@gradbook/base";
import type { LayerSpec } from "../engine/spec.js";
import { avgPool2d } from "./avg-pool2d.js";
import { batchNorm1d, batchNorm2d } from "./batch-norm.js";
import { add, concat, type Layers } from "./branches.js";
import { convTranspose2d } from "./conv-transpose2d.js";
import { conv1d } from "./conv1d.js";
import { conv2d } from "./conv2d.js";
import { dropout } from "./dropout.js";
import { elu } from "./elu.js";
import { embedding } from "./embedding.js";
import { flatten } from "./flatten.js";
import { gelu } from "./gelu.js";
import { globalAvgPool2d } from "./global-avg-pool2d.js";
import { groupNorm } from "./group-norm.js";
import { hardSigmoid, hardSwish, hardTanh } from "./hard-activations.js";
import type { Layer } from "./layer.js";
import { layerNorm } from "./layer-norm.js";
import { leakyRelu } from "./leaky-relu.js";
import { linear } from "./linear.js";
import { lstm } from "./lstm.js";
import { maxPool2d } from "./max-pool2d.js";
import { avgPool1d, maxPool1d } from "./pool1d.js";
import { prelu } from "./prelu.js";
import { relu } from "./relu.js";
import { rnn } from "./rnn.js";
import { sigmoid } from "./sigmoid.js";
import { silu } from "./silu.js";
import { softplus } from "./softplus.js";
import { tanh } from "./tanh.js";

/** How a layer is made anew from what it describes itself by; those of branches are made together. */
const makers: Readonly<
  Record<Exclude<LayerSpec["kind"], "fork" | "branch" | "add" | "concat">, (options: never) => Layer>
> = {
  ...{ conv1d, conv2d, convTranspose2d, linear, embedding, rnn, lstm },
  ...{ maxPool1d, avgPool1d, maxPool2d, avgPool2d, batchNorm1d, batchNorm2d, groupNorm, layerNorm },
  ...{ dropout, leakyRelu, elu, prelu },
  ...{ flatten, globalAvgPool2d, relu, sigmoid, tanh, gelu, silu, softplus },
  ...{ hardSigmoid, hardTanh, hardSwish },
};

/** What a file says of a layer. */
export type LayerRecord = Readonly<Record<string, unknown>>;

/**
 * Layers from their specs, which may come from a file: each option is checked as if somebody had written it.
 * @throws GradbookError when a kind is unknown, or branches don't close
 */
export function rebuildLayers(what: string, specs: readonly LayerRecord[]): Layers {
  const rest = [...specs];
  const layers = takeChain(what, rest);
  if (rest.length > 0) throw unclosed(what, String(rest[0].kind));
  return layers;
}

/** Takes layers up to the next branch, or the end of branches. */
function takeChain(what: string, rest: LayerRecord[]): Layers {
  const layers: (Layer | Layers)[] = [];
  for (let spec = rest[0]; spec !== undefined; spec = rest[0]) {
    if (spec.kind === "branch" || spec.kind === "add" || spec.kind === "concat") break;
    rest.shift();
    layers.push(spec.kind === "fork" ? takeBranches(what, rest) : make(what, spec));
  }
  return layers;
}

function takeBranches(what: string, rest: LayerRecord[]): Layers {
  const branches: Layers[] = [];
  for (;;) {
    branches.push(takeChain(what, rest));
    const end = rest.shift()?.kind;
    if (end === "add") return add(branches);
    if (end === "concat") return concat(branches);
    if (end !== "branch") throw unclosed(what, "fork");
  }
}

function make(what: string, { kind, ...options }: LayerRecord): Layer {
  const maker: unknown =
    typeof kind === "string" && Object.hasOwn(makers, kind) ? Reflect.get(makers, kind) : undefined;
  if (typeof maker !== "function")
    throw configError(
      what,
      `a layer of the kind ${inWords(kind)}`,
      `one of ${Object.keys(makers).join(", ")}`,
      "A newer version of gradbook may know it.",
    );
  const layer: Layer = Object.keys(options).length === 0 ? maker() : maker(options);
  return layer;
}

const unclosed = (what: string, kind: string) =>
  configError(what, `"${kind}" without the other ends of its branches`, "fork, branch, …, add or concat");
