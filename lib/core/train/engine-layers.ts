import type { Engine, EngineParameter, EngineValue } from "../engine/engine.js";
import { hasKernels, type ModelLayer } from "../engine/stages/choose.js";
import { builtinSpec, isTrainable, type Layer, type Parameter } from "../layers/layer.js";
import type { NamedBuffer } from "../layers/nested.js";
import type { NamedParameter, Sequential } from "../layers/sequential.js";
import type { Shape } from "../tensor/shape.js";
import { assertSameShape, type Tensor } from "../tensor/tensor.js";

/**
 * The model as plain data. The engine computes what the library made and nobody has changed; every other layer has no
 * spec, and runs as it is written. So do two layers that share a parameter: its gradient is the sum of both.
 */
export function engineLayers(model: Sequential): ModelLayer[] {
  const shared = sharedParameters(model);
  const placed = new Set<Parameter>();
  return model.layers.map(({ name, layer, input, output }, index) => {
    const params = Object.entries(layer.params ?? {});
    const builtin = params.some(([, parameter]) => shared.has(parameter)) ? undefined : builtinSpec(layer);
    const spec = builtin !== undefined && hasKernels(builtin) ? builtin : undefined;
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

/** Whether an optimizer moves each of the model's parameters, and then each layer's own flag, in the model's order. */
export function trainableFlags(model: Sequential): boolean[] {
  const owner = new Map<Parameter, Layer>();
  for (const { layer } of model.layers)
    for (const parameter of Object.values(layer.params ?? {}))
      if (!owner.has(parameter)) owner.set(parameter, layer);
  const parameters = [...owner].map(([parameter, layer]) => isTrainable(layer, parameter));
  return [...parameters, ...model.layers.map(({ layer }) => layer.trainable !== false)];
}

/** A value of the model, with the same value in the engine. */
export interface Twin<P extends { value: Tensor }, V extends EngineValue> {
  readonly name: string;
  readonly parameter: P;
  readonly shape: Shape;
  readonly engine: V;
}

/** The model's values that the engine has too, in the model's order. */
export interface Twins {
  readonly parameters: readonly Twin<Parameter, EngineParameter>[];
  readonly running: readonly Twin<{ value: Tensor }, EngineValue>[];
}

export function twinsOf(model: Sequential, engine: Engine): Twins {
  const parameters = new Map<object, EngineParameter>();
  for (const value of engine.parameters)
    parameters.set(model.layers[value.layer].layer.params?.[value.name] ?? {}, value);
  const running = new Map<object, EngineValue>();
  for (const value of engine.running)
    running.set(model.layers[value.layer].layer.buffers?.[value.name] ?? {}, value);
  return {
    parameters: model.parameters.flatMap((p: NamedParameter) => twin(p, parameters.get(p.parameter))),
    running: model.buffers.flatMap((b: NamedBuffer) => twin(b, running.get(b.parameter))),
  };
}

function twin<P extends { value: Tensor }, V extends EngineValue>(
  { name, parameter }: { readonly name: string; readonly parameter: P },
  engine: V | undefined,
): Twin<P, V>[] {
  return engine === undefined ? [] : [{ name, parameter, shape: parameter.value.shape, engine }];
}

/** A value of the model, and the shape that it had when training began. */
export interface ShapedValue {
  readonly name: string;
  readonly parameter: { readonly value: Tensor };
  readonly shape: Shape;
}

/** @throws GradbookError when somebody has put a tensor of another shape into its place */
export function assertUnchangedShape({ name, parameter, shape }: ShapedValue): void {
  assertSameShape(name, "the value", parameter.value.shape, shape);
}
