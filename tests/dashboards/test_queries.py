"""Every query of every committed board runs on a real InfluxDB that holds a simulated county, and says something."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from processors.influx import BUCKET, RAW_BUCKET
from simulators.plants import BOILER, FACTORY, OUTFALL, PETROL, STACK, VOC
from tests import parts
from tests.dashboards.given import END, FAULT_H, LOST, NEVER, ORIGIN, STATION, WATER, Stored, stored
from tests.dashboards.reading import Query, Table, boards, filled, queries, tables
from tests.influx import Influx
from tests.processors.given import CST

ALL = {"city": ".*", "county": ".*", "enterprise": ".*", "budget_tce": "1000", "large_tce": "10000"}
pytestmark = pytest.mark.slow
CHOICES = (
    {"city": "Foshan", "county": "Nanhai", "enterprise": "NH-POWER", "source": STACK, "factor": "a21026"},
    {"city": "Foshan", "county": "Nanhai", "enterprise": "NH-COATING", "source": VOC, "factor": "a24088"},
    {"city": "Foshan", "county": "Nanhai", "enterprise": "NH-TEXTILE", "source": BOILER, "factor": "a21026"},
    {"city": "Foshan", "county": "Nanhai", "enterprise": "NH-CERAMICS", "source": FACTORY, "factor": "gas"},
    {"city": "Foshan", "county": "Nanhai", "enterprise": "NH-WATER", "source": OUTFALL, "factor": "w01018"},
    {"city": "Foshan", "county": "Nanhai", "enterprise": "NH-PETROL", "source": PETROL, "factor": "i41031"},
    {"city": "Guangzhou", "county": "Liwan", "enterprise": "GZ-WATER", "source": WATER, "factor": "w01018"},
    {"city": "Guangzhou", "county": "Liwan", "enterprise": "GZ-PETROL", "source": STATION, "factor": "i41031"},
)
"""What a reader chooses; a query must say something for one of them."""
UNHEARD = {"city": "Guangzhou", "county": "Liwan", "enterprise": "GZ-NEW", "source": NEVER, "factor": "a21026"}
EVERY = [q for name, board in boards().items() for q in queries(name, board)]


@dataclass(frozen=True)
class Store:
    """A server with the county in buckets of its own."""

    server: Influx
    buckets: dict[str, str]
    given: Stored

    def ask(self, query: Query, variables: dict[str, str], start: datetime = ORIGIN, stop: datetime = END) -> list[Table]:
        """Return the answer to a query of a board."""
        text = filled(query.text, start, stop, variables)
        assert "${" not in text and " v." not in text, text
        for name, real in self.buckets.items():
            text = text.replace(f'bucket: "{name}"', f'bucket: "{real}"')
        return tables(self.server.query(text))


@pytest.fixture(scope="module")
def store(influx: parts.Influx) -> Iterator[Store]:
    server = Influx(influx.url, influx.token, influx.org)
    with (
        server.bucket(BUCKET) as figures,
        server.bucket(RAW_BUCKET) as raw,
    ):
        buckets = {BUCKET: figures, RAW_BUCKET: raw}
        given = stored()
        for bucket, lines in given.lines.items():
            server.write(buckets[bucket], lines)
        yield Store(server, buckets, given)


@pytest.mark.parametrize("query", EVERY, ids=[q.id for q in EVERY])
def test_a_query_says_something(store: Store, query: Query) -> None:
    """No error, nothing left unfilled, rows for one choice at least; a chart's rows are what Grafana draws as series."""
    found: list[Table] = []
    for choice in ({}, *CHOICES):
        if choice or not any("${" + name in query.text for name in ("source", "factor", "enterprise:doublequote")):
            found = store.ask(query, ALL | choice)
        if found:
            break
    assert found, filled(query.text, ORIGIN, END, ALL | CHOICES[0])
    if query.panel is None:
        assert all("_value" in t.types for t in found)
        return
    kind, settings_only = query.panel["type"], query.where.endswith("/U")
    for t in found:
        names = {n: k for n, k in t.types.items() if n not in ("result", "table")}
        if kind in ("timeseries", "state-timeline") and not settings_only:
            assert names.pop("_time", "").startswith("dateTime"), t.types
            assert names.pop("_value") in (("string",) if kind == "state-timeline" else ("double", "long")), t.types
            assert set(names.values()) <= {"string"} and set(names) == t.keys, t.types  # others break Grafana's series
            assert all(rows == sorted(rows) for rows in times(t))
        else:
            assert not {"_value", "_time", "_start", "_stop"} & set(names), t.types  # Grafana would read a series
            assert len({r["table"] for r in t.rows}) == 1
            assert settings_only or set(names) <= declared(query.panel), query.panel["title"]


def times(table: Table) -> list[list[str]]:
    series: dict[str, list[str]] = {}
    for row in table.rows:
        series.setdefault(row["table"], []).append(row["_time"])
    return list(series.values())


def declared(panel: Mapping[str, Any]) -> set[str]:
    """Return the columns that a panel knows: by an override, or as the words and numbers of its bars."""
    names = {o["matcher"]["options"] for o in panel["fieldConfig"]["overrides"] if o["matcher"]["id"] == "byName"}
    if panel["type"] == "barchart":
        names |= {panel["options"]["xField"], panel["transformations"][0]["options"]["sort"][0]["field"]}
    return names


@pytest.mark.parametrize("query", [q for q in EVERY if q.board.startswith("en/")], ids=lambda q: q.id)
def test_where_there_is_nothing_a_board_is_empty(store: Store, query: Query) -> None:
    """No choice makes an error: a water board of a power plant, a stack that never reported, a time before the first reading."""
    for choice in (*CHOICES, UNHEARD):
        store.ask(query, ALL | choice)
    before = ORIGIN - timedelta(days=400)
    store.ask(query, ALL | CHOICES[0], before, before + timedelta(hours=24))


SORT = re.compile(r"\n  \|> sort\([^)]*\)")
SORTED = [q for q in EVERY if q.board.startswith("en/") and q.panel and SORT.search(q.text) and "cumulativeSum" not in q.text]


@pytest.mark.parametrize("query", SORTED, ids=lambda q: q.id)
def test_sorting_keeps_each_row_whole(store: Store, query: Query) -> None:
    """A query that sorts returns the rows that it returns without, so that no value stands beside another's name."""
    choice = ALL | next(c for c in CHOICES if store.ask(query, ALL | c))
    plain = replace(query, text=SORT.sub("", query.text))

    def rows(found: list[Table]) -> list[list[tuple[str, str]]]:
        return sorted(sorted((n, v) for n, v in row.items() if n not in ("result", "table")) for t in found for row in t.rows)

    assert rows(store.ask(query, choice)) == rows(store.ask(plain, choice))


def test_the_table_of_hours_says_what_was_published(store: Store) -> None:
    """Row for row: value or nothing, limit, verdict, covered minutes, reason, standing; the fault's hours are there."""
    choice = next(c for c in CHOICES if c["source"] == BOILER)
    found = store.ask(query_of("en/outlet", "Hours, each with its evidence/A"), ALL | choice)
    shown = {(r["stat"], r["time"]): r for t in found for r in t.rows}
    given = {k: row for k, row in store.given.hours.items() if k[:2] == (BOILER, choice["factor"]) and k[2] != "mass_sub"}
    assert len(shown) == len(given) > 100
    for (_source, _factor, stat, start), row in given.items():
        at = datetime.fromisoformat(start)
        got = shown[stat, at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")]
        assert (got["verdict"], int(got["n"]), got["reason"], got["standing"]) == (
            row["verdict"] or "", row["n"], row["reason"] or "", row["state"],
        )  # fmt: skip
        assert got["value"] == "" if not row["ok"] else float(got["value"]) == float(row["value"])
        assert got["limit"] == "" if row["limit"] is None else float(got["limit"]) == float(row["limit"])
        assert (at.hour == FAULT_H or LOST[0] <= at < LOST[1]) <= (got["value"] == "")


def test_what_is_withheld_is_a_gap(store: Store) -> None:
    """The hours of the fault are no points of any chart, though the store holds a 0 for them; the lane below says why."""
    choice = ALL | next(c for c in CHOICES if c["source"] == BOILER)
    faults = {(ORIGIN + timedelta(days=d, hours=FAULT_H)).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") for d in (0, 1)}
    for ref in "AB":
        drawn = store.ask(query_of("en/outlet", f"Hour means against the limit/{ref}"), choice)
        assert not faults & set(words(drawn, "_time"))
        assert "0" not in words(drawn, "_value")
    lanes = [row for t in store.ask(query_of("en/outlet", "Verdict, and why a value was withheld/B"), choice) for row in t.rows]
    assert {r["_time"] for r in lanes if r["_value"] == "0 valid minutes of 45 (fault)"} == faults
    flags = [row for t in store.ask(query_of("en/outlet", "Valid minutes and device flags/B"), choice) for row in t.rows]
    assert {r["_value"] for r in flags} == {"N", "D"}
    assert all((r["_value"] == "D") == (r["_time"][11:13] == "20") for r in flags)  # 04 h local


def test_newest_hours_stand_beside_their_names(store: Store) -> None:
    """The newest hour of each judged factor carries the verdict and the outlet's name that belong to it."""
    rows = [r for t in store.ask(query_of("en/voc", "Newest hour of each factor/A"), ALL) for r in t.rows]
    assert len(rows) == 2 + 3 + 6  # no values of single refuellings
    places = {
        STATION: "Liwan Petrol, YQ001 Vapour recovery",
        PETROL: "Nanhai Lanternway Petrol Station, YQ001 Vapour processing unit",
        VOC: "Nanhai Brightwing Coatings Co., DA001 Coating line outlet",
    }
    for row in rows:
        source, factor, stat, _level, _start = row["figure"].split("/")
        newest = max((k for k in store.given.hours if k[:3] == (source, factor, stat)), key=lambda k: k[3])
        told = store.given.hours[newest]
        assert (row["verdict"], row["reason"]) == (told["verdict"] or "", told["reason"] or "")
        assert row["place"] == places[source]


def test_boards_show_the_outfall_and_the_petrol_station(store: Store) -> None:
    """Their hours are drawn, the outfall's pause of the night is a gap, limits stand where they hold: a day's over the day, an hour's over the hour."""
    outfall, petrol = (ALL | next(c for c in CHOICES if c["source"] == s) for s in (OUTFALL, PETROL))
    cod = [r for t in store.ask(query_of("en/water", "COD, hour means/A"), outfall) for r in t.rows]
    local = [datetime.fromisoformat(r["_time"]).astimezone(CST) for r in cod]
    assert {r["place"] for r in cod} == {"Nanhai Reedbank Sewage Works, DW001 Outfall"}
    assert [t.hour for t in local if t.date() == ORIGIN.date()] == [0, 1, *range(5, 24)]
    assert store.ask(query_of("en/water", "COD, hour means/L"), outfall) == []
    days = "COD and ammonia nitrogen, day means"
    means = {r["factor"]: float(r["_value"]) for t in store.ask(query_of("en/water", f"{days}/A"), outfall) for r in t.rows}
    limits = {r["factor"]: float(r["_value"]) for t in store.ask(query_of("en/water", f"{days}/L"), outfall) for r in t.rows}
    assert limits == {"w01018": 50, "w21003": 5} and all(0 < means[f] < limit for f, limit in limits.items())
    vapour = [r for t in store.ask(query_of("en/voc", "Petrol stations: NMHC in processed vapour/A"), petrol) for r in t.rows]
    above = [(datetime.fromisoformat(r["_time"]) - ORIGIN) // timedelta(hours=1) for r in vapour if float(r["_value"]) > 25]
    assert above == [3, 9, 15, 21, 27, 33]
    lines = store.ask(query_of("en/voc", "Petrol stations: NMHC in processed vapour/L"), petrol)
    assert {float(v) for v in words(lines, "_value")} == {25}


def test_rates_of_an_outlet(store: Store) -> None:
    """Of 37 hours the boiler had two of fault, one of which nothing came and one too short, each for three factors."""
    (row,) = [r for t in store.ask(query_of("en/quality", "Rates by outlet/A"), ALL) for r in t.rows if r["source"] == BOILER]
    assert [int(row[n]) for n in ("hours", "stopped", "missing", "invalid")] == [111, 0, 3, 12]
    shown = [float(row[n]) for n in ("captured", "transmitted", "valid", "effective")]
    assert shown == pytest.approx([99 / 111, 108 / 111, 99 / 108, 99 / 111])


def test_rates_of_a_quarter(store: Store) -> None:
    """Of the first day's 24 hours the boiler had one of fault, one of which nothing came and one too short: 21 valid, 23 that arrived.

    Oxygen was measured through the fault. A petrol station's pack has no such rates.
    """
    rows = [
        r for t in store.ask(query_of("en/quality", "Rates of the newest quarter, by outlet and factor/A"), ALL) for r in t.rows
    ]
    shown = {
        r["factor_name"]: tuple(float(r[n]) for n in ("captured", "transmitted", "effective"))
        for r in rows
        if r["source"] == BOILER
    }
    assert shown["SO₂"] == pytest.approx((21 / 24, 23 / 24, 21 / 24))
    assert shown["O₂"] == pytest.approx((22 / 24, 23 / 24, 22 / 24))
    assert {r["standing"] for r in rows} == {"provisional"} and {r["time"] for r in rows} == {"2026-06-30T16:00:00Z"}
    assert PETROL not in {r["source"] for r in rows}


def test_states_of_a_petrol_station(store: Store) -> None:
    """The first day: nozzle 3 warns, the unit was above 25 g/m3 for an hour on end, all else is normal; the second day is not over."""
    choice = ALL | next(c for c in CHOICES if c["source"] == PETROL)
    for board, title in (("en/voc", "Petrol stations: states by day/A"), ("zh/voc", "加油站：每日状态/A")):
        rows = [r for t in store.ask(query_of(board, title), choice) for r in t.rows]
        assert {r["_time"] for r in rows} == {"2026-06-30T16:00:00Z"}
        states = {(r["stat"], r["factor"]): r["_value"] for r in rows}
        assert states == {
            **{("nozzle", f"fuel-{n}"): state for n, state in (("01", "normal"), ("02", "normal"), ("03", "warning"))},
            **{("back_pressure", f"fuel-{n}"): "normal" for n in ("01", "02", "03")},
            ("zero_pressure", "i41028"): "normal",
            ("valve", "i41028"): "normal",
            ("processed", "i41031"): "alarm",
        }
    assert {r["what"] for r in rows if r["stat"] == "nozzle"} == {"加油枪状态"}


def test_connections(store: Store) -> None:
    """Each registered source is counted once, in its state; a device that nobody registered is not among them."""
    (row,) = [r for t in store.ask(query_of("en/province", "Sources by state/A"), ALL) for r in t.rows]
    counted = {name: int(n) for name, n in row.items() if name not in ("result", "table")}
    assert counted == {"on_time": 6, "late": 2, "silent": 1, "stopped": 0, "blind": 0, "never_seen": 1}


def test_large_users(store: Store) -> None:
    """The smelter alone uses 10,000 tce a year at the pace of its one complete day."""
    (large,) = [r for t in store.ask(query_of("en/energy", "Large users/A"), ALL) for r in t.rows]
    assert (large["large"], large["all"]) == ("1", "2")


def words(found: list[Table], column: str) -> list[str]:
    return [row[column] for t in found for row in t.rows]


def query_of(board: str, where: str) -> Query:
    return next(q for q in EVERY if q.board == board and q.where == where)


def test_variables_follow_each_other(store: Store) -> None:
    """A city leaves its counties, a county its enterprises, an enterprise its outlets; names stand before codes."""
    foshan, power = {"city": "Foshan"}, {"city": "Foshan", "county": "Nanhai", "enterprise": "NH-POWER"}
    assert words(store.ask(query_of("en/outlet", "$city"), ALL), "_value") == ["Foshan", "Guangzhou"]
    assert words(store.ask(query_of("en/outlet", "$county"), ALL | foshan), "_value") == ["Nanhai"]
    listed = words(store.ask(query_of("zh/outlet", "$enterprise"), ALL | foshan), "_value")
    assert "南海江畔热电有限公司 | NH-POWER" in listed and len(listed) == 6
    assert words(store.ask(query_of("en/outlet", "$source"), ALL | power), "_value") == [
        f"Nanhai Riverside Power Co., DA001 Unit 1 stack | {STACK}"
    ]
    factors = words(store.ask(query_of("en/outlet", "$factor"), ALL | CHOICES[0]), "_value")
    assert factors[:3] == ["NOx | a21002", "PM | a34013", "SO₂ | a21026"]  # those with a limit
    assert "O₂ | a19001" in factors[3:]
