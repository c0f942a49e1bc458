"""CSV feeds: rows become report lines as their mapping says, digit for digit; what cannot be read is told by place."""

from __future__ import annotations

import gzip
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ingest.feed_mapping import Mapping, MappingFault, load_mapping
from ingest.feeds import LINE_CHARS_MAX, FeedFault, number_text, read_feed
from ingest.records import Report
from tests.conftest import REPO, SHARED, require

MAPPING = """
title = "Stack"
source = "stack-{unit}"
kind = "flue_gas"
cadence_s = 3600
missing = ["", "?", "-200"]

[time]
column = "when"
format = "%d.%m.%Y %H:%M"

[[value]]
column = "so2"
factor = "a21026"
kind = "hour"
unit = "mg/m3"
range_high = 500
limit = { limit = 35, id = "ULE" }

[[value]]
column = "kwh"
factor = "power"
kind = "interval"
unit = "kWh"
multiplier = 80
energy_code = "electricity_calorific"
"""
ROWS = """unit,when,so2,kwh,remark
A,01.07.2026 00:00,31.20,1.5,
A,01.07.2026 01:00,?,0.30000000000000004,
A,31.06.2026 01:00,1,1,no such day
B,01.07.2026 00:00,-200,,
B,01.07.2026 02:00,1e3,"1,5",
B,01.07.2026 03:00
b b,01.07.2026 03:00,1,1,
"""


def mapping(tmp_path: Path, text: str = MAPPING) -> Mapping:
    path = tmp_path / "stack.toml"
    path.write_text(text, encoding="utf-8")
    return load_mapping(path)


def test_a_feed(tmp_path: Path) -> None:
    """Rows give one line a kind; missing cells none, a cell that is no number null, a row without a time its reason."""
    path = tmp_path / "stack.csv"
    path.write_text(ROWS, encoding="utf-8-sig")
    feed = read_feed(path, mapping(tmp_path))
    lines = list(feed.lines())
    assert lines[0] == (
        b'{"v":1,"source":"stack-A","time":"2026-07-01T00:00:00+08:00","kind":"hour","factors":["a21026"],"stats":["avg"],'
        b'"values":[31.20],"flags":["N"],"sent":"2026-07-01T01:00:00+08:00","received":"2026-07-01T01:00:00+08:00",'
        b'"protocol":"csv","frame":null,"backfill":false,"decoder":1}'
    )
    assert b'"values":[0.30000000000000004]' in lines[2]
    reports = [Report.model_validate_json(x) for x in lines]
    assert [(r.source, r.kind, r.stats, r.values) for r in reports] == [
        ("stack-A", "hour", ["avg"], [31.2]),
        ("stack-A", "interval", ["energy"], [1.5]),
        ("stack-A", "interval", ["energy"], [0.30000000000000004]),
        ("stack-B", "hour", ["avg"], [1000.0]),
        ("stack-B", "interval", ["energy"], [None]),
    ]
    counts = feed.counts
    assert (counts.rows, counts.filed, counts.empty, counts.rejected_rows) == (7, 3, 1, 3)
    assert (counts.readings, counts.missing, counts.rejected_cells) == (4, 3, 1)
    assert [(r.line, r.column, r.value) for r in counts.rejected] == [
        (4, "when", "31.06.2026 01:00"),
        (6, "kwh", "1,5"),
        (7, "so2", ""),
        (8, "stack-{unit}", "stack-b b"),
    ]
    assert list(feed.lines()) == lines and feed.counts == counts


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_an_over_long_line_costs_only_itself(tmp_path: Path, ending: str) -> None:
    """A line beyond ``LINE_CHARS_MAX`` is a rejected row with its place and bytes, whatever it holds; one less is read."""
    path = tmp_path / "stack.csv"
    unit, good, after = "unit,when,so2,kwh", "A,01.07.2026 00:00,1,1,", "A,01.07.2026 01:00,2,2"
    fits = good + "x" * (LINE_CHARS_MAX - len(good) - len(ending))
    long = '"' + "y" * (LINE_CHARS_MAX - len(ending))
    path.write_text(ending.join([unit + ",remark", fits, long, after, ""]), newline="")
    feed = read_feed(path, mapping(tmp_path))
    assert [Report.model_validate_json(x).values for x in feed.lines()] == [[1.0], [1.0], [2.0], [2.0]]
    counts = feed.counts
    assert (counts.rows, counts.filed, counts.rejected_rows, counts.bytes_rejected) == (3, 2, 1, len(long + ending))
    assert [(r.line, r.value, r.reason) for r in counts.rejected] == [(3, long[:80], "longer than 65536 characters")]
    assert counts.bytes == path.stat().st_size


def test_the_drafted_registry(tmp_path: Path) -> None:
    """Sources, points, meters and limits are drafted as the mapping says; scale and range are the registry's to apply."""
    path = tmp_path / "stack.csv.gz"
    path.write_bytes(gzip.compress(ROWS.encode()))
    registry = read_feed(path, mapping(tmp_path)).registry
    assert [s.source for s in registry.sources] == ["stack-A", "stack-B"]
    assert (registry.points[0].unit, registry.points[0].range_high) == ("mg/m3", Decimal(500))
    assert (registry.meters[0].kind, registry.meters[0].multiplier) == ("interval", Decimal(80))
    assert (registry.limits[1].source, registry.limits[1].limit, registry.limits[1].limit_id) == ("stack-B", Decimal(35), "ULE")


@pytest.mark.parametrize(
    ("text", "json_text"),
    [
        ("31.20", "31.20"),
        ("-0.5", "-0.5"),
        ("1E3", "1E3"),
        ("+.50", "0.50"),
        ("007", "7"),
        ("5.", "5"),
        ("", None),
        ("NaN", None),
        ("inf", None),
        ("1e999", None),
        ("1_000", None),
        ("1,5", None),
        ("0x1f", None),
        ("１２", None),
        ("1 2", None),
    ],
)
def test_number_text(text: str, json_text: str | None) -> None:
    """A number keeps its digits; what JSON would not take is written plainly; what is no finite number is None."""
    assert number_text(text) == json_text
    if json_text is not None:
        assert json.loads(json_text) == float(text)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('title = "Stack"\n', "", "stack.toml: title: the key is missing"),
        ("cadence_s", "cadence", "stack.toml: cadence: no such key"),
        ("range_high = 500", "range_hi = 500", "stack.toml: value[1].range_hi: no such key"),
        ('kind = "hour"', 'kind = "hourly"', "stack.toml: value[1].kind: Input should be"),
        ('factor = "power"', 'factor = "a21026"', "stack.toml: factor a21026 is mapped twice"),
        ('kind = "interval"', 'kind = "hour"', "stack.toml: value[2]: energy_code belongs to a meter"),
        ("[time]\n", "[time]\nutc_offset = 'CET'\n", 'stack.toml: time: "CET" is no offset'),
        ("[time]\n", "[time\n", "stack.toml: "),
        ("[time]\n", "[sequence]\nnumber_column = 'n'\nstart = '2026'\n[time]\n", "either [time] or [sequence]"),
        ("stack-{unit}", "stack-{unit", "stack.toml: "),
    ],
)
def test_a_faulty_mapping(tmp_path: Path, old: str, new: str, told: str) -> None:
    """A misspelt key, a wrong word, a contradiction: refused with file and key."""
    assert old in MAPPING
    with pytest.raises(MappingFault) as caught:
        mapping(tmp_path, MAPPING.replace(old, new))
    assert told in str(caught.value)


def test_a_feed_that_cannot_be_read(tmp_path: Path) -> None:
    """No file, a missing column, no text, half a gzip: one sentence with file and place, and no traceback of a library."""
    made, path = mapping(tmp_path), tmp_path / "stack.csv"
    for content, told in (
        (None, "stack.csv: no such file"),
        (b"", "columns unit, so2, kwh, when of the mapping are missing; the file has none"),
        (b"unit,when,so2\n", "stack.csv:1: columns kwh of the mapping are missing"),
        (b"unit,when,so2,kwh\n\xff\xfe\n", "is not UTF-8"),
        (gzip.compress(ROWS.encode())[:-12], "cannot be read to its end"),
    ):
        if content is not None:
            path.write_bytes(content)
        with pytest.raises(FeedFault) as caught:
            list(read_feed(path, made).lines())
        assert told in str(caught.value)


def test_rows_without_times(tmp_path: Path) -> None:
    """Row n of a year stands for its nth hour, 2012 being a leap year; a number below 1 is refused."""
    timed = '[time]\ncolumn = "when"\nformat = "%d.%m.%Y %H:%M"'
    assert timed in MAPPING
    text = MAPPING.replace(timed, "[sequence]\nnumber_column = 'n'\nstart = '{year}-01-01T00:00:00+08:00'")
    path = tmp_path / "stack.csv"
    path.write_text("unit,year,n,so2,kwh\nA,2011,1,1,\nA,2012,1441,2,\nA,2012,0,3,\nA,x,1,3,\n")
    feed = read_feed(path, mapping(tmp_path, text))
    assert [json.loads(x)["time"] for x in feed.lines()] == ["2011-01-01T00:00:00+08:00", "2012-03-01T00:00:00+08:00"]
    assert [(r.line, r.value) for r in feed.counts.rejected] == [(4, "0"), (5, "1")]


def test_the_day_that_ends_under_its_own_date(tmp_path: Path) -> None:
    """Where a day's last quarter is labelled 00:00 of the same date, it is put at that day's end."""
    path = tmp_path / "steel.csv"
    path.write_text("time_label,usage_kwh\n2018-01-01 23:45:00,3.67\n2018-01-01 00:00:00,3.42\n2018-01-02 00:15:00,3.2\n")
    feed = read_feed(path, load_mapping(REPO / "feeds" / "steel_energy.toml"))
    times = [json.loads(x)["time"] for x in feed.lines()]
    assert times == ["2018-01-01T23:45:00+08:00", "2018-01-02T00:00:00+08:00", "2018-01-02T00:15:00+08:00"]
    assert feed.registry.sources[0].label == "end"


def test_interpolated_values(tmp_path: Path) -> None:
    """What the publisher interpolated is kept, or left out where the mapping says so."""
    made = load_mapping(REPO / "feeds" / "registers_konstanz.toml")
    named = [v.column for v in made.value]
    path = tmp_path / "k.csv"
    cells = ",".join(str(n) for n in range(9))
    path.write_text(f"utc_timestamp,{','.join(named)},interpolated_values\n2016-01-01T00:00:00Z,{cells},grid_export | ev\n")
    assert json.loads(next(read_feed(path, made).lines()))["values"] == list(range(9))
    assert made.interpolated is not None
    dropping = made.model_copy(update={"interpolated": made.interpolated.model_copy(update={"keep": False})})
    got = json.loads(next(read_feed(path, dropping).lines()))
    assert got["values"] == [0, 2, 4, 5, 6, 7, 8] and "ev" not in got["factors"]


def test_every_shipped_mapping_is_sound() -> None:
    """All mapping files of the project load."""
    assert len([load_mapping(p) for p in sorted((REPO / "feeds").glob("*.toml"))]) >= 5


REAL: list[Any] = [
    # feed, rows, lines, (time, values) of the first and last line as read by eye in the files
    pytest.param(
        "steel_energy",
        17_376,
        17_376,
        ("2018-01-01T00:15:00+08:00", "[3.17]"),
        ("2018-07-01T00:00:00+08:00", "[2.92]"),
        id="steel",
    ),
    pytest.param(
        "registers_konstanz",
        5_616,
        5_546,
        ("2015-10-11T00:00:00+00:00", "[2.240]"),
        (
            "2016-05-31T23:00:00+00:00",
            "[69.152,600.148,99.906,3891.990,3066.210,2222.020,5249.730,86.501,71.707]",
        ),
        id="konstanz",
    ),
    pytest.param(
        "smart_meter_uk",
        46_044,
        46_044,
        ("2012-10-12T00:30:00+00:00", "[0.0]"),
        ("2022-12-06T12:00:00+00:00", "[0.028999999999999998]"),
        id="uk",
    ),
    # 7,152 hours from 2013-01-01T00:00 are 298 days: the last begins 2013-10-25T23:00
    pytest.param(
        "gas_turbine_cems",
        22_191,
        22_191,
        ("2011-01-01T00:00:00+08:00", "[0.32663,81.952]"),
        ("2013-10-25T23:00:00+08:00", "[1.1337,78.95]"),
        id="turbine",
    ),
    pytest.param(
        "effluent_hourly_cn",
        2_346,
        2_342,
        ("2021-01-02T02:00:00+08:00", "[1.34]"),
        ("2021-12-31T23:00:00+08:00", "[2.5]"),
        id="effluent",
    ),
]


@pytest.mark.parametrize(("name", "rows", "count", "first", "last"), REAL)
def test_a_real_feed(name: str, rows: int, count: int, first: tuple[str, str], last: tuple[str, str]) -> None:
    """A published feed is read whole, its first and last lines as they stand in the file."""
    folder = SHARED / "data" / name
    require("shared", folder.exists(), f"the feed {name} lies beside the checkout")
    feed = read_feed(next(folder.glob("*.csv*")), load_mapping(REPO / "feeds" / f"{name}.toml"))
    lines = list(feed.lines())
    assert (feed.counts.rows, len(lines), feed.counts.rejected) == (rows, count, [])
    for line, (time, values) in ((lines[0], first), (lines[-1], last)):
        Report.model_validate_json(line)
        assert f'"time":"{time}"'.encode() in line and f'"values":{values},'.encode() in line


def test_the_sum_of_a_real_feed() -> None:
    """The exact sum of the steel plant's readings is the total in the feed's description, 521,199.76 kWh."""
    folder = SHARED / "data" / "steel_energy"
    require("shared", folder.exists(), "the feed steel_energy lies beside the checkout")
    feed = read_feed(next(folder.glob("*.csv*")), load_mapping(REPO / "feeds" / "steel_energy.toml"))
    assert sum(json.loads(x, parse_float=Decimal, parse_int=Decimal)["values"][0] for x in feed.lines()) == Decimal("521199.76")
