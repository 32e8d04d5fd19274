"""Measures the real service beside reference bots on the same wire: ``python -m tests.benchmarks``."""
