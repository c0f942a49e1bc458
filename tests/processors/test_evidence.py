"""Rows of evidence stand in one order."""

from __future__ import annotations

import polars as pl

from processors.rules.evidence import EVIDENCE, evidence


def test_evidence_is_told_in_order() -> None:
    """By point, start, end and reason, whatever came first."""
    rows = [(pid, start, start + length, text) for pid in range(3) for start in (10, 20) for length in (5, 6) for text in "ab"]
    given = pl.DataFrame(rows[::-1], schema=["pid", "from", "to", "why"], orient="row")
    found = evidence(given, "DQ-1", start=pl.col("from"), end=pl.col("to"), reason=pl.col("why"), weight=4)
    assert found.select("pid", "start_ms", "end_ms", "reason").rows() == rows
    assert dict(found.schema) == EVIDENCE
    assert found.select("detector", "weight").unique().rows() == [("DQ-1", 4)]
