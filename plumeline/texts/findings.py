"""Texts of the page Findings."""

EN = """
tab.findings | Findings
findings.what | Patterns in the data that are worth a look, heaviest first. \
A pattern is no verdict: most have an ordinary cause, and none makes a value invalid.
findings.none | No pattern was found in the last {days} days.
findings.source.none | No pattern was found at this source in the last {days} days.
findings.weight | Weight, {days} days
findings.weight.one | Weight
findings.weight.of | weight {n}
findings.source | Source
findings.patterns | Patterns
findings.n | Findings
findings.since | Since
findings.when | When
findings.newest | Newest
findings.all | All findings
findings.list | Findings of this source, newest first
findings.pattern | Pattern
findings.reason | What was seen
findings.where | Factor
findings.day | Day
findings.rule | Rule
findings.basis | Basis
findings.confidence | Confidence
findings.figures | The day's hours
findings.figures.of | {hours} valid, from {low} to {high}, mean {mean} {unit}
findings.values | Values there
findings.readings | Readings
findings.readings.of | The flagged readings of that hour
findings.flags | The day's readings
findings.flags.of | {good} good, {suspect} suspect, {fail} fail, {not_evaluated} not evaluated, {missing} without a value
findings.limit | Limit
findings.limit.of | {limit} {unit}, {stat}
findings.peers | Among its peers
findings.peers.of | The day's hours moved by {own} % of their mean; the middle of {peers} sources of the same kind and sector by {middle} %. \
Rank {rank} of {of} from the least. {alike} of them showed this pattern in these days.
findings.peers.none | No other source of the same kind and sector has values of this day.
findings.next | What to do
findings.do | Compare with the operator's records of the day, with the load and with the other channels; ask on site before anything is concluded.
findings.rule.gone | The rule {rule} is no longer in pack {pack}.
findings.state.current | not dismissed
findings.state.open | undecided
findings.state.confirmed | confirmed
findings.state.dismissed | dismissed
findings.none.state | No finding of these days stands so.
findings.decisions.away | What was decided about findings is not known: the outbox does not answer. All are shown.
decision | Decision
decision.open | undecided
decision.confirmed | confirmed
decision.dismissed | dismissed
decision.confirmed.by | confirmed by {who} as “{pattern}” after inspection:
decision.dismissed.by | dismissed by {who}:
decision.none | Nobody has decided about this finding yet.
decision.who | Your name
decision.words | Why
decision.evidence | Evidence (needed to confirm)
decision.evidence.of | Evidence: {text}
decision.confirm | Confirm
decision.dismiss | Dismiss
decision.means | Confirm after an inspection that found the pattern to be real: the matter rises as the ladder of escalation says. \
Dismiss what has an ordinary cause: it leaves the list and stays on record. Either can be decided anew; what was decided before stays.
decision.said.kept | Kept.
decision.said.gone | Not kept: this finding is no longer among the newest.
decision.said.who | Not kept: say who you are.
decision.said.words | Not kept: say why.
decision.said.evidence | Not kept: to confirm, say what was inspected and found.
decision.said.long | Not kept: the name, the reason or the evidence is too long.
decision.said.role | Not kept: this is decided by people of the county and above whom contacts.csv names; a confirmation is taken back \
by those who may close its matter. The attempt is on record.
decision.said.many | Not kept: no more decisions fit on this finding.
decision.said.away | Not kept: the outbox or the store does not answer. Try again.
scores | How the rules fared
scores.about | Which findings people confirmed and which they dismissed, by rule. \
Where most of a rule are dismissed, its thresholds want a look.
scores.told | Findings, {days} days
scores.share | Share confirmed
"""

ZH = """
tab.findings | 筛查线索
findings.what | 值得一看的数据特征，权重大者在前。特征不是结论：多数有寻常原因，也不使任何数据无效。
findings.none | 最近 {days} 天未发现此类特征。
findings.source.none | 该监测点最近 {days} 天未发现此类特征。
findings.weight | {days} 天权重
findings.weight.one | 权重
findings.weight.of | 权重 {n}
findings.source | 监测点
findings.patterns | 特征
findings.n | 线索数
findings.since | 起始
findings.when | 时间
findings.newest | 最近
findings.all | 全部线索
findings.list | 该监测点的线索，新者在前
findings.pattern | 特征
findings.reason | 所见情况
findings.where | 监测因子
findings.day | 日期
findings.rule | 规则
findings.basis | 依据
findings.confidence | 可信程度
findings.figures | 当日小时值
findings.figures.of | 有效 {hours} 个，{low} 至 {high}，均值 {mean} {unit}
findings.values | 该处数值
findings.readings | 读数
findings.readings.of | 该小时被标示的读数
findings.flags | 当日读数
findings.flags.of | 正常 {good} 个，可疑 {suspect} 个，不合格 {fail} 个，未检验 {not_evaluated} 个，无值 {missing} 个
findings.limit | 限值
findings.limit.of | {limit} {unit}，{stat}
findings.peers | 与同类比较
findings.peers.of | 当日小时值变化幅度为均值的 {own}%；同类型、同行业 {peers} 个监测点的中位为 {middle}%。\
由小到大列第 {rank} 位，共 {of} 位。其中 {alike} 个在此期间也有该特征。
findings.peers.none | 没有其他同类型、同行业的监测点有当日数据。
findings.next | 下一步
findings.do | 请对照运行记录、负荷和其他参数；下结论之前先到现场了解情况。
findings.rule.gone | 规则集 {pack} 中已没有规则 {rule}。
findings.state.current | 未排除
findings.state.open | 待判定
findings.state.confirmed | 已确认
findings.state.dismissed | 已排除
findings.none.state | 这些天没有处于该状态的线索。
findings.decisions.away | 发件箱无应答，无法得知线索的判定情况；以下显示全部线索。
decision | 判定
decision.open | 待判定
decision.confirmed | 已确认
decision.dismissed | 已排除
decision.confirmed.by | 经核查，{who} 确认为“{pattern}”：
decision.dismissed.by | {who} 排除：
decision.none | 尚无人对该线索作出判定。
decision.who | 您的姓名
decision.words | 理由
decision.evidence | 证据（确认时必填）
decision.evidence.of | 证据：{text}
decision.confirm | 确认
decision.dismiss | 排除
decision.means | 经现场核查、该特征属实时请确认：事项将按升级规则上报。有寻常原因的请排除：线索移出列表，记录保留。两者均可重新判定，先前的判定保留。
decision.said.kept | 已保存。
decision.said.gone | 未保存：该线索已不在最新线索之中。
decision.said.who | 未保存：请填写姓名。
decision.said.words | 未保存：请填写理由。
decision.said.evidence | 未保存：确认时请填写核查内容和结果。
decision.said.long | 未保存：姓名、理由或证据过长。
decision.said.role | 未保存：由 contacts.csv 登记的区县及以上人员判定；撤销确认须由有权办结该事项的人员进行。本次尝试已记录。
decision.said.many | 未保存：该线索的判定已达上限。
decision.said.away | 未保存：发件箱或存储无应答，请重试。
scores | 各规则的判定情况
scores.about | 按规则统计已确认和已排除的线索。多数被排除的规则，其规则集中的阈值宜调整。
scores.told | 线索数，{days} 天
scores.share | 确认比例
"""
"""Key | Chinese text (zh-CN), in the terms of environmental and energy regulators."""
