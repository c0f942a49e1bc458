"""What people do on the console's pages, and what the pages say when something is away, over or unknown."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from ingest.log import LogFull
from plumeline.console import (
    deliveries,
    forms,
    frames,
    now,
    parts,
    pipeline,
    source,
    sources,
    why,
)
from plumeline.texts import t
from processors.figures import HOUR_MS, Episode, Event, Figure, local_iso
from processors.store import StoredFrame
from tests.alerts.given import over
from tests.alerts.test_ladder import raised, staffed
from tests.plumeline.console_given import context as _context
from tests.plumeline.console_given import text_of as _text
from tests.plumeline.fake_store import HOUR, NOW_MS, SCRIPT, STACK, FakeOutbox, FakeStore


class EndedBefore(FakeStore):
    """Nothing is above its limit in what is shown; dust was last, longer ago."""

    def figures(self, *asked: Any, **more: Any) -> list[Figure]:
        return [replace(f, verdict="complies", ok=True, revision=1) if f.limit else f for f in super().figures(*asked, **more)]

    def episodes(self, source: str | None = None, state: str | None = None, limit: int = 200) -> list[Episode]:
        found = [replace(e, state="closed", closed_by="complies") for e in super().episodes(STACK, None, limit)]
        old = found[-1].end_ms - 72 * HOUR_MS
        found = [replace(e, end_ms=old - HOUR_MS) for e in found]
        found.append(replace(found[0], id="dust", factor="a34013", end_ms=old))
        found.append(replace(found[0], id="gone", factor="a21002", end_ms=old + HOUR_MS, state="withdrawn"))
        return [e for e in found if state in (None, e.state)]


def test_after_its_episode_ended_the_source_page_opens_on_that_factor() -> None:
    """The factor that was above its limit last, however long ago; a withdrawn episode never was."""
    assert "Dust — at reference oxygen" in str(source.view(_context(EndedBefore(), source=STACK)).html["choice"])


def test_a_source_that_nobody_registered_is_listed() -> None:
    """A device under an unknown name is found where its vendor looks, and counted on the page Now."""
    assert ("NEW-DEVICE-7", "unregistered") in [(s.source, s.state) for s in parts.all_states(_context())]
    for view in (sources.view(_context()), why.index(_context()), now.view(_context())):
        assert "NEW-DEVICE-7" in _text(view)


class FakeAgain:
    """Reads whatever is handed in, or refuses all of it with one reason."""

    def __init__(self, reason: str | None) -> None:
        self.refusal, self.filed = reason, list[tuple[str, str]]()

    def reason(self, frame: StoredFrame) -> str | None:
        return self.refusal

    def file(self, frame: StoredFrame, who: str) -> str | None:
        if self.refusal == "full":
            raise LogFull("busy")
        self.filed += [(frame.id, who)] if self.refusal is None else []
        return self.refusal


@pytest.mark.parametrize(
    ("reason", "who", "said", "filed"),
    [
        (None, "Li Wei", "filed", 1),
        (f"still {SCRIPT}", "Li Wei", "refused", 0),
        (None, " ", "who", 0),
        ("full", "Li Wei", "full", 0),
    ],
)
def test_a_quarantined_frame_is_tried_again(reason: str | None, who: str, said: str, filed: int) -> None:
    """Its page says how it would be judged now; the form tries it in somebody's name and leads to what came of it."""
    context, port = _context(), FakeAgain(reason)
    context.console.again = port
    bad = FakeStore().quarantine()[0]
    page = _text(frames.frame(replace(context, query={"id": bad.id})))
    assert (t("again.would") in page) == (reason is None) and "<script" not in page and t("again.do") in page
    assert t("again.do") in _text(frames.quarantine(context))
    assert frames.act(context, {"frame": bad.id, "who": who}) == f"frame/{bad.id}?said={said}"
    assert port.filed == [(bad.id, "Li Wei")] * filed
    after = _text(frames.frame(replace(context, query={"id": bad.id, "said": said})))
    assert t(f"again.{said}") in after and ("quarantine/again" in after) == (said != "filed")


def test_only_what_is_in_quarantine_is_tried_again() -> None:
    """A frame that was read, one that is not known, and a console without the port have nothing to try."""
    context, good = _context(), FakeStore().frames(STACK)[0]
    assert frames.act(context, {"frame": FakeStore().quarantine()[0].id, "who": "Li Wei"}).endswith("said=gone")
    context.console.again = FakeAgain(None)
    for wanted in (good.id, "nobody"):
        assert frames.act(context, {"frame": wanted, "who": "Li Wei"}) == f"frame/{wanted}?said=gone"
    assert "quarantine/again" not in _text(frames.frame(replace(context, query={"id": good.id})))


def test_an_alert_is_acknowledged_by_whom_when_and_why() -> None:
    """The form acknowledges what is open; afterwards the page says who did, and offers only the comment."""
    context = _context(alert="ac01")
    before = _text(deliveries.view(context))
    assert t("action.acknowledge.do") in before
    address = deliveries.act(context, {"alert": "ac01", "kind": "acknowledge", "who": "Li Wei", "words": f"see {SCRIPT}"})
    assert address == "alerts?alert=ac01"
    after = _text(deliveries.view(context))
    assert t("action.known", who="Li Wei") in after and "&lt;script&gt;" in after and "<script" not in after
    (row, *_) = context.console.outbox.alerts(9)
    assert t("action.acknowledge.do") not in str(deliveries.form(row, "", over=False))
    assert deliveries.act(context, {"alert": "ac01", "kind": "comment", "who": "Li Wei"}) == "alerts?alert=ac01&said=words"
    assert t("said.words") in str(deliveries.form(row, "words", over=False))


def test_a_matter_shows_its_stage_and_is_explained_and_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The page says to which stage an alert's matter has risen; it is explained and closed there, and says so afterwards."""
    box, rows = staffed(tmp_path)
    box.consume(list(enumerate([over(hours=1), raised(3)], 1)), rows, NOW_MS)
    matter, episode = (row.id for row in box.alerts(2))
    context = _context(alert=matter)
    monkeypatch.setattr(context.console, "outbox", box)
    page = _text(deliveries.view(context))
    assert page.count(t("alerts.stage", stage=3, level=t("level.3"))) == 2, "beside the exceedance and beside its matter"
    assert page.count(t("action.close.do")) == 1 and page.count(t("action.explain.do")) == 2
    said = {"who": "Li Wei", "words": "bags replaced"}
    assert deliveries.act(context, {"alert": episode, "kind": "close", **said}) == f"alerts?alert={episode}&said=over"
    for kind in ("explain", "close"):
        assert deliveries.act(context, {"alert": matter, "kind": kind, **said}) == f"alerts?alert={matter}"
    box.tick(box.alerts(1)[0].time_ms + HOUR_MS, rows, NOW_MS)
    page = _text(deliveries.view(context))
    assert t("alerts.stage", stage=3, level=t("level.3")) not in page and t("action.close.do") not in page
    assert t("action.explain") in page and t("action.close") in page and "Closed by Li Wei: bags replaced" in page


class Blind(FakeStore):
    """A county whose gateway gave no sign of life for a quarter of an hour, and for two minutes now."""

    def events(self, source: str | None = None, kind: str | None = None, limit: int = 100) -> list[Event]:
        spans = [(local_iso(NOW_MS - 120_000), None), (local_iso(HOUR), local_iso(HOUR + 900_000))]
        facts = [{"since": since} | ({"until": until} if until else {}) for since, until in spans]
        found = [Event(f"b{n}", "source.blind", "gateway:g1", None, NOW_MS, True, fact) for n, fact in enumerate(facts)]
        return found if kind == "source.blind" else super().events(source, kind, limit)


def test_the_pipeline_page_tells_blind_time_and_a_stop() -> None:
    """When gateways were not heard stands there, from the events; with the store away it is not known; a stop stands first."""
    text = _text(pipeline.view(_context(Blind())))
    assert "g1: 15:19:20 – now (2\u00a0min)" in text and "g1: 15:00:00 – 15:15:00 (15\u00a0min)" in text
    assert t("pipeline.blind.none") in _text(pipeline.view(_context()))
    away = _text(pipeline.view(_context(FakeStore("away"))))
    assert t("pipeline.blind.unknown") in away and t("pipeline.blind.none") not in away
    context = _context()
    assert t("pipeline.failed") not in _text(pipeline.view(context))
    context.console.health = lambda: {"failed": "OSError: disk full"}
    assert "OSError: disk full" in str(pipeline.view(context).html["parts"]).partition(t("pipeline.store"))[0]


def test_an_alert_older_than_the_list_is_shown_when_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """A link from a message leads to its alert however many came since, and knows that it has ended; a forgotten one says so."""
    context = _context(alert="ac00")
    outbox = context.console.outbox
    (end,) = [a for a in outbox.alerts(9) if a.id == "ac03"]
    first = replace(end, title="The first", alert=replace(end.alert, id="ac00", phase="opened"))
    monkeypatch.setattr(outbox, "alert", lambda alert: first if alert == "ac00" else None)
    text = _text(deliveries.view(context))
    assert text.index("The first") < text.index("SO₂ over limit") < text.index("SO₂ complies again")
    assert t("phase.over", phase=t("phase.opened")) in text
    assert t("said.gone") in _text(deliveries.view(_context(alert="nobody", said="gone")))


def test_the_alerts_page_does_without_the_store() -> None:
    """What was sent is shown while the store is away, and can be acknowledged; the page says that the store is away."""
    view = deliveries.view(_context(FakeStore("away"), alert="ac01"))
    assert view.away and "SO₂ over limit" in _text(view) and t("action.acknowledge.do") in _text(view)
    assert not deliveries.view(_context()).away


def test_a_form_of_a_foreign_page_is_refused() -> None:
    """A browser says where a form comes from; another site's does nothing, ours leads to the alert."""
    app, context = FastAPI(), _context()
    outbox = context.console.outbox
    assert isinstance(outbox, FakeOutbox)
    app.include_router(forms.routes("", {"alerts/act": lambda fields: deliveries.act(context, fields)}))
    client = TestClient(app, follow_redirects=False)
    data = {"alert": "ac01", "kind": "comment", "who": "Li Wei", "words": "seen"}
    for headers in ({"sec-fetch-site": "cross-site"}, {"origin": "https://evil.example"}):
        assert client.post("/alerts/act", data=data, headers=headers).status_code == 403
    assert client.post("/alerts/act", data={**data, "words": "x" * 20_000}).status_code == 413
    assert outbox.actions == []
    answer = client.post("/alerts/act", data=data, headers={"origin": "http://testserver"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/alerts?alert=ac01")
    assert [(a.who, a.words) for a in outbox.actions] == [("Li Wei", "seen")]
