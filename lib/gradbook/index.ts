import { setDrawer } from "@gradbook/core/internal";

export * from "@gradbook/core";
export * from "@gradbook/doctor";

// `show` draws with the tools, which the library alone does not bring; they are read at the first picture.
setDrawer(() => import("@gradbook/tools/render"));
