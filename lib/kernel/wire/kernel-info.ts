import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { protocolVersion } from "../jupyter/messages.js";
import { ownPackage } from "../jupyter/own-package.js";

/**
 * The content of kernel_info_reply: what this kernel is and what its language is called.
 * @param javascript whether it runs under the name of a JavaScript kernel
 */
export function kernelInfo(javascript: boolean): object {
  const { version } = ownPackage();
  return {
    protocol_version: protocolVersion,
    implementation: "gradbook",
    implementation_version: version,
    language_info: javascript
      ? {
          name: "javascript",
          version: process.versions.node,
          mimetype: "text/javascript",
          file_extension: ".js",
          codemirror_mode: { name: "javascript" },
          pygments_lexer: "javascript",
        }
      : {
          name: "typescript",
          version: typescriptVersion(),
          mimetype: "text/typescript",
          file_extension: ".ts",
          codemirror_mode: { mode: "typescript", name: "javascript", typescript: true },
          pygments_lexer: "typescript",
        },
    banner: `TypeScript ${typescriptVersion()} on Node ${process.versions.node} (gradbook ${version})`,
    debugger: false,
    supported_features: [],
    help_links: [
      { text: "TypeScript", url: "https://www.typescriptlang.org/docs/" },
      { text: "Node.js", url: "https://nodejs.org/api/" },
    ],
  };
}

let knownVersion: string | undefined;

function typescriptVersion(): string {
  knownVersion ??= JSON.parse(
    readFileSync(createRequire(import.meta.url).resolve("typescript/package.json"), "utf8"),
  ).version;
  return knownVersion ?? "";
}
