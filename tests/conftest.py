"""What tests share: where real data lies, and parts that CI must not do without."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parent.parent
SHARED = REPO.parent / "shared"
"""Real feeds and references beside the checkout; tests read them where they lie."""
CASES = Path(__file__).resolve().parent / "cases"


def require(part: str, present: bool, why: str) -> None:
    """Skip a test whose part is missing, or fail it where PLUMELINE_REQUIRE names the part."""
    if present:
        return
    if part in os.environ.get("PLUMELINE_REQUIRE", "").split(","):
        pytest.fail(f"{part} is required here but missing: {why}")
    pytest.skip(f"{part}: {why}")
