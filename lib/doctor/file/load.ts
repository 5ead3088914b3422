import { bundleFile } from "./bundle-file.js";
import { importFile } from "./import-file.js";

/**
 * Loads a file into this process.
 * @returns its exports by name
 * @throws LoadError when it does not compile, or throws while loading
 */
export async function loadFile(file: string): Promise<Record<string, unknown>> {
  const code = await bundleFile(file);
  try {
    return await importFile(code.path);
  } finally {
    code.remove();
  }
}
