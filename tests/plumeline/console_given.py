"""What tests of the console's pages share: a context over the fake county, and the text of a page."""

from __future__ import annotations

from ingest.registry import Registry
from plumeline.console import words
from plumeline.console.ports import Console
from plumeline.console.shell import Context, View
from tests.plumeline.fake_store import NOW_MS, FakeOutbox, FakeStore, registry


def context(store: FakeStore | None = None, known: Registry | None = None, **query: str) -> Context:
    known = registry() if known is None else known
    console = Console(store or FakeStore(), lambda: known, lambda: NOW_MS, FakeOutbox(), lambda: {"lag_ms": 420})
    return Context(console, NOW_MS, words.Names(known, NOW_MS), query)


def text_of(view: View) -> str:
    return "".join(str(part) for part in view.html.values())
