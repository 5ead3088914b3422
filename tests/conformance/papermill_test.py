"""papermill: parameters are injected as TypeScript and replace the notebook's own."""

import math

import gradbook_papermill  # noqa: F401 (registers the translator)
import nbformat
import papermill

own = nbformat.v4.new_code_cell('let rate = 0.1\nlet name = "own"\nlet list: number[] = []\nlet deep: any = null\nlet odd = 0')
own.metadata.tags = ["parameters"]
use = nbformat.v4.new_code_cell("JSON.stringify([rate, name, list, deep, Number.isNaN(odd)])")
metadata = {"kernelspec": {"name": "gradbook", "display_name": "x", "language": "typescript"}}
nbformat.write(nbformat.v4.new_notebook(cells=[own, use], metadata=metadata), "in.ipynb")
parameters = {"rate": 0.5, "name": 'quoted "é"\n', "list": [1, 2], "deep": {"a": [True, None]}, "odd": math.nan}
papermill.execute_notebook("in.ipynb", "out.ipynb", parameters=parameters, progress_bar=False)
last = nbformat.read("out.ipynb", as_version=4).cells[-1]
wanted = """'[0.5,"quoted \\\\"é\\\\"\\\\n",[1,2],{"a":[true,null]},true]'"""
assert last.outputs[0].data["text/plain"] == wanted, last.outputs[0].data["text/plain"]
print("papermill: fine")
