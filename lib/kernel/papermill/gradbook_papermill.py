"""Parameters of papermill for TypeScript notebooks.

Installed (`pip install <gradbook>/kernel/papermill`), papermill finds it by itself. Without installing it,
`python -m gradbook_papermill in.ipynb out.ipynb -p rate 0.1` is papermill with it.
"""

import json

from papermill.engines import NBClientEngine
from papermill.translators import Translator, papermill_translators


class TypeScriptTranslator(Translator):
    """Python values as TypeScript: JSON, and NaN, Infinity and integers beyond 2^53 as what JavaScript calls them."""

    @classmethod
    def translate(cls, val):
        if isinstance(val, dict):
            fields = (f"{json.dumps(str(key))}: {cls.translate(value)}" for key, value in val.items())
            return "{ " + ", ".join(fields) + " }" if val else "{}"
        if isinstance(val, (list, tuple)):
            return "[" + ", ".join(cls.translate(value) for value in val) + "]"
        if isinstance(val, int) and not isinstance(val, bool) and abs(val) > 2**53:
            return f"{val}n"
        if val is None or isinstance(val, (bool, int, float, str)):
            # json writes NaN and Infinity as JavaScript has them.
            return json.dumps(val, ensure_ascii=False)
        return json.dumps(str(val), ensure_ascii=False)

    @classmethod
    def comment(cls, cmt_str):
        return f"// {cmt_str}".strip()

    @classmethod
    def assign(cls, name, str_val):
        return f"let {name} = {str_val};"


class Engine(NBClientEngine):
    """papermill's own engine. Its entry point is what makes papermill import this module."""


for name in ("gradbook", "tslab", "jslab", "typescript"):
    papermill_translators.register(name, TypeScriptTranslator)

if __name__ == "__main__":
    from papermill.cli import papermill

    papermill()
