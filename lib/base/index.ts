export { Brand } from "./errors/brand.js";
export { assertList, assertMembers, objectOption } from "./errors/members.js";
export { assertPlainFunction, withoutAsync } from "./errors/callable.js";
export { assertWritableFile, assertWritableFolder } from "./errors/writable.js";
export { datasetFolders, findProject, isFolder } from "./files/project.js";
export { draftPath, removeDeadDrafts } from "./files/drafts.js";
export { filesBehind, walk } from "./files/walk.js";
export { homeFolder } from "./files/home.js";
export { host } from "./files/owner.js";
export { htmlComment, isSealed, seal, shellComment } from "./files/seal.js";
export { makeIgnoredFolder } from "./files/ignored-folder.js";
export { removeTemporaryFoldersOf, temporaryFolder } from "./files/temporary.js";
export { sha256 } from "./files/sha256.js";
export { shownPath } from "./errors/shown-path.js";
export { stopRequested } from "./frontend/interrupt.js";
export {
  type CodeDigests,
  type ImportedNames,
  codeDigests,
  executedDigest,
  importedNames,
} from "./files/code-digests.js";
export {
  type Comm,
  type CommMessage,
  type CommOptions,
  type Comms,
  type DisplayData,
  type Displayable,
  type InputPrompt,
  type Json,
  type JsonObject,
  type MimeBundle,
  type Progress,
  type Publish,
  type PublishMessage,
  commsSymbol,
  displaySymbol,
  inputSymbol,
  interruptSymbol,
  isJsonMime,
  isJsonObject,
  metricsMime,
  plotlyMime,
  progressMime,
  publishSymbol,
  tableMime,
} from "./frontend/frontend.js";
export {
  type ErrorCode,
  type ErrorRecord,
  GradbookError,
  argumentInWords,
  configError,
  dataError,
  inWords,
  isPromise,
  nearestOf,
  ownCodeError,
  shapeError,
  unknownKind,
  usageError,
  valueInWords,
} from "./errors/error.js";
export {
  type Given,
  type Option,
  type OptionalOption,
  type OptionTable,
  type Pair,
  type Parsed,
  type RequiredOption,
  abortSignal,
  byName,
  callback,
  count,
  flag,
  list,
  number,
  numberFrom,
  numberUpTo,
  numbers,
  object,
  oneOf,
  option,
  options,
  pair,
  positive,
  readOption,
  seed,
  text,
  typedArray,
} from "./errors/options.js";
export {
  type SystemError,
  freeBytes,
  isSystemError,
  megabytes,
  onDisk,
  osError,
  systemCode,
} from "./errors/os-error.js";
export { withLock } from "./files/lock.js";
export { writeAtomic } from "./files/write-atomic.js";
export { optionalPackage } from "./errors/optional-package.js";
