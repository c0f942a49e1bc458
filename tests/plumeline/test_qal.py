"""``plumeline qal``: EX-9.4 from measurements, and files that are no pairs."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ingest.files import NotReadable
from plumeline.cli import app
from plumeline.qal import factors, judge_pairs, pairs_of

AST = [6, -6, 6, -6, 0]
"""Differences around their mean whose standard deviation is √(144/4) = 6."""


def written(folder: Path, pairs: list[tuple[Decimal, Decimal]]) -> Path:
    file = folder / "pairs.csv"
    file.write_text("monitor,reference\n" + "".join(f"{m},{r}\n" for m, r in pairs), encoding="utf-8")
    return file


def around(mean: str, differences: list[int], scale: str = "1") -> list[tuple[Decimal, Decimal]]:
    """Pairs of a monitor at 100 whose differences lie around a mean."""
    return [(Decimal(100), 100 + Decimal(mean) + d * Decimal(scale)) for d in differences]


@pytest.mark.parametrize(
    ("mean", "code", "said"),
    [
        pytest.param(
            "26.12",
            0,
            "ast: passes: standard deviation 6, at most 28.04 allowed; mean difference 26.12, at most 26.13",
            id="EX-9.4",
        ),
        pytest.param("-26.13", 1, "ast: fails: mean difference 26.13, at most 26.13 allowed", id="EX-9.4 beyond 26.1289"),
    ],
)
def test_surveillance(tmp_path: Path, mean: str, code: int, said: str) -> None:
    """EX-9.4: E = 200, p = 20 %: σ0 = 20.41; with s_D = 6 and N = 5 the mean difference is at most 2.132·6/√5 + 20.41 = 26.13."""
    file = written(tmp_path, around(mean, AST))
    told = CliRunner().invoke(app, ["qal", str(file), "--test", "ast", "--limit", "200", "--uncertainty-pct", "20"])
    assert (told.exit_code != 0) == bool(code)
    assert said in told.stdout and "allowed deviation 20.41, kv 0.9161, t 2.132" in told.stdout


@pytest.mark.parametrize(("deviation", "outcome"), [("19.92", "passes"), ("19.93", "fails")])
def test_calibration(deviation: str, outcome: str) -> None:
    """EX-9.4: QAL2 passes up to 20.41·0.9761 = 19.92. Seven differences up, seven down and one of none deviate by their size: √(14x²/14)."""
    pairs = around("3", [1] * 7 + [-1] * 7 + [0], deviation)
    found = judge_pairs(pairs, "qal2", limit=Decimal(200), uncertainty_pct=Decimal(20))
    assert (found.deviation, found.mean_difference, found.verdict.outcome) == (Decimal(deviation), 3, outcome)


def test_factors() -> None:
    """As the reference has them: kv(15) = 0.9761, kv(5) = 0.9161, t0.95(4) = 2.132."""
    table = factors()
    assert (table[15][0], table[5]) == (Decimal("0.9761"), (Decimal("0.9161"), Decimal("2.132")))
    assert list(table) == list(range(5, 31))


def test_what_is_no_pair_is_told(tmp_path: Path) -> None:
    """File, line, column and remedy; too few measurements; a limit that is none."""
    file = tmp_path / "pairs.csv"
    file.write_text("monitor,reference\n1,2\n1,x\n", encoding="utf-8")
    with pytest.raises(
        NotReadable, match=r"pairs\.csv, line 3, reference: 'x' is no number; the columns are monitor,reference"
    ):
        pairs_of(file)
    with pytest.raises(NotReadable, match="not read"):
        pairs_of(tmp_path / "none.csv")
    with pytest.raises(NotReadable, match="4 pairs; ast takes 5 to 30 of them"):
        judge_pairs(around("0", AST[:4]), "ast", limit=Decimal(200), uncertainty_pct=Decimal(20))
    good = written(tmp_path, around("0", AST))
    told = CliRunner().invoke(app, ["qal", str(good), "--test", "ast", "--limit", "none", "--uncertainty-pct", "20"])
    assert isinstance(told.exception, NotReadable) and "--limit: 'none' is no number above 0" in str(told.exception)
