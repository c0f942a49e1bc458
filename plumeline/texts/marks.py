"""Texts of the page of a source's marks."""

EN = """
marks.of | Marks — {place}
marks.about | A mark says in what state the plant or its monitor was. Its hours are judged accordingly; decided ones are made anew, and that is told.
marks.source | The source
marks.quota | This year: {used} h of {of} h exempt time used ({marks})
marks.allowance | This year: {used} h of {of} h used ({marks})
marks.form | Set a mark
marks.list | Marks of this year
marks.none | No mark is set for this year.
marks.elsewhere | Marks cannot be set on this console: send them over HTTP, or by a CSV file with the command plumeline marks.
marks.type | Mark
marks.no_effect |  (exempts nothing by the rules of this source)
marks.factor | Factors
marks.all | all of the source
marks.start | From
marks.end | To
marks.period | From – to
marks.who | Who you are
marks.by | Set by
marks.reason | Why
marks.why_not | Why it is wrong
marks.evidence | Evidence (record, photo)
marks.set | Set the mark
marks.reject | Reject it
marks.draft | Keep as a draft
marks.confirm | Confirm it
marks.decide | confirm or reject
marks.state.draft | draft
marks.state.draft.about | a draft changes nothing until it is confirmed.
marks.state.pending | pending
marks.state.pending.about | the gas says that the source ran: its hours are judged provisionally, without the mark, until it is confirmed or rejected.
marks.said.draft | Kept as a draft. It changes nothing until it is confirmed.
marks.said.confirmed | Confirmed. The hours that it covers are made anew.
marks.state | State
marks.state.confirmed | confirmed
marks.state.rejected | rejected
marks.deadline | What begins today is to be marked until {time}. A later mark counts, and is told as late.
marks.deadline.none | The rules of this source set no deadline for marks.
marks.said.filed | Filed. It shows here within seconds; hours that were decided before are made anew.
marks.said.rejected | Rejected. The hours that it covered are made anew.
marks.said.who | Not filed: say who you are.
marks.said.words | Not filed: say why.
marks.said.long | Not filed: a name or text is too long.
marks.said.times | Not filed: write both times, as in 2026-07-01 14:00.
marks.said.order | Not filed: the end is not after the start.
marks.said.type | Not filed: there is no such mark.
marks.said.gone | Not filed: the source, factor or mark is not known here.
marks.said.full | Not filed: the log takes nothing at the moment. Try again.
marks.said.away | Not filed: the log does not answer. Try again.
"""
"""Key | English text."""

ZH = """
marks.of | 标记 — {place}
marks.about | 标记说明生产设施或监测设备当时的状态。标记改变所覆盖小时的判定，已判定的小时也会重算，并予以告知。
marks.source | 该监测点
marks.quota | 本年度已用豁免时长 {used} 小时，共 {of} 小时（{marks}）
marks.allowance | 本年度已用 {used} 小时，共 {of} 小时（{marks}）
marks.form | 设置标记
marks.list | 本年度的标记
marks.none | 本年度没有标记。
marks.elsewhere | 此控制台不能设置标记：请通过接口提交，或导入 marks.csv 文件。
marks.type | 标记
marks.no_effect | （按该监测点的规则不豁免）
marks.factor | 监测因子
marks.all | 全部监测因子
marks.start | 起
marks.end | 止
marks.period | 起止时间
marks.who | 填写人
marks.by | 标记人
marks.reason | 原因
marks.why_not | 驳回原因
marks.evidence | 证明材料（记录、照片）
marks.set | 提交标记
marks.reject | 驳回
marks.draft | 存为草稿
marks.confirm | 确认
marks.decide | 确认或驳回
marks.state.draft | 草稿
marks.state.draft.about | 草稿在确认之前不改变任何结果。
marks.state.pending | 待定
marks.state.pending.about | 烟气数据显示在运行：确认或驳回之前，其小时不计此标记，按暂行判定。
marks.said.draft | 已存为草稿。确认之前不改变任何结果。
marks.said.confirmed | 已确认。其覆盖的小时将重算。
marks.state | 状态
marks.state.confirmed | 有效
marks.state.rejected | 已驳回
marks.deadline | 今日起始的工况应在 {time} 之前标记。逾期标记仍然有效，并按逾期告知。
marks.deadline.none | 该监测点的规则未规定标记时限。
marks.said.filed | 已提交。数秒内显示于此；已判定的小时将重算。
marks.said.rejected | 已驳回。其覆盖的小时将重算。
marks.said.who | 未提交：请填写姓名。
marks.said.words | 未提交：请填写原因。
marks.said.long | 未提交：姓名或内容过长。
marks.said.times | 未提交：请填写起止时间，例如 2026-07-01 14:00。
marks.said.order | 未提交：结束时间不晚于开始时间。
marks.said.type | 未提交：没有此类标记。
marks.said.gone | 未提交：该监测点、监测因子或标记不存在。
marks.said.full | 未提交：日志暂时不能写入，请重试。
marks.said.away | 未提交：日志无应答，请重试。
"""
"""Key | Chinese text (zh-CN), in the terms of environmental and energy regulators."""
