import type { Plan } from "../engine/plan.js";
import type { ModelLayer } from "../engine/stages/choose.js";
import { builtinSpec, isTrainable, type Layer, type Parameter } from "../layers/layer.js";
import type { Sequential } from "../layers/sequential.js";
import { assertSameShape, type Tensor } from "../tensor/tensor.js";

/** A parameter or running statistic, with its first float in the engine's memory. */
export interface ValuePlace<P = Parameter> {
  readonly name: string;
  readonly parameter: P;
  readonly shape: readonly number[];
  readonly offset: number;
}

/**
 * The model as plain data. The engine computes what the library made and nobody has changed; every other layer has no
 * spec, and runs as it is written. So do two layers that share a parameter: its gradient is the sum of both.
 */
export function engineLayers(model: Sequential): ModelLayer[] {
  const shared = sharedParameters(model);
  const placed = new Set<Parameter>();
  return model.layers.map(({ name, layer, input, output }, index) => {
    const params = Object.entries(layer.params ?? {});
    const spec = params.some(([, parameter]) => shared.has(parameter)) ? undefined : builtinSpec(layer);
    const own = params.filter(([, parameter]) => !placed.has(parameter));
    for (const [, parameter] of own) placed.add(parameter);
    return {
      name,
      index,
      spec,
      input,
      output,
      frozen: layer.trainable === false,
      params: own.map(([parameterName, parameter]) => ({
        layer: index,
        name: parameterName,
        size: parameter.value.size,
        frozen: !isTrainable(layer, parameter),
      })),
    };
  });
}

function sharedParameters({ layers }: Sequential): Set<Parameter> {
  const seen = new Set<Parameter>();
  const all = layers.flatMap(({ layer }) => Object.values(layer.params ?? {}));
  return new Set(all.filter((parameter) => seen.has(parameter) || !seen.add(parameter)));
}

/** Whether an optimizer moves each of the model's parameters, and each layer's own flag, in the model's order. */
export function trainableFlags(model: Sequential): boolean[] {
  const owner = new Map<Parameter, Layer>();
  for (const { layer } of model.layers)
    for (const parameter of Object.values(layer.params ?? {}))
      if (!owner.has(parameter)) owner.set(parameter, layer);
  const parameters = [...owner].map(([parameter, layer]) => isTrainable(layer, parameter));
  return [...parameters, ...model.layers.map(({ layer }) => layer.trainable !== false)];
}

/** Where the engine has a model's values. */
export interface ValuePlaces {
  /** In the model's order, as `model.parameters`. */
  readonly parameters: readonly ValuePlace[];
  readonly running: readonly ValuePlace<{ value: Tensor }>[];
}

export function valuePlaces(model: Sequential, plan: Plan): ValuePlaces {
  const at = new Map<object, number>();
  for (const { layer, name, offset } of plan.parameters)
    at.set(model.layers[layer].layer.params?.[name] ?? {}, plan.at.weights / 4 + offset);
  for (const { layer, name, address } of plan.running)
    at.set(model.layers[layer].layer.buffers?.[name] ?? {}, address / 4);
  const place = <P extends { value: Tensor }>({
    name,
    parameter,
  }: {
    name: string;
    parameter: P;
  }): ValuePlace<P>[] => {
    const offset = at.get(parameter);
    return offset === undefined ? [] : [{ name, parameter, shape: parameter.value.shape, offset }];
  };
  return { parameters: model.parameters.flatMap(place), running: model.buffers.flatMap(place) };
}

/** @throws GradbookError when somebody has put a tensor of another shape into its place */
export function assertUnchangedShape({
  name,
  parameter,
  shape,
}: Pick<ValuePlace<{ value: Tensor }>, "name" | "parameter" | "shape">): void {
  assertSameShape(name, "the value", parameter.value.shape, shape);
}
