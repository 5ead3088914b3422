"""nbclient with and without allow_errors: no cell is skipped, the first error ends a strict run."""

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

CELLS = ["let a = 1", 'throw new Error("first")', "a + 1", "const s: string = 3", 'console.log("still here")', "process.exit(1)", "a"]


def notebook():
    cells = [nbformat.v4.new_code_cell(code) for code in CELLS]
    return nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": {"name": "gradbook", "display_name": "x"}})


lenient = notebook()
NotebookClient(lenient, allow_errors=True, timeout=60).execute()
kinds = [[output.output_type for output in cell.outputs] for cell in lenient.cells]
assert kinds == [[], ["error"], ["execute_result"], ["error"], ["stream"], ["error"], ["execute_result"]], kinds
assert [cell.execution_count for cell in lenient.cells] == [1, 2, 3, 4, 5, 6, 7]
assert lenient.cells[3].outputs[0].ename == "TypeScript"
assert lenient.metadata.language_info.name == "typescript"

strict = notebook()
try:
    NotebookClient(strict, timeout=60).execute()
except CellExecutionError as error:
    assert "first" in str(error)
else:
    raise AssertionError("the error of a cell did not end the run")
assert [cell.execution_count for cell in strict.cells] == [1, 2, None, None, None, None, None]

timed = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in ["while (true) {}", "1"]], metadata=lenient.metadata)
NotebookClient(timed, timeout=2, interrupt_on_timeout=True, allow_errors=True).execute()
assert timed.cells[0].outputs[0].ename == "Interrupted"
assert timed.cells[1].outputs[0].data["text/plain"] == "1"
print("nbclient: fine")
