"""Hazardous waste: reference oxygen only above the reference, live, in a replay, and where a rule pack begins to ask for it."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from ingest.registry import Limit, Point, Registry, Source
from processors.packs import shipped
from processors.points import Points, Rules
from tests.processors.given import CST, O2, STACK, line, ms
from tests.processors.replay import Street
from tests.processors.test_engine import Bench

NOX = "a21002"
START = datetime(2026, 7, 1, tzinfo=CST)


def incinerator(rules: str = "eu-hazardous") -> Registry:
    """NOx at 11 % oxygen, with a limit on validated days, a reading each five minutes."""
    source = Source(source=STACK, enterprise="E1", outlet="1", name="kiln", kind="flue_gas", cadence_s=300, rules=rules)
    return Registry(
        sources=(source,),
        points=(
            Point(source=STACK, factor=NOX, unit="mg/m3", reference_o2_pct=11, oxygen_factor=O2),
            Point(source=STACK, factor=O2, unit="%"),
        ),
        limits=(
            Limit(source=STACK, factor=NOX, limit_id="DAY", limit=100, unit="mg/m3", stat="validated", averaging="day"),
            Limit(source=STACK, factor=NOX, limit_id="H", limit=190, unit="mg/m3", stat="avg_ref"),
        ),
    )


def hour(n: int, oxygen: float, delay_s: float = 1) -> list[bytes]:
    """Hour ``n``: 100 mg/m³ beside an oxygen."""
    at = START + timedelta(hours=n)
    return [line(at + timedelta(minutes=m), {NOX: 100.0, O2: oxygen}, delay_s=delay_s) for m in range(0, 60, 5)]


@pytest.mark.parametrize(
    ("rules", "below"),
    [
        pytest.param("eu-hazardous", 100_000_000, id="EU-6: as it is"),
        pytest.param("eu-waste", 83_333_333, id="100 x 10/12"),
    ],
)
def test_oxygen_below_the_reference(rules: str, below: int) -> None:
    """At 16 % oxygen both convert: 100 x (21 - 11)/(21 - 16) = 200; at 9 % only what is not hazardous."""
    bench = Bench(incinerator(rules))
    bench.lines(hour(0, 16.0) + hour(1, 9.0))
    bench.tick(START + timedelta(hours=2, minutes=6))
    made = [bench.hour(NOX, "avg_ref", START + timedelta(hours=n)) for n in (0, 1)]
    assert [f.value for f in made] == [200_000_000, below]
    told = [f.explain.get("note") for f in made]
    words = "of 60 valid minutes converted, in which oxygen was above the reference"
    assert told == ([f"{n} {words}" for n in (60, 0)] if rules == "eu-hazardous" else [None, None])


def test_what_decides_a_figure_is_part_of_its_digest() -> None:
    """Two packs that differ in this alone make figures of different rules, so that a change of pack rebuilds them."""
    packs = shipped()
    assert packs["eu-hazardous"].digest_text() != packs["eu-waste"].digest_text()
    frames = [Points(incinerator(rules), Rules()).frame for rules in ("eu-hazardous", "eu-waste")]
    assert frames[0]["rules"].to_list() != frames[1]["rules"].to_list()


def test_the_same_after_restarts_and_in_a_replay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Oxygen above and below by turns, an hour that comes a day late: 12 hours of 200 and 12 of 100, less 20 % of 100, make a day of 130."""
    street = Street(tmp_path, incinerator())
    days = [[row for n in range(24 * d, 24 * d + 24) if n != 3 for row in hour(n, (16.0, 9.0)[n % 2])] for d in range(2)]
    for day, lines in enumerate(days):
        street.send(lines)
        street.ticks(START + timedelta(days=day + 1, minutes=6), 4)
    street.send(hour(3, 9.0, delay_s=2 * 86_400))
    street.ticks(START + timedelta(days=2, hours=1), 8)
    day_, late = (
        street.store.figure(STACK, NOX, stat, level, ms(START + timedelta(hours=h)))  # type: ignore[arg-type]
        for stat, level, h in (("validated", "day", 0), ("validated", "halfhour", 3))
    )
    assert day_ is not None and late is not None
    assert (day_.value, day_.n, late.value) == (130_000_000, 48, 80_000_000)
    assert str(late.explain["note"]).startswith("0 of 30 valid minutes converted")
    found = street.found()
    assert street.again(monkeypatch, 149) == found
