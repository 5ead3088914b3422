import type { ActivationSpec } from "../engine/spec.js";
import { assertShape, type Shape } from "../tensor/shape.js";
import { assertTensor, assertTensorOf, type FloatArray, Tensor } from "../tensor/tensor.js";
import { type BuiltinLayer, cached, markBuiltin } from "./layer.js";

/** The two loops of an activation y[i] = f(x[i]). */
export interface ActivationLoops {
  readonly forward: (x: FloatArray, y: FloatArray) => void;
  /** dx[i] = dy[i] · f′(x[i]); y is there for activations whose derivative is simpler by their output. */
  readonly backward: (dy: FloatArray, x: FloatArray, y: FloatArray, dx: FloatArray) => void;
}

/** What the activations make: element by element, the shape unchanged, no parameters. */
export class Activation implements BuiltinLayer {
  /** Which function, as the engine reads it. */
  readonly spec: ActivationSpec;
  private readonly label: string;
  private readonly loops: ActivationLoops;

  readonly params = {};
  private x: Tensor | undefined;
  private y: Tensor | undefined;

  constructor(spec: ActivationSpec, label: string, loops: ActivationLoops) {
    this.spec = spec;
    this.label = label;
    this.loops = loops;

    Object.freeze(loops);
    markBuiltin(this, Activation.prototype, ["loops"]);
  }

  outputShape(sample: Shape): Shape {
    assertShape(this.spec.kind, sample);
    return sample;
  }

  forward(x: Tensor): Tensor {
    assertTensor(this.spec.kind, "x", x);
    this.x = x;
    this.y = Tensor.zeros(x.shape, x.dtype);
    this.loops.forward(x.data, this.y.data);
    return this.y;
  }

  backward(dy: Tensor): Tensor {
    const x = cached(this.spec.kind, this.x);
    const y = cached(this.spec.kind, this.y);
    assertTensorOf(this.spec.kind, "dy", dy, x.shape);
    const dx = Tensor.zeros(x.shape, x.dtype);
    this.loops.backward(dy.data, x.data, y.data, dx.data);
    return dx;
  }

  toString(): string {
    return this.label;
  }
}
