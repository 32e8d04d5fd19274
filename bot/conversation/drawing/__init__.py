"""Draws pictures and makes films."""
