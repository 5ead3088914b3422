import { hostname } from "node:os";
import { sha256 } from "./sha256.js";

/** This computer in eight hex digits: a folder on a network may be shared with processes of another one. */
export const host: string = sha256(hostname()).slice(0, 8);

/** Whether a process of this computer runs, also one of another user. */
export function isRunning(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}
