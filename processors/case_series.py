"""Series in a case: readings one after another, quality tests as a rule pack would write them, and the flags that they are to give."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from ingest.registry import RulePack
from processors.closing import Closed
from processors.figures import epoch_ms
from processors.series import flags_of_day
from processors.series_steps import SERIES, SeriesStep

if TYPE_CHECKING:
    from processors.cases import Case

VALUES_MAX = 10_000
"""Values of one line."""
SERIES_LINE = re.compile(r"(?:day (?P<day>\d+) )?from (?P<start>\d\d:\d\d(?::\d\d)?) (?P<point>\S+) (?P<values>.+)")
FLAGS = re.compile(r"flags (?P<rule>\S+) (?P<point>\S+)(?: day (?P<day>\d+))?(?P<flags>(?: \d)+)")
OWN_PACK = "case-tests"
"""Id of the rule pack that a case's own tests make."""
_TEST = re.compile(r"(?P<step>[a-z_]+) (?P<point>\S+)(?P<words>(?: \S+ \S+)+)")
_NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?")


def repeated(words: Sequence[str]) -> list[str]:
    """Return values with those written out of which there are several.

    >>> repeated("10 7 times 3 2".split())
    ['10', '7', '7', '7', '2']
    """
    found: list[str] = []
    rest = list(words)
    while rest:
        value, times = rest.pop(0), 1
        if rest[:1] == ["times"]:
            if not rest[1:] or not rest[1].isdecimal():
                raise ValueError(f"write how often: {value} times 3")
            times, rest = int(rest[1]), rest[2:]
        if len(found) + times > VALUES_MAX:
            raise ValueError(f"more than {VALUES_MAX:,} values in a line; write several lines")
        found += [value] * times
    return found


def add_series(case: Case, found: Mapping[str, str | None]) -> None:
    """Add readings of a point, one after another at the source's pace; ``-`` is one that does not come."""
    time = case.at(str(found["start"]), found["day"])
    for value in repeated(str(found["values"]).split()):
        if value != "-":
            Decimal(value)
            case.reports.append((time, "realtime", {str(found["point"]): value}, "N"))
        time += timedelta(seconds=case.cadence_s)


def test_of(text: str) -> tuple[str, str]:
    """Return the step of a test and the test as a rule pack would write it.

    >>> test_of("spike PH method average suspect 5 fail 7")
    ('spike', '{ factors = ["PH"], method = "average", suspect = 5, fail = 7 }')
    """
    found = _TEST.fullmatch(text)
    if found is None or f"series.{found['step']}" not in SERIES:
        known = ", ".join(name.removeprefix("series.") for name in SERIES)
        raise ValueError(f"write: test spike POINT method average suspect 5 fail 7; tests are {known}")
    words = found["words"].split()
    pairs = [
        (name, v if v.startswith("[") or _NUMBER.fullmatch(v) else json.dumps(v))
        for name, v in zip(words[::2], words[1::2], strict=True)
    ]
    parameters = "".join(f", {name} = {value}" for name, value in pairs)
    return found["step"], f"{{ factors = [{json.dumps(found['point'])}]{parameters} }}"


def pack_of_tests(tests: Sequence[tuple[str, str]], base: str) -> RulePack:
    """Return a rule pack that adds a case's tests to another; the id of each rule is the name of its test."""
    lines = [f'id = "{OWN_PACK}"', 'title = ""', 'title_zh = ""', f'base = "{base}"']
    for step in dict.fromkeys(step for step, _test in tests):
        written = ", ".join(test for of, test in tests if of == step)
        lines += ["[[rule]]", f'id = "{step}"', f'step = "series.{step}"', "weight = 1", f"tests = [{written}]"]
        lines += [f'{name} = ""' for name in ("standard", "clause", "clause_zh", "text", "text_zh")]
        lines.append('confidence = "a proposal"')
    return RulePack(id=OWN_PACK, kinds=(), file="the case's tests", text="\n".join(lines))


def flags_missed(case: Case, facts: Mapping[str, str | None], where: str, closed: Callable[[int], Closed]) -> str | None:
    """Return the flags of a point's readings of a day instead of the expected ones, None where they are those."""
    day = closed(epoch_ms(case.at("00:00", facts["day"])))
    rules = [rule for rule in day.pack.rules if isinstance(rule, SeriesStep) and rule.id == facts["rule"]]
    there = {day.points.keys[t.pid].factor: " ".join(map(str, t.rows["flag"])) for t in flags_of_day(day, rules)}
    found = there.get(str(facts["point"]))
    return None if found == str(facts["flags"]).strip() else f"{where}; they are {found or 'none: no such test or readings'}"
