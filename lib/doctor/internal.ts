// What the other packages of gradbook share of this one. Not public: it may change in any release.
export { examineFile } from "./file/examine-file.js";
export { loadFile } from "./file/load.js";
