// What `import … from "gradbook"` offers, from the sources.
export * from "../../lib/core/index.js";
export * from "../../lib/doctor/index.js";
