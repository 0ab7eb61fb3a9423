"""Benchmarks: the library beside hand-written floors and its peers, in one run, answers compared."""
