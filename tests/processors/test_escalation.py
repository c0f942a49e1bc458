"""The engine tells when hours and days raise a matter, and when late data take that away; the same in any order of batches."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from alerts.outbox import Outbox
from ingest.log import PARTITIONS, Entry, partition_of
from ingest.registry import Contact, Escalation, Limit, Registry, StageRule
from ingest.registry_files import RegistryFaults
from plumeline.runner import Runner
from plumeline.sqlite_log import SqliteLog
from plumeline.sqlite_query import SqliteStore
from plumeline.sqlite_store import SqliteWriter
from processors.episodes import EpisodeBook, HourVerdict
from processors.escalation import days_changed, judging
from processors.figures import DAY_MS, HOUR_MS, Event
from processors.memory import Settings
from processors.registry_check import load_registry
from tests.conftest import REPO
from tests.processors.given import MIDNIGHT, SO2, STACK, ms, registry, stack_hour, tick

LADDER = load_registry(REPO / "registry").escalation
HOURS, DAYS = judging(LADDER, "hour"), judging(LADDER, "day")
Told = tuple[str, str, str]


def verdict(start: int, value: float | None, *, period: int = HOUR_MS, state: str = "final", live: bool = True) -> HourVerdict:
    """A judged period against 35, decided five minutes after its end."""
    told = "not judged" if value is None else "exceeds" if value > 35 else "complies"
    number = None if value is None else round(value * 10**6)
    decided = start + period + 300_000
    return HourVerdict(
        STACK, SO2, "avg_ref", "L35", start, told, number, 35_000_000, None, 60, "mg/m3", state, live, decided, period
    )


def hour(n: int, value: float | None, **more: Any) -> HourVerdict:
    return verdict(ms(MIDNIGHT) + n * HOUR_MS, value, **more)


def day(n: int, value: float | None, **more: Any) -> HourVerdict:
    return verdict(ms(MIDNIGHT) + n * DAY_MS, value, period=DAY_MS, **more)


def told(events: list[Event]) -> list[Told]:
    """Kind, rule and period of what concerns the ladder."""
    found = [e for e in events if e.kind.startswith("escalation.")]
    return [(e.kind.partition(".")[2], e.facts["rule"], e.facts["hour_start"][5:16]) for e in found]


def apply(book: EpisodeBook, *hours: HourVerdict) -> list[Event]:
    return book.apply(hours, lambda _episode: None)[0]


def test_three_hours_within_a_day() -> None:
    """EX-10.4: hours at 02:00, 09:00 and 20:00; the third raises, known when it is decided; taken away with the second."""
    book = EpisodeBook(HOURS)
    assert told(apply(book, hour(2, 36), hour(3, 30), hour(9, 36), hour(10, 30))) == []
    (raised,) = [e for e in apply(book, hour(20, 36)) if e.kind == "escalation.raised"]
    assert told([raised]) == [("raised", "LAD-2-hours", "07-01T20:00")]
    assert raised.time_ms == ms(MIDNIGHT) + 21 * HOUR_MS + 300_000 and raised.live
    assert (raised.facts["stage"], raised.facts["value"], raised.facts["times_over"]) == (2, "36", "0.029")
    assert (raised.facts["text"], raised.facts["text_zh"]) == ("3 exceeding hours within 24 h", "24 小时内有 3 个小时均值超标")
    late = apply(book, hour(9, 34, state="revised", live=False))
    assert told(late) == [("lapsed", "LAD-2-hours", "07-01T20:00")]
    again = apply(book, hour(9, 36, state="revised", live=False))
    assert told(again) == [("raised", "LAD-2-hours", "07-01T20:00")] and not again[-1].live


@pytest.mark.parametrize(
    ("value", "rules"), [(69.9, []), (70, ["LAD-3-multiple"]), (105, ["LAD-3-multiple", "LAD-4-multiple"])]
)
def test_multiple_of_an_hour(value: float, rules: list[str]) -> None:
    """35 · 2 is once over, 35 · 3 twice: stage 3 and stage 4."""
    assert [rule for _, rule, _ in told(apply(EpisodeBook(HOURS), hour(5, value)))] == rules


def test_a_value_that_falls_takes_its_multiple_with_it() -> None:
    """The hour still exceeds, and its episode stays; the multiple does not."""
    book = EpisodeBook(HOURS)
    apply(book, hour(5, 80))
    assert told(apply(book, hour(5, 40, state="revised", live=False))) == [("lapsed", "LAD-3-multiple", "07-01T05:00")]


def test_without_rules_nothing_is_told() -> None:
    """As before: no ladder, no events of it."""
    assert told(apply(EpisodeBook(), *(hour(n, 200) for n in range(5)))) == []


def test_after_a_restart_it_is_the_same() -> None:
    """What a book restored from episodes and hours tells is what the old one would have told."""
    old = EpisodeBook(HOURS)
    _, episodes = old.apply([hour(2, 36), hour(9, 36), hour(20, 36)], lambda _e: None)
    new = EpisodeBook(HOURS)
    new.restore(episodes, [hour(2, 36), hour(9, 36), hour(20, 36)])
    for late in (hour(9, 34, state="revised", live=False), hour(21, 36)):
        assert told(apply(new, late)) == told(apply(old, late))


def test_days() -> None:
    """Each exceeding day raises to the city, the third within 30 days to the province; the 31st day is one too far."""
    days = [day(0, 36), day(10, 36), day(29, 36)]
    first = list(days_changed(DAYS, days[:1], days[0].hour_ms))
    assert told(first) == [("raised", "LAD-3-day", "07-01T00:00")]
    third = list(days_changed(DAYS, days, days[2].hour_ms))
    assert told(third) == [("raised", "LAD-3-day", "07-30T00:00"), ("raised", "LAD-4-days", "07-30T00:00")]
    assert [(e.facts["exceeding"], e.facts["within"], e.facts["period"]) for e in days_changed(DAYS, days, days[2].hour_ms)] == [
        (3, 30, "day"), (3, 30, "day"),
    ]  # fmt: skip
    far = [day(0, 36), day(10, 36), day(30, 36)]
    assert told(list(days_changed(DAYS, far, far[2].hour_ms))) == [("raised", "LAD-3-day", "07-31T00:00")]


def test_a_revised_day_takes_away_what_stood_on_it() -> None:
    """The day itself and the third of 30 days lapse; the others stand."""
    days = [day(0, 36), day(10, 34, state="revised", live=False), day(29, 36)]
    found = told(list(days_changed(DAYS, days, days[1].hour_ms)))
    assert ("lapsed", "LAD-3-day", "07-11T00:00") in found and ("lapsed", "LAD-4-days", "07-30T00:00") in found
    assert ("raised", "LAD-3-day", "07-30T00:00") in found, "told again, under the reason's old name"


def office() -> Registry:
    """The stack with a limit by day beside that by hour, and the ladder."""
    rows = registry(cadence_s=60)
    by_day = Limit(source=STACK, factor=SO2, limit_id="D35", limit=35, unit="mg/m3", stat="avg_ref", averaging="day")
    return rows.model_copy(update={"limits": (*rows.limits, by_day), "escalation": LADDER})


def days_of_input() -> list[list[bytes]]:
    """Two days of hours, each of them exceeding but for the first three of each day."""
    return [stack_hour(MIDNIGHT + timedelta(hours=n), 20 if n % 24 < 3 else 40) for n in range(49)]


def escalations(folder: Path, *, hours_a_turn: int, restarts: bool) -> list[Told]:
    """Let two days pass in one process; return what its log says of the ladder."""
    folder.mkdir()
    log = SqliteLog(folder / "log.db")

    def started() -> tuple[Runner, SqliteStore, SqliteWriter]:
        writer = SqliteWriter(folder / "data.db")
        store = SqliteStore(writer)
        return Runner(log, writer, store, office(), settings=Settings(provisional=False)), store, writer

    runner, store, writer = started()
    for n, lines in enumerate(days_of_input()):
        log.append_now([Entry("reports", partition_of(STACK), b"\n".join(lines))])
        for minute in (50, 66):
            at = tick(MIDNIGHT + timedelta(hours=n, minutes=minute))
            log.append_now([Entry("reports", p, at) for p in range(PARTITIONS)])
        if n % hours_a_turn == 0:
            runner.drain()
            if restarts:
                store.close()
                writer.close()
                runner, store, writer = started()
    for minute in range(70, 74):
        at = tick(MIDNIGHT + timedelta(hours=48, minutes=minute))
        log.append_now([Entry("reports", p, at) for p in range(PARTITIONS)])
        runner.drain()
    events = [e for _, e in store.events_after(0, 10_000)]
    assert len({e.id for e in events}) == len(events)
    store.close()
    writer.close()
    return told(events)


def test_a_process_tells_hours_and_days(tmp_path: Path) -> None:
    """Hours from the third exceeding one on; a day's mean of (3·20 + 21·40)/24 = 37.5 raises it once the day is over.

    The same however the log was read, and with restarts.
    """
    found = escalations(tmp_path / "one", hours_a_turn=1, restarts=False)
    by_hour = [t for t in found if t[1] == "LAD-2-hours"]
    assert by_hour[0] == ("raised", "LAD-2-hours", "07-01T05:00")
    assert [t for t in found if t[1] == "LAD-3-day"] == [
        ("raised", "LAD-3-day", "07-01T00:00"),
        ("raised", "LAD-3-day", "07-02T00:00"),
    ]
    assert sorted(escalations(tmp_path / "many", hours_a_turn=7, restarts=False)) == sorted(found)
    assert sorted(escalations(tmp_path / "restarted", hours_a_turn=5, restarts=True)) == sorted(found)


def test_people_are_told(tmp_path: Path) -> None:
    """Hours of 80 against 35 are 1.29 times over: the city hears of the first at once, everybody once, and of nothing else."""
    log, box = SqliteLog(tmp_path / "log.db"), Outbox(tmp_path / "outbox.db")
    writer = SqliteWriter(tmp_path / "data.db")
    store = SqliteStore(writer)
    levels = ("enterprise", "county", "city", "province")
    people = tuple(Contact(contact=name, url="http://127.0.0.1:9/none", secret_env="NONE", level=name) for name in levels)
    rows = office().model_copy(update={"contacts": people})
    runner = Runner(log, writer, store, rows, outbox=box, settings=Settings(provisional=False))
    for n in range(4):
        log.append_now([Entry("reports", partition_of(STACK), b"\n".join(stack_hour(MIDNIGHT + timedelta(hours=n), 80)))])
        at = tick(MIDNIGHT + timedelta(hours=n + 1, minutes=6))
        log.append_now([Entry("reports", p, at) for p in range(PARTITIONS)])
        runner.drain()
    opened = [
        row for row in box.alerts(99) if row.phase == "opened" and row.alert.kind != "source.blind"
    ]  # ticks are an hour apart
    told = [(row.alert.kind, row.time_ms, [d.contact for d in row.deliveries]) for row in opened]
    first = ms(MIDNIGHT) + HOUR_MS
    assert [(kind, sent) for kind, _, sent in told] == [
        ("escalation.raised", ["enterprise", "county", "city"]), ("exceedance.opened", ["enterprise"]),
    ]  # fmt: skip
    assert all(first <= at <= first + 6 * 60_000 for _, at, _ in told)
    assert [row.alert.kind for row in box.alerts(99)].count("escalation.raised") == 1
    store.close()
    writer.close()


CLAUSE = {"id": "R", "standard": "S", "confidence": "proposal", "text": "x", "text_zh": "x", "stage": "city"}


@pytest.mark.parametrize(
    "rule",
    [
        pytest.param({"when": "hours", "n": 3}, id="a parameter is missing"),
        pytest.param({"when": "day", "n": 3}, id="one too many"),
        pytest.param({"when": "multiple", "multiple": "0"}, id="not above 0"),
        pytest.param({"when": "sometimes"}, id="no kind"),
        pytest.param({"when": "day", "text": "{hour} h"}, id="a fact that it does not have"),
    ],
)
def test_a_faulty_rule_is_refused(rule: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        StageRule.model_validate({**CLAUSE, **rule})
    assert StageRule.model_validate({**CLAUSE, "when": "day"}).stage == "city"


def test_a_fault_of_the_file_names_line_and_field(tmp_path: Path) -> None:
    """As every fault of the registry."""
    for name in ("enterprises.csv", "sources.csv"):
        (tmp_path / name).write_bytes((REPO / "registry" / name).read_bytes())
    text = (REPO / "registry" / "escalation.toml").read_text(encoding="utf-8")
    (tmp_path / "escalation.toml").write_text(text.replace('stage = "province"', 'stage = "nation"', 1), encoding="utf-8")
    with pytest.raises(RegistryFaults) as refused:
        load_registry(tmp_path)
    (fault,) = refused.value.faults
    wrong = next(n for n, row in enumerate(text.splitlines(), 1) if row == 'stage = "province"')
    assert (fault.file, fault.line, fault.column, fault.value) == ("escalation.toml", wrong, "rule.stage", "nation")


def test_the_snapshot_keeps_the_ladder() -> None:
    """It travels with the registry, as the same rules."""
    again = Registry.model_validate_json(office().model_dump_json())
    assert again == office() and again.escalation == Escalation.model_validate(LADDER)
