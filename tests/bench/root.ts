import { fileURLToPath } from "node:url";

/** The repository: this file runs as tests/dist/bench/root.js. */
export const root: string = fileURLToPath(new URL("../../../", import.meta.url)).replace(/[/\\]$/, "");
