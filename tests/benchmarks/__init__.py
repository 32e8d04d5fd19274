"""Measures the real service beside two reference bots in the same run: ``python -m tests.benchmarks``."""
