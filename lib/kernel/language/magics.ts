/** What a line that is no TypeScript asks the kernel for. */
export interface Magic {
  /** The cell as it runs. */
  readonly code: string;
  /** Its time is said when it has run. */
  readonly timed: boolean;
}

const shellLine = /^!\s*([a-z][\w.+-]*)(?:\s+([^=(.[+*/?|&<>;,].*)|\s*[;&|].*)?$/;
const text = (value: string): string => JSON.stringify(value);

/**
 * `!command`, `%cd`, `%pwd`, `%env`, `%%time`, `%timeit`: read as what they are in other kernels. Anything else is TypeScript.
 * @param isDefined whether a cell has defined a name: then `!name` is its negation
 */
export function readMagic(code: string, isDefined: (name: string) => boolean): Magic | undefined {
  const lines = code.split("\n");
  const at = lines.findIndex((line) => line.trim() !== "");
  if (at < 0) return undefined;
  const first = lines[at].trim();
  const [, word, rest = ""] = /^(%{1,2}\w+)\s*(.*)$/.exec(first) ?? [];
  const below = lines.slice(at + 1).join("\n");
  const isAlone = below.trim() === "";
  if (word === "%%time" || word === "%time") {
    // the first line stays, empty or with the expression behind %time: errors keep their lines
    const body = [...lines.slice(0, at), word === "%time" ? rest : "", below].join("\n");
    return { code: body, timed: true };
  }
  if (word === "%timeit" && isAlone && rest !== "") return { code: timeit(rest), timed: false };
  if (word === "%cd" && isAlone) return { code: changeFolder(rest), timed: false };
  if (word === "%pwd" && isAlone) return { code: "process.cwd()", timed: false };
  if (word === "%env" && isAlone) return { code: environment(rest), timed: false };
  const shell = lines.filter((line) => line.trim() !== "");
  const isShell = shell.every((line) => {
    const [, command] = shellLine.exec(line.trim()) ?? [];
    return command !== undefined && !isDefined(command) && !values.has(command);
  });
  return isShell
    ? { code: shell.map((line) => inShell(line.trim().slice(1).trim())).join("\n"), timed: false }
    : undefined;
}

/** What `!` negates wherever it stands. */
const values = new Set([
  "true",
  "false",
  "null",
  "undefined",
  "this",
  "function",
  "new",
  "await",
  "typeof",
  "void",
]);

/** Output streams on; a failure is said with the exit code. */
function inShell(command: string): string {
  return `await new Promise<void>((resolve, reject) => {
  const child = require("node:child_process").spawn(${text(command)}, { shell: true, stdio: ["ignore", "pipe", "pipe"] });
  for (const name of ["stdout", "stderr"] as const) child[name].setEncoding("utf8").on("data", (text: string) => { process[name].write(text); });
  child.once("error", reject);
  child.once("close", (code: number | null, signal: string | null) => {
    if (code === 0) resolve();
    else reject(new Error(${text(command)} + (code === null ? " was ended by " + signal : " failed: exit code " + code)));
  });
});`;
}

function changeFolder(folder: string): string {
  const path = folder.replace(/^(["'])(.*)\1$/, "$2");
  const target = path === "" || path === "~" ? 'require("node:os").homedir()' : text(path);
  return `process.chdir(${target}); process.cwd()`;
}

function environment(rest: string): string {
  const [, name, value] = /^(\w+)(?:\s*=\s*|\s+)(.+)$/.exec(rest) ?? [];
  if (name !== undefined) return `process.env[${text(name)}] = ${text(value)};`;
  return rest === "" ? "({ ...process.env })" : `process.env[${text(rest)}]`;
}

/** The median of seven rounds, each long enough for the clock. */
function timeit(expression: string): string {
  const [marker, wait] = /\bawait\b/.test(expression) ? ["async ", "await "] : ["", ""];
  return `await (async () => {
  const once = ${marker}() => { ${expression} };
  const round = async (loops: number) => { const from = performance.now(); for (let i = 0; i < loops; i++) ${wait}once(); return performance.now() - from; };
  let loops = 1;
  while (await round(loops) < 20) loops *= 2;
  const rounds: number[] = [];
  for (let r = 0; r < 7; r++) rounds.push(await round(loops) / loops);
  rounds.sort((a, b) => a - b);
  const words = (ms: number) => ms < 1e-3 ? (ms * 1e6).toFixed(1) + " ns" : ms < 1 ? (ms * 1e3).toFixed(1) + " µs" : ms.toFixed(1) + " ms";
  console.log(words(rounds[3]) + " a run (median of 7 rounds of " + loops + ", from " + words(rounds[0]) + " to " + words(rounds[6]) + ")");
})();`;
}
