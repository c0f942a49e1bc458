"""What the console's parts promise without a browser: words, escaping, the order of things, and who is let in."""

from __future__ import annotations

import base64
import re
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from markupsafe import Markup

import plumeline.console
from ingest.registry import Limit, Point, Registry
from plumeline.console import (
    charts,
    deliveries,
    evidence,
    frames,
    hexdump,
    now,
    parts,
    pipeline,
    source,
    sources,
    why,
    words,
)
from plumeline.console.auth import basic_auth_middleware
from plumeline.console.converted import converted
from plumeline.console.html import h
from plumeline.console.ports import Console
from plumeline.console.shell import Shell
from plumeline.masked import masked
from plumeline.texts import catalogue, t
from processors.figures import HOUR_MS, Episode, Event, Figure, SourceState, epoch_ms, local_iso
from processors.packs import shipped
from processors.store import StoreAway
from tests.plumeline.console_given import context as _context
from tests.plumeline.console_given import text_of as _text
from tests.plumeline.fake_store import HOUR, NOW_MS, SCRIPT, STACK, VOC, FakeOutbox, FakeStore, registry

SO2 = f"{STACK}/a21026/avg_ref/hour/2026-07-01T14:00:00+08:00"


def test_the_fake_county_stands_at_its_time() -> None:
    """The county's clock is the one that the expected words below are written for."""
    assert local_iso(NOW_MS) == "2026-07-01T15:21:20+08:00"


@pytest.mark.parametrize(
    ("value", "limit", "shown"),
    [
        ("31.25", None, "31.25"),
        ("1820.4", None, "1,820"),
        ("0.01234", None, "0.0123"),
        ("35", "35", "35"),
        ("35.0004", "35", "35.0004"),
        ("34.9996", "35", "34.9996"),
        ("35.004", "35", "35.004"),
        ("46.8", "35", "46.8"),
    ],
)
def test_a_number_never_rounds_across_its_limit(value: str, limit: str | None, shown: str) -> None:
    """Four digits or so, but as many as it takes to stand on its own side of the limit."""
    assert words.number(Decimal(value), None if limit is None else Decimal(limit)) == shown


def test_times_are_local_and_relative() -> None:
    """Today shows the hour, another day its date; distances read in their two greatest parts."""
    assert words.clock(NOW_MS, NOW_MS) == "15:21"
    assert words.clock(NOW_MS - 16 * HOUR_MS, NOW_MS) == "30 Jun 23:21"
    assert words.period(HOUR - HOUR_MS, "hour", NOW_MS) == "14:00–15:00"
    assert words.ago(NOW_MS - 42_000, NOW_MS) == "42\u00a0s ago"
    assert words.duration(130 * 60_000) == "2\u00a0h 10\u00a0min"
    assert words.period(HOUR + 8 * HOUR_MS, "hour", NOW_MS) == "23:00–24:00"


def test_hours_that_are_going_to_exceed_are_shown_until_they_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """What it shows so far, how sure, and until when; nothing once the warning has ended."""
    facts = {"hour_end": local_iso(HOUR + HOUR_MS), "limit": "35", "value": "33.1", "unit": "mg/m3", "stat": "avg_ref"}
    facts |= {"by": "hour so far", "likely": 20, "of": 24, "outcome": "withdrawn"}  # type: ignore[dict-item]
    told = Event("exceedance.expected/x", "exceedance.expected", STACK, "a21026", NOW_MS, True, facts)
    ended = Event("exceedance.expected_ended/x", "exceedance.expected_ended", STACK, "a21026", NOW_MS, True, facts)
    for events, shown in (([told], True), ([ended, told], False)):
        monkeypatch.setattr(FakeStore, "events", lambda *_args, found=events, **_named: found)
        text = _text(now.view(_context()))
        for words_shown in ("Going to exceed", "by 16:00", "33.1 mg/m³ so far, limit 35", "20 of 24 earlier changes"):
            assert (words_shown in text) == shown


def test_an_hour_above_the_range_is_shown_without_a_value(monkeypatch: pytest.MonkeyPatch) -> None:
    """No mean is known, and none is shown."""
    facts = {"hour_end": local_iso(HOUR + HOUR_MS), "limit": "35", "value": None, "unit": "mg/m3", "stat": "avg_ref"}
    facts |= {"by": "above range", "likely": None, "of": None}
    told = Event("exceedance.expected/x", "exceedance.expected", STACK, "a21026", NOW_MS, True, facts)
    monkeypatch.setattr(FakeStore, "events", lambda *_args, **_named: [told])
    assert "above its measuring range, limit 35" in _text(now.view(_context()))


def test_text_is_escaped_and_markup_is_not() -> None:
    """Children and attributes are escaped once; only what was built here passes as it is."""
    built = h("p", "<b>", Markup("<i>ok</i>"), title='"x"')
    assert str(built) == '<p title="&#34;x&#34;">&lt;b&gt;<i>ok</i></p>'


def test_no_device_text_reaches_a_page_unescaped() -> None:
    """A source, a factor, a frame and an answer that hold a script are shown as text on every page."""
    store = FakeStore()
    bad = store.quarantine()[1].id
    views = [
        now.view(_context()),
        sources.view(_context()),
        source.view(_context(source=SCRIPT)),
        source.view(_context(source=VOC)),
        evidence.view(_context(figure=f"{VOC}/a24088/avg/hour/2026-07-01T14:00:00+08:00")),
        evidence.view(_context(figure=SCRIPT)),
        deliveries.view(_context()),
        deliveries.view(_context(source=SCRIPT)),
        frames.quarantine(_context()),
        frames.frame(_context(id=bad)),
        frames.frame(_context(id=SCRIPT)),
        why.index(_context()),
        why.view(_context(source=SCRIPT)),
        why.view(_context(source=VOC)),
        pipeline.view(_context()),
    ]
    for view in views:
        assert "<script" not in _text(view).lower()
    assert "&lt;script&gt;window.hit" in _text(views[0])


def test_chart_tips_are_escaped() -> None:
    """A reason that holds HTML is text in a tooltip, which is HTML."""
    figure = FakeStore().figure(STACK, "a21026", "avg_ref", "hour", HOUR - HOUR_MS)
    assert figure is not None
    withheld = replace(figure, value=None, ok=False, reason="<img src=x onerror=hit()>")
    options = charts.hours([withheld], start_ms=HOUR - HOUR_MS, end_ms=HOUR, now_ms=NOW_MS)
    assert options["series"][1]["data"][0]["tip"] == "&lt;img src=x onerror=hit()&gt;"


def test_missing_hours_are_bands_and_never_bars() -> None:
    """An hour without a value has no bar; adjacent ones of one reason are one hatched band; the running hour is no gap."""
    figures = FakeStore().figures(STACK, "hour", HOUR - 16 * HOUR_MS, NOW_MS, "a21026", "avg_ref")
    options = charts.hours(figures, start_ms=HOUR - 16 * HOUR_MS, end_ms=HOUR + HOUR_MS, now_ms=NOW_MS)
    (gap,) = options["series"][1]["data"]
    assert gap["value"] == [HOUR - 14 * HOUR_MS, HOUR - 12 * HOUR_MS, 0, "no data"]
    assert [bar["value"][0] for bar in options["series"][2]["data"]] == [
        HOUR - n * HOUR_MS for n in range(16, 0, -1) if n not in (14, 13)
    ]


def test_the_worst_stands_first() -> None:
    """Sources by seriousness; episodes by times over the limit."""
    order = [s.state for s in parts.all_states(_context())]
    assert order == ["silent", "late", "never seen", "unregistered", "unregistered", "stopped", "on time", "on time", "on time"]
    text = str(now.view(_context()).html["open"])
    assert text.index("SO₂") < text.index("NMHC")


@pytest.mark.parametrize(
    ("states", "lag_ms", "cause"),
    [
        (("silent", "on time"), 0, "cause.device"),
        (("silent", "late"), 0, "cause.gateway"),
        (("silent", "stopped"), 0, "cause.device"),
        (("blind", "on time"), 0, "cause.blind"),
        (("late", "on time"), parts.LAG_MS_MAX, "cause.device"),
        (("late", "on time"), parts.LAG_MS_MAX + 1, "cause.plumeline"),
    ],
)
def test_the_likely_cause(states: tuple[str, ...], lag_ms: int, cause: str) -> None:
    """What a silent source shares with the others decides where to look first."""
    rows = [SourceState(str(n), state, 0, 0, 0, None) for n, state in enumerate(states)]
    assert parts.likely_cause(rows[0], rows, lag_ms) == cause


def test_evidence_shows_the_formula_the_limit_and_the_frames() -> None:
    """An hour's page holds sum and count, standard and clause, sixty minutes, and links to frames."""
    text = _text(evidence.view(_context(figure=SO2)))
    assert "/ 60 = " in text and "GB 13223-2011 table 2" in text and 'href="frame/' in text
    assert text.count("<details data-key=") == 60
    assert "evidence.json?figure=" in text


def test_a_figure_that_is_not_decided_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """An open hour's page names no time of judgement."""
    context = _context(figure=SO2)
    store, plain = context.console.store, type(context.console.store).figure

    def open_figure(*key: object) -> object:
        found = plain(store, *key)  # type: ignore[arg-type]
        return found and replace(found, decided_ms=0, revision=0, state="provisional")

    monkeypatch.setattr(store, "figure", open_figure)
    text = _text(evidence.view(context))
    assert t("evidence.open", as_of="").split(" by")[0] in text and "1970" not in text


def test_a_figure_is_named_leniently_and_junk_is_refused() -> None:
    """A plus that became a blank is mended; anything else that is no figure is none."""
    key = evidence.key_of(SO2.replace("+", " "))
    assert key == evidence.Key(STACK, "a21026", "avg_ref", "hour", HOUR - HOUR_MS)
    for junk in (
        "",
        "a/b",
        f"{STACK}/a/avg/week/2026-07-01T14:00:00+08:00",
        f"{STACK}/a/avg/hour/2026-07-01T14:00:00",
        "a/b/c/hour/x",
    ):
        assert evidence.key_of(junk) is None
    assert evidence.as_json(_context(figure="junk")) is None


def test_evidence_as_json() -> None:
    """The same as data: the figure, its sixty minutes and the readings with their frames."""
    found = evidence.as_json(_context(figure=SO2))
    assert found is not None
    assert found["figure"]["id"] == SO2 and found["limit_basis"] == "GB 13223-2011 table 2 (ultra-low)"
    assert len(found["minutes"]) == 60
    assert len(found["readings"]) == 2 * 60 * 2  # two a minute, of SO2 and of oxygen
    assert all(r["frame"] for r in found["readings"])


def test_the_fault_is_marked_at_its_byte() -> None:
    """The byte that the detail names is marked in hex and in characters; without a name nothing is."""
    assert hexdump.fault_at("no end at byte 6") == 6
    assert hexdump.fault_at("wrong") is None
    assert str(hexdump.as_hex(b"##00", 1)).count("<mark>") == 2
    assert "<mark>" not in str(hexdump.as_hex(b"##00"))


def test_why_names_fault_and_remedy() -> None:
    """A clock five minutes off, a name nobody registered and a factor without a row are told with what to do."""
    late = _text(why.view(_context(source="4401000005")))
    assert t("why.clock.do")[:20] in late and "over HTTP or from a file" in late
    assert "sources.csv" in _text(why.view(_context(source="nobody")))
    assert "Sent but not in points.csv" in _text(why.view(_context(source=VOC)))


def test_empty_pages_say_what_to_do() -> None:
    """With neither registry nor data each page has a sentence and a way on."""
    store = FakeStore("empty")
    for view in (now.view, sources.view, frames.quarantine, why.index, pipeline.view):
        text = _text(view(_context(store, Registry())))
        assert "<a href" in text
    assert t("now.empty") in _text(now.view(_context(store, Registry())))


def test_the_store_away_is_remembered_and_the_last_picture_kept() -> None:
    """The first failure sets the time; the pipeline's page works without the store; an answer ends it."""
    store = FakeStore()
    known = registry()
    shell = Shell(Console(store, lambda: known, lambda: NOW_MS, FakeOutbox()))
    shell.load("/", now.view, {})
    store.mode = "away"
    with pytest.raises(StoreAway):
        shell.load("/", now.view, {})
    assert shell.away_since_ms == NOW_MS and ("en", "/") in shell.kept
    _, view = shell.load("/pipeline", pipeline.view, {})
    assert view.away and shell.away_since_ms == NOW_MS
    store.mode = "busy"
    shell.load("/", now.view, {})
    assert shell.away_since_ms is None


def test_every_text_is_in_the_catalogue() -> None:
    """Each key that the console's code names has an English text, and no text is named twice."""
    folder = Path(plumeline.console.__file__).parent
    keys = {key for file in folder.glob("*.py") for key in re.findall(r"\bt\(\s*\"([^\"]+)\"", file.read_text())}
    assert keys - set(catalogue()) == set()
    for state in parts.STATE_ORDER:
        assert f"source.{state}" in catalogue() and f"total.state.{state}" in catalogue()


@pytest.mark.parametrize(
    ("path", "given", "status"),
    [
        ("/", None, 401),
        ("/", "duty:secret", 200),
        ("/", "duty:secre", 401),
        ("/", "duty:secret2", 401),
        ("/", ":", 401),
        ("/healthz", None, 200),
        ("/healthz/", None, 401),
    ],
)
def test_every_page_asks_but_the_health_check(path: str, given: str | None, status: int) -> None:
    """Name and password, both right, or 401; only /healthz is open."""
    app = FastAPI()
    app.get("/")(lambda: "in")
    app.get("/healthz")(lambda: "ok")
    basic_auth_middleware(app, "duty", "secret")
    headers = {} if given is None else {"Authorization": "Basic " + base64.b64encode(given.encode()).decode()}
    assert TestClient(app).get(path, headers=headers).status_code == status


@pytest.mark.parametrize("header", ["Basic", "Basic !!!", "Bearer abc", "Basic " + "A" * 5000, "basic ZHV0eTpzZWNyZXQ="])
def test_odd_authorization_headers(header: str) -> None:
    """Junk is refused without an error; the scheme's case does not matter (RFC 7617)."""
    app = FastAPI()
    app.get("/")(lambda: "in")
    basic_auth_middleware(app, "duty", "secret")
    expected = 200 if header.startswith("basic ") else 401
    assert TestClient(app).get("/", headers={"Authorization": header}).status_code == expected


def test_credentials_that_cannot_work_are_refused() -> None:
    """An empty password or a colon in the name is an error at start."""
    for name, password in (("", "x"), ("a", ""), ("a:b", "x")):
        with pytest.raises(ValueError, match="console credentials"):
            basic_auth_middleware(FastAPI(), name, password)


def test_a_figure_of_zero_limit_is_shown() -> None:
    """A limit of zero breaks no sentence."""
    figure = FakeStore().figure(STACK, "a21026", "avg_ref", "hour", HOUR - HOUR_MS)
    assert isinstance(figure, Figure)
    assert words.times_over(5, 0) is None
    assert epoch_ms(words.local(figure.start_ms)) == figure.start_ms


def test_the_source_page_opens_on_what_has_most_to_say() -> None:
    """With no open episode the factor that was above its limit stands first, not the first by code."""
    store = FakeStore()
    view = source.view(_context(store, source=STACK))
    assert "SO₂ — at reference oxygen" in str(view.html["choice"])
    figures = store.figures(STACK, "hour", HOUR - 24 * HOUR_MS, NOW_MS)
    by_factor = {f: [x for x in figures if (x.factor, x.stat) == (f, "avg_ref")] for f in ("a21002", "a21026")}
    quiet = [replace(f, verdict="complies", ok=True, revision=1) for f in by_factor["a21002"]]
    above = [*quiet[:-1], replace(quiet[-1], verdict="exceeds")]
    assert source._telling(above, False) < source._telling(quiet, False) < (5, 0)
    assert source._telling(quiet, True) < source._telling(above, False)


def test_a_limit_over_days_puts_its_factor_first() -> None:
    """Where no hour is judged, as at an outfall, the page opens on what is judged by the day, not on the first by code."""

    class Unjudged(FakeStore):
        def figures(self, *asked: Any, **more: Any) -> list[Figure]:
            return [replace(f, limit=None, verdict=None, revision=1) for f in super().figures(*asked, **more)]

        def episodes(self, *_: Any, **__: Any) -> list[Episode]:
            return []

    daily = Limit(source=STACK, factor="a34013", limit_id="P", limit=Decimal(10), unit="mg/m3", averaging="day")
    heads = {}
    for limits in ((), (daily,)):
        known = registry().model_copy(update={"limits": limits})
        shown = str(source.view(_context(Unjudged(), known, source=STACK)).html["choice"])
        heads[len(limits)] = re.sub("<[^>]+>", "", shown.split("<h2")[1]).split(">", 1)[1]
    assert heads[1].startswith("Dust — measured") and not heads[0].startswith("Dust")


def test_a_missing_minute_keeps_its_columns() -> None:
    """At reference oxygen every row has six cells, also where no minute was formed."""
    store = FakeStore()
    minutes = [f for f in store.figures(STACK, "minute", HOUR - HOUR_MS, HOUR, "a21026", "avg") if f.start_ms % 600_000]
    store.figures = (
        lambda source, level, *asked: (  # type: ignore[method-assign]
            minutes if (level, asked[2:]) == ("minute", ("a21026", "avg")) else FakeStore().figures(source, level, *asked)
        )
    )
    rows = re.findall(r"<summary class=\"minute.*?</summary>", _text(evidence.view(_context(store, figure=SO2))))
    assert len(rows) == 60 and {len(re.findall(r"<span", re.sub(r'<span class="reason">', "", row))) for row in rows} == {6}


def test_minutes_at_reference_oxygen_are_the_rule_s() -> None:
    """28 mg/m³ at 9 % O₂ is 35 at 6 % (emission_rules EX-1.4's formula by hand: 28 · 15 / 12); the guard and a gap say so."""
    minute = FakeStore().figures(STACK, "minute", HOUR - HOUR_MS, HOUR, "a21026", "avg")[0]
    oxygen = FakeStore().figures(STACK, "minute", HOUR - HOUR_MS, HOUR, "a19001", "avg")[0]
    point = Point(source=STACK, factor="a21026", unit="mg/m3", reference_o2_pct=Decimal(6), oxygen_factor="a19001")
    at = [minute.start_ms + n * 60_000 for n in range(3)]
    measured = [replace(minute, start_ms=one, value=28 * 10**8, ok=True) for one in at]
    beside = [replace(oxygen, start_ms=one, value=pct * 10**8, ok=True) for one, pct in zip(at, (9, 20), strict=False)]
    found = converted(point, measured, beside, shipped()["cn-flue-gas"])
    assert [c.value for c in found.values()] == [Decimal(35), None, None]
    assert [c.reason for c in found.values()] == [None, "oxygen at or above the guard", "no valid oxygen"]


@pytest.mark.parametrize(
    ("pack", "below", "above"),
    [
        pytest.param("eu-hazardous", "28", "35", id="EU-6: as it is below the reference"),
        pytest.param("eu-waste", "23.33333333", "35", id="28 · 15 / 18"),
        pytest.param("us-cfr60", "23.30726257", "35.05882353", id="28 · 14.9 / 17.9 and 28 · 14.9 / 11.9"),
    ],
)
def test_minutes_at_reference_oxygen_by_the_source_s_pack(pack: str, below: str, above: str) -> None:
    """Minutes on the page are converted as those of the engine: 28 mg/m³ at 3 and 9 % O₂, to 6 %."""
    minute = FakeStore().figures(STACK, "minute", HOUR - HOUR_MS, HOUR, "a21026", "avg")[0]
    point = Point(source=STACK, factor="a21026", unit="mg/m3", reference_o2_pct=Decimal(6), oxygen_factor="a19001")
    measured = [replace(minute, start_ms=minute.start_ms + n * 60_000, value=28 * 10**8, ok=True) for n in range(2)]
    beside = [replace(each, value=pct * 10**8) for each, pct in zip(measured, (3, 9), strict=True)]
    found = converted(point, measured, beside, shipped()[pack])
    assert [c.value for c in found.values()] == [Decimal(below), Decimal(above)]


def test_evidence_at_reference_oxygen_shows_each_minute_converted() -> None:
    """Each minute stands with its measured value, its oxygen and the converted value."""
    text = _text(evidence.view(_context(figure=SO2)))
    assert "minutes converted" in text and t("evidence.oxygen") in text
    found = evidence.as_json(_context(figure=SO2))
    assert found is not None and len(found["at_reference"]) == 60
    first, minute = found["at_reference"][0], found["minutes"][0]
    exact = Decimal(minute["value"]) * 15 / (21 - Decimal(first["oxygen"]))
    assert abs(Decimal(first["value"]) - exact) <= Decimal("0.5e-8")


def test_a_password_is_never_shown() -> None:
    """PW is masked in text, in hex and in excerpts, at its place and length; the stored frame keeps it."""
    raw = b"##0041QN=1;ST=31;CN=2011;PW=123456;MN=M;pw=9,CP=&&&&"
    assert masked(raw) == b"##0041QN=1;ST=31;CN=2011;PW=******;MN=M;pw=*,CP=&&&&"
    shown = str(hexdump.as_text(raw)) + str(hexdump.as_hex(raw)) + str(frames.excerpt(raw))
    assert "123456" not in shown and "31 32 33" not in shown
    assert "123456" not in _text(why.view(_context(source=STACK))) + _text(frames.quarantine(_context()))


def test_an_alert_whose_subject_ended_is_quiet() -> None:
    """Red is for now: an opened alert that was resolved since is grey and says so."""
    (row,) = [a for a in FakeOutbox().alerts(9) if a.id == "ac03"]
    opened = replace(row, alert=replace(row.alert, id="ac00", phase="opened"))
    assert deliveries.over([row, opened]) == {"ac00"}
    assert deliveries.over([opened, row]) == set()  # it began again
    assert t("phase.over", phase=t("phase.opened")) in str(deliveries.brief(_context(), opened, over=True))
