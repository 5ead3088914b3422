import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** What a command did on a disk of its own. */
export interface OnSmallDisk {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
  /** Every file on the disk after it, as `path size`. */
  readonly left: readonly string[];
}

/** Mounting takes a namespace of one's own: Linux, as root or where users may have one. */
const unshare = process.getuid?.() === 0 ? ["--mount"] : ["--user", "--map-root-user", "--mount"];

/** Why there are no small disks on this machine; undefined when there are. */
export const noSmallDisk: string | undefined =
  process.platform === "linux" &&
  spawnSync("unshare", [...unshare, "mount", "-t", "tmpfs", "none", "/mnt"]).status === 0
    ? undefined
    : "mounting a small disk takes Linux and the right to a namespace";

/**
 * Runs a program beside a disk that only it sees, and that is gone afterwards.
 * @param prepare shell commands in the disk's folder before it: `$PWD` is the disk
 * @param kilobytes its size
 */
export function onSmallDisk(
  kilobytes: number,
  prepare: string,
  command: (disk: string) => readonly string[],
  env: (disk: string) => NodeJS.ProcessEnv = () => ({}),
): OnSmallDisk {
  const disk = mkdtempSync(join(tmpdir(), "gradbook-disk-"));
  const script = `mount -t tmpfs -o size=${kilobytes}k none "$DISK" && cd "$DISK" || exit 99
${prepare}
cd /
"$@"
echo "<<$?>>"
find "$DISK" -mindepth 1 \\( -type f -o -type l -o -type d -empty \\) -printf '%P %s\\n' | sort`;
  try {
    const { stdout, stderr } = spawnSync(
      "unshare",
      [...unshare, "sh", "-c", script, "sh", ...command(disk)],
      {
        encoding: "utf8",
        env: { ...process.env, ...env(disk), DISK: disk },
      },
    );
    const [said, status, left] = stdout.split(/<<(\d+)>>\n/);
    return { status: Number(status), stdout: said, stderr, left: (left ?? "").split("\n").filter(Boolean) };
  } finally {
    rmSync(disk, { recursive: true, force: true });
  }
}
