"""Kept for tools that still look for it; all metadata stands in pyproject.toml."""

from setuptools import setup

setup()
