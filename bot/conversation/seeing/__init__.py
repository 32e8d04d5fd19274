"""Looks at pictures."""
