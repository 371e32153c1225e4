"""The arrows between packages and modules, read from their imports."""

import ast
import importlib
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).parents[1]
PACKAGES = ("theory", "sims", "proofs_checks")

# Each part of theory with those it may import; checks is open to all.
ALLOWED = {
    "checks": set(),
    "manifolds": set(),
    "schedules": set(),
    "laws": set(),
    "empirical": {"manifolds", "schedules"},
    "denoisers": {"manifolds", "schedules", "empirical"},
    "integration": {"manifolds", "schedules", "empirical", "denoisers"},
    "flow": {"manifolds", "schedules", "empirical", "denoisers", "integration"},
    "likelihood": {"manifolds", "schedules", "empirical", "denoisers", "integration", "flow"},
    "metrics": {"manifolds", "schedules", "empirical", "denoisers", "integration", "flow", "likelihood"},
}
NOT_IN_THEORY = {"sims", "proofs_checks", "sympy", "matplotlib", "xarray", "zarr"}


def modules(package):
    return sorted((ROOT / package).rglob("*.py"))


def imports(path):
    """Dotted names of all that a module imports, wherever in it, with the names taken from a package of ours."""
    package = path.relative_to(ROOT).parent.parts
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = list(package[: len(package) - node.level + 1]) if node.level else []
            source = ".".join([*base, *([node.module] if node.module else [])])
            yield source
            yield from (f"{source}.{alias.name}" for alias in node.names)


def all_modules(*packages):
    paths = [path for package in packages for path in modules(package)]
    return pytest.mark.parametrize("path", paths, ids=lambda path: str(path.relative_to(ROOT)))


@all_modules("theory")
def test_theory_imports_nothing_from_outside_it(path):
    assert not {name.split(".")[0] for name in imports(path)} & NOT_IN_THEORY


@all_modules("sims", "proofs_checks")
def test_simulations_and_proofs_know_nothing_of_each_other(path):
    own = path.relative_to(ROOT).parts[0]
    other = {"sims": "proofs_checks", "proofs_checks": "sims"}[own]
    assert other not in {name.split(".")[0] for name in imports(path)}


@all_modules("theory")
def test_order_inside_theory(path):
    """manifolds, schedules -> empirical -> denoisers -> flow -> metrics; laws alone."""
    parts = path.relative_to(ROOT / "theory").with_suffix("").parts
    if parts == ("__init__",):
        return
    allowed = ALLOWED[parts[0]] | {parts[0], "checks"}
    used = {name.split(".")[1] for name in imports(path) if name.startswith("theory.")}
    assert used <= allowed


def test_the_order_has_no_cycle():
    """No part may import one that may import it."""
    for part, others in ALLOWED.items():
        assert all(part not in ALLOWED[other] for other in others)


@pytest.mark.parametrize("package", PACKAGES)
def test_no_module_shares_its_name_with_an_exported_object(package):
    for path in modules(package):
        if path.name == "__init__.py":
            name = ".".join(path.relative_to(ROOT).parent.parts)
            inside = {sibling.stem for sibling in path.parent.iterdir()}
            assert not inside & set(getattr(importlib.import_module(name), "__all__", ())), name


@pytest.mark.parametrize("package", PACKAGES)
def test_no_module_shares_its_name_with_the_standard_library(package):
    assert not {path.stem for path in modules(package)} & set(sys.stdlib_module_names)


@pytest.mark.parametrize("name", ["theory", "theory.laws", "theory.metrics"])
def test_exports_exist(name):
    package = importlib.import_module(name)
    assert all(hasattr(package, export) for export in package.__all__)
    assert list(package.__all__) == sorted(package.__all__)


def test_importing_theory_sets_nothing_and_loads_little():
    code = """
import sys
import theory, theory.laws, theory.metrics
import jax
assert not jax.config.jax_enable_x64
assert not {"sympy", "matplotlib", "xarray", "zarr", "sims", "proofs_checks"} & set(sys.modules)
assert theory.Circle(1.0).even(3).dtype == "float32"
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
