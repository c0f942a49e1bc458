"""Messages, word for word: written by hand after the reference's message at 3 a.m. and its table of words."""

from __future__ import annotations

import string
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from alerts.lifecycle import flush, step
from alerts.message import duration, render, shown, times_over
from alerts.texts import ENGLISH, ordinal, text
from ingest.registry import Registry
from processors.figures import EVENT_KINDS, Event
from tests.alerts.given import BASE, SOURCE, about, ms, over, registry

FIGURE = f"{SOURCE}/a21026/avg_ref/hour/2026-07-01T02:00:00+08:00"
PLACE = "Nanhai Power, outlet DA001 (stack 1)"


def words(*events: Event) -> list[str]:
    """The title and body of the last alert that events make."""
    state: dict[str, Any] = {}
    alerts = []
    for event in events:
        state, made = step(state, event)
        alerts += made
    alerts += flush(state, ms("2026-07-09T00:00:00"))[1]
    message = render(alerts[-1], registry(), BASE)
    return [message.title, *message.body]


def test_over_limit() -> None:
    """The reference's example, line by line."""
    assert words(over()) == [
        "[RED] SO₂ over limit — Nanhai Power, outlet DA001 (stack 1)",
        "46.8 mg/m³ against 35 (hour 02:00–03:00, at 6 % O₂), 0.34 times over; second hour in a row, since 01:00.",
        "57 of 60 minutes valid; final.",
        "Limit 35 mg/m³: 环发〔2015〕164号.",
        "→ Look at the absorber first: if the outlet rose and the inlet did not, it is the desulphurisation.",
        "Log time 2026-07-01 03:00:04 (UTC+8).",
    ]


def test_how_often_before() -> None:
    """Exceeding hours of the day, the month and 30 days (emission_rules 1.8), where there were others than those of the row."""
    counts = {"exceeding_in_day": 2, "exceeding_in_month": 2, "exceeding_in_30_d": 5}
    assert words(over(**counts))[2] == "Hours beyond the limit up to then: 2 that day, 2 that month, 5 in 30 days."
    assert words(over(**counts | {"exceeding_in_30_d": 2}))[2] == "57 of 60 minutes valid; final."
    in_chinese = render(step({}, over(**counts))[1][-1], registry(), BASE, "zh").body
    assert in_chinese[1] == "截至当时超标小时数：当日 2，当月 2，近 30 日 5。"


def test_a_factor_has_its_name() -> None:
    """What the engine says of a code is told of its name."""
    text = "a21026, day 2026-07-01: the device says 21, its 24 valid hours make 20"
    told = words(about("reading.disagrees", "12:00:00", factor="a21026", text=text))
    assert told[0] == f"[YELLOW] The device's own mean of SO₂ disagrees — {PLACE}"
    assert told[1] == "SO₂, day 2026-07-01: the device says 21, its 24 valid hours make 20"
    alone = words(about("reading.disagrees", "12:00:00", factor="a99999", text="a99999, day 2026-07-01: the device says 21"))
    assert alone[1] == "a99999, day 2026-07-01: the device says 21"


@pytest.mark.parametrize(
    ("source", "name"),
    [pytest.param(SOURCE, "stack 1", id="named"), pytest.param("4409", "4409", id="not in the registry")],
)
def test_a_matter_without_a_factor_has_its_sources_name(source: str, name: str) -> None:
    """A confirmed finding may be about a source as a whole; its title names that as the registry does."""
    facts = {
        "stage": 4,
        "reason": "pattern",
        "decided": "confirmed",
        "since": "2026-07-01T08:00:00+08:00",
        "text": "x",
        "who": "Li",
    }
    title, *_ = words(about("escalation.raised", "12:00:00", source=source, **facts))
    assert title.startswith("[STAGE 4: ") and f"] {name} — " in title


def test_above_the_range() -> None:
    """What is known of an hour above the analyser's range, and what to do; no number that is not known, no confidence."""
    known = {"stat": "avg_ref", "unit": "mg/m3", "limit": "35", "hour_start": "2026-07-01T12:00:00+08:00"}
    known |= {"hour_end": "2026-07-01T13:00:00+08:00", "expected": "x", "episode": "x"}
    facts = {"by": "above range", "n": 0, "above_min": 10, "rest": None, "value": None, "likely": None, "of": None}
    opened = about("exceedance.expected", "12:20:00", factor="a21026", **known, **facts)
    assert words(opened)[1:4] == [
        "In the last 10 minutes it lay above 35 mg/m³ or above the analyser's range (hour 12:00–13:00, at 6 % O₂); 0 valid minutes.",
        "How high is not known: minutes above the range are in no mean, and an hour with too many of them cannot be judged.",
        "Nothing has exceeded yet. Time to act: until 13:00.",
    ]
    step_ = "→ Look at process and treatment first; then have the measuring range checked, and measure by hand while it lasts."
    reason = "0 valid minutes of 45 (above range)"
    ended = about(
        "exceedance.expected_ended", "13:10:00", factor="a21026", outcome="not judged", value=None, reason=reason, **known
    )
    assert step_ in words(opened, ended)
    text = (
        "a21026, hour 2026-07-01T12:00:00+08:00: 60 minutes from 2026-07-01T12:00:00+08:00 on lie above the analyser's range; with 0"
        " valid minutes the hour has no mean and is not held against its limit, though the concentration is high"
    )
    told = words(about("reading.above_range", "13:10:00", factor="a21026", text=text, item="range"))
    assert told[0] == f"[YELLOW] SO₂ above the measuring range — {PLACE}"
    assert told[1].startswith("SO₂, hour ") and told[3] == step_


@pytest.mark.parametrize(
    ("after", "told"),
    [
        ("in tolerance", "The monitor is in tolerance again"),
        ("out of control", "Look at the monitor and adjust it"),
        (None, "Look at"),
    ],
)
def test_who_adjusted_the_monitor_is_not_told_to_adjust_it(after: str | None, told: str) -> None:
    """What to do follows from what the check found after adjustment, if there was one."""
    event = about("calibration.out_of_control", "12:20:00", factor="a21026", text="x", state="out of control", after=after)
    assert any(line.startswith(f"→ {told}") for line in words(event))


@pytest.mark.parametrize(
    ("by", "value", "told"),
    [
        pytest.param("hour so far", "35", "near its limit in the hour to 13:00", id="at the limit"),
        pytest.param("hour so far", "35.000001", "is going to exceed by 13:00", id="above it"),
        pytest.param("minutes above", "30", "is going to exceed by 13:00", id="ten minutes above"),
        pytest.param("last hours", "30", "is going to exceed by 13:00", id="likely"),
    ],
)
def test_near_the_limit_or_going_to_exceed(by: str, value: str, told: str) -> None:
    """A title claims no more than is known: a mean so far that does not lie above the limit is near it."""
    hour = {"hour_start": "2026-07-01T12:00:00+08:00", "hour_end": "2026-07-01T13:00:00+08:00", "expected": "x", "episode": "x"}
    facts = {
        "by": by,
        "value": value,
        "limit": "35",
        "stat": "avg_ref",
        "unit": "mg/m3",
        "n": 20,
        "above_min": 10,
        "rest": "35",
    }
    opened = about("exceedance.expected", "12:20:00", factor="a21026", likely=None, of=None, **hour, **facts)
    assert words(opened)[0] == f"[YELLOW] SO₂ {told} — {PLACE}"


def test_first_hour_measured_provisional_without_basis() -> None:
    """A first hour has no row; a measured value says so; the limit's name stands in for a missing basis."""
    event = over(hours=1, stat="avg", state="provisional", basis="", since="2026-07-01T02:00:00+08:00")
    assert words(event)[1:4] == [
        "46.8 mg/m³ against 35 (hour 02:00–03:00, measured), 0.34 times over; first hour.",
        "57 of 60 minutes valid; provisional.",
        "Limit 35 mg/m³: PWR-ULE-SO2.",
    ]


def test_still_over_limit() -> None:
    """An update says for how long, and dates what began the day before."""
    event = over("lengthened", hours=4, since="2026-06-30T23:00:00+08:00")
    assert words(over(hours=1), event)[:2] == [
        f"[RED] SO₂ still over limit, 4 hours — {PLACE}",
        "46.8 mg/m³ against 35 (hour 02:00–03:00, at 6 % O₂), 0.34 times over; fourth hour in a row, since 2026-06-30 23:00.",
    ]


def test_an_hour_beyond_two_limits() -> None:
    """One message names both: the gravest with its times over, the other in a line of its own, by the name of its limit."""
    event = over(hours=1, limit="40", limit_id="PERMIT", basis="", also=[{"limit_id": "PWR-ULE-SO2", "limit": "35"}])
    assert words(event)[3:5] == ["Limit 40 mg/m³: PERMIT.", "Beyond 35 mg/m³ as well: PWR-ULE-SO2."]


def test_below_a_limit() -> None:
    """A bound from below says what was asked at least, and nothing of times over."""
    event = over(hours=1, value="5.9", limit="6", unit="pH", stat="min", bound="lower", times_over=None)
    assert words(event)[:2] == [
        f"[RED] SO₂ below its limit — {PLACE}",
        "5.9 pH, at least 6 asked (hour 02:00–03:00, least of the minutes); first hour.",
    ]


def test_a_day_over_its_limit() -> None:
    """A limit over days counts days and valid hours."""
    of_day = {"hour_start": "2026-06-30T00:00:00+08:00", "hour_end": "2026-07-01T00:00:00+08:00", "stat": "avg", "n": 22}
    assert words(over("lengthened", hours=2, since="2026-06-29T00:00:00+08:00", **of_day))[1:3] == [
        "46.8 mg/m³ against 35 (day 2026-06-30, measured), 0.34 times over; second day in a row, since 2026-06-29 00:00.",
        "22 valid hours; final.",
    ]
    counted = of_day | {"exceeding_in_month": 1, "exceeding_in_30_d": 3}
    assert words(over(hours=1, **counted))[2] == "Days beyond the limit up to then: 1 that month, 3 in 30 days."


ENDS = {
    "complies": [
        f"[RESOLVED] SO₂ within its limit again — {PLACE}",
        "The hour after the episode complies.",
        "→ Note the cause on the record while it is fresh; the evidence holds the hours.",
    ],
    "stopped": [
        f"[STOPPED] SO₂ episode ended, source stopped — {PLACE}",
        "The source was stopped in the hour after the episode.",
        "→ Check that the stop was real and its mark is right.",
    ],
    "not judged": [
        f"[NOT JUDGED] SO₂ episode ended, next hour not judged — {PLACE}",
        "The next hour could not be judged: it is not known whether the limit is kept.",
        "→ Treat it as still over limit until an hour is judged: look at the monitor first.",
    ],
    "no data": [
        f"[NO DATA] SO₂ episode ended, next hour has no data — {PLACE}",
        "The next hour has no data: it is not known whether the limit is kept.",
        "→ Treat it as still over limit until an hour is judged: look at the device and its connection first.",
    ],
}


@pytest.mark.parametrize("closed_by", ENDS)
def test_ended(closed_by: str) -> None:
    """Only an hour that complies is told as resolved; an hour that could not be judged says so."""
    title, ended, step_next = ENDS[closed_by]
    assert words(over(), over("closed", "04:00:04", closed_by=closed_by)) == [
        title,
        ended,
        "Episode: 2 hours above 35 mg/m³, since 01:00; worst 46.8 mg/m³.",
        "Limit 35 mg/m³: 环发〔2015〕164号.",
        step_next,
        "Log time 2026-07-01 04:00:04 (UTC+8).",
    ]


def test_withdrawn() -> None:
    """A withdrawn alert says what it replaces, why, and what the value is now."""
    now: dict[str, Any] = {"value": "34.2", "state": "revised", "revises": "12 minutes came late (revision 2)."}
    assert words(over(), over("withdrawn", "05:20:00", live=False, **now)) == [
        f"[WITHDRAWN] SO₂ over limit — {PLACE}",
        "This replaces the alert of 2026-07-01 03:00:04: 46.8 mg/m³ against 35 (hour 02:00–03:00, at 6 % O₂).",
        "Why: 12 minutes came late (revision 2).",
        "Rebuilt: 34.2 mg/m³ against 35 (hour 02:00–03:00, at 6 % O₂); revised.",
        "→ Stop what the replaced alert started; the evidence shows what was rebuilt and why.",
        "Log time 2026-07-01 05:20:00 (UTC+8).",
    ]


def test_digest() -> None:
    """What was found looking back is told as retrospective, in one message, not in red."""
    looking_back: dict[str, Any] = {"live": False, "state": "revised", "revises": "Backfill of 8 hours."}
    assert words(
        over("retrospective", "09:00:00", episode="a", **looking_back),
        over("retrospective", "09:00:00", episode="b", live=False),
    ) == [
        f"[DIGEST] 2 found looking back — {PLACE}",
        "Retrospective: SO₂ 46.8 mg/m³ against 35 (hour 02:00–03:00, at 6 % O₂); revised. Backfill of 8 hours.",
        "Retrospective: SO₂ 46.8 mg/m³ against 35 (hour 02:00–03:00, at 6 % O₂); final.",
        "→ Nothing has to be done at once: read the evidence and file the episodes.",
        "Log time 2026-07-01 09:15:00 (UTC+8).",
    ]


SILENT = about("source.silent", "01:44:00", last="2026-07-01T01:12:30+08:00", cadence_s=30, cause="device", state="silent")


def test_silence() -> None:
    """Since when, how often a reading is expected, what is the likely cause and so where to look; then its end."""
    assert words(SILENT) == [
        f"[ORANGE] Silent — {PLACE}",
        "Nothing since 01:12:30 (31 min 30 s); a reading is expected each 30 s.",
        "→ Likely the device: look at its power, network and data logger first.",
        "Log time 2026-07-01 01:44:00 (UTC+8).",
    ]
    assert words(SILENT, about("source.on_time", "05:00:10")) == [
        f"[RESOLVED] On time again — {PLACE}",
        "Silent from 01:12:30 to 05:00:10.",
        "→ Look whether the device backfills the gap; hours without data stay withheld until then.",
        "Log time 2026-07-01 05:00:10 (UTC+8).",
    ]
    assert words(SILENT, about("source.stopped", "05:00:10"))[:2] == [
        f"[STOPPED] Silent, now declared stopped — {PLACE}",
        "Silent since 01:12:30; a mark declares it stopped.",
    ]


def test_blind() -> None:
    """Plumeline's own blindness is told as such, never as a silence of the source."""
    blind = about("source.blind", "03:00:00", since="2026-07-01T02:58:50+08:00")
    assert words(blind) == [
        f"[RED] Plumeline cannot see — {PLACE}",
        "No ticks from the gateway since 02:58:50.",
        "While a source is blind, neither silence nor an exceedance can be told; others may be blind as well.",
        "→ Look at the gateway first: its process, disk and network; then at the log.",
        "Log time 2026-07-01 03:00:00 (UTC+8).",
    ]
    assert words(blind, about("source.on_time", "03:10:00"))[:2] == [
        f"[RESOLVED] Plumeline sees again — {PLACE}",
        "Blind from 02:58:50 to 03:10.",
    ]


def test_blind_time_that_is_over() -> None:
    """A gateway that was away is told when its ticks return, each time anew, and nothing stays open."""
    facts = {"since": "2026-07-01T02:00:00+08:00", "until": "2026-07-01T02:40:10+08:00"}
    event = about("source.blind", "02:40:10", source="gateway:gw-1", **facts)
    assert words(event) == [
        "[RED] Plumeline could not see — gateway gw-1",
        "No ticks from 02:00 to 02:40:10: what happened then is known only from what devices backfill.",
        "→ Look whether devices backfill the blind time; hours without data stay withheld until then.",
        "Log time 2026-07-01 02:40:10 (UTC+8).",
    ]
    assert step({}, event)[0] == {}


def test_finding_of_an_unknown_source() -> None:
    """A source without a row is named by its code; the event's own sentence says what was found."""
    event = about("source.unregistered", "03:00:00", source="4499", text="12 reports from 10.0.0.9 since 02:40.")
    assert words(event) == [
        "[YELLOW] Not in the registry — source 4499",
        "12 reports from 10.0.0.9 since 02:40.",
        "Told once a source and day; repetitions are on the console.",
        "→ Add it to sources.csv, or ask the vendor to correct the identity that the device sends.",
        "Log time 2026-07-01 03:00:00 (UTC+8).",
    ]


def test_place_without_an_outlet() -> None:
    """A meter cabinet is named after its enterprise."""
    event = about("meter.held", "03:00:00", source="4401000002", factor="E1", text="Fell by 12 kWh.")
    assert words(event)[0] == "[YELLOW] Register reading of E1 held — Lake Dyeing, cabinet 2"


def test_links() -> None:
    """Evidence opens the figure's own id; the address survives quoting; a base with a slash does no harm."""
    (alert,) = step({}, over())[1]
    links = render(alert, registry(), "https://county.example/plumeline/").links
    assert list(links) == ["Acknowledge", "Evidence", "Source", "Console"]
    assert links["Acknowledge"] == f"https://county.example/plumeline/alerts?alert={alert.id}"
    evidence = urlsplit(links["Evidence"])
    assert (evidence.path, parse_qs(evidence.query)) == ("/plumeline/evidence", {"figure": [FIGURE]})
    assert links["Source"] == f"https://county.example/plumeline/source/{SOURCE}"
    assert links["Console"] == "https://county.example/plumeline/alerts"
    day = over(hour_start="2026-07-01T00:00:00+08:00", hour_end="2026-07-02T00:00:00+08:00")
    (alert,) = step({}, day)[1]
    message = render(alert, registry(), BASE)
    assert "%2Fday%2F2026-07-01T00%3A00%3A00%2B08%3A00" in message.links["Evidence"]
    assert "(day 2026-07-01, at 6 % O₂)" in message.body[0]


@pytest.mark.parametrize(
    ("value", "limit", "expected"),
    [
        ("46.789473", "35", "46.8"),
        ("46.75", "35", "46.8"),  # half up
        ("35.000001", "35", "35.000001"),  # rounded it would read as equal
        ("35.000000", "35.000000", "35"),
        ("34.999999", "35", "34.999999"),
        ("0.0312", "0.03", "0.031"),
        ("100", "100.0", "100"),
        ("120.04", "100", "120"),
        ("-3.26", "35", "-3.3"),
        ("1E+3", "35", "1000"),
        ("10.50", None, "10.5"),
        ("unknown", "35", "unknown"),
        ("NaN", "35", "NaN"),
        ("36", "unknown", "36"),
    ],
)
def test_numbers_never_cross_their_limit(value: str, limit: str | None, expected: str) -> None:
    """A number is shown one decimal finer than its limit, in full where that would change the verdict a reader makes."""
    assert shown(value, limit) == expected


def test_times_over() -> None:
    """Two decimals, and never none where there is some."""
    given = ["0.337", "0.335", "1.000", "0.003", "0.000", "unknown"]
    assert [times_over(v) for v in given] == ["0.34", "0.34", "1.00", "0.003", "less than 0.001", "unknown"]


def test_durations_and_ordinals() -> None:
    """Two units at most; English endings."""
    given = [0, 30, 60, 90, 3_600, 7_500, 86_400, 273_600, -5]
    assert [duration(s) for s in given] == ["0 s", "30 s", "1 min", "1 min 30 s", "1 h", "2 h 5 min", "1 d", "3 d 4 h", "0 s"]
    assert [ordinal(n) for n in (2, 3, 10, 11, 12, 13, 21, 22, 23, 24, 111)] == [
        "second", "third", "tenth", "11th", "12th", "13th", "21st", "22nd", "23rd", "24th", "111th",
    ]  # fmt: skip


@pytest.mark.parametrize("kind", sorted(EVENT_KINDS))
@pytest.mark.parametrize("live", [True, False])
def test_every_kind_is_told_from_bare_facts(kind: str, live: bool) -> None:
    """Without facts, without a registry, every message still has a first line, a next step and no half-filled text."""
    state, alerts = step({}, about(kind, "03:00:00", live=live))
    for alert in [*alerts, *flush(state, ms("2026-07-02T00:00:00"))[1]]:
        message = render(alert, Registry(), BASE)
        assert message.title.startswith("[") and f"source {SOURCE}" in message.title
        assert any(line.startswith("→ ") for line in message.body)
        assert not any(sign in line for line in (message.title, *message.body) for sign in "{}")
        assert "None" not in message.title + "".join(message.body)


def test_a_language_without_texts_falls_back_to_english() -> None:
    """Text by text, so that a catalogue may grow."""
    assert text("state.final", "fr") == "final"
    (alert,) = step({}, over())[1]
    assert render(alert, registry(), BASE, "fr") == render(alert, registry(), BASE)


def test_forbidden_words() -> None:
    """The words that the table of words rules out do not occur in the catalogue."""
    banned = {"violation", "threshold", "incident", "offline", "estimated", "sample", "metric", "fraud", "average"}
    found = {
        word for line in ENGLISH.values() for word in line.lower().translate(str.maketrans("", "", string.punctuation)).split()
    }
    assert not banned & found
