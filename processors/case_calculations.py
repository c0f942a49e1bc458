"""Calculations in a case: a formula by its name, its inputs with their units, and what comes of it.

    calculate ppm to mass: volume 50 ppm, molar mass SO2
    is 142.86 mg/m3

The words are those of the function that figures are made with: ``ppm_to_mass(volume_ppm, molar_mass_g_mol)``. An input that is left
out is the parameter of the step in the rule pack of the case's source, where the formula is that of a step.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Any

from processors.case_series import repeated
from processors.packs import Pack
from processors.rules import (
    coverage,
    en14181,
    energy,
    eu,
    gas,
    judge,
    months,
    screening_values,
    us,
    vapour,
    voc,
    water_checks,
    weather,
)
from processors.rules.gas import Exact, exact, half_up
from processors.rules.judge import FULL, half_even
from processors.rules.millionths import millionths
from processors.rules.verdict import Verdict
from processors.rules.weather import Warned

UNITS = {
    "mg_m3": "mg/m3",
    "g_mol": "g/mol",
    "dscf_mmbtu": "dscf/mmBtu",
    "scf_mmbtu": "scf/mmBtu",
    "lb_mmbtu": "lb/mmBtu",
    "lb_h": "lb/h",
    "scf_h": "scf/h",
    "m3_h": "m3/h",
    "m3_t": "m3/t",
    "t_h": "t/h",
    "m_s": "m/s",
    "m2": "m2",
    "kgce": "kgce",
    "kwh": "kWh",
    "kg": "kg",
    "ppm": "ppm",
    "pct": "%",
    "fraction": "%",
    "degc": "degC",
    "pa": "Pa",
    "k": "K",
    "h": "h",
    "s": "s",
    "t": "t",
    "n": "",
}
"""Units by the ending of a name, the longer endings first; a fraction is written in percent, ``n`` is a count."""
_NAME = re.compile(rf"(?P<words>\w+?)_(?P<unit>{'|'.join(UNITS)})(?P<bound>_min|_max)?")
_NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?")
_TRUTH = {True: "yes", False: "no"}


def words_of(name: str) -> tuple[str, str]:
    """Return the words that a function or parameter is written by in a case, and its unit.

    >>> words_of("molar_mass_g_mol"), words_of("gap_h_max"), words_of("wet")
    (('molar mass', 'g/mol'), ('gap max', 'h'), ('wet', ''))
    """
    match = _NAME.fullmatch(name)
    if match is None:
        return name.replace("_", " "), ""
    return (match["words"] + (match["bound"] or "")).replace("_", " "), UNITS[match["unit"]]


def rounded_half_even(value: Exact, decimals: int) -> Fraction:
    """Return a value rounded to decimals, a tie to the even digit (GB/T 8170)."""
    return Fraction(half_even(exact(value), decimals), 10**decimals)


def exceeds(value: Exact, limit: Exact, compare: str = FULL) -> bool:
    """Tell whether a value is above its limit, in full or ``rounded(n)`` first, as ``judge.exceeds`` does for stored figures."""
    return judge.exceeds(millionths(value), millionths(limit), compare)


@dataclass(frozen=True, slots=True)
class Formula:
    """A function on single numbers; the unit of what it returns, where its name does not end in it; the step whose parameters it takes."""

    function: Callable[..., Any]
    unit: str = ""
    step: str = ""


FORMULAS: Mapping[str, Formula] = {
    words_of(f.function.__name__)[0]: f
    for f in (
        Formula(gas.ppm_to_mass, "mg/m3"),
        Formula(gas.wet_to_dry),
        Formula(gas.to_standard_state, "mg/m3"),
        Formula(gas.nox_as_no2, "mg/m3"),
        Formula(gas.at_reference_oxygen, "mg/m3"),
        Formula(gas.at_reference_volume, "mg/m3"),
        Formula(gas.section_velocity, "m/s"),
        Formula(gas.actual_flow, "m3/h"),
        Formula(gas.dry_standard_flow, "m3/h"),
        Formula(gas.hourly_mass_kg),
        Formula(coverage.capture_rate_pct),
        Formula(months.share_within, step="month.share_within"),
        Formula(water_checks.difference_pct),
        Formula(screening_values.chi_square),
        Formula(rounded_half_even),
        Formula(exceeds),
        Formula(us.nox_rate_lb_mmbtu),
        Formula(us.nox_rate_by_co2_lb_mmbtu),
        Formula(us.so2_rate_lb_h),
        Formula(us.bias_factor),
        Formula(voc.ppm_as_carbon, "ppmC"),
        Formula(voc.carbon_mass, "mg/m3"),
        Formula(voc.response_time),
        Formula(vapour.must_be_networked),
        Formula(energy.mean_lhv),
        Formula(energy.unit_product_energy, "kgce/t"),
        Formula(energy.pue),
        Formula(energy.assessed_energy),
        Formula(eu.waste_half_hours, step="year.within"),
        Formula(eu.missing_hour),
        Formula(en14181.allowed_deviation),
        Formula(en14181.qal2),
        Formula(en14181.surveillance_bound),
        Formula(weather.warning_level, step="weather.level"),
    )
}
"""Formulas by the words they are called by; without a unit the result has that of its inputs, or none."""


@dataclass(slots=True)
class Calculation:
    """A formula with what was given for its parameters, its line and words, and (line, text) of what it is to be."""

    line: int
    text: str
    formula: Formula
    given: dict[str, Any]
    answers: list[tuple[int, str]] = field(default_factory=list)


def calculation(line: int, text: str) -> Calculation:
    """Read what stands after the word ``calculate``.

    Raises:
        ValueError: there is no such formula or input, or a value or unit is not that of the input; the text says what to write.
    """
    name, _, inputs = text.partition(":")
    formula = FORMULAS.get(name.strip())
    if formula is None:
        raise ValueError(f"there is no formula {name.strip()!r}; write one of {', '.join(sorted(FORMULAS))}")
    given: dict[str, Any] = {}
    parameters = inspect.signature(formula.function).parameters
    by_words = {words_of(p)[0]: p for p in parameters}
    for part in filter(None, (part.strip() for part in inputs.split(","))):
        words = next((w for w in sorted(by_words, key=len, reverse=True) if part.startswith(f"{w} ")), None)
        if words is None:
            raise ValueError(f"{part!r} is no input of {name.strip()}; write {_inputs(formula)}")
        parameter = by_words[words]
        if parameter in given:
            raise ValueError(f"{words} is given twice; take one out")
        given[parameter] = _value(parameter, str(parameters[parameter].annotation), part.removeprefix(words).split())
    return Calculation(line, text, formula, given)


def add_answer(calculations: list[Calculation], line: int, text: str) -> None:
    """Take in what stands after the word ``is``, for the last calculation.

    Raises:
        ValueError: nothing was calculated before, or the unit is not that of the result.
    """
    if not calculations:
        raise ValueError("write before it: calculate FORMULA: INPUT VALUE UNIT, INPUT VALUE UNIT")
    if not text:
        raise ValueError("write: is VALUE UNIT, is none, yes, no, passes or fails")
    last = calculations[-1]
    value, _, unit = text.partition(" ")
    wanted = last.formula.unit or words_of(last.formula.function.__name__)[1]
    if _NUMBER.fullmatch(value) and wanted and unit != wanted:
        raise ValueError(f"the result is in {wanted}; write: is {value} {wanted}")
    last.answers.append((line, text))


def miscalculated(each: Calculation, pack: Pack) -> list[str]:
    """Return a sentence for each answer that is not what comes of a calculation, under a rule pack."""
    rule = next((r for r in pack.rules if r.step == each.formula.step), None)
    parameters = inspect.signature(each.formula.function).parameters
    given = {p: getattr(rule, p) for p in parameters if hasattr(rule, p)} | each.given
    lacks = [p for p, kind in parameters.items() if kind.default is inspect.Parameter.empty and p not in given]
    if lacks:
        forms = ", ".join(_form(p, str(parameters[p].annotation)) for p in lacks)
        return [f"line {each.line}: calculate {each.text} lacks {forms}; add it after a comma"]
    try:
        result = each.formula.function(**given)
    except (ValueError, ArithmeticError) as error:
        result = error
    return [told for line, text in each.answers if (told := _missed(line, text, result)) is not None]


def _value(parameter: str, annotation: str, words: list[str]) -> Any:
    """Return what is written for a parameter, as its function takes it."""
    name, unit = words_of(parameter)
    if annotation == "str":  # its function says what it may be
        return " ".join(words)
    if parameter == "molar_mass_g_mol" and words[0] in gas.MOLAR_MASS_G_MOL and len(words) == 1:
        return gas.MOLAR_MASS_G_MOL[words[0]]
    written = words[:-1] if unit and words[-1] == unit else words
    many = annotation.startswith("Sequence")
    if many:
        written = repeated(written)
    whole = "int" in annotation
    fits = all(_NUMBER.fullmatch(word) and not (whole and "." in word) for word in written)
    if (unit and written is words) or not fits or not (len(written) == 1 or many):
        raise ValueError(f"{' '.join([name, *words])!r} is not read; write {_form(parameter, annotation)}")
    if many:
        return [int(word) if whole else Decimal(word) for word in written]
    if whole:
        return int(written[0])
    if annotation == "Fraction":
        return Fraction(written[0])
    return Decimal(written[0]).scaleb(-2 if parameter.endswith("_fraction") else 0)


def _inputs(formula: Formula) -> str:
    return ", ".join(_form(p, str(kind.annotation)) for p, kind in inspect.signature(formula.function).parameters.items())


def _form(parameter: str, annotation: str) -> str:
    name, unit = words_of(parameter)
    what = "NUMBER NUMBER" if annotation.startswith("Sequence") else "WORD" if annotation == "str" else "NUMBER"
    return " ".join(filter(None, (name, what, unit)))


def _missed(line: int, text: str, result: Any) -> str | None:
    """Return what a result is instead of what was expected of it, None where it is that."""
    word = text.split()[0]
    if isinstance(result, Verdict):
        there, met = f"{result.outcome}: {result.reason}", text.startswith(result.outcome)
        met = met and text.removeprefix(result.outcome).strip() in result.reason
    elif isinstance(result, Warned):
        there = f"{result.level or 'none'} {result.reason}"
        met = word == (result.level or "none") and text.removeprefix(word).strip() in result.reason
    elif result is None or isinstance(result, Exception):
        there = f"none {result or ''}".strip()
        met = word == "none" and text.removeprefix("none").strip() in there
    elif isinstance(result, bool):
        there, met = _TRUTH[result], text == _TRUTH[result]
    elif _NUMBER.fullmatch(word):
        digits = -int(Decimal(word).as_tuple().exponent)
        there = f"{Decimal(half_up(exact(result), digits)).scaleb(-digits):f}"
        met = there == word
    else:
        there, met = f"the number {float(result):g}", False
    return None if met else f"line {line}: is {text}; it is {there}"
