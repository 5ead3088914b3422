import { scaleTo } from "../engine/kernels/optimizer.js";
import type { ClipSpec } from "../engine/spec.js";
import type { Parameter } from "../layers/layer.js";

/** Clips the gradients of parameters that learn, in place. */
export function clipGradients(clip: ClipSpec | undefined, parameters: readonly Parameter[]): void {
  if (clip === undefined) return;
  const gradients = parameters.map(({ grad }) => grad.data);
  if ("value" in clip) {
    for (const data of gradients)
      for (let i = 0; i < data.length; i++) data[i] = Math.max(Math.min(data[i], clip.value), -clip.value);
    return;
  }
  let squares = 0;
  for (const data of gradients) for (let i = 0; i < data.length; i++) squares += data[i] * data[i];
  const scale = scaleTo(clip.norm, squares);
  for (const data of gradients) for (let i = 0; i < data.length; i++) data[i] *= scale;
}
