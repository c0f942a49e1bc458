"""Every text of the console, by key and language, one module a page; a text without its language falls back to English.

A module holds one table a language (``EN``, ``ZH``), a line a text: ``key | text with {facts}``. A further language is a further
table in each module and one more entry of ``LANGUAGES``. A page is made within ``speaking``; everything else speaks English.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache

from plumeline.texts import (
    alerts,
    checks,
    common,
    evidence,
    findings,
    frames,
    limits,
    marks,
    now,
    pipeline,
    source,
    weather,
    why,
)

LANGUAGES: dict[str, tuple[str, ...]] = {
    "en": (
        common.EN,
        now.EN,
        source.EN,
        evidence.EN,
        alerts.EN,
        frames.EN,
        why.EN,
        pipeline.EN,
        findings.EN,
        limits.EN,
        weather.EN,
        marks.EN,
        checks.EN,
    ),
    "zh": (
        common.ZH,
        now.ZH,
        source.ZH,
        evidence.ZH,
        alerts.ZH,
        frames.ZH,
        why.ZH,
        pipeline.ZH,
        findings.ZH,
        limits.ZH,
        weather.ZH,
        marks.ZH,
        checks.ZH,
    ),
}
"""Language -> the tables of all pages."""
NAMES = {"en": ("English", "en"), "zh": ("中文", "zh-CN")}
"""Language -> its name in itself and its tag (BCP 47)."""

_SPOKEN: ContextVar[str] = ContextVar("language", default="en")


@lru_cache(maxsize=1)
def catalogue() -> dict[str, dict[str, str]]:
    """Return every text: key -> language -> text with ``{names}`` for facts.

    Raises:
        ValueError: a key stands twice in one language: a fault of the program.
    """
    texts: dict[str, dict[str, str]] = {}
    for language, tables in LANGUAGES.items():
        for line in (line for table in tables for line in table.strip().splitlines()):
            key, _, text = line.partition(" | ")
            if language in texts.setdefault(key, {}):
                raise ValueError(f"the text {key} stands twice in language {language}")
            texts[key][language] = text
    return texts


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Make what is written inside speak a language; one that is not among ``LANGUAGES`` is told in English."""
    token = _SPOKEN.set(language if language in LANGUAGES else "en")
    try:
        yield
    finally:
        _SPOKEN.reset(token)


def spoken() -> str:
    """Return the language that is spoken here."""
    return _SPOKEN.get()


def t(key: str, language: str | None = None, **facts: object) -> str:
    """Return the text of a key with its facts filled in, in the language spoken here; an unknown key comes back as it is."""
    texts = catalogue().get(key)
    if texts is None:
        return key
    text = texts.get(language or spoken()) or texts["en"]
    return text.format(**facts) if facts else text
