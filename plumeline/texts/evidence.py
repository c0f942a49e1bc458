"""Texts of the page Evidence: formula, minutes, readings, revisions."""

EN = """
evidence | Evidence
evidence.no_value | no value
evidence.from | {value}: {mean}{basis}.
evidence.mean.minute | the mean of {n} valid readings
evidence.mean.hour | the mean of {n} covered minutes of 60
evidence.mean.day | the mean of {n} valid hours of 24
evidence.amount | {covered}
evidence.at_oxygen |  at {oxygen} % O₂
evidence.sent | What was sent about it
evidence.oxygen | Oxygen
evidence.sum | The {n} minutes at reference oxygen below add up to {sum}, the sum above.
evidence.sum.other | The {n} minutes below add up to {sum}, not to the sum above: minutes or registry changed after it was judged; its rebuild is due.
evidence.withheld | Withheld: {reason} ({covered}).
evidence.limit | Limit {limit} {unit} by {basis}.
evidence.limit.unknown | a limit whose clause the registry does not name
evidence.over | {times} times over.
evidence.judged | Judged {time}, from what had arrived by {as_of}.
evidence.revised | Revised {n} times since its first publication; see Revisions.
evidence.formula | Formula with numbers
evidence.formula.none | The engine gave no numbers with this figure.
evidence.basis | By
evidence.limit.row | Limit {limit} {unit} · {id} · {basis}
evidence.minutes | Minutes and their readings
evidence.minutes.n | {n} of {of} minutes valid
evidence.minutes.unformed | no minute means; readings as they came
evidence.minutes.none | No minute and no reading of this period is stored (expired, or never received).
evidence.no_minute | not formed
evidence.own_record | the device's own mean of a longer period
evidence.no_readings | No reading of this minute is stored.
evidence.no_frame | no frame
evidence.flags | flag {flags}
evidence.hours | Hours of the day
evidence.hours.none | No hour of this day is stored.
evidence.revisions | Revisions
evidence.digests | Identity and digests
evidence.id | Figure
evidence.inputs | Digest of inputs
evidence.rules | Digest of rules and registry rows
evidence.json | As JSON
evidence.link | Link to this page
evidence.missing | No such figure
evidence.missing.form | A figure is named source/factor/stat/level/start, such as S1/a21026/avg/hour/2026-07-01T00:00:00+08:00.
evidence.missing.why | Nothing is published for it: not decided yet, nothing received, or the factor is not registered.
explain.sum | Sum
explain.n | Count
explain.reference_o2_pct | Reference oxygen, %
explain.oxygen_pct | Oxygen, %
explain.measured | Measured mean
explain.flow_m3_h | Flow, m³/h
explain.factor | Factor
explain.multiplier | Multiplier
explain.oxygen_factor | Oxygen from
explain.flow_factor | Flow from
explain.register | Meter
explain.note | Note
reading.kind.minute | the device's minute
reading.kind.hour | the device's hour
reading.kind.day | the device's day
reading.kind.register | register
reading.kind.interval | interval
reading.kind.state | state
reading.time | Time as sent
reading.factor | Factor
reading.flag | Flag
revision | No.
revision.first | first published
revision.decided | Decided
revision.change | What changed
revision.none | No version is stored.
change.n | covered {a} → {b}
change.inputs | other inputs
change.rules | other rules or registry rows
change.verdict | other verdict
change.state | standing only
"""
"""Key | English text."""
