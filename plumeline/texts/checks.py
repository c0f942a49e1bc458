"""Texts about checks of monitors: the section of a source's page, the fields of its marks, and what stands behind an hour."""

EN = """
check.zero | zero
check.span | span
check.comparison | comparison
checks | Checks of the monitors
checks.all | Every check of the last {days} days ({n})
checks.factor | Factor
checks.check | Check
checks.last | Last check
checks.drift | Drift, of span
checks.bounds | Allowed / out of control
checks.state | State
checks.due | Next due
checks.time | Time
checks.by | By
checks.reference | Reference
checks.before | Before adjustment
checks.after | After it
checks.found | What it found
checks.state.in tolerance | in tolerance
checks.state.adjust | needs calibration
checks.state.out of control | out of control
checks.state.overdue calibration | overdue
checks.state.failed check | failed
checks.behind.out | The {check} check of {time} by {author} found it out of control: {why}.
checks.behind.failed | The {check} check of {time} by {author} failed: {why}. Nothing counts from {since}, the last passed check before it, until {until}.
checks.behind.awaited | the next that passes
checks.behind.overdue | The {check} check was due {due}; the last one is of {time} by {author}.
marks.check | Check with gas
marks.check.none | none
marks.check.about | Of a calibration: what was checked and read, in the unit of the factor. One factor a mark; after: only where it was adjusted.
marks.reference | Reference (gas, or zero at the last calibration)
marks.before | Read before adjustment
marks.after | Read after it
marks.span | Span (end of the range)
marks.gas | Unit and gas of the reference, where it is not in the unit of the factor (ppm propane)
marks.said.gas | Not filed: unit or gas of the reference is not known. Write ppm and one of the gases of the list, ppmC or mg/m3, or nothing.
marks.said.check | Not filed: a check is a calibration of one factor, with reference, reading before adjustment and span as numbers.
marks.result | Result of manual monitoring
marks.result.about | Of type manual monitoring, for one factor: the mean mass rate from start to end; the report is evidence. It may stand for missing mass.
marks.result_kg_h | Mass rate, kg/h
marks.result_mg_l | Concentration, mg/L (waste water, where the report states it)
marks.method | Reference method (HJ 57-2017)
marks.said.result | Not filed: a manual result is of one factor and at most 24 h, with its mass rate in kg/h as a number and the reference method.
evidence.result | Result of manual monitoring by {author}, {start} – {end}: {result}; evidence: {evidence}.
evidence.result.no_record | none given
evidence.result.mean | The day’s concentration from these results, not judged: {value} {unit} ({note}).
"""
"""Key | English text."""

ZH = """
check.zero | 零点检查
check.span | 量程检查
check.comparison | 比对监测
checks | 监测仪检查
checks.all | 近 {days} 天的全部检查（{n}）
checks.factor | 监测因子
checks.check | 检查
checks.last | 最近一次
checks.drift | 漂移（占满量程）
checks.bounds | 允许值 / 失控界限
checks.state | 状态
checks.due | 下次应于
checks.time | 时间
checks.by | 操作人
checks.reference | 参考值
checks.before | 调整前示值
checks.after | 调整后示值
checks.found | 检查结果
checks.state.in tolerance | 合格
checks.state.adjust | 需要校准
checks.state.out of control | 失控
checks.state.overdue calibration | 逾期
checks.state.failed check | 不合格
checks.behind.out | {author} 于 {time} 所做的{check}表明其失控：{why}。
checks.behind.failed | {author} 于 {time} 所做的{check}不合格：{why}。自 {since}（此前最近一次合格核查）至{until}的数据无效。
checks.behind.awaited | 下次合格核查
checks.behind.overdue | {check}应不晚于 {due} 完成；最近一次为 {author} 于 {time} 所做。
marks.check | 标气检查
marks.check.none | 无
marks.check.about | 用于校准：检查类别及示值，单位同监测因子。每条标记一个因子；仅在做过调整时填写调整后示值。
marks.reference | 参考值（标气，或上次校准时的零点示值）
marks.before | 调整前示值
marks.after | 调整后示值
marks.span | 满量程
marks.gas | 参考值的单位与气体（与监测因子单位不同时填写，如 ppm 丙烷）
marks.said.gas | 未提交：参考值的单位或气体无法识别。请填写 ppm 和列表中的一种气体，或 ppmC、mg/m³，或留空。
marks.said.check | 未提交：检查应为单个监测因子的校准，并填写参考值、调整前示值和满量程的数值。
marks.result | 手工监测结果
marks.result.about | 用于“手工监测”标记：单个监测因子在起止时间内的平均排放速率及监测方法；报告编号填入证明材料。该结果可替代未测得的排放量。
marks.result_kg_h | 排放速率，kg/h
marks.result_mg_l | 浓度，mg/L（废水，报告载明时填写）
marks.method | 监测方法（如 HJ 57-2017）
marks.said.result | 未提交：手工监测结果应为单个监测因子、不超过 24 小时，并填写排放速率（kg/h）的数值和监测方法。
evidence.result | {author} 于 {start} – {end} 的手工监测结果：{result}；证明材料：{evidence}。
evidence.result.no_record | 未提供
evidence.result.mean | 由上述结果得出的当日浓度（不判定）：{value} {unit}（{note}）。
"""
"""Key | Chinese text (zh-CN), in the terms of environmental and energy regulators."""
