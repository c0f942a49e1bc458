"""Every text of the console, by key and language, one module a page; a text without its language falls back to English.

A module holds one table a language (``EN``), a line a text: ``key | text with {facts}``. A further language is a further table
in each module and one more entry of ``LANGUAGES``.
"""

from __future__ import annotations

from functools import lru_cache

from plumeline.texts import alerts, common, evidence, frames, now, pipeline, source, why

LANGUAGES: dict[str, tuple[str, ...]] = {
    "en": (common.EN, now.EN, source.EN, evidence.EN, alerts.EN, frames.EN, why.EN, pipeline.EN)
}
"""Language -> the tables of all pages."""


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


def t(key: str, language: str = "en", **facts: object) -> str:
    """Return the text of a key with its facts filled in; an unknown key comes back as it is."""
    texts = catalogue().get(key)
    if texts is None:
        return key
    text = texts.get(language) or texts["en"]
    return text.format(**facts) if facts else text
