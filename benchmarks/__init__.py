"""Side-by-side timings, with errors and memory; never part of the tests."""
