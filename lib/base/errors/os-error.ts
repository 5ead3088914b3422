import { accessSync, constants, statfsSync, statSync } from "node:fs";
import { basename, dirname, resolve } from "node:path";
import { type ErrorCode, GradbookError } from "./error.js";
import { shownPath } from "./shown-path.js";

/** What was to be done when the operating system refused. */
export interface FileTask {
  /** The file or folder that was meant; never a draft beside it. */
  readonly path: string;
  readonly doing: "read" | "write";
  /** How much was to be written, in bytes. Default: unknown. */
  readonly bytes?: number;
  /** The error's code, for programs. Default `"file"`. */
  readonly code?: ErrorCode;
  /** How the reader chooses another location: `"--out DIR"`. Default: he cannot. */
  readonly elsewhere?: string;
}

/** An error of a system call, as Node throws it. */
export interface SystemError extends Error {
  /** `"ENOSPC"` */
  readonly code: string;
  /** `"write"`, `"spawn python3"` */
  readonly syscall: string;
  readonly path?: string;
}

export function isSystemError(error: unknown): error is SystemError {
  return (
    error instanceof Error &&
    "syscall" in error &&
    typeof error.syscall === "string" &&
    "code" in error &&
    typeof error.code === "string"
  );
}

/** `"ENOENT"`, or undefined for what is no error of a system call. */
export function systemCode(error: unknown): string | undefined {
  return isSystemError(error) ? error.code : undefined;
}

/**
 * An error of the operating system in the one grammar, with the cure of its own cause: a full disk wants room, not
 * permissions. Everything else is returned as it is.
 *
 * `reports/hw4: the disk is full (4.6 MB needed, 0.2 MB free). Make room on it, or choose another location with --out DIR.`
 */
export function osError(cause: unknown, task: FileTask): unknown {
  if (!isSystemError(cause)) return cause;
  const words = Object.hasOwn(sentences, cause.code) ? sentences[cause.code] : unknownCode;
  const { got, cure, moveHelps = true } = words(task, cause);
  const elsewhere =
    task.elsewhere === undefined || task.doing === "read" || !moveHelps
      ? undefined
      : `choose another location with ${task.elsewhere}`;
  const whole = [cure, elsewhere].filter((part) => part !== undefined).join(", or ");
  return new GradbookError(
    {
      code: task.code ?? "file",
      what: shownPath(task.path),
      got,
      cure: whole === "" ? undefined : `${whole[0].toUpperCase()}${whole.slice(1)}.`,
    },
    { cause },
  );
}

/** Does `work`; what the operating system refuses becomes an error in the one grammar. */
export function onDisk<T>(task: FileTask, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    throw osError(cause, task);
  }
}

interface Words {
  readonly got: string;
  /** Half a sentence, without its capital and its end. */
  readonly cure?: string;
  /** Whether another place would do. Default true. */
  readonly moveHelps?: boolean;
}

const sentences: Readonly<Record<string, (task: FileTask, cause: SystemError) => Words>> = {
  ENOSPC: (task) => ({ got: `the disk is full${sizes(task)}`, cure: "make room on it" }),
  EDQUOT: (task) => ({
    got: `your quota on this disk is used up${needed(task)}`,
    cure: "delete files of yours there",
  }),
  EFBIG: (task) => ({
    got: `the file is larger than allowed${needed(task)}`,
    cure: "raise the limit of this shell (ulimit -f shows it)",
  }),
  EROFS: () => ({ got: "its file system is read-only", cure: "copy the project to a place of your own" }),
  EACCES: permission,
  EPERM: permission,
  EISDIR: () => ({ got: "it is a folder", cure: "name a file" }),
  ENOTDIR: notAFolder,
  EEXIST: notAFolder,
  ENAMETOOLONG: ({ path }) => ({
    got: `its name is too long (${longestName(path)} bytes; most file systems take 255)`,
    cure: "shorten it",
  }),
  ELOOP: () => ({ got: "its symbolic links form a loop", cure: "repair the links (ls -l shows them)" }),
  EMFILE: () => ({
    got: "this process has too many files open",
    cure: "raise the limit of this shell (ulimit -n 4096)",
    moveHelps: false,
  }),
  ENFILE: () => ({
    got: "this computer has too many files open",
    cure: "close other programs",
    moveHelps: false,
  }),
  ENOENT: notThere,
  EBUSY: inUse,
  ETXTBSY: inUse,
  EIO: () => ({ got: "the disk reports an I/O error (EIO)", cure: "save what is on it" }),
  ENOTEMPTY: () => ({ got: "another process writes there at the same time", cure: "call again" }),
  ENOMEM: () => ({
    got: "this computer is out of memory",
    cure: "close other programs",
    moveHelps: false,
  }),
};

function unknownCode({ doing }: FileTask, { code, message }: SystemError): Words {
  const reason = message.startsWith(code) ? message : `${code}: ${message}`;
  return { got: `it cannot be ${doing === "read" ? "read" : "written"} (${reason})` };
}

function permission({ path, doing }: FileTask): Words {
  if (doing === "read")
    return { got: "you have no permission to read it", cure: "check its permissions with ls -l" };
  const at = nearest(path);
  return {
    got:
      at === resolve(path)
        ? "you have no permission to write it"
        : `you have no permission to write in ${shownPath(at)}`,
    cure: "check its permissions with ls -ld",
  };
}

function notAFolder({ path, doing }: FileTask): Words {
  const at = nearest(path);
  if (isDirectory(at)) return { got: "a file is where a folder should be", cure: "move it away" };
  const got = at === resolve(path) ? "it is a file" : `${shownPath(at)} is a file`;
  return { got, cure: doing === "read" ? "check the path" : `move ${basename(at)} away` };
}

function notThere(task: FileTask, cause: SystemError): Words {
  if (task.doing === "read") return { got: "there is no such file", cure: "check the path and its spelling" };
  try {
    accessSync(nearest(task.path), constants.W_OK);
  } catch (reason) {
    // what Node's mkdir says of folders in a folder that is read-only
    if (isSystemError(reason) && reason.code !== "ENOENT" && Object.hasOwn(sentences, reason.code))
      return sentences[reason.code](task, cause);
  }
  return { got: "its folder has disappeared", cure: "make it again" };
}

/** Bytes of the longest of the names that a path is made of. */
function longestName(path: string): number {
  return Math.max(...path.split(/[\\/]/).map((name) => Buffer.byteLength(name)));
}

function inUse(): Words {
  return { got: "another program holds it open", cure: "close that program" };
}

/** The path itself or the nearest thing above it that is there. */
function nearest(path: string): string {
  let at = resolve(path);
  while (!isThere(at) && dirname(at) !== at) at = dirname(at);
  return at;
}

function isThere(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch {
    // whatever keeps it from being looked at: something above it will tell
    return false;
  }
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

function needed({ bytes }: FileTask): string {
  return bytes === undefined ? "" : ` (${megabytes(bytes)} needed)`;
}

function sizes(task: FileTask): string {
  const free = freeBytes(task.path);
  if (free === undefined) return needed(task);
  const wanted = task.bytes === undefined ? "" : `${megabytes(task.bytes)} needed, `;
  return ` (${wanted}${megabytes(free)} free)`;
}

/** What may still be written at a place, in bytes; undefined when the system does not say. */
export function freeBytes(path: string): number | undefined {
  try {
    const { bavail, bsize } = statfsSync(nearest(path));
    return bavail * bsize;
  } catch {
    return undefined;
  }
}

export function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB`;
}
