"""Sphinx: ``sphinx-build -W -n -b html docs docs/_build/html``; needs no network."""

import logging
import pathlib
import sys
import typing

HERE = pathlib.Path(__file__).parent
sys.path[:0] = [str(HERE.parent), str(HERE / "_ext")]
# shapes are shown as Float[Array, 'n d']
typing.GENERATING_DOCUMENTATION = True  # pyright: ignore

project = "recallflow"
author = "the recallflow authors"
copyright = "2026, the recallflow authors"
extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.viewcode",
    "sphinx_design",
    "sphinx-mathjax-offline",
    "sphinx_proof",
    "sphinxcontrib.bibtex",
    "docstrings",
    "labels",
    "ledger",
]
exclude_patterns = ["_build", "_ext", "_static"]
html_theme = "furo"
html_title = "recallflow"
html_static_path = ["_static"]
html_css_files = ["ledger.css"]

myst_enable_extensions = ["amsmath", "colon_fence", "dollarmath"]
myst_heading_anchors = 3
math_number_all = False
bibtex_bibfiles = ["references.bib"]
bibtex_reference_style = "author_year"

# cells are run at every build, and one that fails stops it
nb_execution_mode = "force"
nb_execution_raise_on_error = True
nb_execution_timeout = 180
nb_merge_streams = True
logging.getLogger("traitlets").setLevel(logging.WARNING)  # which says of each page that its cells are run

autodoc_member_order = "alphabetical"
autodoc_default_options = {"members": True, "special-members": "__call__"}
autodoc_typehints_format = "short"
python_use_unqualified_type_names = True
# types of other packages: their pages are not at hand without a network
nitpick_ignore_regex = [
    ("py:.*", r"(jax|jaxtyping|jaxlib|numpy|np|diffrax|equinox|optax|optimistix|lineax|xarray)\..*"),
    ("py:.*", r"(enum|collections|typing|pathlib)\..*"),
    (
        "py:.*",
        r"(Array|Float|Int|Bool|Shaped|PyTree|Callable|Any|Sequence|Mapping|Iterable|Iterator|Module|optional|ndarray)",
    ),
    ("py:.*", r"(Float|Int|Bool|PyTree|RESULTS|AbstractSolver|dataclass|Path|StrEnum).*"),
    ("py:.*", r"FlagCreatePairsOff|sims\.experiment\.Config"),
]
