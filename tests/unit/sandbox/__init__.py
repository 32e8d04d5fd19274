"""Tests of the SiliconFlow stand-in, driven over its wire."""
