"""Experiments on the theory, each run as ``python -m sims.NAME`` or imported as ``sims.NAME.run(config)``."""
