import { availableParallelism } from "node:os";
import { join } from "node:path";
import type { PeerCommand } from "./peer.js";
import { root } from "./root.js";
import type { Ready } from "./setup.js";

/** One column of the table: a program, a way of using it and a number of threads. */
export interface System {
  readonly name: string;
  /** How many threads it is told to use; 0: it decides. */
  readonly threads: number;
  readonly mode: string;
  /** Which process it runs in. */
  readonly peer: string;
}

export interface Lineup {
  readonly systems: readonly System[];
  readonly commands: Readonly<Record<string, PeerCommand>>;
  /** Systems that could not be set up. */
  readonly absent: readonly { readonly system: string; readonly reason: string }[];
}

export const cores: number = availableParallelism();

/** @param quick leaves out torch.compile, which compiles for half a minute a model */
export function lineup(python: Ready, npm: Ready, quick: boolean): Lineup {
  const peers = join(root, "tests/bench/peers");
  const some = cores > 1 ? [1, cores] : [1];
  const systems: System[] = some.map((threads) => ({
    name: "gradbook",
    threads,
    mode: "",
    peer: "gradbook",
  }));
  const commands: Record<string, PeerCommand> = {
    gradbook: {
      command: process.execPath,
      args: [join(root, "tests/dist/bench/peers/gradbook.js"), "serve"],
    },
  };
  const absent: { system: string; reason: string }[] = [];

  if ("path" in python) {
    for (const mode of ["eager", "fused"]) {
      for (const threads of some) systems.push({ name: `PyTorch ${mode}`, threads, mode, peer: "torch" });
    }
    if (!quick) systems.push({ name: "PyTorch compile", threads: cores, mode: "compile", peer: "torch" });
    systems.push({ name: "NumPy im2col", threads: cores, mode: "", peer: "numpy" });
    commands.torch = { command: python.path, args: [join(peers, "torch_peer.py")] };
    commands.numpy = { command: python.path, args: [join(peers, "numpy_peer.py")] };
    commands["scikit-learn"] = { command: python.path, args: [join(peers, "sklearn_peer.py")] };
    commands["numpy, one thread"] = {
      ...commands.numpy,
      environment: { OPENBLAS_NUM_THREADS: "1", MKL_NUM_THREADS: "1", OMP_NUM_THREADS: "1" },
    };
  } else {
    for (const system of ["PyTorch", "NumPy im2col"]) absent.push({ system, reason: python.reason });
  }
  if ("path" in npm) {
    const node = (file: string, ...more: string[]): PeerCommand => ({
      command: process.execPath,
      args: [join(peers, file), npm.path, ...more],
    });
    systems.push({ name: "ConvNetJS", threads: 1, mode: "", peer: "convnetjs" });
    systems.push({ name: "TensorFlow.js wasm", threads: 1, mode: "", peer: "tfjs wasm" });
    systems.push({ name: "TensorFlow.js cpu", threads: 1, mode: "", peer: "tfjs cpu" });
    commands.convnetjs = node("convnetjs.mjs");
    commands["tfjs wasm"] = node("tfjs.mjs", "wasm");
    commands["tfjs cpu"] = node("tfjs.mjs", "cpu");
  } else {
    for (const system of ["ConvNetJS", "TensorFlow.js"]) absent.push({ system, reason: npm.reason });
  }
  return { systems, commands, absent };
}
