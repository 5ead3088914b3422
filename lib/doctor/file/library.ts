// What `import "gradbook"` means in a file that the doctor examines: the very classes that the doctor knows.
export * from "@gradbook/core";
export * from "../index.js";
