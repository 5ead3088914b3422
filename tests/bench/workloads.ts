/** Layers as every system understands them; the kinds are gradbook's own. */
export type BenchLayer =
  | {
      readonly kind: "conv2d";
      readonly in: number;
      readonly out: number;
      readonly kernel: number;
      readonly pad: number;
    }
  | {
      readonly kind: "maxPool2d" | "avgPool2d";
      readonly kernel: number;
      readonly stride: number;
      readonly pad: number;
    }
  | { readonly kind: "linear"; readonly in: number; readonly out: number }
  | { readonly kind: "leakyRelu"; readonly slope: number }
  | { readonly kind: "batchNorm2d"; readonly features: number }
  | { readonly kind: "relu" | "tanh" | "flatten" };

export interface BenchModel {
  /** [C, H, W] of one image. */
  readonly input: readonly number[];
  readonly layers: readonly BenchLayer[];
  readonly optimizer:
    | { readonly kind: "sgd"; readonly lr: number; readonly momentum: number; readonly weightDecay: number }
    | { readonly kind: "adam"; readonly lr: number };
}

/** A model and the batch sizes it is measured with: forward, softmax cross-entropy, backward and optimizer step. */
export interface Workload extends BenchModel {
  readonly id: string;
  readonly title: string;
  readonly batches: readonly number[];
  /** Images/s that gradbook should reach, as a part of the best PyTorch mode of the same run, for each batch size. */
  readonly goal: readonly number[];
}

const relu: BenchLayer = { kind: "relu" };
const tanh: BenchLayer = { kind: "tanh" };
const leaky: BenchLayer = { kind: "leakyRelu", slope: 0.02 };
const flat: BenchLayer = { kind: "flatten" };
const conv = (i: number, out: number, kernel: number, pad = 0): BenchLayer => ({
  kind: "conv2d",
  in: i,
  out,
  kernel,
  pad,
});
const linear = (i: number, out: number): BenchLayer => ({ kind: "linear", in: i, out });
const maxPool = (kernel: number, stride = kernel, pad = 0): BenchLayer => ({
  kind: "maxPool2d",
  kernel,
  stride,
  pad,
});
const avgPool = (kernel: number): BenchLayer => ({ kind: "avgPool2d", kernel, stride: kernel, pad: 0 });
/** Convolution 3×3, batch norm, ReLU. */
const block = (i: number, out: number): BenchLayer[] => [
  conv(i, out, 3, 1),
  { kind: "batchNorm2d", features: out },
  relu,
];
const momentum = (lr: number, weightDecay = 0) => ({ kind: "sgd", lr, momentum: 0.9, weightDecay }) as const;

export const workloads: readonly Workload[] = [
  {
    id: "W1",
    title: "hw4: two 5×5 convolutions of 4 kernels, 49 hidden units, on 28×28",
    batches: [1, 10, 32, 100],
    goal: [20, 5, 4, 3.5],
    input: [1, 28, 28],
    layers: [
      ...[conv(1, 4, 5, 2), relu, maxPool(2), conv(4, 4, 5, 2), relu, maxPool(2)],
      ...[flat, linear(196, 49), relu, linear(49, 10)],
    ],
    optimizer: momentum(0.001),
  },
  {
    id: "W2",
    title: "tsinghua, experiment 2: 3×3 convolutions of 8 and 16 kernels, average pooling, 256 hidden units",
    batches: [100],
    goal: [1],
    input: [1, 28, 28],
    layers: [
      ...[conv(1, 8, 3, 1), relu, avgPool(2), conv(8, 16, 3, 1), relu, avgPool(2)],
      ...[flat, linear(784, 256), relu, linear(256, 10)],
    ],
    optimizer: momentum(0.01, 1e-4),
  },
  {
    id: "W3",
    title: "LeNet 5×5 with tanh and max-pooling on 3×32×32",
    batches: [64],
    goal: [1],
    input: [3, 32, 32],
    layers: [
      ...[conv(3, 6, 5), tanh, maxPool(2), conv(6, 16, 5), tanh, maxPool(2)],
      ...[flat, linear(400, 120), tanh, linear(120, 84), tanh, linear(84, 10)],
    ],
    optimizer: momentum(0.01),
  },
  {
    id: "W4a",
    title: "uva-practical: MLP 3072-100-10, leaky ReLU, Adam",
    batches: [200],
    goal: [0.75],
    input: [3, 32, 32],
    layers: [flat, linear(3072, 100), leaky, linear(100, 10)],
    optimizer: { kind: "adam", lr: 0.001 },
  },
  {
    id: "W4b",
    title: "uva-practical: MLP 3072-900-500-350-150-50-10, leaky ReLU, Adam",
    batches: [200],
    goal: [0.6],
    input: [3, 32, 32],
    layers: [
      ...[flat, linear(3072, 900), leaky, linear(900, 500), leaky, linear(500, 350), leaky],
      ...[linear(350, 150), leaky, linear(150, 50), leaky, linear(50, 10)],
    ],
    optimizer: { kind: "adam", lr: 0.001 },
  },
  {
    id: "W5",
    title: "uva-practical: VGG-like convnet with batch norm, Adam",
    batches: [32],
    goal: [0.35],
    input: [3, 32, 32],
    layers: [
      ...[...block(3, 64), maxPool(3, 2, 1), ...block(64, 128), maxPool(3, 2, 1)],
      ...[...block(128, 256), ...block(256, 256), maxPool(3, 2, 1)],
      ...[...block(256, 512), ...block(512, 512), maxPool(3, 2, 1)],
      ...[...block(512, 512), ...block(512, 512), maxPool(3, 2, 1)],
      ...[flat, linear(512, 10)],
    ],
    optimizer: { kind: "adam", lr: 1e-4 },
  },
  {
    id: "W6",
    title: "lenet-cifar, step 3: 3×3 convolutions of 64 and 128 kernels at stride 1, 93,312 features",
    batches: [32],
    goal: [0.35],
    input: [3, 32, 32],
    layers: [conv(3, 64, 3), relu, maxPool(2, 1), conv(64, 128, 3), relu, flat, linear(93312, 10)],
    optimizer: momentum(0.001),
  },
];
