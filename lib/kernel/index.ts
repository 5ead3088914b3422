// What a program can do with the kernel: run one, tell Jupyter of it, and take that back.

export { dataFolderAt, type InstallPlace, removeKernelSpec, writeKernelSpec } from "./install.js";
export { type KernelSpec, kernelSpec } from "./jupyter/kernelspec.js";
export { type KernelOptions, runKernel } from "./main/main.js";
