import { join } from "node:path";
import { homeFolder } from "@gradbook/base";

/** Where Jupyter looks for what belongs to one user; undefined for a user without a home. */
export function userDataFolder(): string | undefined {
  const { JUPYTER_DATA_DIR, XDG_DATA_HOME, APPDATA } = process.env;
  if (JUPYTER_DATA_DIR) return JUPYTER_DATA_DIR;
  const { platform } = process;
  if (platform === "win32" && APPDATA) return join(APPDATA, "jupyter");
  if (platform !== "darwin" && platform !== "win32" && XDG_DATA_HOME) return join(XDG_DATA_HOME, "jupyter");
  const home = homeFolder();
  if (home === undefined) return undefined;
  if (platform === "win32") return join(home, "AppData", "Roaming", "jupyter");
  return join(home, platform === "darwin" ? "Library/Jupyter" : ".local/share/jupyter");
}
