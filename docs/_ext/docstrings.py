"""Docstrings are prose with formulas, not reStructuredText: what would be markup is escaped, `name` becomes a link."""

import inspect
import re

import theory
from theory import laws, metrics

_CODE = re.compile(r"(``.+?``|`[^`]+`)", re.S)
_MARKUP = re.compile(r"([\\*|]|(?<=\w)_(?!\w))")


def setup(app):
    """Register with Sphinx."""
    app.connect("autodoc-process-docstring", _escape)
    return {"parallel_read_safe": True}


def _escape(app, what, name, obj, options, lines):
    parts = _CODE.split("\n".join(lines))
    for place, part in enumerate(parts):
        if part.startswith("``"):
            continue
        parts[place] = _link(part[1:-1]) if part.startswith("`") else _MARKUP.sub(r"\\\1", part)
    lines[:] = "".join(parts).split("\n")


def _link(name: str) -> str:
    """A cross reference where the name is public, else code."""
    for module in (theory, laws, metrics):
        if name.split(".")[0] in module.__all__:
            found = getattr(module, name.split(".")[0])
            role = "class" if inspect.isclass(found) and "." not in name else "obj"
            return f":py:{role}:`~{module.__name__}.{name}`"
    return f"``{name}``"
