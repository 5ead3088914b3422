import { randomUUID } from "node:crypto";
import type { MimeBundle, PublishMessage } from "../protocol.js";

/** `display` of the tslab package: one kind of output a method. */
export interface Display {
  javascript(text: string): void;
  html(text: string): void;
  markdown(text: string): void;
  latex(text: string): void;
  svg(text: string): void;
  png(bytes: Uint8Array): void;
  jpeg(bytes: Uint8Array): void;
  gif(bytes: Uint8Array): void;
  pdf(bytes: Uint8Array): void;
  text(text: string): void;
  raw(mimeType: string, data: string | Uint8Array): void;
}

/** The public API of the tslab package. */
export interface Tslab {
  readonly versions: Readonly<Record<"tslab" | "typescript" | "node", string>>;
  readonly display: Display;
  /** One place on the screen: each call replaces what the last one showed there. */
  newDisplay(): Display;
}

const types = {
  javascript: "text/javascript",
  html: "text/html",
  markdown: "text/markdown",
  latex: "text/latex",
  svg: "image/svg+xml",
  png: "image/png",
  jpeg: "image/jpeg",
  gif: "image/gif",
  pdf: "application/pdf",
  text: "text/plain",
} as const;

/** What `import * as tslab from "tslab"` means in this kernel, so that a notebook written for tslab runs unchanged. */
export function createTslab(publish: (message: PublishMessage) => void): Tslab {
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
  const methods = Object.entries(types).map(([name, mimeType]) => [
    name,
    (data: string | Uint8Array) => raw(mimeType, data),
  ]);
  return { ...Object.fromEntries(methods), raw };
}
