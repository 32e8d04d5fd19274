"""Reads documents."""
