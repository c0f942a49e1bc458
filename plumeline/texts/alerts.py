"""Texts of the page Alerts."""

EN = """
alerts.what | What was sent to whom, by which attempt, with which answer.
alerts.every | all
alerts.none | No alert has been sent yet.
alerts.none.filtered | No alert is like that now.
alerts.of | Only {source}.
alerts.away | The outbox does not answer; what waits there is sent when it does.
alerts.silent | Silent sources
alerts.key | Idempotency key
alerts.deliveries | Deliveries
action.who | Your name
action.words | What you know or do about it
action.acknowledge | acknowledged it.
action.acknowledge.do | Acknowledge
action.acknowledge.means | Acknowledged, it is not told again until it ends; its end still is.
action.comment | wrote:
action.comment.do | Comment
action.known | acknowledged by {who}
said.gone | This alert is no longer kept.
said.who | Not kept: say who you are.
said.words | Not kept: a comment needs words.
said.long | Not kept: the name or the words are too long.
said.many | Not kept: no more comments fit on this alert.
said.away | Not kept: the outbox does not answer. Try again.
phase.opened | opened
phase.update | goes on
phase.over | {phase}, ended
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
attempt.time | Machine time
attempt.status | Status
attempt.answer | Answer
attempt.none | Not tried yet.
"""
"""Key | English text."""
