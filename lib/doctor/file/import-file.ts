import { pathToFileURL } from "node:url";

/** The code could not be loaded, as one sentence. */
export class LoadError extends Error {}

/**
 * Runs a compiled file.
 * @returns its exports by name; those of `module.exports` and of a default record among them
 * @throws LoadError when it throws while loading
 */
export async function importFile(path: string): Promise<Record<string, unknown>> {
  let loaded: Record<string, unknown>;
  try {
    loaded = { ...(await import(pathToFileURL(path).href)) };
  } catch (error) {
    throw new LoadError(
      `the file throws while it is loaded: ${error instanceof Error ? `${error.name}: ${error.message.replace(/ imported from .*/, "")}` : String(error)}`,
    );
  }
  return flattened(loaded);
}

/** `export default { … }` and `module.exports = { … }` give their fields; a default class or function keeps its own name. */
function flattened(loaded: Record<string, unknown>): Record<string, unknown> {
  const { default: main, ...rest } = loaded;
  const result: Record<string, unknown> = { ...rest };
  if (typeof main === "function") {
    const name = main.name === "" || main.name.endsWith("default") ? "default" : main.name;
    if (!Object.values(rest).includes(main)) result[name in rest ? "default" : name] = main;
    for (const [key, value] of Object.entries(main)) result[key] ??= value;
  } else if (typeof main === "object" && main !== null) {
    const isLayer =
      typeof Reflect.get(main, "forward") === "function" ||
      typeof Reflect.get(main, "backward") === "function";
    if (isLayer) result.default = main;
    else for (const [key, value] of Object.entries(main)) if (key !== "__esModule") result[key] ??= value;
  }
  return result;
}
