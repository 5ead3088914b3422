// Everything that the doctor offers.

// Doctor
export { type Diagnosable, type DiagnoseOptions, diagnose } from "./diagnose.js";
export type { Diagnosis } from "./diagnosis.js";
export type { Examination, Finding, Picture, Verdict } from "./types.js";
