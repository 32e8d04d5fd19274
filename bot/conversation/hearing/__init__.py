"""Listens to recordings and writes them down."""
