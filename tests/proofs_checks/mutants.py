"""Mutants of `theory`: one numeric constant or one sign changed at a time, and the comparisons that must notice.

``python -m tests.proofs_checks.mutants theory.laws.even`` lists those of a module that no comparison notices.
"""

import ast
import contextlib
import gc
import importlib
import inspect
import itertools
import signal
import sys
import time
import types
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import jax
import numpy as np

from proofs_checks.entry import Comparison, resolve
from proofs_checks.registry import entries


@dataclass(frozen=True)
class Mutant:
    """One number or sign changed in one function, or in the module itself where ``function`` is empty."""

    module: str
    function: str
    line: int
    place: str
    """The smallest expression around it, the changed part in guillemets; with the function it identifies the mutant."""
    compiled: types.CodeType
    """The changed module."""
    defaults: tuple[tuple | None, dict | None] | None
    """Default values of the function's arguments, by position and by name; None for a method."""

    @property
    def name(self) -> str:
        """What the table of equivalent mutants calls it."""
        return f"{self.function or 'module'}: {self.place}"

    @contextlib.contextmanager
    def applied(self) -> Iterator[None]:
        """The mutant in place of the code of its function, or of the constants of its module."""
        if not self.function:
            module = importlib.import_module(self.module)
            mutated = {"__name__": self.module, "__file__": module.__file__}
            exec(self.compiled, mutated)
            kept = {
                name: value
                for name, value in vars(module).items()
                if isinstance(value, int | float | np.ndarray | tuple) and not name.startswith("__")
            }
            vars(module).update({name: mutated[name] for name in kept})
            try:
                yield
            finally:
                vars(module).update(kept)
            return
        code = _codes(self.compiled)[self.function]
        targets = functions(self.module)[self.function]
        kept = [(f, f.__code__, f.__defaults__, f.__kwdefaults__) for f in targets]
        for f in targets:
            f.__code__ = code
            if self.defaults is not None:
                f.__defaults__, f.__kwdefaults__ = self.defaults
        try:
            yield
        finally:
            for f, code, positional, by_name in kept:
                f.__code__, f.__defaults__, f.__kwdefaults__ = code, positional, by_name


def mutants(module: str) -> list[Mutant]:
    """All mutants of a module: each number changed (1 more, or 1% more), each sign turned; in denoisers signs alone."""
    home = importlib.import_module(module)
    tree = ast.parse(inspect.getsource(home))
    found = []
    for path in _places(tree, numbers=not module.startswith("theory.denoisers")):
        node, function = path[-1], _function(path)
        place = _around(path, ast.unparse(node))
        with _changed(node):
            compiled = compile(tree, home.__file__ or module, "exec")
            defaults = _defaults(tree, function, vars(home))
        found.append(Mutant(module, function, node.lineno, place, compiled, defaults))
    return found


@contextlib.contextmanager
def _changed(node) -> Iterator[None]:
    """The number or sign of a node changed in its tree."""
    part = "value" if isinstance(node, ast.Constant) else "op"
    kept = getattr(node, part)
    if part == "value":
        changed = kept + 1 if isinstance(kept, int) else kept * 1.01 or 0.01
    elif isinstance(node, ast.UnaryOp):
        changed = ast.UAdd()
    else:
        changed = ast.Sub() if isinstance(kept, ast.Add) else ast.Add()
    setattr(node, part, changed)
    try:
        yield
    finally:
        setattr(node, part, kept)


def _places(tree, numbers: bool) -> list[list[ast.AST]]:
    """Paths from the module to each number and sign in code, without those of type hints, indices and axes."""
    found = []

    def visit(node, path):
        path = [*path, node]
        number = (
            isinstance(node, ast.Constant) and isinstance(node.value, int | float) and not isinstance(node.value, bool)
        )
        sign = isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub)
        sign |= isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, ast.Add | ast.Sub)
        if (number and numbers) or sign:
            found.append(path)
        if isinstance(node, ast.keyword) and node.arg == "axis":
            return
        for name, value in ast.iter_fields(node):
            if name in ("annotation", "returns", "decorator_list", "slice"):
                continue
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, ast.AST):
                    visit(child, path)

    visit(tree, [])
    return found


def _function(path) -> str:
    """Qualified name of the outermost function around a place, with its class; empty outside functions."""
    names = []
    for node in path:
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            names.append(node.name)
        if isinstance(node, ast.FunctionDef):
            return ".".join(names)
    return ""


def _around(path, original) -> str:
    """The smallest call, comparison, subscript or statement around the place, as text with the place marked."""
    node = path[-1]
    outer = next(
        n
        for n in reversed(path[:-1])
        if isinstance(n, ast.Call | ast.Compare | ast.Subscript | ast.stmt | ast.arguments)
    )
    mark = ast.Name(f"«{original}»")
    parent = path[-2]
    for name, value in ast.iter_fields(parent):
        if value is node:
            setattr(parent, name, mark)
            text = ast.unparse(outer)
            setattr(parent, name, node)
            return " ".join(text.split())
        if isinstance(value, list) and any(item is node for item in value):
            place = next(k for k, item in enumerate(value) if item is node)
            value[place] = mark
            text = ast.unparse(outer)
            value[place] = node
            return " ".join(text.split())
    return original


def _codes(compiled) -> dict[str, types.CodeType]:
    """Code of functions and methods by qualified name."""
    found = {}
    for constant in compiled.co_consts:
        if isinstance(constant, types.CodeType):
            found[constant.co_qualname] = constant
            if not constant.co_flags & inspect.CO_NEWLOCALS:  # the body of a class
                found |= _codes(constant)
    return found


def _defaults(tree, function, names):
    """Default values of a function's arguments in a changed tree, or None for a method."""
    node = next((n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name == function), None)
    if node is None:
        return None

    def value(expression):
        return eval(compile(ast.Expression(expression), "default", "eval"), dict(names))

    by_name = {a.arg: value(d) for a, d in zip(node.args.kwonlyargs, node.args.kw_defaults) if d is not None}
    return tuple(value(d) for d in node.args.defaults) or None, by_name or None


@cache
def functions(module: str) -> dict[str, list[types.FunctionType]]:
    """Function objects of a module by qualified name, those inside decorators included."""
    importlib.import_module(module)
    found: dict[str, list[types.FunctionType]] = {}
    for thing in gc.get_objects():
        # not isinstance, which asks the object for its class: some of other packages warn
        if type(thing) is types.FunctionType and thing.__module__ == module:
            found.setdefault(thing.__code__.co_qualname, []).append(thing)
    return found


class Watch:
    """Comparisons of the functions of one part of `theory`, by the module of the function; the fast ones first.

    Preparing takes an oracle for laws, and compilation for denoisers, of which few are needed: theirs are in the order of
    the number of inputs, and prepared when they are.
    """

    def __init__(self, part: str):
        self.homes: dict[str, list[Comparison]] = {}
        for comparison in sorted((c for e in entries().values() for c in e.comparisons), key=lambda c: len(c.inputs)):
            if _home(comparison).startswith(part):
                self.homes.setdefault(_home(comparison), []).append(comparison)
        self.prepared = cache(_prepared)
        self.in_order = cache(self._by_seconds) if part == "theory.laws" else self.homes.__getitem__

    def notices(self, mutant: Mutant) -> bool:
        """Whether any comparison that runs the mutated function fails; first those of its module, or nearest to it."""
        codes = {f.__code__ for f in functions(mutant.module).get(mutant.function, [])}
        near = sorted(self.homes, key=lambda home: (home != mutant.module, not _takes_from(home, mutant.module)))
        for comparison in itertools.chain.from_iterable(map(self.in_order, near)):
            each = self.prepared(comparison)
            if mutant.function and not codes & each.codes:
                continue
            _forget()
            with mutant.applied(), _quietly():
                try:
                    with _limited(0.5 + 20 * each.seconds):
                        comparison.check(each.expected)
                except Exception:
                    return True
        return False

    def _by_seconds(self, home: str) -> list[Comparison]:
        return sorted(self.homes[home], key=lambda comparison: self.prepared(comparison).seconds)


@dataclass(frozen=True)
class Prepared:
    """What the oracle of a comparison says, the code that it runs from an empty memory, and for how long."""

    expected: list[np.ndarray]
    codes: set[types.CodeType]
    seconds: float


def _prepared(comparison: Comparison) -> Prepared:
    expected = comparison.expected()
    _forget()
    with _quietly():
        codes = _run_codes(lambda: comparison.check(expected))
        _forget()
        start = time.perf_counter()
        comparison.check(expected)
    return Prepared(expected, codes, time.perf_counter() - start)


def _takes_from(home: str, module: str) -> bool:
    """Whether a module has a function of the other among its names."""
    return any(getattr(thing, "__module__", None) == module for thing in vars(sys.modules[home]).values())


def _forget() -> None:
    """Empty what functions of `theory` remember."""
    for name, module in list(sys.modules.items()):
        if name.startswith("theory"):
            for thing in list(vars(module).values()):
                if hasattr(thing, "cache_clear"):
                    thing.cache_clear()


def _home(comparison: Comparison) -> str:
    """The module of the function that is compared."""
    names = comparison.function.split(".")
    return resolve(".".join(names[:3] if names[1] in ("laws", "metrics") else names[:2])).__module__


def _run_codes(action) -> set[types.CodeType]:
    seen = set()

    def note(frame, event, _):
        if event == "call":
            seen.add(frame.f_code)

    sys.setprofile(note)
    try:
        action()
    finally:
        sys.setprofile(None)
    return seen


@contextlib.contextmanager
def _quietly():
    """Without compiled code, which would keep what was compiled before; without warnings, which notice nothing."""
    with jax.disable_jit(), np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@contextlib.contextmanager
def _limited(seconds: float):
    """A mutant that runs longer is one that does not end."""

    def stop(*_):
        raise TimeoutError

    previous = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)


def part_of(module: str) -> str:
    """theory.laws, say: the part whose comparisons watch a module."""
    return ".".join(module.split(".")[:2])


if __name__ == "__main__":
    jax.config.update("jax_enable_x64", True)
    watch = cache(Watch)
    for name in sys.argv[1:]:
        begin, everything = time.perf_counter(), mutants(name)
        left = [mutant for mutant in everything if not watch(part_of(name)).notices(mutant)]
        for mutant in left:
            print(f"{name}:{mutant.line} {mutant.name}")
        print(
            f"{name}: {len(left)} of {len(everything)} mutants unnoticed, {time.perf_counter() - begin:.0f} s",
            flush=True,
        )
