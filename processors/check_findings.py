"""What is told of checks of a monitor: that one asks for calibration or finds a channel out of control, and that one is overdue."""

from __future__ import annotations

from collections.abc import Iterable

from processors.checks import Judged, Unfit
from processors.figures import epoch_ms, local_iso
from processors.findings import Findings
from processors.output import Output
from processors.points import FOREVER_MS
from processors.rules.drift import ADJUST, IN_TOLERANCE, OUT_OF_CONTROL, OVERDUE
from processors.rules.verdict import number_text


def tell_check(found: Judged, now_ms: int, findings: Findings, out: Output) -> None:
    """Tell what a check found that has just come; one that left the channel in tolerance, and was never out of control, says nothing."""
    mark = found.mark
    if OUT_OF_CONTROL not in (found.state, found.after) and found.left != ADJUST:
        return
    kind = "calibration.out_of_control" if OUT_OF_CONTROL in (found.state, found.after) else "calibration.needed"
    at, end = local_iso(epoch_ms(mark.start)), local_iso(epoch_ms(mark.end))
    text = f"{found.check} check of {found.factor} at {at}: {found.reason}; {_follows(found, end)}"
    facts: dict[str, object] = {
        "text": text,
        "mark": mark.id,
        "check": found.check,
        "author": mark.author,
        "start": at,
        "end": end,
    }
    facts |= {"drift_pct": None if found.pct is None else number_text(found.pct, 4), "state": found.state, "after": found.after}
    findings.event(kind, mark.source, found.factor, now_ms, f"{mark.id}/{local_iso(epoch_ms(mark.set_at))}", facts, out)


def _follows(found: Judged, end: str) -> str:
    if found.backwards:
        if found.left == IN_TOLERANCE:
            return f"its values do not count from the last passed check to this check at {end}"
        return "its values do not count from the last passed check to the next that passes"
    if found.left == OUT_OF_CONTROL:
        return "its values do not count until a check is in tolerance"
    if found.state == OUT_OF_CONTROL:
        met = "in tolerance again" if found.left == IN_TOLERANCE else "still to be calibrated"
        return f"adjusted, and {met} at {end}"
    return "the monitor needs calibration"


def tell_overdue(unfit: Iterable[Unfit], now_ms: int, findings: Findings, out: Output) -> None:
    """Tell the checks that are overdue at a time, each once."""
    for each in unfit:
        if each.cause != OVERDUE or each.end_ms != FOREVER_MS or each.start_ms > now_ms:
            continue
        due = local_iso(each.start_ms)
        text = f"the {each.check} check of {each.factor} was due at {due}, and none is known: its values do not count until one is made"
        facts = {"text": text, "mark": each.mark, "check": each.check, "due": due}
        findings.once("calibration.overdue", each.source, each.factor, each.start_ms, f"{each.check}/{due}", facts, out)
