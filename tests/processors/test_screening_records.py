"""What cannot be is told: parts above their whole, hours that do not add up, settings changed in silence."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import polars as pl
import pytest

from processors.rules import screening_records as screening
from processors.rules.evidence import EVIDENCE

M = 10**6
MINUTE_MS = 60_000
OPTIONS = {"cover_s": 60, "weight": 4}


def micro(text: str | None) -> int | None:
    """Return a decimal in millionths."""
    return None if text is None else int(Decimal(text) * M)


def row(running: bool | None = None, **cells: str | None) -> pl.DataFrame:
    """Return one row of one point at time 0."""
    frame = pl.DataFrame({"pid": [1], "time_ms": [0]} | {name: [micro(cell)] for name, cell in cells.items()}, strict=False)
    frame = frame.cast(dict.fromkeys(("pid", "time_ms", *cells), pl.Int64))
    return frame.with_columns(running=pl.lit(running, pl.Boolean))


def screened(kind: str, screen: Callable[..., pl.DataFrame], /, *frames: pl.DataFrame, **options: Any) -> list[str]:
    """Return the reasons; check what all evidence shares."""
    found = screen(*frames, **options)
    assert dict(found.schema) == EVIDENCE
    assert set(found["detector"]) <= {kind}
    assert set(found["weight"]) <= {4}
    return found["reason"].to_list()


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        pytest.param(
            {"total_nitrogen": "4.1", "ammonia_nitrogen": "5.0"},
            ["ammonia nitrogen 5 above total nitrogen 4.1"],
            id="EX-7.12 DQ-8",
        ),
        pytest.param(
            {"total_hydrocarbons": "15", "methane": "15.4"}, ["methane 15.4 above total hydrocarbons 15"], id="methane"
        ),
        pytest.param({"cod": "100", "bod": "102"}, ["BOD 102 above COD 100"], id="BOD"),
        pytest.param({"cod": "100", "bod": "101"}, [], id="within 1 %"),
        pytest.param({"cod": "100", "bod": "101.000001"}, ["BOD 101.000001 above COD 100"], id="just beyond"),
        pytest.param({"nox": "50", "no2": "60"}, ["NO2 60 above NOx 50"], id="NO2"),
        pytest.param({"inlet": "150", "outlet": "160"}, ["outlet 160 above inlet 150"], id="outlet"),
        pytest.param({"cod": "100", "bod": None}, [], id="one is not known"),
        pytest.param({"cod": "100"}, [], id="one is not measured"),
        pytest.param(
            {"cod": "1", "bod": "2", "nox": "1", "no2": "2"}, ["BOD 2 above COD 1", "NO2 2 above NOx 1"], id="two at once"
        ),
    ],
)
def test_parts(cells: dict[str, str | None], expected: list[str]) -> None:
    """EX-7.12: ammonia nitrogen of 5.0 cannot be in total nitrogen of 4.1."""
    assert screened("DQ-8", screening.part_above_whole, row(**cells), tolerance_pct=1, **OPTIONS) == expected


def test_where_and_how_long() -> None:
    """Evidence covers what its row stands for."""
    found = screening.part_above_whole(row(cod="1", bod="2"), tolerance_pct=1, **OPTIONS)  # type: ignore[arg-type]
    assert found.rows() == [(1, "DQ-8", 0, MINUTE_MS, "BOD 2 above COD 1", 4)]
    moist = screening.implausible_gas(
        row(moisture="0", temperature="120", ambient="20", running=True),
        warmer_degc_min=5,
        **OPTIONS,  # type: ignore[arg-type]
    )
    assert moist.rows() == [(1, "DQ-8", 0, MINUTE_MS, "moisture of 0 %", 4)]
    # a change is a moment: the shortest stretch there is
    at = 100 * MINUTE_MS
    silent = screening.silent_changes(changed(), records(), slack_s=600, weight=4)
    assert silent.rows() == [(1, "DQ-15", at, at + 1, SILENT[0], 4)]


def test_evidence_is_in_order() -> None:
    """By point and time, whatever the rule that found it: the second point's row came first, and BOD is looked at before NO2."""
    first = row(cod="1", bod="1", nox="1", no2="2").with_columns(pid=pl.lit(1, pl.Int64))
    second = row(cod="1", bod="2", nox="1", no2="1").with_columns(pid=pl.lit(2, pl.Int64))
    found = screening.part_above_whole(pl.concat([second, first]), tolerance_pct=1, **OPTIONS)  # type: ignore[arg-type]
    assert found.select("pid", "reason").rows() == [(1, "NO2 2 above NOx 1"), (2, "BOD 2 above COD 1")]


@pytest.mark.parametrize(
    ("moisture", "temperature", "running", "expected"),
    [
        pytest.param("0", "120", True, ["moisture of 0 %"], id="no moisture"),
        pytest.param("0.000001", "120", True, [], id="some"),
        pytest.param("8", "24.9", True, ["gas of 24.9 degC at 20 degC of air while running"], id="cold gas"),
        pytest.param("8", "25", True, [], id="just warm enough"),
        pytest.param("8", "20", False, [], id="cold because not running"),
        pytest.param("8", "20", None, [], id="not known whether running"),
        pytest.param(None, None, True, [], id="not known"),
    ],
)
def test_gas(moisture: str | None, temperature: str | None, running: bool | None, expected: list[str]) -> None:
    """Flue gas holds moisture, and is warmer than the air by 5 degC where something burns."""
    rows = row(running=running, moisture=moisture, temperature=temperature, ambient="20")
    assert screened("DQ-8", screening.implausible_gas, rows, warmer_degc_min=5, **OPTIONS) == expected


def changed(old: str = "0-100", new: str = "0-50", pid: int = 1) -> pl.DataFrame:
    """Return a change of the range at minute 100."""
    return pl.DataFrame({"pid": [pid], "time_ms": [100 * MINUTE_MS], "setting": ["range"], "old": [old], "new": [new]})


def records(*rows: tuple[int, int]) -> pl.DataFrame:
    """Return records of maintenance of one point, in minutes."""
    schema = {"pid": pl.Int64, "start_ms": pl.Int64, "end_ms": pl.Int64}
    return pl.DataFrame([(1, s * MINUTE_MS, e * MINUTE_MS) for s, e in rows], schema=schema, orient="row")


SILENT = ["range changed from 0-100 to 0-50 without a record of maintenance"]


@pytest.mark.parametrize(
    ("change", "kept", "expected"),
    [
        pytest.param(changed(), records(), SILENT, id="EX-7.12 DQ-15"),
        pytest.param(changed(), records((90, 120)), [], id="recorded"),
        pytest.param(changed(), records((110, 120)), [], id="just within the slack before"),
        pytest.param(changed(), records((111, 120)), SILENT, id="too early"),
        pytest.param(changed(), records((80, 90)), [], id="just within the slack after"),
        pytest.param(changed(), records((80, 89)), SILENT, id="too late"),
        pytest.param(changed(), records((0, 10), (90, 120)), [], id="one of two records"),
        pytest.param(changed(pid=2), records((90, 120)), SILENT, id="another point's record"),
        pytest.param(changed(new="0-100"), records(), [], id="nothing changed"),
    ],
)
def test_silent_changes(change: pl.DataFrame, kept: pl.DataFrame, expected: list[str]) -> None:
    """EX-7.12: a range of 0-100 becomes 0-50 and nobody recorded why."""
    assert screened("DQ-15", screening.silent_changes, change, kept, slack_s=600, weight=4) == expected


@pytest.mark.parametrize(
    ("stopped", "valid", "expected"),
    [
        pytest.param(0, 540, [], id="540 of 720 are 75 %"),
        pytest.param(0, 539, ["539 of the month's 720 operating hours valid"], id="539 are less"),
        pytest.param(4, 537, [], id="537 of 716 are 75 %"),
        pytest.param(720, 0, [], id="stopped all the time"),
        pytest.param(719, 0, ["0 of the month's 1 operating hours valid"], id="stopped for all but an hour"),
    ],
)
def test_low_capture(stopped: int, valid: int, expected: list[str]) -> None:
    """Stopped hours are none of the operating ones."""
    rates = pl.DataFrame({"pid": [1], "start_ms": [0], "end_ms": [1], "hours": [720], "stopped": [stopped], "valid": [valid]})
    assert screened("DQ-16", screening.low_capture, rates, target_pct=75, weight=4) == expected
