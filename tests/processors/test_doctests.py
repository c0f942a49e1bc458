"""The examples in the docstrings of the rules hold."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

from processors import rules

MODULES = [module.name for module in pkgutil.iter_modules(rules.__path__)]


@pytest.mark.parametrize("name", MODULES)
def test_examples(name: str) -> None:
    """Each example gives what it shows."""
    assert doctest.testmod(importlib.import_module(f"processors.rules.{name}")).failed == 0
