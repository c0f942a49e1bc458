"""Half-hours and years on the pages: from a source to its year, to a day, to a half-hour; and what a changed limit makes anew."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from ingest.log import Entry
from ingest.registry import Limit, Point, Registry, Source
from ingest.registry_files import RegistryFaults
from plumeline.console import evidence, source, words
from plumeline.console.ports import Console
from plumeline.console.shell import Context, View
from plumeline.explain import explained
from plumeline.texts import speaking
from processors.figures import HOUR_MS, period_start_ms
from processors.registry_check import load_registry
from tests.plumeline.console_given import text_of
from tests.plumeline.fake_store import FakeOutbox
from tests.plumeline.test_quarters import START, County
from tests.processors.given import MIDNIGHT, SO2, STACK, line


def incinerator(column_b: int) -> Registry:
    """SO2 with a daily limit of 50 and columns A and B."""
    rows = (("DAY", 50, "day", ""), ("A", 200, "halfhour", ""), ("B", column_b, "halfhour", "programme"))
    return Registry(
        sources=(
            Source(source=STACK, enterprise="E1", outlet="1", name="stack", kind="flue_gas", cadence_s=300, rules="eu-waste"),
        ),
        points=(Point(source=STACK, factor=SO2, unit="mg/m3"),),
        limits=tuple(
            Limit.model_validate(
                {
                    **{"source": STACK, "factor": SO2, "limit_id": name, "limit": number, "unit": "mg/m3"},
                    **{"stat": "validated", "averaging": averaging, "rank": rank},
                }
            )
            for name, number, averaging, rank in rows
        ),
    )


def passed(folder: Path) -> County:
    """A day of 30 mg/m3 (20 less the interval), its last half-hour of 70 (60)."""
    county = County(folder, incinerator(50))
    for n in range(288):
        reading = line(MIDNIGHT + timedelta(minutes=5 * n), {SO2: 30.0 if n < 282 else 70.0})
        county.log.append_now([Entry("reports", 0, reading)])
    county.ticks(24)
    return county


def test_pages_lead_from_the_year_to_a_half_hour(tmp_path: Path) -> None:
    """The year so far stands on the source's page; its evidence names days, a day's its half-hours, in both languages."""
    county = passed(tmp_path)
    now_ms = START + 25 * HOUR_MS
    console = Console(county.store, lambda: county.registry, lambda: now_ms, FakeOutbox(), dict)

    def page(make: Callable[[Context], View], language: str = "en", **query: str) -> str:
        with speaking(language):
            made = make(Context(console, now_ms, words.Names(county.registry, now_ms), query))
            return html.unescape(re.sub(r"<[^>]*>", " ", text_of(made)))

    shown = page(source.view, source=STACK)
    assert "2026, so far" in shown and "share of days within" in shown
    assert "限值内" in page(source.view, "zh", source=STACK) or "达标日比例" in page(source.view, "zh", source=STACK)
    year = county.figure("within", "year", period_start_ms("year", START))
    assert "1 of 48 valid averages beyond the limit" in page(evidence.view, figure=year.id)
    assert "48 个有效均值中 1 个超出限值" in page(evidence.view, "zh", figure=year.id)
    day = county.figure("validated", "day")
    assert "23:30" in page(evidence.view, figure=day.id)
    half = county.figure("validated", "halfhour", START + 47 * HOUR_MS // 2)
    assert (half.number, half.verdict) == (60, "exceeds")
    assert "half-hour" in page(evidence.view, figure=half.id)
    county.store.describe = lambda f: explained(f, county.registry)
    plain = county.figure("avg", "halfhour", START)
    behind = page(evidence.view, figure=plain.id)
    assert "the mean of 30 valid minutes of 30" in behind and re.search(r"900 / 30 =\s+30\s+mg/m³", behind)
    data = evidence.as_json(Context(console, now_ms, words.Names(county.registry, now_ms), {"figure": half.id}))
    assert data is not None and (data["figure"]["value"], data["figure"]["limit"]) == ("60", "50")
    county.log.close()


def test_a_changed_limit_makes_closed_days_anew(tmp_path: Path) -> None:
    """With a column B of 60 the last half-hour is within; no hour's figure changes by that."""
    county = passed(tmp_path)
    start = period_start_ms("year", START)
    assert county.figure("within", "year", start).value == 97_916_667  # 47 of 48
    county.runner.adopt(incinerator(60))
    county.ticks(25, times=8)
    assert county.figure("within", "year", start).value == 100_000_000
    assert county.figure("validated", "halfhour", START + 47 * HOUR_MS // 2).verdict == "complies"
    county.log.close()


@pytest.mark.parametrize(
    ("rules", "stat", "averaging", "told"),
    [
        pytest.param("", "validated", "day", "rule pack cn-flue-gas makes no validated averages", id="no validated averages"),
        pytest.param("", "avg", "halfhour", "rule pack cn-flue-gas makes no half-hours", id="no half-hours"),
        pytest.param("eu-ied", "avg", "year", "rule pack eu-ied makes no avg of a year's limit", id="a year of means"),
        pytest.param(
            "eu-waste", "validated", "year", "rule pack eu-waste makes no validated of a year's limit", id="no multiples"
        ),
        pytest.param("eu-ied", "validated", "year", None, id="a year"),
        pytest.param("eu-waste", "validated", "halfhour", None, id="half-hours"),
    ],
)
def test_a_limit_on_what_is_not_made_is_refused(
    tmp_path: Path, rules: str, stat: str, averaging: str, told: str | None
) -> None:
    """A limit that would never be judged is a fault of the registry, with the remedy."""
    rows = {
        "enterprises": "enterprise,name\nE1,E1\n",
        "sources": f"source,enterprise,outlet,name,kind,rules\n{STACK},E1,1,stack,flue_gas,{rules}\n",
        "points": f"source,factor,unit\n{STACK},{SO2},mg/m3\n",
        "limits": f"source,factor,limit_id,limit,unit,stat,averaging\n{STACK},{SO2},L,50,mg/m3,{stat},{averaging}\n",
    }
    for name, text in rows.items():
        (tmp_path / f"{name}.csv").write_text(text, encoding="utf-8")
    if told is None:
        assert load_registry(tmp_path).limits[0].averaging == averaging
        return
    with pytest.raises(RegistryFaults, match=told):
        load_registry(tmp_path)
