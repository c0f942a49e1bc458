"""The page of a source's marks: set in somebody's name, listed with their quota, rejected, and refused with a reason."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
import typer
from fastapi import FastAPI, Request
from fastapi.testclient import TestClient

from ingest.csv_tables import RegistryFaults
from ingest.log import LogFull
from ingest.records import Mark
from plumeline import marks_cli
from plumeline.console import forms, marks
from plumeline.console.app import _query
from plumeline.console.furnace import mark_of
from plumeline.console.shell import Context, View
from plumeline.sqlite_query import stored_mark
from plumeline.texts import speaking, t
from processors.figures import HOUR_MS, Event, epoch_ms
from processors.store import StoredMark
from tests.conftest import REPO
from tests.plumeline.console_given import context, text_of
from tests.plumeline.fake_store import HOUR, NOW_MS, STACK, FakeStore, registry

FORM = {
    "source": STACK,
    "type": "start_up",
    "factor": "a21026",
    "start": "2026-07-01T13:00",
    "end": "2026-07-01T14:00",
    "who": "Li Wei",
    "reason": "cold start",
    "evidence": "DCS 17",
}


class Filed:
    """Keeps what is filed, or says that the log is full or away."""

    def __init__(self, trouble: Exception | None = None) -> None:
        self.trouble, self.marks = trouble, list[Mark]()

    def file(self, mark: Mark) -> None:
        if self.trouble is not None:
            raise self.trouble
        self.marks.append(mark)


class Marked(FakeStore):
    """Two hours of start-up, and one that was rejected."""

    def marks(self, source: str, start_ms: int, end_ms: int, *, rejected: bool = False) -> list[StoredMark]:
        one = StoredMark(
            "m1",
            STACK,
            None,
            "start_up",
            HOUR - 5 * HOUR_MS,
            HOUR - 3 * HOUR_MS,
            "<b>Li</b>",
            "cold",
            NOW_MS,
            "confirmed",
            "log",
        )
        gone = replace(one, id="m2", start_ms=HOUR - 9 * HOUR_MS, end_ms=HOUR - 8 * HOUR_MS, state="rejected")
        return [one, *([gone] if rejected else [])]


def given(port: Filed | None, store: FakeStore | None = None, rules: str = "", **query: str) -> Context:
    known = registry()
    known = known.model_copy(update={"sources": tuple(s.model_copy(update={"rules": rules}) for s in known.sources)})
    made = context(store or FakeStore(), known, **{"source": STACK, **query})
    made.console.marks = port
    return made


def test_a_mark_is_set_in_somebodys_name() -> None:
    """Who, why, evidence, factor and times stand in the record; sent twice it is the same mark."""
    port = Filed()
    for _ in range(2):
        assert marks.act(given(port), FORM) == f"marks/{STACK}?said=filed"
    first, second = port.marks
    assert first == second and (first.author, first.reason, first.evidence, first.state) == (
        "Li Wei",
        "cold start",
        "DCS 17",
        "confirmed",
    )
    assert (first.type, first.factors, first.set_at.timestamp() * 1000) == ("start_up", ["a21026"], NOW_MS)
    assert (first.start.isoformat(), first.end.isoformat()) == ("2026-07-01T13:00:00+08:00", "2026-07-01T14:00:00+08:00")
    marks.act(given(port), {**FORM, "factor": ""})
    assert port.marks[-1].factors is None and port.marks[-1].id != first.id


@pytest.mark.parametrize(
    ("change", "trouble", "said"),
    [
        ({"who": " "}, None, "who"),
        ({"reason": ""}, None, "words"),
        ({"reason": "x" * 5_000}, None, "long"),
        ({"evidence": "x" * 5_000}, None, "long"),
        ({"type": "coffee"}, None, "type"),
        ({"factor": "a99999"}, None, "gone"),
        ({"source": "NOBODY"}, None, "gone"),
        ({"start": "noon"}, None, "times"),
        ({"start": "1026-07-01T13:00"}, None, "times"),
        ({"end": "2026-07-01T13:00"}, None, "order"),
        ({}, LogFull("busy"), "full"),
        ({}, OSError("away"), "away"),
    ],
)
def test_a_mark_that_is_not_taken_says_why(change: dict[str, str], trouble: Exception | None, said: str) -> None:
    """Nothing is filed, the answer has its words in both languages, and the form keeps what was written."""
    port = Filed(trouble)
    address = marks.act(given(port), {**FORM, **change})
    assert port.marks == [] and f"said={said}" in address and "type=" in address
    for language in ("en", "zh"):
        with speaking(language):
            page = text_of(marks.view(given(port, said=said, type="drying", reason="wet", evidence="DCS 17")))
            assert t(f"marks.said.{said}") in page and 'value="drying" selected' in page and 'value="DCS 17"' in page
            assert 'name="reason" value="wet"' in page


def test_the_form_is_taken_as_a_browser_sends_it() -> None:
    """All 17 fields of the page and the button that was pressed, the empty ones too; what was refused comes back whole."""
    port = Filed()
    page = text_of(View({"form": marks.view(given(port)).html["form"]}))
    named = dict.fromkeys(re.findall(r'<(?:input|select)[^>]* name="(\w+)"', page), "")
    assert len(named) == 17
    app = FastAPI()
    app.include_router(forms.routes("", {"marks/set": lambda fields: marks.act(given(port), fields)}))
    client = TestClient(app, follow_redirects=False)
    answer = client.post("/marks/set", data={**named, **FORM, "state": "confirmed"})
    assert (answer.status_code, answer.headers["location"]) == (303, f"/marks/{STACK}?said=filed")
    check = {"check": "zero", "reference": "0.2", "before": "3.1", "after": "0.1", "span": "100", "gas": "ppm coffee"}
    written = {**FORM, **check, "type": "calibration", "result_kg_h": "1", "result_mg_l": "2", "method": "HJ 57-2017"}
    refused = client.post("/marks/set", data={**written, "state": "draft"}).headers["location"]
    kept = _query(Request({"type": "http", "query_string": urlsplit(refused).query.encode()}))
    assert kept["said"] == "gas" and {name: kept.get(name) for name in marks.KEPT} == {
        name: written[name] for name in marks.KEPT
    }


def test_without_a_port_nothing_is_set() -> None:
    """A console that cannot file says where else marks are taken."""
    assert marks.act(given(None), FORM).startswith(f"marks/{STACK}?said=gone")
    page = text_of(marks.view(given(None, Marked())))
    assert t("marks.elsewhere") in page and "<form" not in page


def test_the_list_tells_who_why_and_how_much_is_used() -> None:
    """Rejected ones stand there too; 2 of 60 h are used where the rules have a quota; what a person wrote is escaped."""
    page = text_of(marks.view(given(Filed(), Marked(), "cn-waste-incineration")))
    assert "This year: 2 h of 60 h exempt time used (start-up, shut-down" in page
    assert "&lt;b&gt;Li&lt;/b&gt;" in page and "<b>Li</b>" not in page
    assert page.count(f">{t('marks.state.rejected')}<") == 1 and page.count(t("marks.state.confirmed") + " · ") == 1
    assert "2 Jul 12:00" in page  # NOW is 1 July 2026: noon of the next day
    assert "drying</option>" in page and "drying" + t("marks.no_effect") not in page
    plain = text_of(marks.view(given(Filed(), Marked())))
    assert "exempt time used" not in plain and "drying" + t("marks.no_effect") in plain


def test_a_mark_is_rejected_in_somebodys_name() -> None:
    """The record is the mark's own, with who rejected it and why; one that is not known, or is rejected already, cannot be."""
    port = Filed()
    form = {"source": STACK, "mark": "m1", "who": "Zhao", "reason": "no start that day"}
    assert marks.act(given(port, Marked()), form) == f"marks/{STACK}?said=rejected"
    (mark,) = port.marks
    assert (mark.id, mark.state, mark.author, mark.reason, mark.evidence) == (
        "m1",
        "rejected",
        "Zhao",
        "no start that day",
        "log",
    )
    assert (epoch_ms(mark.start), epoch_ms(mark.end)) == (HOUR - 5 * HOUR_MS, HOUR - 3 * HOUR_MS)
    assert marks.act(given(port, Marked()), {**form, "mark": "m2"}) == f"marks/{STACK}?said=gone"
    assert len(port.marks) == 1


def test_a_source_that_nobody_registered_has_no_marks() -> None:
    """Its page says so."""
    assert t("source.missing") in text_of(marks.view(given(Filed(), source="NOBODY")))


HEAD = "id,source,factors,type,start,end,author,set_at,reason,evidence,state"
SOURCE = "44060500010000000000A001"
TIMES = "2026-07-01T13:00:00+08:00,2026-07-01T14:00:00+08:00,Li Wei,2026-07-01T15:00:00+08:00,cold start,,"


def test_a_file_of_marks_is_checked_whole(tmp_path: Path) -> None:
    """Every fault with file, line, field and remedy."""
    file = tmp_path / "m.csv"
    rows = [f"a,{SOURCE},a2102,start_up,{TIMES}", f"b,{SOURCE},,start-up,{TIMES}", f"c,NOBODY,,drying,{TIMES}"]
    file.write_text("\n".join([HEAD, *rows]), encoding="utf-8")
    with pytest.raises(RegistryFaults) as raised:
        marks_cli.marks(file, REPO / "registry")
    told = [str(fault) for fault in raised.value.faults]
    assert len(told) == 3 and all(f"m.csv:{n}" in text for n, text in zip((2, 3, 4), told, strict=True))
    assert "did you mean a21026?" in told[0] and "start_up" in told[1] and "sources.csv" in told[2]


@contextmanager
def answering(monkeypatch: pytest.MonkeyPatch, answers: Sequence[tuple[int, object]]) -> Iterator[list[httpx.Request]]:
    """Let a server answer in turn, and give its requests."""
    asked: list[httpx.Request] = []
    waiting = iter(answers)

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        status, body = next(waiting)
        return httpx.Response(status, json=body)

    def post(url: str, *, content: bytes, headers: dict[str, str], timeout: float, trust_env: bool) -> httpx.Response:
        return httpx.Client(transport=httpx.MockTransport(answer)).post(url, content=content, headers=headers)

    with monkeypatch.context() as patched:
        patched.setattr(httpx, "post", post)
        yield asked


def test_a_file_of_marks_is_sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """One line a mark, with the token; what the server refuses is told by the mark's id and ends in a fault."""
    file = tmp_path / "m.csv"
    file.write_text("\n".join([HEAD, f"a,{SOURCE},a21002,start_up,{TIMES}", f"b,{SOURCE},,drying,{TIMES}"]), encoding="utf-8")
    refused = {"lines": [{"line": 1, "status": "accepted"}, {"line": 2, "status": "rejected", "reason": "no token"}]}
    with answering(monkeypatch, [(200, refused)]) as asked, pytest.raises(typer.Exit):
        marks_cli.marks(file, REPO / "registry", "http://127.0.0.1:8080/", "secret")
    (request,) = asked
    assert str(request.url) == "http://127.0.0.1:8080/v1/marks" and request.headers["authorization"] == "Bearer secret"
    assert [Mark.model_validate_json(row).id for row in request.content.splitlines()] == ["a", "b"]
    told = capsys.readouterr()
    assert "mark b: no token" in told.err and "1 marks filed, 1 refused" in told.out


RESULT = {**FORM, "type": "manual", "result_kg_h": "12.5", "method": "HJ 57-2017", "evidence": "report 2026-117"}


class Measured(FakeStore):
    """One result of manual monitoring, a draft."""

    def marks(self, source: str, start_ms: int, end_ms: int, *, rejected: bool = False) -> list[StoredMark]:
        port = Filed()
        marks.act(given(port), {**RESULT, "state": "draft"})
        return [stored_mark(mark) for mark in port.marks]


def test_a_result_of_manual_monitoring_is_filed_listed_and_confirmed() -> None:
    """Rate, method and report stand in the record and in the list; confirming it files the same numbers; two methods are two results."""
    port = Filed()
    made = given(port, Measured())
    for change in ({}, {"method": "HJ 629-2011"}):
        assert marks.act(made, {**RESULT, **change}) == f"marks/{STACK}?said=filed"
    page = text_of(marks.view(made))
    assert [mark_of(m).result_kg_h for m in Measured().marks(STACK, 0, NOW_MS)] == [Decimal("12.5")]
    assert "12.5\xa0kg/h, HJ 57-2017" in page and "report 2026-117" in page
    marks.act(made, {"source": STACK, "mark": port.marks[0].id, "who": "Wang", "reason": "report read", "state": "confirmed"})
    assert [(m.author, str(m.result_kg_h), m.method, m.state) for m in port.marks] == [
        ("Li Wei", "12.5", "HJ 57-2017", "confirmed"),
        ("Li Wei", "12.5", "HJ 629-2011", "confirmed"),
        ("Wang", "12.5", "HJ 57-2017", "confirmed"),
    ]
    assert len({m.id for m in port.marks}) == 2
    marks.act(made, {**RESULT, "method": "HJ 828-2017", "result_mg_l": "28.5"})
    assert port.marks[-1].result_mg_l == Decimal("28.5")


@pytest.mark.parametrize(
    "change",
    [
        {"end": "2026-07-02T13:30"},
        {"result_kg_h": ""},
        {"result_kg_h": "much"},
        {"method": " "},
        {"factor": ""},
        {"type": "fault"},
        {"result_mg_l": "-1"},
    ],
)
def test_a_result_that_is_not_whole_says_what_is_asked(change: dict[str, str]) -> None:
    """Nothing is filed; the form keeps what was written and stands open, in both languages."""
    port = Filed()
    address = marks.act(given(port), {**RESULT, **change})
    assert port.marks == [] and "said=result" in address
    for language in ("en", "zh"):
        with speaking(language):
            page = text_of(marks.view(given(port, said="result", **{**RESULT, **change})))
            assert t("marks.said.result") in page and t("marks.result.about") in page


class Undecided(Marked):
    """The mark of Marked is a stop that the gas contradicted after it was set, and beside it stands a draft."""

    def marks(self, source: str, start_ms: int, end_ms: int, *, rejected: bool = False) -> list[StoredMark]:
        stop = replace(super().marks(source, start_ms, end_ms)[0], type="stopped")
        return [stop, *([replace(stop, id="d1", state="draft")] if rejected else [])]

    def events(self, source: str | None = None, kind: str | None = None, limit: int = 100) -> list[Event]:
        told = Event("e", "mark.contradicted", STACK, None, NOW_MS + 1, False, {"marks": ["m1"]})
        return [told] if kind == "mark.contradicted" else super().events(source, kind, limit)


@pytest.mark.parametrize(("language", "words"), [("en", ("pending", "draft")), ("zh", ("待定", "草稿"))])
def test_drafts_and_pending_marks_are_confirmed_in_somebodys_name(language: str, words: tuple[str, str]) -> None:
    """Both are shown as what they are, with a form that confirms; confirming files the same mark again, set now."""
    port = Filed()
    made = given(port, Undecided())
    with speaking(language):
        page = text_of(marks.view(made))
    assert all(word in page for word in words)
    for named in ("m1", "d1"):
        answer = marks.act(made, {"source": STACK, "mark": named, "who": "Wang", "reason": "log read", "state": "confirmed"})
        assert "said=confirmed" in answer
    assert [(m.id, m.type, m.author, m.state, epoch_ms(m.set_at)) for m in port.marks] == [
        ("m1", "stopped", "Wang", "confirmed", NOW_MS),
        ("d1", "stopped", "Wang", "confirmed", NOW_MS),
    ]


def test_a_draft_is_filed_by_the_form() -> None:
    """The same fields, kept as a draft."""
    port = Filed()
    assert "said=draft" in marks.act(given(port), {**FORM, "state": "draft"})
    assert [m.state for m in port.marks] == ["draft"]
