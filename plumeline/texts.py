"""Every text of the console, by key and language; a text without its language falls back to English."""

from __future__ import annotations

from functools import lru_cache

_EN = """
name | Plumeline
nav | Pages
tab.now | Now
tab.sources | Sources
tab.alerts | Alerts
tab.quarantine | Quarantine
tab.why | Why is nothing shown
tab.pipeline | Pipeline
yes | yes
no | no
unknown | unknown
value | Value
limit | Limit
verdict | Judged
covered | Covered
standing | Standing
hour | hour
minute | minute
day | day
readings | Readings
valid | valid
invalid | invalid
backfill | backfill
time.never | never
time.now | now
time.ago | {span} ago
time.ahead | {span} ahead
list.rest | {n} more are not shown.
list.newest | The newest {n} are shown.
list.none | None.
list.bytes | {n} more bytes are not shown here.
filter.drop | Show all
banner.away | Store away since {since} ({ago}). Live alarms go on; pictures and the past wait.
banner.from | What is shown is from {time}.
banner.nothing | Nothing of this page was seen before.
banner.slow | The store has not answered for {span}. What is shown may be old.
banner.fault | This page could not be renewed: a fault in the console, written to its log. What is shown may be old.
banner.look | What to check →
state.loading | Loading …
state.away | The store does not answer
state.away.goes_on | Devices are still acknowledged and limits still watched; nothing is lost. This page returns by itself.
state.away.check.1 | Is the disk of the data folder full, or the folder gone?
state.away.check.2 | Is the store's process running? The page Pipeline says what Plumeline knows of it.
state.away.check.3 | Alerts go out without the store: the page Alerts shows what was sent.
missing | No such page
missing.what | The address leads nowhere; what exists stands above.
state.fault | This page could not be made.
state.fault.next | The fault is written to the log of the console. Other pages are not touched by it.
totals | Totals
total.open | above limit
total.state.on time | sources on time
total.state.late | late
total.state.silent | silent
total.state.stopped | stopped
total.state.blind | blind
total.state.never seen | never seen
total.state.unregistered | not registered
total.waiting | deliveries waiting
total.dead | deliveries given up
total.lag | pipeline lag
now.open | Above limit
now.open.none | No limit is exceeded. {n} of {of} sources are on time.
now.limit | limit {limit} {stat}
now.over | {times} times over
now.spark | hour means, last {n} h
now.since | since {time}
now.hours | hours above: {n}
now.fresh | hour {hour}, {state}, {ago}
now.no_figure | its hour is being rebuilt
now.evidence | Evidence
now.late | Sources not on time
now.late.none | Every source is on time or declared stopped.
now.never | no reading yet
now.why | Why
now.alerts | Latest alerts
now.alerts.all | All alerts
now.empty | Nothing to watch yet
now.empty.what | No source is registered, and no device has sent anything.
now.empty.1 | Add the outlets or meters to sources.csv in the registry folder.
now.empty.2 | Point a device at the gateway's address; its identity (MN) is the source's name.
now.empty.3 | If it sends and nothing appears here, ask “Why is nothing shown”.
spark.none | no hour means yet
spark.label | Hour means of the last day, {n} with a value
source.on time | on time
source.late | late
source.silent | silent
source.stopped | stopped
source.blind | blind
source.never seen | never seen
source.unregistered | not registered
source.unregistered.next | Its reports are kept. Adopt it with a row in sources.csv, or find out who sends under this name.
cause.blind | Gateway: its own ticks are missing, so nothing can be said of the source.
cause.stopped | Declared stopped.
cause.never seen | Device: it has never reported. Check the address and identity (MN) it was given.
cause.unregistered | Registry: no row in sources.csv has this name.
cause.plumeline | Plumeline: it is behind; what was sent may not be counted yet.
cause.gateway | Gateway or network: no source reports at all.
cause.device | Device or its line: others report as usual.
cause.late | Device or its line.
cause.silent | Device or its line.
source.code | Source
source.permit | Permit
source.kind | Kind
source.last | Last reading
source.skew | Clock skew
source.month | Hours this month
source.month.of | {n} of {of} hours have a value ({factor})
source.factors | Factors
source.hours | {factor} — {stat}, hour by hour
source.span.days | {n} d
source.earlier | Earlier
source.later | Later
source.latest | Latest
source.table | The same as a table, each hour with its evidence ({n})
source.minutes | minutes
source.episodes | Episodes
source.revisions | Revisions of the last 31 days
source.marks | Marks
source.events | What happened
source.empty | No figures from {start} to {end}
source.empty.why | Either nothing was received in that time, or no factor of this source stands in points.csv or meters.csv.
source.empty.month | Look at a month
source.missing | No source of this name
source.missing.why | Neither the registry nor the store knows it. Names are as the device sends them, case and all.
kind.flue_gas | flue gas
kind.voc | VOC
kind.water | water
kind.energy | energy
stat.avg | measured
stat.avg_ref | at reference oxygen
stat.mass | mass
stat.energy | energy
stat.kgce | coal equivalent
stat.tco2 | CO₂
sources.every | all {n}
sources.find | name or code
sources.find.go | Find
sources.state | State
sources.place | Source
sources.code | Code
sources.last | Last reading
sources.since | Since
sources.none | No source is registered, and none was heard of.
sources.none.filtered | No source is like that now.
episode.open | open
episode.closed | closed
episode.withdrawn | withdrawn
episode.line | {factor} since {start}: hours {n}, worst {worst} (limit {limit})
revision.line | {factor} {period}: now {value} {unit}, since {time}
verdict.exceeds | above limit
verdict.complies | complies
verdict.not_judged | not judged
verdict.no_value | no value
verdict.none | no limit
figure.provisional | provisional
figure.final | final
figure.revised | revised
figure.n.minute | valid readings: {n}
figure.n.hour | covered minutes: {n} of 60
figure.n.day | valid hours: {n} of 24
chart.limit | limit {limit}
chart.no_data | no data
chart.not_valid | not valid
chart.click | Click for evidence
legend.bar | hour mean
legend.provisional | provisional
legend.over | ▲ above limit
legend.revised | revised
legend.gap | no value, with the reason
legend.limit | limit
legend.flags | strip: device flags (blank = N, normal)
zoom | {factor} — {stat}, minute by minute, {span}
zoom.before | Hour before
zoom.after | Hour after
zoom.none | No minute means are stored for this time; minutes are formed from real-time readings.
mark.stopped | stopped
mark.maintenance | maintenance
mark.calibration | calibration
mark.fault | fault
flag.N | normal
flag.F | stopped
flag.M | maintenance
flag.C | calibration
flag.S | set by hand
flag.D | fault
flag.T | out of range
flag.B | link down
flag.other | flag of the device
event.exceedance.opened | began to exceed
event.exceedance.lengthened | another hour above the limit
event.exceedance.closed | ended to exceed
event.exceedance.withdrawn | exceedance withdrawn after a rebuild
event.exceedance.retrospective | exceedance found looking back
event.source.late | missed its cadence
event.source.silent | fell silent
event.source.on_time | reports again
event.source.stopped | silent and declared stopped
event.source.blind | gateway's ticks missing
event.source.unregistered | not in the registry
event.clock.in_doubt | clock in doubt
event.reading.conflict | two values for one reading
event.reading.disagrees | device's own mean differs from ours
event.meter.held | register reading held
event.tick.refused | a gateway's clock jumped
event.input.quarantined | an input was set aside by a rule
event.touch.refused | could not be rebuilt: inputs have expired
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
hour.before | hour before
hour.after | hour after
day.before | day before
day.after | day after
minute.before | minute before
minute.after | minute after
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
alerts.what | What was sent to whom, by which attempt, with which answer.
alerts.every | all
alerts.none | No alert has been sent yet.
alerts.none.filtered | No alert is like that now.
alerts.of | Only {source}.
alerts.away | The outbox does not answer; what waits there is sent when it does.
alerts.key | Idempotency key
phase.opened | opened
phase.update | goes on
phase.over | {phase}, over since
phase.resolved | resolved
phase.withdrawn | withdrawn
phase.digest | digest
delivery.waiting | waiting
delivery.delivered | delivered
delivery.dead | given up
delivery.next | Next attempt {time}.
delivery.none | nobody to tell
delivery.some | {state} ({n} of {of})
delivery.all | delivered ({n})
attempt.n | Attempt
attempt.time | Time
attempt.status | Status
attempt.answer | Answer
attempt.none | Not tried yet.
quarantine.what | What could not be read, verbatim, with the reason. Nothing here was counted.
quarantine.every | all {n}
quarantine.none | Quarantine is empty: every frame was read.
quarantine.none.filtered | Nothing in quarantine is like that.
quarantine.of | Only {source}.
quarantine.same | All of this device
frame | Frame
frame.missing | This frame is not stored
frame.missing.why | Frames are kept for a bounded time; its readings outlive it. Or the address is wrong.
frame.verdict | Verdict
frame.detail | Detail
frame.source | Source
frame.no_source | no source could be read
frame.received | Received
frame.peer | From
frame.crc | CRC
frame.answered | Acknowledged
frame.ok | accepted
frame.open | Open the frame
frame.text | Text
frame.masked | The device's password (PW) is shown as stars; the stored frame holds it as it came.
frame.hex | Hex, {n} bytes
crc | {crc}
why.what | For whoever set up a device: what arrived, what was made of it, what to change. Pick a source.
why.empty | No device has been heard of and none is registered. What cannot be read at all lands in Quarantine.
why.nameless | Your device is not listed? What was received without a readable name is in
why.last_bytes | Last bytes
why.source | Its figures
why.frames | Last frames ({n})
why.no_frames | No frame of this name is stored.
why.registered | Registry
why.registered.yes | Registered in sources.csv.
why.registered.no | No row in sources.csv holds on this day for “{source}”.
why.registered.do | Add the row; what was sent since is kept and will be counted.
why.bytes | Connection
why.bytes.none | Nothing was ever received under this name.
why.bytes.do | Check address and port in the device, and that the MN it sends is this name to the letter.
why.bytes.last | Last bytes {time} ({ago}) from {peer}, {protocol}.
why.verdict | Frames
why.verdict.none | No frame to look at.
why.verdict.ok | The last {n} frames were accepted.
why.verdict.bad | {n} of the last {of} frames were not accepted: {reasons}.
why.verdict.do | Open a frame below: the fault is marked at its byte.
why.crc | CRC
why.crc.ok | As HJ 212 defines it, or none in this protocol.
why.crc.bad | Seen: {names}.
why.crc.do | HJ 212's CRC is not Modbus: see HJ 212-2017, annex A. A known dialect can be allowed by crc_dialect in sources.csv.
why.answered | Acknowledged
why.answered.n | {n} of the last {of} frames were acknowledged.
why.answered.do | An acknowledgement is sent where the frame's Flag asks for one (bit A).
why.clock | Clock
why.clock.unknown | Not known: no report with a sending time yet.
why.clock.skew | Receipt minus sending: {skew} (median).
why.clock.do | Set the clock, or add a dated clock_offset_s in sources.csv; reports from the future are held until then.
why.fresh | Last reading
why.fresh.never | None yet; one each {cadence} is expected.
why.fresh.last | {time} ({ago}); one each {cadence} is expected.
why.fresh.do | Look at the device and its line; backfill sent later is counted.
why.marked | Marks
why.marked.none | No mark takes its readings out now.
why.marked.one | Marked “{type}” until {end} by {author}: its readings are not counted as valid.
why.marked.do | If that is wrong, ask whoever set the mark to reject it.
why.factors | Factors
why.factors.nothing | No reading in the hour around the last frame.
why.factors.missing | Sent but not in points.csv or meters.csv: {names}.
why.factors.do | Add a row for each with unit and range; what was sent is kept and will be counted.
why.factors.absent | Registered but not sent in the last hour: {names}.
why.factors.absent.do | Check the device's list of factors, or end the rows by valid_to.
why.factors.ok | All {n} factors sent are registered.
check.ok | fine
check.look | look
check.fault | fault
pipeline.what | What Plumeline knows of itself.
pipeline.store | Store
pipeline.store.ok | Answers.
pipeline.store.away | Does not answer ({detail}). Check the data folder's disk and rights first; live alarms go on.
pipeline.lag | Lag
pipeline.tick | Newest tick
pipeline.deliveries | Deliveries
pipeline.deliveries.none | none yet
pipeline.sources | Sources
pipeline.quarantine | Quarantine
pipeline.quarantine.n | Inputs set aside: {n}
pipeline.queues | Queues against their bounds
pipeline.queues.none | No queue has told its length.
pipeline.blind | Blind time
pipeline.blind.none | None: ticks came without a gap.
pipeline.blind.span | {start} – {end} ({span})
pipeline.numbers | Numbers
queue.name | Queue
queue.length | Holds
queue.bound | Bound
queue.share | Share
queue.full | filling up
queue.free | free
health.lag_ms | Lag, ms
health.tick_ms | Newest tick
health.started_ms | Started
health.connections | Connections
health.touches | Touches waiting
health.rows | Rows by table
health.events | Events
health.failed | Failed
health.figures published | Figures published since start
health.processed_seq | Record of the log worked off
health.readings | Readings taken in since start
health.records waiting | Records waiting
"""


@lru_cache(maxsize=1)
def catalogue() -> dict[str, dict[str, str]]:
    """Return every text: key -> language -> text with ``{names}`` for facts."""
    texts: dict[str, dict[str, str]] = {}
    for line in _EN.strip().splitlines():
        key, _, text = line.partition(" | ")
        texts[key] = {"en": text}
    return texts


def t(key: str, language: str = "en", **facts: object) -> str:
    """Return the text of a key with its facts filled in; an unknown key comes back as it is."""
    texts = catalogue().get(key)
    if texts is None:
        return key
    text = texts.get(language) or texts["en"]
    return text.format(**facts) if facts else text
