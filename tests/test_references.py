"""The references' worked examples are tested by number: which ones, and where."""

from __future__ import annotations

import re

import pytest

from tests.conftest import REPO, SHARED, require

EMISSIONS = ("0.1", "0.2", "1.1", "1.2", "1.4", "1.5", "1.6", "1.7", "1.8", "1.9", "1.10", "1.11", "1.12", "1.12b", "1.19")
ENERGY = (*(f"2.{n}" for n in range(5, 18)), *(f"3.{n}" for n in range(1, 7)))
CHECKED = ("1.1", "1.2", "1.8", "1.9", "1.10", "1.12", "1.19", *(f"2.{n}" for n in range(5, 18)), "3.1", "3.2")
"""Those whose number ``plumeline check`` prints; the others are formulas that no figure shows by itself."""
_NUMBER = re.compile(r"EX-(\d+\.\d+b?)\b")


@pytest.mark.parametrize(
    ("reference", "numbers", "files"),
    [
        ("emission_rules.md", EMISSIONS, ("processors/test_gas.py", "processors/test_judge.py", "processors/test_engine.py")),
        ("energy_rules.md", ENERGY, ("processors/test_registers.py", "processors/test_energy.py")),
        (None, CHECKED, ("plumeline/test_check_examples.py",)),
    ],
)
def test_every_example_is_tested_by_its_number(reference: str | None, numbers: tuple[str, ...], files: tuple[str, ...]) -> None:
    """Each number is one of the reference's, and a test names it where its rule is tested."""
    texts = [(REPO / "tests" / name).read_text(encoding="utf-8") for name in files]
    assert set(numbers) <= {number for text in texts for number in _NUMBER.findall(text)}
    if reference is not None:
        path = SHARED / "reference" / reference
        require("shared", path.exists(), reference)
        assert set(numbers) <= set(_NUMBER.findall(path.read_text(encoding="utf-8")))
