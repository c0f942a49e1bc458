"""``plumeline qal``: whether a calibration (QAL2) or an annual surveillance test (AST) is passed, with its numbers."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated

import typer

from ingest.files import NotReadable
from plumeline.qal import Kind, judge_pairs, pairs_of
from plumeline.terminal import FAULT, out
from processors.rules.verdict import number_text


def qal(
    file: Annotated[Path, typer.Argument(help="CSV file with the columns monitor,reference, a row a measurement.")],
    test: Annotated[Kind, typer.Option(help="qal2, or ast for the annual surveillance test.")],
    limit: Annotated[str, typer.Option(help="Daily emission limit, in the unit of the values.", metavar="NUMBER")],
    uncertainty_pct: Annotated[str, typer.Option(help="Allowed uncertainty, % of the limit.", metavar="NUMBER")],
) -> None:
    """Judge pairs of calibrated monitor and reference method by EN 14181; both at the reference state."""
    found = judge_pairs(
        pairs_of(file), test, limit=_positive(limit, "--limit"), uncertainty_pct=_positive(uncertainty_pct, "--uncertainty-pct")
    )
    lines = (
        f"{found.n} measurements, mean difference {number_text(found.mean_difference)} (reference less monitor), "
        f"standard deviation {number_text(found.deviation)}",
        f"allowed deviation {number_text(found.allowed)}, kv {found.kv}, t {found.t}",
        f"{test}: {found.verdict.outcome}: {found.verdict.reason}",
    )
    for line in lines:
        out.print(line, highlight=False, soft_wrap=True)
    if found.verdict.outcome != "passes":
        raise typer.Exit(FAULT)


def _positive(text: str, option: str) -> Decimal:
    try:
        number = Decimal(text)
    except InvalidOperation:
        number = Decimal(0)
    if not (number.is_finite() and number > 0):
        raise NotReadable(f"{option}: {text!r} is no number above 0")
    return number
