"""Checks on the console: each channel's last with drift, bounds and due date; the check behind an hour; and the form that files one."""

from __future__ import annotations

from typing import Any

import pytest

from ingest.registry import Registry
from plumeline.console import evidence, marks, source
from plumeline.console.shell import Context
from plumeline.texts import speaking, t
from processors.figures import HOUR_MS, local_iso
from tests.plumeline.console_given import context, text_of
from tests.plumeline.test_console_marks import FORM, Filed, given
from tests.processors.given import NOON, SO2, STACK, ms
from tests.processors.test_checks import check, over, put, readings, rows
from tests.processors.test_engine import Bench

CHECK = {"type": "calibration", "check": "zero", "reference": "0.2", "before": "3.1", "after": "", "span": "100"}


def page(bench: Bench, known: Registry, **query: str) -> Context:
    store: Any = bench.store
    return context(store, known, source=STACK, **query)


def checked(*some: bytes) -> tuple[Bench, Registry]:
    """Return a bench with checks and three hours of readings; it is 15:21."""
    known = rows()
    bench = Bench(known)
    put(bench, *some)
    bench.lines(readings(hours=3))
    over(bench, 3.3)
    return bench, known


def test_a_source_shows_its_checks() -> None:
    """Drift against both bounds, the state since, and until when the next is due: seven days after 13:00 of 1 July."""
    bench, known = checked(check("a", 0, "0.1"), check("b", 1, "-6"), check("c", 2, "3", kind="span", after="0.2"))
    text = text_of(source.view(page(bench, known)))
    assert [text.count(f"</i>{t(f'checks.state.{state}')}<") for state in ("out of control", "in tolerance", "adjust")] == [
        1,
        1,
        0,
    ]
    assert "-6\u00a0%" in text and "2.5\u00a0% / 5\u00a0%" in text and "2.5\u00a0% / 10\u00a0%" in text
    assert "8 Jul 13:00" in text and "8 Jul 14:10" in text  # the span check was adjusted, and seen in tolerance at 14:10
    assert t("checks.all", n=3, days=100) in text
    with speaking("zh"):
        assert "漂移为满量程的 6%" in text_of(source.view(page(bench, known)))


def test_a_month_counts_from_the_first_hour_that_is_known() -> None:
    """Three hours from noon of 1 July on are three of three, not of fifteen."""
    bench, known = checked()
    assert t("source.month.of", factor="a21026", n=3, of=3) in text_of(source.view(page(bench, known)))


def test_a_source_without_checks_says_nothing_of_them() -> None:
    """Most sources have none."""
    bench, known = checked()
    assert t("checks") not in text_of(source.view(page(bench, known)))


def test_an_hour_says_which_check_made_it_invalid() -> None:
    """Who found it and when; an hour before it, or without a value for another reason, has no such sentence."""
    bench, known = checked(check("b", 1, "-6"), check("d", 0.5, "0", kind="span"))
    at = local_iso(ms(NOON) + HOUR_MS)
    text = text_of(evidence.view(page(bench, known, figure=f"{STACK}/{SO2}/avg/hour/{at}")))
    assert "The zero check of 13:00 by Li Wei found it out of control: drift of 6 % of full scale" in text
    before = text_of(evidence.view(page(bench, known, figure=f"{STACK}/{SO2}/avg/hour/{local_iso(ms(NOON))}")))
    assert "check of" not in before


def test_an_overdue_hour_says_what_was_due() -> None:
    """Eight days after the last check, and on the page its state is overdue."""
    bench = Bench(rows(), 12)
    put(bench, check("a", -8 * 24, "0.1"))
    bench.lines(readings(hours=3))
    over(bench, 3.3)
    at = local_iso(ms(NOON) + HOUR_MS)
    text = text_of(evidence.view(page(bench, rows(), figure=f"{STACK}/{SO2}/avg/hour/{at}")))
    assert "The zero check was due 30 Jun 12:00; the last one is of 23 Jun 12:00 by Li Wei." in text
    assert t("checks.state.overdue calibration") in text_of(source.view(page(bench, rows())))


def test_a_check_is_filed_by_the_form_and_keeps_its_numbers_when_rejected() -> None:
    """A zero and a span check of the same minutes are two marks; one sent again with other numbers is a correction of the first."""
    port = Filed()
    for change in ({}, {"check": "span"}, {"before": "3.2"}):
        assert marks.act(given(port), {**FORM, **CHECK, **change}).endswith("said=filed")
    first, other, again = port.marks
    assert (first.check, str(first.reference), str(first.before), first.after, str(first.span)) == (
        "zero",
        "0.2",
        "3.1",
        None,
        "100",
    )
    assert first.id == again.id != other.id and str(again.before) == "3.2"


@pytest.mark.parametrize(
    "change", [{"type": "fault"}, {"factor": ""}, {"before": ""}, {"span": "-1"}, {"before": "three"}, {"check": "coffee"}]
)
def test_a_check_that_is_not_taken(change: dict[str, str]) -> None:
    """The answer says what a check needs, and the form shows again what was written."""
    port = Filed()
    address = marks.act(given(port), {**FORM, **CHECK, **change})
    assert port.marks == [] and "said=check" in address and "reference=0.2" in address
    text = text_of(marks.view(given(port, said="check", check="zero", before="3.1")))
    assert t("marks.said.check") in text and 'value="zero" selected' in text and 'name="before" value="3.1"' in text


def test_the_gas_of_a_check_is_a_field_of_the_form() -> None:
    """It is filed as it is kept; one that is not known is refused, shown again, and the answer says what to write."""
    port = Filed()
    of_gas = {**FORM, **CHECK, "check": "span", "reference": "30"}
    assert marks.act(given(port), {**of_gas, "gas": " ppm 丙烷"}).endswith("said=filed")
    assert (port.marks[0].gas, str(port.marks[0].reference)) == ("ppm propane", "30")
    address = marks.act(given(port), {**of_gas, "gas": "ppm propan"})
    assert len(port.marks) == 1 and "said=gas" in address and "gas=ppm+propan" in address.replace("%20", "+")
    text = text_of(marks.view(given(port, said="gas", check="span", gas="ppm propan")))
    assert t("marks.said.gas") in text and 'value="ppm propan"' in text and '<option value="ppm propane">' in text
    with speaking("zh"):
        assert '<option value="ppm 丙烷">' in text_of(marks.view(given(port)))


def test_a_source_shows_the_gas_of_a_check() -> None:
    """50 ppm are 50 × 64/22.4 = 142.857 mg/m³; of a gas that says nothing of the unit of the point it says that."""
    bench, known = checked(check("a", 0, "140", kind="span", reference="50", gas="ppm SO2"))
    text = text_of(source.view(page(bench, known)))
    assert "142.86 (50 ppm SO2)" in text and "-2.86\u00a0%" in text
    other = known.model_copy(update={"points": tuple(p.model_copy(update={"unit": "mg/L"}) for p in known.points)})
    text = text_of(source.view(page(bench, other)))
    assert "a reference in ppm SO2 does not say what is shown in mg/L" in text and "— (50 ppm SO2)" in text
    with speaking("zh"):
        assert "以ppm 二氧化硫给出的参考值不能换算为mg/L" in text_of(source.view(page(bench, other)))


def test_rejecting_a_check() -> None:
    """The record that rejects it still says what it found."""
    bench, known = checked(check("b", 1, "-6"))
    made, port = page(bench, known), Filed()
    made.console.marks = port
    address = marks.act(made, {"source": STACK, "mark": "b", "who": "Zhao", "reason": "wrong cylinder"})
    assert address.endswith("said=rejected") and (port.marks[0].state, str(port.marks[0].before)) == ("rejected", "-6")
    assert t("check.zero") in text_of(marks.view(made))
