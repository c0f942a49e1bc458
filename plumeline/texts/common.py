"""Texts of every page: heading, banner, states, times, figures."""

EN = """
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
form.refused | This form was not sent by a page of this console, or is too long.
missing | No such page
missing.what | The address leads nowhere; what exists stands above.
state.fault | This page could not be made.
state.fault.next | The fault is written to the log of the console. Other pages are not touched by it.
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
event.exceedance.opened | rose above its limit
event.exceedance.lengthened | another hour above the limit
event.exceedance.closed | episode above the limit ended
event.exceedance.withdrawn | exceedance withdrawn after a rebuild
event.exceedance.retrospective | exceedance found looking back
event.source.late | missed its cadence
event.source.silent | fell silent
event.source.on_time | reports again
event.source.stopped | silent and declared stopped
event.source.blind | could not be seen: the gateway gave no sign of life
event.source.unregistered | not in the registry
event.clock.in_doubt | clock in doubt
event.reading.conflict | two values for one reading
event.reading.disagrees | device's own mean differs from ours
event.meter.held | register reading held
event.tick.refused | a gateway's clock jumped
event.input.quarantined | an input was set aside by a rule
event.touch.refused | could not be rebuilt: inputs have expired
hour.before | hour before
hour.after | hour after
day.before | day before
day.after | day after
minute.before | minute before
minute.after | minute after
check.ok | fine
check.look | look
check.fault | fault
"""
"""Key | English text."""
