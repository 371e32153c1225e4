"""Figures of the sims, one file each; they read stored results only."""
