"""The demo as a newcomer meets it: the stack, its evidence and the webhook in three clicks, and a clean stop and restart."""

from __future__ import annotations

import csv
import json
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from plumeline.sqlite_query import SqliteStore
from plumeline.sqlite_store import SqliteWriter
from processors.figures import DAY_MS, HOUR_MS, Figure
from tests.conftest import REPO, require
from tests.orphans import program

SPEED = 120
"""Virtual seconds a second: the first hour closes 29 s after the start (08:02), the outlet's silence ends at 09:12."""
START_S, STORY_S, STOP_S = 40, 75, 10
"""How long the first page, the whole story, and the end after Ctrl-C may take."""
AGAIN_S = 5 * 30 + STORY_S
"""How long until the stack exceeds again: an episode is open for an hour, 30 s, and the next begins five hours after it."""
STACK, VOC = "44060500010000000000A001", "44060500020000000000B001"
WAIT_MS = 15_000
ASK_S = 0.25


def until(true: Callable[[], Any], limit_s: float, what: str) -> Any:
    """Ask again and again until something is true; fail with what was waited for."""
    end = time.monotonic() + limit_s
    while time.monotonic() < end:
        found = true()
        if found:
            return found
        time.sleep(ASK_S)
    pytest.fail(f"not within {limit_s} s: {what}")


class Demo:
    """The real command in a process of its own, over a folder that stays."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.http, self.tcp, self.receiver = _free_ports(3)
        self.base = f"http://127.0.0.1:{self.http}"
        self.output = data.parent / "output.txt"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        environment = {k: v for k, v in os.environ.items() if not k.startswith("PLUMELINE_")}
        options = {
            "data": self.data,
            "registry": REPO / "registry",
            "http-port": self.http,
            "tcp-port": self.tcp,
            "receiver-port": self.receiver,
            "speed": SPEED,
        }
        command = [*program("from plumeline.cli import main; main()"), "demo"]
        command += [part for name, value in options.items() for part in (f"--{name}", str(value))]
        with self.output.open("ab") as output:
            self.process = subprocess.Popen(
                command, cwd=REPO, env=environment, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
            )
        until(self.answers, START_S, f"a console at {self.base}; it said:\n{self.said()}")

    def answers(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, f"the demo ended with {self.process.returncode}:\n{self.said()}"
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.http)) == 0

    def interrupt(self) -> tuple[int, float]:
        """Press Ctrl-C; return the exit code and how long the end took [s]."""
        assert self.process is not None
        began = time.monotonic()
        self.process.send_signal(signal.SIGINT)
        try:
            code = self.process.wait(STOP_S + 5)
        except subprocess.TimeoutExpired:
            self.kill()
            pytest.fail(f"Ctrl-C did not end the demo:\n{self.said()}")
        return code, time.monotonic() - began

    def kill(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait(5)

    def said(self) -> str:
        return self.output.read_text(errors="replace")[-4000:] if self.output.exists() else ""

    def received(self) -> list[dict[str, Any]]:
        """Return what the receiver wrote down; its last line may be half written."""
        path = self.data / "received.jsonl"
        lines = path.read_text(encoding="utf-8").split("\n")[:-1] if path.exists() else []
        return [json.loads(line) for line in lines]

    def kinds(self) -> set[str]:
        return {json.loads(row["body"])["type"] for row in self.received()}

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        store = SqliteStore(SqliteWriter(self.data / "data.db"))
        try:
            return store.rows(query)
        finally:
            store.close()
            store.writer.close()

    def first_hours(self, source: str) -> list[Figure]:
        """Return the decided versions of a source's first hour, all factors, oldest first."""
        store = SqliteStore(SqliteWriter(self.data / "data.db"))
        try:
            ((first,),) = store.rows("SELECT min(start) FROM figures WHERE level = 'hour'")
            hours = store.figures(source, "hour", first, first + HOUR_MS)
            return [v for f in hours for v in store.revisions(source, f.factor, f.stat, "hour", f.start_ms)]
        finally:
            store.close()
            store.writer.close()

    def measured(self, source: str, factor: str) -> tuple[int, float]:
        """Return number and mean of a point's readings in its first hour, from the simulators' own record."""
        with (self.data / "truth.csv").open(encoding="utf-8", newline="") as file:
            row = next(r for r in csv.DictReader(file) if (r["source"], r["factor"]) == (source, factor))
        return int(row["count"]), float(row["mean"])

    def virtual_now(self) -> str:
        """Return the newest tick the pipeline has worked on, as the store tells it."""
        ((tick,),) = self.rows("SELECT max(time) FROM ticks")
        return str(tick)


def _free_ports(count: int) -> list[int]:
    probes = [socket.socket() for _ in range(count)]
    for probe in probes:
        probe.bind(("127.0.0.1", 0))
    ports = [int(probe.getsockname()[1]) for probe in probes]
    for probe in probes:
        probe.close()
    return ports


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    require("browser", shutil.which("chromium") is not None, "no chromium on this machine")
    made = Demo(tmp_path_factory.mktemp("demo") / "data")
    try:
        made.start()
        yield made
    finally:
        made.kill()


@pytest.fixture(scope="module")
def page(demo: Demo) -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as p:
        opened = p.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox", "--no-proxy-server"])
        context = opened.new_context(viewport={"width": 1280, "height": 900})
        first = context.new_page()
        first.set_default_timeout(WAIT_MS)
        yield first
        opened.close()


def test_data_is_on_the_page_within_seconds(demo: Demo, page: Any) -> None:
    """The start page of a folder that was empty shows sources on time before anybody grows impatient."""
    page.goto(demo.base + "/")
    page.locator(".totals").wait_for()
    until(lambda: len(demo.rows("SELECT source FROM sources")) == 6, 20, "the county's six sources")


class Reader:
    """A person at the start page who only clicks; ``clicks`` counts, and no address is typed."""

    def __init__(self, demo: Demo, page: Any) -> None:
        self.page, self.clicks = page, 0
        page.goto(demo.base + "/")

    def click(self, selector: str, text: str | None = None) -> None:
        target = self.page.locator(selector, has_text=text) if text else self.page.locator(selector)
        target.first.click()
        self.clicks += 1

    def opens_the_stack(self) -> None:
        """Click the stack's open episode; a reader who comes when it is over looks at the page again until the next one."""
        episode = self.page.locator(".episode", has_text="Nanhai Riverside Power").filter(has_text="Sulphur dioxide")
        until(lambda: episode.count() or (self.page.reload() and False), AGAIN_S, "an open episode of the stack")
        episode.locator(".cover").first.click()
        self.clicks += 1

    def reads(self, selector: str) -> str:
        """Return the text of the first match, as soon as there is one."""
        self.page.locator(selector).first.wait_for()
        return str(self.page.locator(selector).first.inner_text())


def test_three_clicks_lead_to_stack_evidence_and_webhook(demo: Demo, page: Any) -> None:
    """From the start page by clicks alone: the exceeding stack with its evidence, then the webhook about it and its delivery.

    What the page calls the delivery's key is what the receiver took in, signed, and answered with 204.
    """
    until(lambda: "exceedance.opened" in demo.kinds(), STORY_S, "the webhook of the exceedance")
    reader = Reader(demo, page)
    reader.opens_the_stack()
    assert "Sulphur dioxide" in reader.reads("h1") and "Unit 1 stack" in reader.reads(".pl-main")
    assert "above limit" in reader.reads(".figure") and "times over" in reader.reads(".sentence")
    page.get_by_text("Formula with numbers").wait_for()
    assert page.locator("summary.minute").count() == 60
    reader.click("a", "What was sent about it")
    assert "over limit" in reader.reads("details[open] > summary") and "Unit 1 stack" in reader.reads("details[open] > summary")
    told = reader.reads("details[open] .told")
    assert "duty" in told and "http://127.0.0.1/…" in told  # what follows the host may be secret
    assert "delivered" in told and "204" in told
    key = page.url.partition("alert=")[2]
    assert key in reader.reads("details[open]")
    (row,) = [row for row in demo.received() if row["id"].startswith(key)]
    assert (row["verdict"], json.loads(row["body"])["type"]) == ("ok", "exceedance.opened")
    assert reader.clicks <= 3


def test_three_clicks_lead_to_the_bytes_of_a_reading(demo: Demo, page: Any) -> None:
    """From the start page by clicks alone: the figure, a minute of it, the frame that a reading came in, its password masked."""
    reader = Reader(demo, page)
    reader.opens_the_stack()
    page.locator("summary.minute").nth(30).wait_for()
    page.locator("summary.minute").nth(30).click()
    page.locator("details[open] a", has_text="Frame").first.click()
    text = reader.reads(".bytes.text")
    assert "CN=2011" in text and STACK in text and "PW=******" in text
    assert reader.clicks + 2 <= 3


def test_the_alert_is_acknowledged_in_the_demo(demo: Demo, page: Any) -> None:
    """An alert of the page Alerts opens with its form; whoever acknowledges it stands in its history, and in the outbox."""
    until(lambda: "exceedance.opened" in demo.kinds(), STORY_S, "the webhook of the exceedance")
    page.goto(f"{demo.base}/alerts")
    page.locator("summary", has_text="over limit").first.click()
    form = page.locator("details[open] form.act")
    form.locator("[name=who]").fill("Li Wei")
    form.locator("[name=words]").fill("absorber is being looked at")
    form.get_by_role("button", name="comment").click()
    page.locator("details[open] .history", has_text="absorber is being looked at").wait_for()
    key = page.url.partition("alert=")[2].partition("&")[0]
    answer = page.request.get(f"{demo.base}/v1/alerts/{key}").json()
    assert [(a["kind"], a["who"]) for a in answer["actions"]] == [("comment", "Li Wei")]


def test_webhooks_were_signed(demo: Demo) -> None:
    """Whatever arrived bears a valid signature, checked by the receiver's own code; no message came twice."""
    rows = demo.received()
    assert rows
    assert {row["verdict"] for row in rows} == {"ok"}
    assert len({row["id"] for row in rows}) == len(rows)


def test_a_silence_is_told_and_its_hours_are_revised(demo: Demo) -> None:
    """The VOC outlet falls silent, is told, backfills; its first hour, withheld at first, is then a value, with its history.

    The outlet is silent from 08:22 to 09:12, so its hour from 08:00 has 20 valid minutes of 45 until the backfill brings the
    rest. How many readings it took, and their mean, is what the device itself wrote down.
    """
    until(lambda: {"source.silent", "source.on_time"} <= demo.kinds(), STORY_S, "the silence and its end as webhooks")

    def revised() -> list[Figure]:
        return [f for f in demo.first_hours(VOC) if f.factor == "a24088" and f.stat == "avg" and f.revision > 1]

    first, *_, last = [
        f
        for f in (until(revised, STORY_S, "a revision of the silent hour") and demo.first_hours(VOC))
        if f.factor == "a24088" and f.stat == "avg"
    ]
    assert (first.ok, first.revision) == (False, 1)
    taken, mean = demo.measured(VOC, "a24088")
    assert (last.ok, last.n) == (True, (taken + 1) // 2)  # two readings a minute; the first minute may have one
    assert last.number is not None and abs(float(last.number) - mean) < 0.2  # a mean of minutes against one of readings


def test_ctrl_c_stops_cleanly_and_starting_again_goes_on(demo: Demo, page: Any) -> None:
    """Ctrl-C ends the process in time with code 0; a second start keeps clock and cursor and tells nothing twice."""
    page.goto("about:blank")
    code, took_s = demo.interrupt()
    assert (code, took_s < STOP_S) == (0, True), demo.said()
    assert "Traceback" not in demo.said()
    assert "stopped at" in demo.said()
    before, tick = demo.received(), int(demo.virtual_now())
    ((cursor,),) = demo.rows("SELECT max(rowid) FROM events")
    demo.start()
    ahead = until(lambda: (now := int(demo.virtual_now())) > tick and now, 20, "a tick after the restart")
    assert ahead - tick < DAY_MS / 2  # the virtual clock went on where it was, it did not jump to another day
    ((after,),) = demo.rows("SELECT max(rowid) FROM events")
    assert after >= cursor
    code, took_s = demo.interrupt()
    assert (code, took_s < STOP_S) == (0, True), demo.said()
    ids = [row["id"] for row in demo.received()]
    assert ids[: len(before)] == [row["id"] for row in before]
    assert len(ids) == len(set(ids))
