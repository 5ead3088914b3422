"""jupyter_kernel_test, for everything that the kernel claims."""

import unittest

import jupyter_kernel_test

PUBLISH = '(globalThis as any)[Symbol.for("Jupyter.publish")]'


class Kernel(jupyter_kernel_test.KernelTests):
    kernel_name = "gradbook"
    language_name = "typescript"
    file_extension = ".ts"
    code_hello_world = 'console.log("hello, world")'
    code_stderr = 'console.error("oops")'
    completion_samples = [
        {"text": "[1].findLastI", "matches": {"findLastIndex"}},
        {"text": "Math.hyp", "matches": {"hypot"}},
        {"text": 'import fs from "node:path/po', "matches": {"posix"}},
    ]
    complete_code_samples = ["1", "let x = 1;", "function f() {\n  return 1\n}", "`a\nb`", "// a comment", "class A { x = 1 }"]
    incomplete_code_samples = ["function f() {", "let x =", "`abc", "/* abc", "[1, 2", "if (true) {\n  f()", "class A {"]
    invalid_code_samples = ["let let", "}", "1 2 3", "function ) {", '"abc']
    code_page_something = "Math.max?"
    code_generate_error = 'throw new Error("boom")'
    code_execute_result = [
        {"code": "6*7", "result": "42"},
        {"code": "'a' + 'b'", "result": "'ab'"},
        {"code": "[1, 2, 3].map((x) => 2 * x)", "result": "[ 2, 4, 6 ]"},
        {"code": "await Promise.resolve(6*7)", "result": "42"},
    ]
    code_display_data = [
        {"code": 'import { display } from "tslab"; display.html("<b>x</b>")', "mime": "text/html"},
        {"code": PUBLISH + '({ data: { "image/png": "iVBORw0KGgo=" } })', "mime": "image/png"},
    ]
    code_history_pattern = "6?7*"
    supported_history_operations = ("tail", "range", "search")
    code_inspect_sample = "Math.max"
    code_clear_output = PUBLISH + "({ data: {}, clear: true })"


class Welcome(jupyter_kernel_test.IopubWelcomeTests):
    kernel_name = "gradbook"
    support_iopub_welcome = True


if __name__ == "__main__":
    unittest.main(verbosity=2)
