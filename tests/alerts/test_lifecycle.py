"""Events become alerts: told once, at named hours, resolved, withdrawn, collected; never more than the bounds."""

from __future__ import annotations

import json

import pytest

from alerts import lifecycle, silences
from alerts.alert import Alert, State, alert_id
from alerts.lifecycle import flush, step, steps, told_step
from processors.figures import Event
from tests.alerts.given import SOURCE, about, ms, over

Told = tuple[str, str, str]


def play(*events: Event, state: State | None = None) -> tuple[State, list[Alert]]:
    """Step through events; before each step the state goes through JSON, as a restart would do it."""
    state, alerts = state or {}, []
    for event in events:
        state, made = step(json.loads(json.dumps(state)), event)
        alerts += made
    return state, alerts


def told(*events: Event) -> list[Told]:
    return [(alert.kind, alert.phase, alert.severity) for alert in play(*events)[1]]


OPENED = ("exceedance.opened", "opened", "red")


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        pytest.param([over(hours=1)], [OPENED], id="opened is red"),
        pytest.param([over(hours=1), over(hours=1, id="again")], [OPENED], id="opened twice is told once"),
        pytest.param(
            [over(hours=1), over("closed", closed_by="complies")],
            [OPENED, ("exceedance.closed", "resolved", "red")],
            id="the end goes to whom the beginning went",
        ),
        pytest.param([over("closed", closed_by="complies")], [], id="an end of nothing told is not told"),
        pytest.param(
            [over(hours=1), over("closed"), over("closed", id="again")],
            [OPENED, ("exceedance.closed", "resolved", "red")],
            id="one end",
        ),
        pytest.param(
            [over(hours=1), over("closed"), over(hours=1, id="second time")],
            [OPENED, ("exceedance.closed", "resolved", "red"), OPENED],
            id="reopened is opened",
        ),
        pytest.param(
            [over(hours=1), over("withdrawn", live=False), over("withdrawn", live=False, id="again")],
            [OPENED, ("exceedance.withdrawn", "withdrawn", "red")],
            id="withdrawn once, though found looking back",
        ),
        pytest.param(
            [over("withdrawn", live=False)], [("exceedance.withdrawn", "withdrawn", "red")], id="withdrawn after we forgot"
        ),
        pytest.param(
            [over(hours=1, episode="permit"), over(hours=1, episode="ultra-low", beside="permit")],
            [OPENED],
            id="one hour above two limits is told once",
        ),
        pytest.param(
            [
                over(hours=1, episode="ultra-low"),
                over(hours=1, episode="permit"),
                over("lengthened", hours=2, episode="ultra-low", beside="permit"),
            ],
            [OPENED, OPENED],
            id="worse news is told, the lesser goes on unsaid",
        ),
        pytest.param(
            [
                over(hours=1, episode="permit"),
                over(hours=1, episode="ultra-low", beside="permit"),
                over("closed", episode="permit", closed_by="complies"),
                over("lengthened", hours=2, episode="ultra-low"),
                over("closed", episode="ultra-low", closed_by="complies"),
            ],
            [
                OPENED,
                ("exceedance.closed", "resolved", "red"),
                ("exceedance.lengthened", "opened", "red"),
                ("exceedance.closed", "resolved", "red"),
            ],
            id="the lesser limit is told once it alone is exceeded",
        ),
        pytest.param(
            [over(hours=1, episode="ultra-low", beside="permit")], [OPENED], id="beside what was never told it is told itself"
        ),
        pytest.param([over("retrospective", live=False)], [], id="retrospective waits for the digest"),
        pytest.param(
            [over("retrospective", live=False), over("lengthened", live=True, hours=3)],
            [("exceedance.lengthened", "opened", "red")],
            id="an episode found looking back that goes on now is opened",
        ),
        pytest.param([over("retrospective", live=False), over("closed")], [], id="its end is not told"),
        pytest.param([about("source.late", "03:00:00")], [], id="late is not told"),
        pytest.param([about("source.silent", "03:00:00")], [("source.silent", "opened", "orange")], id="silent is orange"),
        pytest.param(
            [about("source.silent", "03:00:00"), about("source.silent", "04:00:00"), about("source.on_time", "05:00:00")],
            [("source.silent", "opened", "orange"), ("source.on_time", "resolved", "orange")],
            id="one silence, one end",
        ),
        pytest.param([about("source.on_time", "05:00:00")], [], id="on time after late is not told"),
        pytest.param(
            [about("source.silent", "03:00:00"), about("source.stopped", "04:00:00"), about("source.on_time", "05:00:00")],
            [("source.silent", "opened", "orange"), ("source.stopped", "resolved", "orange")],
            id="a declared stop ends the silence",
        ),
        pytest.param(
            [about("source.silent", "03:00:00", source=s) for s in "ab"],
            [("source.silent", "opened", "orange")] * 2,
            id="sources are silent each for itself",
        ),
        pytest.param(
            [about("reading.conflict", t) for t in ("03:00:00", "04:00:00", "2026-07-02T00:00:00")],
            [("reading.conflict", "opened", "yellow")] * 2,
            id="a finding once a day",
        ),
        pytest.param(
            [
                about("reading.conflict", "03:00:00"),
                about("clock.in_doubt", "03:00:00"),
                about("reading.conflict", "03:00:00", source="b"),
            ],
            [
                ("reading.conflict", "opened", "yellow"),
                ("clock.in_doubt", "opened", "yellow"),
                ("reading.conflict", "opened", "yellow"),
            ],
            id="once a source and kind",
        ),
        pytest.param(
            [about("some.new_kind", "03:00:00")], [("some.new_kind", "opened", "yellow")], id="unknown kinds are findings"
        ),
    ],
)
def test_threads(events: list[Event], expected: list[Told]) -> None:
    """Each subject is one thread: told when it opens and when it ends, and not in between."""
    assert told(*events) == expected


def test_lengthened_is_told_at_doubling_hours() -> None:
    """Hours 2, 4, 8 and 16 are told, those between are not."""
    events = [over(hours=1), *(over("lengthened", hours=h) for h in range(2, 18))]
    assert [(a.phase, a.facts["hours"]) for a in play(*events)[1]] == [
        ("opened", 1), ("update", 2), ("update", 4), ("update", 8), ("update", 16),
    ]  # fmt: skip


def test_a_named_hour_that_was_skipped_is_told_at_the_next() -> None:
    """A rebuild that takes an episode from three hours to six tells six; eight is told as usual."""
    events = [over(hours=1), *(over("lengthened", hours=h) for h in (2, 3, 6, 7, 8))]
    assert [a.facts["hours"] for a in play(*events)[1]] == [1, 2, 6, 8]


def test_told_step() -> None:
    """The edges of the doubling."""
    assert [told_step(h) for h in (0, 1, 2, 3, 4, 7, 8)] == [1, 1, 2, 2, 4, 4, 8]


def test_hours_above_the_range_are_told_once_a_factor_and_day() -> None:
    """Two factors, two hours of each, and an hour of the next day."""
    hours = [("13:10:00", "a21026"), ("13:10:00", "a21002"), ("14:10:00", "a21026"), ("14:10:00", "a21002")]
    events = [about("reading.above_range", at, factor=f, id=f"{at}/{f}", item="range") for at, f in hours]
    events.append(about("reading.above_range", "2026-07-02T01:10:00", factor="a21026", id="next day", item="range"))
    _state, alerts = play(*events)
    assert [(alert.factor, alert.time_ms) for alert in alerts] == [
        ("a21026", ms("13:10:00")),
        ("a21002", ms("13:10:00")),
        ("a21026", ms("2026-07-02T01:10:00")),
    ]


def test_withdrawn_names_what_it_replaces() -> None:
    """The last alert told on the episode, with the value that was told."""
    _, alerts = play(
        over(hours=1, value="40"), over("lengthened", "04:00:04", hours=2, value="47"), over("withdrawn", live=False)
    )
    replaced = alerts[-1].facts["replaces"]
    assert (replaced["alert"], replaced["time"], replaced["value"]) == (alerts[1].id, "2026-07-01T04:00:04+08:00", "47")


def test_retrospective_episodes_go_into_one_digest() -> None:
    """What is found within 15 minutes for one source is one yellow message, however often the time is looked at."""
    state, alerts = play(
        over("retrospective", "10:00:00", live=False, episode="a"),
        over("retrospective", "10:14:59", live=False, episode="b"),
        over("withdrawn", "10:14:59", live=False, episode="b"),
    )
    assert alerts == []
    assert flush(state, ms("10:14:59")) == (state, [])
    left, (digest,) = flush(state, ms("10:15:00"))
    assert (digest.phase, digest.severity, digest.time_ms, digest.source) == ("digest", "yellow", ms("10:15:00"), SOURCE)
    assert [(i["episode"], i["kind"]) for i in digest.facts["items"]] == [
        ("a", "exceedance.retrospective"), ("b", "exceedance.retrospective"), ("b", "exceedance.withdrawn"),
    ]  # fmt: skip
    assert len(digest.events) == 3
    assert not any(key.startswith("digest") for key in left)
    assert step(state, about("source.late", "12:00:00"))[1] == [digest], "the next event flushes the same digest"


def test_blind_is_told_once_and_ends_with_the_last_source() -> None:
    """However many sources a gateway carries, one red message; it sees again when the last of them can be judged."""
    state, alerts = play(*(about("source.blind", "03:00:00", source=s) for s in "abc"))
    assert [(a.kind, a.phase, a.severity) for a in alerts] == [("source.blind", "opened", "red")]
    state, alerts = play(*(about("source.on_time", "03:10:00", source=s) for s in "ab"), state=state)
    assert alerts == []
    state, alerts = play(about("source.late", "03:11:00", source="c"), state=state)
    assert [(a.kind, a.phase, a.severity) for a in alerts] == [("source.blind", "resolved", "red")]
    assert state == {}


def test_blind_and_silent_at_once_are_two_threads() -> None:
    """A source that comes back ends both, with two keys."""
    _, alerts = play(about("source.silent", "03:00:00"), about("source.blind", "03:01:00"), about("source.on_time", "03:10:00"))
    assert [(a.kind, a.phase) for a in alerts[2:]] == [("source.blind", "resolved"), ("source.on_time", "resolved")]
    assert len({a.id for a in alerts}) == 4
    assert alerts[0].thread == alerts[3].thread and alerts[1].thread == alerts[2].thread


def test_ids_are_functions_of_the_events() -> None:
    """The same events give the same keys in another run, and phases of one event differ."""
    events = [over(hours=1), over("closed"), about("source.silent", "05:00:00")]
    assert [a.id for a in play(*events)[1]] == [a.id for a in play(*events)[1]]
    assert alert_id("e", "opened") != alert_id("e", "resolved")


def test_step_leaves_its_state_alone() -> None:
    """A step is pure: the state handed in is as it was."""
    state, _ = play(over(hours=1), about("source.silent", "03:10:00"), about("reading.conflict", "03:10:00"))
    before = json.dumps(state)
    for event in (over("closed"), about("source.on_time", "04:00:00"), about("reading.conflict", "04:00:00", source="x")):
        step(state, event)
    assert json.dumps(state) == before


def test_steps_are_step_after_step() -> None:
    """Many events at once give what they give one by one."""
    events = [over(hours=1), over("retrospective", "03:10:00", live=False, episode="x"), about("source.silent", "03:20:00")]
    events += [about("source.blind", "03:30:00"), about("source.on_time", "03:40:00"), over("closed", "04:00:00")]
    assert steps({}, events) == play(*events)


def test_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ended episodes, silences, findings and digests are kept up to their bounds, the oldest giving way."""
    monkeypatch.setattr(lifecycle, "EPISODES_CLOSED_MAX", 2)
    monkeypatch.setattr(silences, "SILENCES_MAX", 2)
    monkeypatch.setattr(lifecycle, "FINDINGS_DAY_MAX", 2)
    monkeypatch.setattr(lifecycle, "FINDING_ROWS_MAX", 1)
    monkeypatch.setattr(lifecycle, "DIGESTS_MAX", 1)
    monkeypatch.setattr(lifecycle, "DIGEST_ITEMS_MAX", 1)
    for n in range(4):
        state, _ = play(*(over(w, f"0{n}:00:00", episode=f"e{k}") for k in range(n + 1) for w in ("opened", "closed")))
    assert sorted(state) == ["episode/e2", "episode/e3"]
    state, _ = play(*(about("source.silent", f"0{n}:00:00", source=f"s{n}") for n in range(4)))
    assert sorted(state) == ["silence/s2", "silence/s3"]
    state, alerts = play(*(about("source.unregistered", f"0{n}:00:00", source=f"s{n}") for n in range(4)))
    assert [a.facts.get("last_of_day") for a in alerts] == [None, 2]
    state, _ = play(about("source.unregistered", "2026-07-02T01:00:00"), state=state)
    assert list(state) == ["finding/source.unregistered/2026-07-02"]
    looking_back = [over("retrospective", live=False, episode=f"e{n}") for n in range(3)]
    other = about("source.silent", "03:01:00", source="other", live=False)
    _, (digest,) = play(*looking_back, other)
    assert (digest.source, len(digest.facts["items"]), digest.facts["more"]) == (SOURCE, 1, 2)
