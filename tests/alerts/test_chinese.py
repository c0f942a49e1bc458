"""Messages in Chinese, word for word, after the reference's message at 3 a.m.; the sentences of the engine by their patterns."""

from __future__ import annotations

import pytest

from alerts.lifecycle import flush, step
from alerts.message import duration, links, render
from alerts.texts import CHINESE, ENGLISH, ordinal
from alerts.wording import worded
from ingest.registry import Enterprise, Point, Registry
from processors.figures import Event
from tests.alerts.given import BASE, about, ms, over, registry


def named() -> Registry:
    """The registry with Chinese names where a registry has them; the source of lake has none."""
    known = registry()
    (nanhai, lake), (stack, cabinet), (so2, nox) = known.enterprises, known.sources, known.points
    enterprises: tuple[Enterprise, ...] = (nanhai.model_copy(update={"name_zh": "南海电厂"}), lake)
    points: tuple[Point, ...] = (so2.model_copy(update={"name_zh": "二氧化硫"}), nox)
    sources = (stack.model_copy(update={"name_zh": "1号烟囱"}), cabinet)
    return known.model_copy(update={"enterprises": enterprises, "sources": sources, "points": points})


def words(*events: Event, last: bool = True) -> list[str]:
    """The title and body, in Chinese, of the last alert that events make."""
    state, alerts = {}, []
    for event in events:
        state, made = step(state, event)
        alerts += made
    alerts += flush(state, ms("2026-07-09T00:00:00"))[1]
    message = render(alerts[-1], named(), BASE, "zh")
    return [message.title, *message.body]


def test_over_limit() -> None:
    """The reference's example, line by line."""
    assert words(over()) == [
        "【红色】二氧化硫超标 — 南海电厂 DA001（1号烟囱）",
        "02:00–03:00 小时均值 46.8 mg/m³（折算，基准氧含量 6%，限值 35），超标 0.34 倍，连续第 2 小时，自 01:00 起。",
        "有效分钟 57/60，审定。",
        "限值 35 mg/m³：环发〔2015〕164号《全面实施燃煤电厂超低排放和节能改造工作方案》。",
        "→ 先查吸收塔：若出口上升而入口未升，即为脱硫问题。",
        "日志时间 2026-07-01 03:00:04（UTC+8）。",
    ]


@pytest.mark.parametrize(
    ("by", "told"),
    [
        ("hour so far", "12:00–13:00 小时均值至今为 36 mg/m³（折算，基准氧含量 6%，限值 35），有效分钟 20。"),
        (
            "minutes above",
            "最近 10 分钟均高于 35 mg/m³（折算，基准氧含量 6%）；12:00–13:00 小时均值至今为 36，有效分钟 20。",
        ),
        (
            "above range",
            "最近 10 分钟均高于 35 mg/m³ 或超出分析仪量程（折算，基准氧含量 6%）；12:00–13:00 小时均值的有效分钟 20。",
        ),
        ("last hours", "前一小时 36 mg/m³（折算，基准氧含量 6%，限值 35）；预警针对 12:00–13:00 小时均值。"),
    ],
)
def test_why_an_hour_is_going_to_exceed(by: str, told: str) -> None:
    """Minutes, the hour's mean so far and the hour before are told apart: ten minutes are no mean of the hour."""
    facts = {"by": by, "value": "36", "limit": "35", "stat": "avg_ref", "unit": "mg/m3", "n": 20, "above_min": 10, "rest": "34"}
    facts |= {
        "hour_start": "2026-07-01T12:00:00+08:00",
        "hour_end": "2026-07-01T13:00:00+08:00",
        "expected": "x",
        "episode": "x",
    }
    assert words(about("exceedance.expected", "12:20:00", factor="a21026", likely=None, of=None, **facts))[1] == told


def test_a_finding_tells_the_engines_sentence_in_chinese() -> None:
    """The sentence in the event stays English; what is sent is its translation, its times as Chinese readers write them."""
    text = "two different values of a21026 at 2026-07-01T02:00:30+08:00; one of them counts, both are kept"
    assert words(about("reading.conflict", "02:00:31", factor="a21026", text=text))[:2] == [
        "【黄色】二氧化硫同一读数有两个数值 — 南海电厂 DA001（1号烟囱）",
        "二氧化硫，2026-07-01 02:00:30：有两个不同数值；其一计入，两者均保留",
    ]


def test_silent() -> None:
    """Lengths of time are words; a name that has no Chinese stays as registered."""
    silent = about("source.silent", "02:31:00", source="4401000002", last="2026-07-01T00:00:00+08:00", cadence_s=900)
    assert words(silent)[:2] == [
        "【橙色】数据中断 — Lake Dyeing cabinet 2",
        "自 00:00 起无数据（2 小时 31 分钟）；应每 15 分钟上报一次。",
    ]


def test_withdrawn() -> None:
    """A withdrawal says what it replaces and why."""
    gone = over(
        "withdrawn", at="05:00:00", value="34.1", state="revised", revises="hour 2026-07-01T02:00:00+08:00 as decided before"
    )
    told = words(over(), gone)
    assert told[0] == "【撤回】二氧化硫超标 — 南海电厂 DA001（1号烟囱）"
    assert "原因：2026-07-01 02:00 起一小时此前的判定" in told


def test_links_are_named_in_chinese() -> None:
    """Names of links are for people; addresses are the same."""
    (alert,) = step({}, over())[1]
    chinese, english = links(alert, BASE, "zh"), links(alert, BASE)
    assert list(chinese) == ["确认", "依据", "监测点", "控制台"]
    assert list(chinese.values()) == list(english.values())


def test_both_languages_have_every_text() -> None:
    """No key is missing in either."""
    assert set(CHINESE) == set(ENGLISH)
    assert ordinal(2, "zh") == "2" and ordinal(21, "zh") == "21"
    assert (duration(45, "zh"), duration(7_500, "zh")) == ("45 秒", "2 小时 5 分钟")


@pytest.mark.parametrize(
    ("sentence", "chinese"),
    [
        ("44 valid minutes of 45", "有效分钟 44，不足 45"),
        ("44 valid minutes of 45 (communication fault)", "有效分钟 44，不足 45（通讯中断）"),
        ("12 valid hours of 20", "有效小时 12，不足 20"),
        ("coal, 2025, default factor", "coal，2025 年，缺省系数"),
        (
            "gap up to 2 h, linear (E1); gap over 72 h, linear (E3)",
            "缺失不超过 2 小时，线性补遗（E1）；缺失超过 72 小时，线性补遗（E3）",
        ),
        ("given up after 20 attempts; last answered 503", "尝试 20 次后放弃；最后一次：应答 503"),
        ("a sentence nobody knows", "a sentence nobody knows"),
        ("", ""),
        ("{n} of {of} [x", "{n} of {of} [x"),
    ],
)
def test_a_sentence_of_the_engine(sentence: str, chinese: str) -> None:
    """Known patterns are translated with their facts, everything else is told as it is; English stays English."""
    assert worded(sentence, "zh") == chinese
    assert worded(sentence, "en") == sentence


def test_a_fact_in_braces_is_no_placeholder() -> None:
    """What a device put into a sentence is never read as a template."""
    text = "two different values of {a} at 2026-07-01T02:00:30+08:00; one of them counts, both are kept"
    assert worded(text, "zh").startswith("{a}，2026-07-01 02:00:30")


def test_a_long_sentence_costs_nothing() -> None:
    """A sentence as long as an attacker likes is not compared."""
    text = "header field " + "; " * 50_000
    assert worded(text, "zh") == text
