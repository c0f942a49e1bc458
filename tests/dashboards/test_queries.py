"""Every query of every committed board runs on a real InfluxDB that holds a simulated county, and says something."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest

from processors.influx import BUCKET, RAW_BUCKET
from simulators.plants import BOILER, FACTORY, STACK, VOC
from tests.dashboards.given import END, ORIGIN, STATION, WATER, stored
from tests.dashboards.reading import Query, Table, boards, filled, queries, tables
from tests.influx import Influx, influx

ALL = {"city": ".*", "county": ".*", "enterprise": ".*", "budget_tce": "1000", "large_tce": "10000"}
CHOICES = (
    {"city": "Foshan", "county": "Nanhai", "enterprise": "NH-POWER", "source": STACK, "factor": "a21026"},
    {"city": "Foshan", "county": "Nanhai", "enterprise": "NH-COATING", "source": VOC, "factor": "a24088"},
    {"city": "Foshan", "county": "Nanhai", "enterprise": "NH-TEXTILE", "source": BOILER, "factor": "a21026"},
    {"city": "Foshan", "county": "Nanhai", "enterprise": "NH-CERAMICS", "source": FACTORY, "factor": "gas"},
    {"city": "Guangzhou", "county": "Liwan", "enterprise": "GZ-WATER", "source": WATER, "factor": "w01018"},
    {"city": "Guangzhou", "county": "Liwan", "enterprise": "GZ-PETROL", "source": STATION, "factor": "i41031"},
)
"""What a reader chooses; a query must say something for one of them."""
NOTHING: dict[str, str] = {}
"""Panels without data in the simulated county, and why."""
EVERY = [q for name, board in boards().items() for q in queries(name, board)]


@dataclass(frozen=True)
class Store:
    """A server with the county in buckets of its own."""

    server: Influx
    buckets: dict[str, str]

    def ask(self, query: Query, variables: dict[str, str], start: datetime = ORIGIN, stop: datetime = END) -> list[Table]:
        """Return the answer to a query of a board."""
        text = filled(query.text, start, stop, variables)
        assert "${" not in text and " v." not in text, text
        for name, real in self.buckets.items():
            text = text.replace(f'bucket: "{name}"', f'bucket: "{real}"')
        return tables(self.server.query(text))


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with influx(tmp_path_factory.mktemp("influx")) as server, server.bucket(BUCKET) as figures, server.bucket(RAW_BUCKET) as raw:
        buckets = {BUCKET: figures, RAW_BUCKET: raw}
        for bucket, lines in stored().lines.items():
            server.write(buckets[bucket], lines)
        yield Store(server, buckets)


@pytest.mark.parametrize("query", EVERY, ids=[q.id for q in EVERY])
def test_a_query_says_something(store: Store, query: Query) -> None:
    """No error, nothing left unfilled, rows for one choice at least; a chart's rows are what Grafana draws as series."""
    found: list[Table] = []
    for choice in ({}, *CHOICES):
        if choice or not any("${" + name in query.text for name in ("source", "factor", "enterprise:doublequote")):
            found = store.ask(query, ALL | choice)
        if found:
            break
    assert bool(found) == (query.where not in NOTHING), filled(query.text, ORIGIN, END, ALL | CHOICES[0])
    if query.panel is None:
        assert all("_value" in t.types for t in found)
        return
    kind, settings_only = query.panel["type"], query.where.endswith("/U")
    for t in found:
        if kind in ("timeseries", "state-timeline") and not settings_only:
            assert t.types.get("_time", "").startswith("dateTime"), t.types
            assert t.types["_value"] in (("string",) if kind == "state-timeline" else ("double", "long")), t.types
            labels = {n: k for n, k in t.types.items() if n not in ("result", "table", "_time", "_value")}
            assert set(labels.values()) <= {"string"} and set(labels) == t.keys, t.types  # others break Grafana's series
        else:
            assert not {"_value", "_time"} & set(t.types), t.types  # Grafana would read a series
            assert len({r["table"] for r in t.rows}) == 1


@pytest.mark.parametrize("query", [q for q in EVERY if q.board.startswith("en/")], ids=lambda q: q.id)
def test_a_time_without_data_is_no_error(store: Store, query: Query) -> None:
    """A board before the first reading is empty, not broken."""
    before = ORIGIN - timedelta(days=400)
    store.ask(query, ALL | CHOICES[0], before, before + timedelta(hours=24))


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
    assert "南海江畔热电有限公司 | NH-POWER" in listed and len(listed) == 4
    assert words(store.ask(query_of("en/outlet", "$source"), ALL | power), "_value") == [
        f"Nanhai Riverside Power Co., DA001 Unit 1 stack | {STACK}"
    ]
    factors = words(store.ask(query_of("en/outlet", "$factor"), ALL | CHOICES[0]), "_value")
    assert factors[0] == "NOx | a21002" and {"SO₂ | a21026", "PM | a34013"} == set(factors[1:3])  # limits 50, 35, 10
