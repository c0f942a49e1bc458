"""Texts of the page Evidence: formula, minutes, readings, revisions."""

EN = """
evidence | Evidence
evidence.what.period | {stat}, {level} {period}
evidence.what.date | {stat}, {period}
evidence.no_value | no value
evidence.from | {value}: {mean}{basis}.
evidence.mean.minute | the mean of {n} valid readings
evidence.mean.hour | the mean of {n} covered minutes of 60
evidence.mean.day | the mean of {n} valid hours of 24
evidence.amount | {covered}
evidence.at_oxygen |  at {oxygen} % O₂
evidence.at_volume |  at a gas volume of {volume} m³ a tonne of product
evidence.sent | What was sent about it
evidence.oxygen | Oxygen
evidence.sum | The {n} minutes at reference oxygen below add up to {sum}, the sum above.
evidence.sum.later | The {n} minutes below add up to {sum}: more has arrived since this provisional figure was made.
evidence.sum.other | The {n} minutes below add up to {sum}, not to the sum above: minutes or registry changed after it was judged; its rebuild is due.
evidence.withheld | Withheld: {reason} ({covered}).
evidence.limit | Limit {limit} {unit} by {basis}.
evidence.limit.unknown | a limit whose clause the registry does not name
evidence.over | {times} times over.
evidence.open | Not decided yet; made from what had arrived by {as_of}.
evidence.judged | Judged {time}, from what had arrived by {as_of}.
evidence.revised | Revisions since it was first published: {n}; see Revisions.
evidence.formula | Formula with numbers
evidence.formula.none | The engine gave no numbers with this figure.
evidence.basis | By
evidence.limit.row | Limit {limit} {unit} · {id} · {basis}
evidence.limit.permit | permit
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
evidence.days | Its days
evidence.days.none | No day of it is stored.
evidence.mean.month | the mean of {n} valid days
evidence.mean.quarter | the mean of {n}
evidence.mean.halfhour | the mean of {n} valid minutes of 30
flagged | Readings that a quality test flagged
flagged.what | A flag is a reason to look at the instrument; it changes no figure and no judgement.
flagged.flag | Test says
flagged.test | Why
flagged.rule | Rule and clause
flagged.suspect | suspect
flagged.fail | fail
evidence.own_day | The device's own day
evidence.own_day.what | Compared with our mean and told where they differ by more than 1 %; it never takes its place.
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
explain.reference_volume_m3_t | Reference gas volume, m³/t
explain.product_factor | Production from
explain.gas_state | Sent as
explain.gas_state.wet | wet
explain.gas_state.actual | at the duct's temperature and pressure
explain.gas_state.wet actual | wet, at the duct's temperature and pressure
explain.moisture_factor | Moisture from
explain.temperature_factor | Gas temperature from
explain.static_pressure_factor | Static pressure from
explain.ambient_pressure_factor | Ambient pressure from
explain.register | Meter
explain.note | Note
explain.confidence | Confidence
explain.register.cumulative | cumulative
explain.register.interval | interval
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
revision.none | None yet: versions are kept once a figure is decided.
change.n | covered {a} → {b}
change.inputs | other inputs
change.rules | other rules or registry rows
change.verdict | other verdict
change.state | standing only
"""
"""Key | English text."""

ZH = """
evidence | 依据
evidence.what.period | {stat}，{level} {period}
evidence.what.date | {stat}，{period}
evidence.no_value | 无数值
evidence.from | {value}：{mean}{basis}。
evidence.mean.minute | {n} 个有效读数的均值
evidence.mean.hour | 60 分钟中 {n} 个有效分钟的均值
evidence.mean.day | 24 小时中 {n} 个有效小时的均值
evidence.amount | {covered}
evidence.at_oxygen | ，折算至基准氧含量 {oxygen}%
evidence.at_volume | ，折算至基准排气量 {volume} m³/t
evidence.sent | 已发出的告警
evidence.oxygen | 氧含量
evidence.sum | 下列 {n} 个分钟折算值之和为 {sum}，与上式总和一致。
evidence.sum.later | 下列 {n} 个分钟值之和为 {sum}：该暂定值得出之后又有数据到达。
evidence.sum.other | 下列 {n} 个分钟值之和为 {sum}，与上式总和不符：判定之后分钟值或登记信息有变动，待重算。
evidence.withheld | 不予给出：{reason}（{covered}）。
evidence.limit | 限值 {limit} {unit}，依据：{basis}。
evidence.limit.unknown | 登记信息未注明条款
evidence.over | 超标 {times} 倍。
evidence.open | 尚未判定，采用截至 {as_of} 收到的数据。
evidence.judged | {time} 判定，采用截至 {as_of} 收到的数据。
evidence.revised | 首次发布后修订 {n} 次，见“修订”。
evidence.formula | 代入数值的公式
evidence.formula.none | 引擎未给出该统计值的计算数值。
evidence.basis | 依据：
evidence.limit.row | 限值 {limit} {unit} · {id} · {basis}
evidence.limit.permit | 排污许可证
evidence.minutes | 分钟值及其读数
evidence.minutes.n | 有效分钟 {n}/{of}
evidence.minutes.unformed | 无分钟均值，显示原始读数
evidence.minutes.none | 该时段没有存储分钟值和读数（已过保存期，或从未收到）。
evidence.no_minute | 未形成
evidence.own_record | 设备自算的较长时段均值
evidence.no_readings | 该分钟没有存储读数。
evidence.no_frame | 无报文
evidence.flags | 标记 {flags}
evidence.hours | 当日各小时
evidence.hours.none | 当日没有存储小时值。
evidence.days | 各日
evidence.days.none | 未保存其中任何一日。
evidence.mean.month | {n} 个有效日的均值
evidence.mean.quarter | {n} 个的均值
evidence.mean.halfhour | 30 分钟中 {n} 个有效分钟的均值
flagged | 质量检验标示的读数
flagged.what | 标示仅提示应检查仪器，不改变统计值，也不改变判定。
flagged.flag | 检验结果
flagged.test | 原因
flagged.rule | 规则与条款
flagged.suspect | 可疑
flagged.fail | 不合格
evidence.own_day | 设备自报日均值
evidence.own_day.what | 仅与本平台日均值比对，相差超过 1% 时提示；不作为本平台统计值。
evidence.revisions | 修订
evidence.digests | 标识与摘要
evidence.id | 统计值
evidence.inputs | 输入摘要
evidence.rules | 规则与登记行摘要
evidence.json | JSON 格式
evidence.link | 本页链接
evidence.missing | 没有该统计值
evidence.missing.form | 统计值的写法为 source/factor/stat/level/start，例如 S1/a21026/avg/hour/2026-07-01T00:00:00+08:00。
evidence.missing.why | 尚未发布：还未判定、未收到数据，或该监测因子未登记。
explain.sum | 总和
explain.n | 个数
explain.reference_o2_pct | 基准氧含量，%
explain.oxygen_pct | 氧含量，%
explain.measured | 实测均值
explain.flow_m3_h | 流量，m³/h
explain.factor | 监测因子
explain.multiplier | 倍率
explain.oxygen_factor | 氧含量取自
explain.flow_factor | 流量取自
explain.reference_volume_m3_t | 基准排气量，m³/t
explain.product_factor | 产量取自
explain.gas_state | 报送状态
explain.gas_state.wet | 湿基
explain.gas_state.actual | 工况
explain.gas_state.wet actual | 工况湿基
explain.moisture_factor | 湿度取自
explain.temperature_factor | 烟温取自
explain.static_pressure_factor | 静压取自
explain.ambient_pressure_factor | 大气压取自
explain.register | 计量表
explain.note | 说明
explain.confidence | 可信度
explain.register.cumulative | 累计式
explain.register.interval | 时段式
reading.kind.minute | 设备分钟值
reading.kind.hour | 设备小时值
reading.kind.day | 设备日值
reading.kind.register | 表底
reading.kind.interval | 时段值
reading.kind.state | 状态
reading.time | 上报时间
reading.factor | 监测因子
reading.flag | 标记
revision | 序号
revision.first | 首次发布
revision.decided | 判定时间
revision.change | 变更内容
revision.none | 尚无：统计值判定后才保存版本。
change.n | 有效数 {a} → {b}
change.inputs | 输入有变
change.rules | 规则或登记行有变
change.verdict | 判定有变
change.state | 仅状态有变
"""
"""Key | Chinese text (zh-CN), in the terms of environmental and energy regulators."""
