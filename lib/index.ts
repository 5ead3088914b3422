export { type ErrorRecord, GradbookError } from "./errors/error.js";
