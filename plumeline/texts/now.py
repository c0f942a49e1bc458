"""Texts of the page Now, and words that it shares with the lists of sources."""

EN = """
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
cause.blind | Gateway: its own ticks are missing, so nothing can be said of the source.
cause.stopped | Declared stopped.
cause.never seen | Device: it has never reported. Check the address and identity (MN) it was given.
cause.unregistered | Registry: no row in sources.csv has this name.
cause.plumeline | Plumeline: it is behind; what was sent may not be counted yet.
cause.gateway | Gateway or network: no source reports at all.
cause.device | Device or its line: others report as usual.
cause.late | Device or its line.
cause.silent | Device or its line.
"""
"""Key | English text."""
