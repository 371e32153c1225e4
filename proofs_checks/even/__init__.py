"""Evenly spaced points on a curve, small noise against its radius."""
