import { randomUUID } from "node:crypto";
import type { MimeBundle, PublishMessage } from "@gradbook/base";

/** The kinds of output that the tslab package has a method for: what the method takes, and its MIME type. */
const outputs = {
  javascript: ["text", "text/javascript"],
  html: ["text", "text/html"],
  markdown: ["text", "text/markdown"],
  latex: ["text", "text/latex"],
  svg: ["text", "image/svg+xml"],
  png: ["bytes", "image/png"],
  jpeg: ["bytes", "image/jpeg"],
  gif: ["bytes", "image/gif"],
  pdf: ["bytes", "application/pdf"],
  text: ["text", "text/plain"],
} as const;

interface Content {
  readonly text: string;
  readonly bytes: Uint8Array;
}

type Methods = { [K in keyof typeof outputs]: (content: Content[(typeof outputs)[K][0]]) => void };

/** `display` of the tslab package: one kind of output a method. */
export interface Display extends Methods {
  raw(mimeType: string, data: string | Uint8Array): void;
}

/** The public API of the tslab package. */
export interface Tslab {
  readonly versions: Readonly<Record<"tslab" | "typescript" | "node", string>>;
  readonly display: Display;
  /** One place on the screen: each call replaces what the last one showed there. */
  newDisplay(): Display;
}

const signatures = { text: "text: string", bytes: "bytes: Uint8Array" } as const;
const methods = Object.entries(outputs).map(([name, [kind]]) => `    ${name}(${signatures[kind]}): void;`);

/** What TypeScript has to know of `Tslab`. */
export const tslabDeclarations = `declare module "tslab" {
  export interface Display {
${methods.join("\n")}
    raw(mimeType: string, data: string | Uint8Array): void;
  }
  export const versions: { tslab: string; typescript: string; node: string };
  /** Shows rich content below the cell. */
  export const display: Display;
  /** One place on the screen: each call replaces what the last one showed there. */
  export function newDisplay(): Display;
}
`;

/** What `import * as tslab from "tslab"` means in this kernel, so that a notebook written for tslab runs unchanged. */
export function createTslab(publish: (message: PublishMessage<MimeBundle>) => void): Tslab {
  return {
    versions: { tslab: "1.0.22", typescript: "7.0.2", node: process.version },
    display: createDisplay((data) => publish({ data })),
    newDisplay() {
      const displayId = randomUUID();
      let shown = false;
      return createDisplay((data) => {
        publish({ data, displayId, update: shown });
        shown = true;
      });
    },
  };
}

function createDisplay(show: (data: MimeBundle) => void): Display {
  const raw = (mimeType: string, data: string | Uint8Array): void =>
    show({ [mimeType]: typeof data === "string" ? data : Buffer.from(data).toString("base64") });
  const byName = Object.entries(outputs).map(([name, [, mimeType]]) => [
    name,
    (data: string | Uint8Array) => raw(mimeType, data),
  ]);
  return { ...Object.fromEntries(byName), raw };
}
