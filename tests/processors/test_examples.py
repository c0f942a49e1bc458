"""Every worked example of the emission rules, sections 0 to 9, is a case that a regulator's engineer can read."""

from __future__ import annotations

import re
from importlib.resources import files

from tests.conftest import SHARED, require

_DEFINED = re.compile(r"EX-([0-9]\.\d+[a-z]?)\b")
_CASE = re.compile(r"^case EX-(\d+\.\d+[a-z]?)\b", re.MULTILINE)


def test_every_example_is_a_case() -> None:
    """Each worked example of the reference is a case that a pack is tested by."""
    reference = SHARED / "reference" / "emission_rules.md"
    require("shared", reference.exists(), "the reference's worked examples are compared with the cases")
    examples = set(_DEFINED.findall(reference.read_text(encoding="utf-8")))
    folder = files("processors.rules") / "packs"
    texts = [f.read_text(encoding="utf-8") for f in folder.iterdir() if f.name.endswith(".cases")]
    cases = {name for text in texts for name in _CASE.findall(text)}
    assert len(examples) > 80, "the reference is not read"
    assert sorted(examples - cases) == []
