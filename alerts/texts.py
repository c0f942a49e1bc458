"""Every text of a message, by key and language; templates are filled with ``str.format``.

The words are those of the project's table of words (episode, times over, on time, silent, blind, finding, not judged …).
A further language is a further dict with the same keys (``alerts.texts_zh``) and one more entry of ``TEXTS``; a key that it lacks
is told in English. What the engine words itself is translated by ``alerts.wording``.
"""

from __future__ import annotations

from alerts.texts_zh import CHINESE

ENGLISH: dict[str, str] = {
    # names
    "place.source": "source {source}",
    "place.gateway": "gateway {gateway}",
    "place.county": "county {county}",
    "place.outlet": "{enterprise}, outlet {outlet} ({name})",
    "place.outlet_only": "{enterprise}, outlet {outlet}",
    "place.name": "{enterprise}, {name}",
    "period.hour": "hour {start}–{end}",
    "period.day": "day {start}",
    "basis.avg": "measured",
    "basis.min": "least of the minutes",
    "basis.max": "greatest of the minutes",
    "basis.avg_ref": "at {oxygen} % O₂",
    "basis.avg_ref_unknown": "at reference oxygen",
    "ordinal": "second third fourth fifth sixth seventh eighth ninth tenth",
    "ordinal.more": "{n}th",
    "list.by": "; ",
    "times_over.least": "less than 0.001",
    "span.s": "{n} s",
    "span.min": "{n} min",
    "span.h": "{n} h",
    "span.d": "{n} d",
    # first lines
    "title.exceedance.opened": "[RED] {factor} over limit — {place}",
    "title.exceedance.opened.lower": "[RED] {factor} below its limit — {place}",
    "title.exceedance.update.lower": "[RED] {factor} still below its limit, {hours} hours — {place}",
    "title.exceedance.update.day": "[RED] {factor} still over its daily limit, {hours} days — {place}",
    "title.exceedance.update": "[RED] {factor} still over limit, {hours} hours — {place}",
    "title.exceedance.resolved.complies": "[RESOLVED] {factor} within its limit again — {place}",
    "title.exceedance.resolved.stopped": "[STOPPED] {factor} episode ended, source stopped — {place}",
    "title.exceedance.resolved.not judged": "[NOT JUDGED] {factor} episode ended, next hour not judged — {place}",
    "title.exceedance.resolved.no data": "[NO DATA] {factor} episode ended, next hour has no data — {place}",
    "title.exceedance.resolved": "[ENDED] {factor} episode ended — {place}",
    "title.exceedance.withdrawn": "[WITHDRAWN] {factor} over limit — {place}",
    "title.digest": "[DIGEST] {n} found looking back — {place}",
    "title.source.silent.opened": "[ORANGE] Silent — {place}",
    "title.source.on_time.resolved": "[RESOLVED] On time again — {place}",
    "title.source.stopped.resolved": "[STOPPED] Silent, now declared stopped — {place}",
    "title.county.silent.opened": "[ORANGE] {total} sources silent at once — {place}",
    "title.county.silent.update": "[ORANGE] More sources silent, {silent} now — {place}",
    "title.county.silent.resolved": "[RESOLVED] {back} of {total} sources report again — {place}",
    "title.escalation.raised": "[STAGE {stage}: {level}] {factor} — {place}",
    "title.escalation.lowered": "[LOWERED] {factor}, stage {stage} ({level}) no longer holds — {place}",
    "title.escalation.withdrawn": "[WITHDRAWN] {factor}, stage {stage} ({level}) — {place}",
    "title.escalation.closed": "[CLOSED] {factor}, stage {stage} ({level}) — {place}",
    "title.escalation.lapsed": "[WITHDRAWN] {factor} — {place}",
    "title.deadline.missed": "[ORANGE] Deadline passed — {place}",
    "title.source.blind.opened": "[RED] Plumeline cannot see — {place}",
    "title.source.blind.past": "[RED] Plumeline could not see — {place}",
    "title.source.blind.resolved": "[RESOLVED] Plumeline sees again — {place}",
    "title.source.unregistered": "[YELLOW] Not in the registry — {place}",
    "title.clock.in_doubt": "[YELLOW] Clock in doubt — {place}",
    "title.reading.conflict": "[YELLOW] Two values for one reading of {factor} — {place}",
    "title.reading.disagrees": "[YELLOW] The device's own mean of {factor} disagrees — {place}",
    "title.meter.held": "[YELLOW] Register reading of {factor} held — {place}",
    "title.tick.refused": "[YELLOW] A gateway's tick was refused — {place}",
    "title.input.quarantined": "[YELLOW] Input set aside in quarantine — {place}",
    "title.station.warning": "[YELLOW] Vapour recovery, warning — {place}",
    "title.station.alarm": "[YELLOW] Vapour recovery, alarm — {place}",
    "title.station.normal": "[RESOLVED] Vapour recovery, normal again — {place}",
    "title.touch.refused": "[YELLOW] A figure could not be rebuilt — {place}",
    "title.finding": "[YELLOW] Finding — {place}",
    # what is the case
    "exceedance.value": "{value} {unit} against {limit} ({period}, {basis}), {times_over} times over{run}.",
    "exceedance.value_lower": "{value} {unit}, at least {limit} asked ({period}, {basis}){run}.",
    "exceedance.also": "Beyond {limit} {unit} as well: {basis}.",
    "exceedance.value_alone": "{value} {unit} against {limit} ({period}, {basis}).",
    "exceedance.first": "; first hour",
    "exceedance.first_day": "; first day",
    "exceedance.row_day": "; {ordinal} day in a row, since {since}",
    "exceedance.row": "; {ordinal} hour in a row, since {since}",
    "exceedance.hours_valid": "{n} valid hours; {state}.",
    "exceedance.minutes": "{n} of 60 minutes valid; {state}.",
    "exceedance.state": "State: {state}.",
    "exceedance.limit": "Limit {limit} {unit}: {basis}.",
    "exceedance.ended.complies": "The hour after the episode complies.",
    "exceedance.ended.stopped": "The source was stopped in the hour after the episode.",
    "exceedance.ended.not judged": "The next hour could not be judged: it is not known whether the limit is kept.",
    "exceedance.ended.no data": "The next hour has no data: it is not known whether the limit is kept.",
    "exceedance.ended": "The episode ended.",
    "exceedance.episode_days": "Episode: {hours} days beyond {limit} {unit}, since {since}{worst}.",
    "exceedance.episode_day": "Episode: one day beyond {limit} {unit}, {since}{worst}.",
    "exceedance.episode_lower": "Episode: {hours} hours below {limit} {unit}, since {since}{worst}.",
    "exceedance.episode_one_lower": "Episode: one hour below {limit} {unit}, {since}{worst}.",
    "exceedance.episode": "Episode: {hours} hours above {limit} {unit}, since {since}{worst}.",
    "exceedance.episode_one": "Episode: one hour above {limit} {unit}, {since}{worst}.",
    "exceedance.worst": "; worst {worst} {unit}",
    "withdrawn.replaces": "This replaces the alert of {time}: {value} {unit} against {limit} ({period}, {basis}).",
    "withdrawn.unknown": "This replaces an earlier alert on this episode ({episode}).",
    "withdrawn.because": "Why: {text}",
    "withdrawn.now": "Rebuilt: {value} {unit} against {limit} ({period}, {basis}); {state}.",
    "digest.item": "Retrospective: {factor} {value} {unit} against {limit} ({period}, {basis}); {state}.",
    "digest.withdrawn": "Withdrawn before it was told: {factor}, {period}.",
    "digest.silent": "Silent, found looking back: since {since}.",
    "digest.because": "{line} {text}",
    "digest.more": "And {more} more on the console.",
    "silent.since": "Nothing since {since} ({ago}); a reading is expected each {cadence}.",
    "silent.since_alone": "Nothing since {since} ({ago}).",
    "silent.never": "Nothing was ever received.",
    "silent.ended": "Silent from {since} to {until}.",
    "county.since": "Nothing from them since {since}; this one message stands for one each.",
    "county.sources": "Silent: {sources}.",
    "county.sources_more": "Silent: {sources}; and {more} more.",
    "county.ended": "Silent from {since} to {until}.",
    "county.left": "Still silent: {sources}. Each is told by itself unless it reports within {within}.",
    "stopped.ended": "Silent since {since}; a mark declares it stopped.",
    "blind.since": "No ticks from the gateway since {since}.",
    "blind.means": "While a source is blind, neither silence nor an exceedance can be told; others may be blind as well.",
    "blind.past": "No ticks from {since} to {until}: what happened then is known only from what devices backfill.",
    "blind.ended": "Blind from {since} to {until}.",
    "finding.day": "Told once a source and day; repetitions are on the console.",
    "finding.station": "Judged by the day, from every refuelling and pressure; told once a day for each nozzle, tank or unit.",
    "finding.last_of_day": "This is number {n} of this kind today, the last that is told; the rest are on the console.",
    "finding.no_text": "No more is known.",
    "digest.raised": "Reason for stage {stage} ({level}), found looking back: {factor}, {why}.",
    "stage.because": "Why: {why}.",
    "stage.value": "{value} {unit} against {limit} ({period}, {basis}), {times_over} times over.",
    "stage.count.hour": "Exceeding hours within {within} h: {n}.",
    "stage.count.day": "Exceeding days within {within} days: {n}.",
    "stage.was": "Open since {since}, until now stage {stage} ({level}).",
    "stage.rests_on": "Rests on: {basis}.",
    "stage.gone": "Later data took the reason away: {why}.",
    "stage.gone_episode": "The exceedance that it stood on was withdrawn.",
    "stage.now": "What remains: stage {stage} ({level}).",
    "stage.none": "No reason remains.",
    "stage.closed": "Closed by {who}: {words}",
    "stage.since": "It was open since {since}.",
    "deadline.since": "Nothing since {since}; the deadline was {due}.",
    "gap.excused": "Gap of {length}, number {n} of its quarter: excused where the equipment failed ({rule}).",
    "gap.counts": "Gap of {length}, number {n} of its quarter: not among the excused ({rule}).",
    "zone": "Log time {time} (UTC+8).",
    # what to look at first
    "next": "→ {step}",
    "next.over.so2": "Look at the absorber first: if the outlet rose and the inlet did not, it is the desulphurisation.",
    "next.over.nox": "Look at the denitrification first: reagent dosing and gas temperature, then load.",
    "next.over.pm": "Look at the dust collector first: bags or fields, then load.",
    "next.over.vapour": "Look at the vapour processing unit first: does it run, then its bed or membrane, then the tank pressure.",
    "next.over.voc": "Look at the VOC treatment first: bypass valve, then temperature or bed.",
    "next.over": "Look at the evidence first, then at inlet, load and the treatment plant.",
    "next.complies": "Note the cause on the record while it is fresh; the evidence holds the hours.",
    "next.stopped": "Check that the stop was real and its mark is right.",
    "next.not judged": "Treat it as still over limit until an hour is judged: look at the monitor first.",
    "next.no data": "Treat it as still over limit until an hour is judged: look at the device and its connection first.",
    "next.withdrawn": "Stop what the replaced alert started; the evidence shows what was rebuilt and why.",
    "next.digest": "Nothing has to be done at once: read the evidence and file the episodes.",
    "next.silent.device": "Likely the device: look at its power, network and data logger first.",
    "next.silent.gateway": "Likely the gateway or its network: look at its connections first.",
    "next.silent.unknown": "Cause not known: open the source, its last frame shows how far the data came.",
    "next.county.silent": "Look first at what they share: the county's network or power, then the gateway's connections.",
    "next.on_time": "Look whether the device backfills the gap; hours without data stay withheld until then.",
    "next.blind": "Look at the gateway first: its process, disk and network; then at the log.",
    "next.sees": "Look whether devices backfill the blind time; hours without data stay withheld until then.",
    "next.escalation.2": "Enterprise: write the explanation on this page. County: read evidence and explanation; close the matter to accept it.",
    "next.escalation.3": "City: read the evidence and what was said so far; close the matter with its outcome.",
    "next.escalation.4": "Province: read the evidence and what was said so far; close the matter with its outcome.",
    "next.escalation.lapsed": "Stop what the withdrawn stage started; the evidence shows what was rebuilt.",
    "next.deadline": "Report the gap and its cause on this page, measure by hand meanwhile, and say until when it is mended.",
    "next.source.unregistered": "Add it to sources.csv, or ask the vendor to correct the identity that the device sends.",
    "next.clock.in_doubt": "Have the device's clock set, or enter its offset into sources.csv, dated.",
    "next.reading.conflict": "Ask the vendor which value is right and why there are two; the evidence shows both frames.",
    "next.reading.disagrees": "Compare the device's averaging (valid minutes, label, conversion) with the evidence.",
    "next.meter.held": "Read the meter on site; enter a replaced one into meter_changes.csv.",
    "next.tick.refused": "Check the time synchronisation of the gateway's machine.",
    "next.input.quarantined": "Open the quarantine: the input and its fault are there; try again after the fix.",
    "next.station.nozzle": "Look at this nozzle first: bellows and splash guard, then its vacuum pump and valve; have its air-to-liquid ratio tested.",
    "next.station.zero_pressure": "Look for a leak first: caps of tank and unloading pipes, then the vent valve; have the tightness tested.",
    "next.station.valve": "Look at the pressure/vacuum valve first, then at the vent pipe and whether the processing unit starts.",
    "next.station.pressure_share": "Look at valve, tightness and processing unit, in this order.",
    "next.station.back_pressure": "Look for liquid in the vapour line first; have its back-pressure tested.",
    "next.station.processed": "Look at the processing unit first: does it run, then its bed or membrane.",
    "next.station.normal": "Nothing has to be done; note the cause on the record while it is fresh.",
    "next.touch.refused": "Decide whether the figure must be corrected by hand; its inputs are no longer kept.",
    "next.finding": "Open the source and read what was found.",
    # words for states and links
    "level.1": "enterprise",
    "level.2": "county",
    "level.3": "city",
    "level.4": "province",
    "state.provisional": "provisional",
    "state.final": "final",
    "state.revised": "revised",
    "unknown": "unknown",
    "link.acknowledge": "Acknowledge",
    "link.matter": "Explain or close",
    "link.evidence": "Evidence",
    "link.source": "Source",
    "link.console": "Console",
}
"""Key to English template."""

TEXTS: dict[str, dict[str, str]] = {"en": ENGLISH, "zh": CHINESE}
"""Language to catalogue."""


def text(key: str, language: str = "en", **values: object) -> str:
    """Return the text of a key with its values filled in; a key without a text in ``language`` is told in English.

    Raises:
        KeyError: there is no such key in English, or a value is missing: a fault of the program.
    """
    return TEXTS.get(language, ENGLISH).get(key, ENGLISH[key]).format(**values)


def known(*keys: str) -> str:
    """Return the first of some keys that has a text; the last must have one."""
    return next((key for key in keys if key in ENGLISH), keys[-1])


def ordinal(n: int, language: str = "en") -> str:
    """Return the word for the nth hour in a row, n at least 2 ("second", "11th", "22nd")."""
    words = text("ordinal", language).split()
    if n - 2 < len(words):
        return words[n - 2]
    if language not in TEXTS or language == "en":
        ending = {1: "st", 2: "nd", 3: "rd"}.get(n % 10 if n % 100 not in (11, 12, 13) else 0)
        if ending:
            return f"{n}{ending}"
    return text("ordinal.more", language, n=n)
