"""The console shows a cluster: its pages over a real InfluxDB, and what they say while that is away."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import quote

import pytest
from fastapi.testclient import TestClient

from alerts.outbox import Outbox
from plumeline.cluster_console import console_app, influx_store
from plumeline.influx_read import InfluxReader
from plumeline.influx_setup import FOR_EVER, make_buckets
from plumeline.texts import t
from processors.figures import local_iso
from processors.influx import Lines
from tests.parts import Influx
from tests.plumeline.kept import Kept
from tests.plumeline.test_influx_query import write_all
from tests.processors.given import NOON, O2, SO2, STACK, line, ms, registry, stack_hour

NOW_MS = ms(NOON + timedelta(minutes=61))
FIGURE = f"{STACK}/{SO2}/avg_ref/hour/{local_iso(ms(NOON))}"


@pytest.fixture(scope="module")
def console(influx: Influx, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[TestClient, InfluxReader]]:
    kept = Kept(registry())
    kept.lines([*stack_hour(NOON, 50.25), line(NOON + timedelta(hours=1), {SO2: 20.0, O2: 6.0})])
    kept.tick(NOON + timedelta(minutes=61))
    prefix = influx.bucket("console") + "-"
    make_buckets(influx.url, influx.token, influx.org, prefix, raw_keep_days=FOR_EVER)
    write_all(influx, prefix, kept.taken, Lines(registry()))
    reader = InfluxReader(influx.url, influx.token, influx.org, prefix)
    outbox = Outbox(tmp_path_factory.mktemp("outbox") / "outbox.db")
    store = influx_store(reader, registry)
    app = console_app(store, registry, outbox, lambda: NOW_MS, lambda: {"lag_ms": 420}, ("office", "secret"))
    with TestClient(app) as client:
        client.auth = ("office", "secret")
        yield client, reader
    store.close()
    outbox.close()


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        pytest.param("/", "50.25", id="start page: the open episode"),
        pytest.param(f"/source/{STACK}", "DA001", id="source page"),
        pytest.param(f"/evidence?figure={quote(FIGURE)}", "50.25", id="evidence page"),
    ],
)
def test_a_page_shows_what_influxdb_holds(console: tuple[TestClient, InfluxReader], address: str, shown: str) -> None:
    """Pages are made of the store's answers."""
    client, _reader = console
    answer = client.get(address)
    assert answer.status_code == 200
    assert shown in answer.text and t("state.away") not in answer.text


def test_evidence_as_json_has_the_formula(console: tuple[TestClient, InfluxReader]) -> None:
    """The figure with its value, its verdict and how it came about."""
    client, _reader = console
    found = client.get("/evidence.json", params={"figure": FIGURE})
    assert found.status_code == 200
    assert "50.25" in found.text and "exceeds" in found.text and "HJ 75-2017" in found.text


def test_nobody_looks_without_credentials(console: tuple[TestClient, InfluxReader]) -> None:
    """All but the health check asks for name and password."""
    client, _reader = console
    bare = TestClient(client.app)
    assert [bare.get(path).status_code for path in ("/", "/evidence.json", "/healthz")] == [401, 401, 200]


def test_evidence_says_that_the_store_is_away(
    console: tuple[TestClient, InfluxReader], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A store that does not know its bucket is away, not empty."""
    client, reader = console
    monkeypatch.setattr(reader, "prefix", "none-")
    assert client.get("/evidence.json", params={"figure": FIGURE}).status_code == 503
