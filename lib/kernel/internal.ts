// What the other packages of gradbook share of this one. Not public: it may change in any release.

export { runKernelCommand, usage } from "./command.js";
export { createConnectionFile } from "./jupyter/connection.js";
export { userDataFolder } from "./jupyter/data-folder.js";
export { FrontEndSockets, type Received } from "./jupyter/front-end-sockets.js";
export { record, text } from "./jupyter/json.js";
export { type KernelSpec, kernelSpec, kernelSpecText, readKernelSpec } from "./jupyter/kernelspec.js";
export type { Channel } from "./jupyter/messages.js";
export {
  type Cell,
  type CodeCell,
  cellTags,
  type ErrorOutput,
  type Notebook,
  type Output,
  type StreamOutput,
  type TextCell,
} from "./jupyter/nbformat.js";
export { ownPackage } from "./jupyter/own-package.js";
export { parseNotebook, readNotebook } from "./jupyter/read-ipynb.js";
export { stringifyNotebook } from "./jupyter/stringify.js";
export { type CellNames, cellNames } from "./language/cell-names.js";
export { SyntaxFailure } from "./language/syntax-failure.js";
