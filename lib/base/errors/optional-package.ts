import { GradbookError } from "./error.js";

/**
 * A package that only one function needs: loaded when that is called, and named when it is not installed.
 * @param what the function that needs it
 * @param load `require(name)` or `import(name)`
 */
export function optionalPackage<T>(name: string, what: string, load: () => T): T {
  const named = (error: unknown): never => {
    const { code, message } = Object(error);
    if (!/MODULE_NOT_FOUND$/.test(String(code)) || !String(message).includes(`'${name}'`)) throw error;
    throw new GradbookError(
      {
        code: "program",
        what,
        got: `the package ${name}, which it needs, is not installed`,
        cure: `npm install ${name}`,
      },
      { cause: error },
    );
  };
  let loaded: T;
  try {
    loaded = load();
  } catch (error) {
    return named(error);
  }
  return loaded instanceof Promise ? (loaded.catch(named) as T) : loaded;
}
