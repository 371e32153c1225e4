"""The command line that all sims share: presets first, then flags, one sentence and exit code 2 for bad input."""

import argparse
import contextlib
import inspect
import io
import sys
from collections.abc import Callable
from typing import TypeVar

import tyro

Config = TypeVar("Config")


def parse(
    prog: str, config_class: type[Config], defaults: Callable[..., Config], selectors: tuple[str, ...], argv
) -> Config:
    """A configuration from the command line of the program that is called ``prog``.

    defaults(**chosen) gives the configuration that the ``selectors``, such as preset and manifold, stand for; every other
    flag overrides its value. Exits with code 2 on unknown flags and values, with what was expected.
    """
    first = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    for name in selectors:
        first.add_argument(f"--{name}")
    with contextlib.redirect_stderr(io.StringIO()):
        try:
            chosen = {name: value for name, value in vars(first.parse_known_args(argv)[0]).items() if value is not None}
            default = defaults(**chosen)
        except (SystemExit, KeyError):
            # an unknown or missing value: tyro says what is wrong with it, and suggests
            default = defaults()
    return tyro.cli(config_class, prog=prog, default=default, args=argv, description=inspect.getdoc(config_class))


def execute(main: Callable[[], None], *, resume: str) -> int:
    """Run a sim's main function and return the exit code: bad input in one sentence, an interruption with ``resume``."""
    try:
        main()
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(f"\ninterrupted; finished cells are kept. {resume}", file=sys.stderr)
        return 130
    return 0
