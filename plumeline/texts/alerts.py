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
alerts.stage | stage {stage}: {level}
level.2 | county
level.3 | city
level.4 | province
action.who | Your name
action.words | What you know or do about it
action.acknowledge | acknowledged it.
action.acknowledge.do | Acknowledge
action.acknowledge.means | Acknowledged, it is not told again until it ends; its end still is.
action.comment | wrote:
action.comment.do | Comment
action.explain | explained:
action.explain.do | Explain
action.close | closed the matter:
action.close.do | Close the matter
action.known | acknowledged by {who}
said.gone | This alert is no longer kept.
said.who | Not kept: say who you are.
said.words | Not kept: a comment needs words.
said.long | Not kept: the name or the words are too long.
said.many | Not kept: no more comments fit on this alert.
said.over | Not kept: no open matter belongs to this alert.
said.role | Not closed: at this stage the matter is closed by those whom contacts.csv names for it. The attempt is on record.
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

ZH = """
alerts.what | 发给谁、第几次尝试、对方如何应答。
alerts.every | 全部
alerts.none | 尚未发出任何告警。
alerts.none.filtered | 目前没有符合条件的告警。
alerts.of | 仅显示 {source}。
alerts.away | 发件箱无应答；待发告警在其恢复后发出。
alerts.silent | 中断的监测点
alerts.key | 幂等键
alerts.deliveries | 投递
alerts.stage | {stage} 级：{level}
level.2 | 区县
level.3 | 市级
level.4 | 省级
action.who | 您的姓名
action.words | 您掌握的情况或处理措施
action.acknowledge | 已确认。
action.acknowledge.do | 确认
action.acknowledge.means | 确认后，结束之前不再重复告知；结束时仍会告知。
action.comment | 备注：
action.comment.do | 备注
action.explain | 情况说明：
action.explain.do | 提交说明
action.close | 办结：
action.close.do | 办结
action.known | {who} 已确认
said.gone | 该告警已不再保留。
said.who | 未保存：请填写姓名。
said.words | 未保存：请填写备注内容。
said.long | 未保存：姓名或内容过长。
said.many | 未保存：该告警的备注已达上限。
said.over | 未保存：该告警没有未办结的事项。
said.role | 未办结：此阶段由 contacts.csv 为其登记的人员办结。本次尝试已记录。
said.away | 未保存：发件箱无应答，请重试。
phase.opened | 发生
phase.update | 持续
phase.over | {phase}，已结束
phase.resolved | 解除
phase.withdrawn | 撤回
phase.digest | 汇总
delivery.waiting | 待发
delivery.delivered | 已送达
delivery.dead | 已放弃
delivery.next | 下次尝试 {time}。
delivery.none | 无人接收
delivery.some | {state}（{n}/{of}）
delivery.all | 已送达（{n}）
attempt.n | 次数
attempt.time | 机器时间
attempt.status | 状态码
attempt.answer | 应答
attempt.none | 尚未尝试。
"""
"""Key | Chinese text (zh-CN), in the terms of environmental and energy regulators."""
