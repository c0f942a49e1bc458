"""Texts of every page: heading, banner, states, times, figures."""

EN = """
name | Plumeline
nav | Pages
language | Language
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
span.s | {n} s
span.min | {n} min
span.h | {n} h
span.d | {n} d
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
kind.vapour | petrol vapour
kind.water | water
kind.energy | energy
stat.avg | measured
stat.avg_ref | at reference oxygen
stat.avg_ref.volume | at reference gas volume
stat.within | share of averages within
stat.avg_sub | substituted mean
stat.deviation | standard deviation of hours
stat.missing | operating hours without a mean
stat.gas_missing | gas in hours without a mean
stat.outside_range | share above the calibration range
stat.range_weeks | weeks with too many above the calibration range
stat.avg_adj | mean corrected for bias
stat.nox_rate | rate by heat input
stat.so2_rate | rate by the hour
stat.assured | hours with a mean
stat.availability | monitor data availability
stat.valid_hours | operating hours with a valid mean
stat.valid_days | operating days with enough valid hours
stat.validated | validated
stat.beyond | averages above the limit
stat.ten_minutes | ten-minute averages within
stat.days_within | share of days within
stat.days_discarded | days discarded
stat.cold_slots | cold five-minute slots
stat.exceeding_days | days above a daily limit
stat.outside | times outside its band
stat.min | least minute
stat.max | greatest minute
stat.mass | mass
stat.mass_sub | mass with substitutes
stat.reduction | reduction under a warning
stat.capture | capture rate
stat.transmission | transmission rate
stat.effective | effective transmission
period.quarter | Quarter {n} of {year}
month | month
quarter | quarter
halfhour | half-hour
year | year
stat | what
stat.energy | energy
stat.kgce | coal equivalent
stat.feedstock | energy used as raw material
stat.new_renewables | new renewable electricity
stat.tco2 | CO₂
stat.nozzle | state of the nozzle
stat.nozzle_share | refuellings out of band
stat.nozzle_row | warning days in a row
stat.zero_pressure | zero pressure
stat.valve | pressure/vacuum valve
stat.pressure_share | pressure distribution
stat.back_pressure | back-pressure
stat.processed | processed vapour
stat.idle | processing unit standing still
stat.leak | leak at a tight point
verdict.exceeds | above limit
verdict.falls_short | below limit
verdict.broken | not kept
verdict.other | limit {limit}: {verdict}
verdict.complies | complies
verdict.not_judged | not judged
verdict.exempt | exempt
verdict.no_value | no value
verdict.none | no limit
figure.provisional | provisional
figure.final | final
figure.revised | revised
figure.n.minute | valid readings: {n}
figure.n.hour | covered minutes: {n} of 60
figure.n.day | valid hours: {n} of 24
figure.n.month | valid days: {n}
figure.n.quarter | hours: {n}
figure.n.halfhour | valid minutes: {n} of 30
figure.n.year | counted: {n}
figure.n.deviation | valid hours: {n}
figure.n.missing | operating hours: {n}
figure.n.gas_missing | hours with a flow: {n}
figure.n.outside_range | averages: {n}
figure.n.range_weeks | weeks since the calibration: {n}
figure.n.assured | operating hours: {n}
figure.n.availability | operating hours: {n}
figure.n.valid_hours | operating hours: {n}
figure.n.valid_days | operating days: {n}
figure.n.within | valid averages: {n}
figure.n.beyond | valid averages: {n}
figure.n.validated | valid averages: {n}
figure.n.ten_minutes | ten-minute averages: {n}
figure.n.days_within | valid days: {n}
figure.n.days_discarded | days: {n}
figure.n.cold_slots | slots in normal operation: {n}
figure.n.exceeding_days | days judged: {n}
figure.n.outside | values looked at: {n}
figure.n.nozzle | refuellings that count: {n}
figure.n.nozzle_share | refuellings judged: {n}
figure.n.nozzle_row | refuellings waiting for the next day: {n}
figure.n.zero_pressure | days with zero pressure in a row: {n}
figure.n.valve | times beyond: {n}
figure.n.pressure_share | pressures: {n}
figure.n.back_pressure | refuellings judged: {n}
figure.n.processed | times too rich: {n}
figure.n.idle | times standing still: {n}
figure.n.leak | readings: {n}
station.0 | normal
station.1 | warning
station.2 | alarm
mark.stopped | stopped
mark.maintenance | maintenance
mark.calibration | calibration
mark.fault | monitor fault
mark.start_up | start-up
mark.shut_down | shut-down
mark.connection | connection to the grid
mark.disconnection | disconnection from the grid
mark.failure | failure of the plant
mark.accident | accident of the plant
mark.drying | drying
mark.cooling_down | cooling down
mark.out_of_control | monitor out of control
mark.overdue_calibration | calibration overdue
mark.communication_interruption | communication interruption
mark.abnormal_furnace_temperature | abnormal furnace temperature
mark.manual | manual monitoring
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
event.exceedance.expected | an hour is going to exceed
event.exceedance.expected_ended | warning of an hour ended
event.exceedance.retrospective | exceedance found looking back
event.escalation.raised | reason to escalate
event.escalation.lapsed | reason to escalate taken away
event.source.late | missed its cadence
event.source.silent | fell silent
event.source.on_time | reports again
event.source.stopped | silent and declared stopped
event.source.blind | could not be seen: the gateway gave no sign of life
event.source.unregistered | not in the registry
event.clock.in_doubt | clock in doubt
event.reading.conflict | two values for one reading
event.reading.above_range | above the measuring range
event.reading.disagrees | device's own mean differs from ours
event.meter.held | register reading held
event.tick.refused | a gateway's clock jumped
event.input.quarantined | an input was set aside by a rule
event.mark.late | a mark came after its hours were decided
event.mark.conflict | two marks contradict each other
event.mark.contradicted | declared stopped, gas says running
event.mark.quota | exempt time nearly used up
event.compliance.failed | cannot be met any more
event.compliance.withdrawn | can be met again
event.calibration.needed | the monitor needs calibration
event.calibration.out_of_control | the monitor is out of control
event.calibration.renewal_due | a new calibration (QAL2) is due
event.calibration.renewal_withdrawn | no new calibration is due any more
event.calibration.overdue | a calibration check is overdue
event.voc.methane_above_total | methane above total hydrocarbons
event.furnace.cold | furnace too cold
event.furnace.withdrawn | furnace too cold, withdrawn
event.suspension.reached | more days above limit than a month may have
event.suspension.withdrawn | days above limit in a month, withdrawn
event.process.warning | process value outside its band
event.process.normal | process value back in its band
event.process.corrected | process values of a day corrected
event.mark.allowance | marks of the monitor cover much of the year
event.screening.finding | a pattern worth a look
event.voc.removal | treatment removes less than asked
event.station.warning | vapour recovery, warning
event.weather.missed | reduction under a warning not reached
event.weather.corrected | reduction under a warning, corrected
event.station.alarm | vapour recovery, alarm
event.station.normal | vapour recovery, normal again
event.touch.refused | could not be rebuilt: inputs have expired
hour.before | hour before
hour.after | hour after
day.before | day before
day.after | day after
month.before | month before
month.after | month after
quarter.before | quarter before
quarter.after | quarter after
halfhour.before | half-hour before
halfhour.after | half-hour after
year.before | year before
year.after | year after
minute.before | minute before
minute.after | minute after
check.ok | fine
check.look | look
check.fault | fault
"""
"""Key | English text."""

ZH = """
name | Plumeline
nav | 页面
language | 语言
tab.now | 当前
tab.sources | 监测点
tab.alerts | 告警
tab.quarantine | 隔离区
tab.why | 为何无数据
tab.pipeline | 平台状态
yes | 是
no | 否
unknown | 未知
value | 数值
limit | 限值
verdict | 判定
covered | 有效数
standing | 状态
hour | 小时
minute | 分钟
day | 日
readings | 监测读数
valid | 有效
invalid | 无效
backfill | 补传
time.never | 从未
time.now | 现在
time.ago | {span}前
time.ahead | {span}后
span.s | {n} 秒
span.min | {n} 分钟
span.h | {n} 小时
span.d | {n} 天
list.rest | 另有 {n} 条未显示。
list.newest | 仅显示最新 {n} 条。
list.none | 无。
list.bytes | 另有 {n} 字节未显示。
filter.drop | 显示全部
banner.away | 存储自 {since} 起无应答（{ago}）。实时告警照常；图表和历史数据暂缓。
banner.from | 以下为 {time} 的内容。
banner.nothing | 本页此前未曾显示过内容。
banner.slow | 存储已 {span} 未应答，所示内容可能已过时。
banner.fault | 本页无法刷新：控制台故障，已写入其日志。所示内容可能已过时。
banner.look | 排查要点 →
state.loading | 加载中 …
state.away | 存储无应答
state.away.goes_on | 设备数据仍被接收并应答，限值仍在监视，数据不会丢失。本页会自动恢复。
state.away.check.1 | 数据目录所在磁盘是否已满，或目录是否丢失？
state.away.check.2 | 存储进程是否在运行？平台状态页列出平台自身的运行情况。
state.away.check.3 | 告警发送不依赖存储：告警页列出已发送的内容。
form.refused | 该表单不是由本控制台的页面提交，或内容过长。
missing | 页面不存在
missing.what | 此地址没有对应页面；现有页面见上方。
state.fault | 本页无法生成。
state.fault.next | 故障已写入控制台日志，其他页面不受影响。
kind.flue_gas | 烟气
kind.voc | 挥发性有机物
kind.vapour | 油气
kind.water | 废水
kind.energy | 能源
stat.avg | 实测
stat.avg_ref | 折算
stat.avg_ref.volume | 折算（基准排气量）
stat.within | 达标均值比例
stat.avg_sub | 替代均值
stat.deviation | 小时值标准偏差
stat.missing | 无均值的运行小时
stat.gas_missing | 无均值小时的烟气量
stat.outside_range | 超出校准范围比例
stat.range_weeks | 超出校准范围过多的周数
stat.avg_adj | 偏差修正均值
stat.nox_rate | 单位热量排放率
stat.so2_rate | 小时排放率
stat.assured | 有均值的小时
stat.availability | 监测数据可用率
stat.valid_hours | 运行小时有效率
stat.valid_days | 运行日达标率（有效小时充足）
stat.validated | 确认值
stat.beyond | 超限均值个数
stat.ten_minutes | 十分钟均值达标比例
stat.days_within | 达标日比例
stat.days_discarded | 舍弃日数
stat.cold_slots | 低温五分钟时段数
stat.exceeding_days | 日均值超标天数
stat.outside | 超出范围次数
stat.min | 最小分钟值
stat.max | 最大分钟值
stat.mass | 排放量
stat.mass_sub | 含替代排放量
stat.reduction | 预警期间减排比例
stat.capture | 捕集率
stat.transmission | 传输率
stat.effective | 有效传输率
period.quarter | {year} 年第 {n} 季度
month | 月
quarter | 季度
halfhour | 半小时
year | 年
stat | 统计量
stat.energy | 能源消费量
stat.kgce | 标准煤
stat.feedstock | 原料用能
stat.new_renewables | 新增可再生能源电力
stat.tco2 | 二氧化碳
stat.nozzle | 加油枪状态
stat.nozzle_share | 超出范围的加油占比
stat.nozzle_row | 连续预警日
stat.zero_pressure | 零压状态
stat.valve | 压力/真空阀状态
stat.pressure_share | 压力分布状态
stat.back_pressure | 液阻状态
stat.processed | 处理后油气状态
stat.idle | 油气处理装置未运行
stat.leak | 密闭点泄漏
verdict.exceeds | 超标
verdict.falls_short | 低于限值
verdict.broken | 超限
verdict.other | 限值 {limit}：{verdict}
verdict.complies | 达标
verdict.not_judged | 未判定
verdict.exempt | 豁免
verdict.no_value | 无数值
verdict.none | 无限值
figure.provisional | 暂定
figure.final | 审定
figure.revised | 已修订
figure.n.minute | 有效读数 {n}
figure.n.hour | 有效分钟 {n}/60
figure.n.day | 有效小时 {n}/24
figure.n.month | 有效日 {n}
figure.n.quarter | 小时 {n}
figure.n.halfhour | 30 分钟中有效 {n} 分钟
figure.n.year | 计入 {n}
figure.n.deviation | 有效小时 {n} 个
figure.n.missing | 运行小时 {n} 个
figure.n.gas_missing | 有流量的小时 {n} 个
figure.n.outside_range | 均值 {n} 个
figure.n.range_weeks | 校准以来 {n} 周
figure.n.assured | 运行小时 {n}
figure.n.availability | 运行小时 {n}
figure.n.valid_hours | 运行小时 {n}
figure.n.valid_days | 运行日 {n}
figure.n.within | 有效均值 {n} 个
figure.n.beyond | 有效均值 {n} 个
figure.n.validated | 有效均值 {n} 个
figure.n.ten_minutes | 十分钟均值 {n} 个
figure.n.days_within | 有效日 {n} 个
figure.n.days_discarded | 日数 {n}
figure.n.cold_slots | 正常运行时段 {n} 个
figure.n.exceeding_days | 已判定 {n} 天
figure.n.outside | 检查数值 {n} 个
figure.n.nozzle | 计入的加油 {n} 次
figure.n.nozzle_share | 参与评价的加油 {n} 次
figure.n.nozzle_row | 待并入次日的加油 {n} 次
figure.n.zero_pressure | 连续零压 {n} 日
figure.n.valve | 超出 {n} 次
figure.n.pressure_share | 压力值 {n} 个
figure.n.back_pressure | 参与评价的加油 {n} 次
figure.n.processed | 偏高 {n} 次
figure.n.idle | 未运行 {n} 次
figure.n.leak | 检测值 {n} 个
station.0 | 正常
station.1 | 预警
station.2 | 报警
mark.stopped | 停运
mark.maintenance | 维护
mark.calibration | 校准
mark.fault | 监测设备故障
mark.start_up | 启炉
mark.shut_down | 停炉
mark.connection | 并网/供能
mark.disconnection | 解列
mark.failure | 工况故障
mark.accident | 事故
mark.drying | 烘炉
mark.cooling_down | 停炉降温
mark.out_of_control | 失控
mark.overdue_calibration | 校准逾期
mark.communication_interruption | 通讯中断
mark.abnormal_furnace_temperature | 炉温异常
mark.manual | 手工监测
flag.N | 正常
flag.F | 停运
flag.M | 维护
flag.C | 校准
flag.S | 手工设定
flag.D | 故障
flag.T | 超量程
flag.B | 通讯中断
flag.other | 设备自定义标记
event.exceedance.expected | 预计小时超标
event.exceedance.expected_ended | 小时预警结束
event.exceedance.opened | 开始超标
event.exceedance.lengthened | 又一小时超标
event.exceedance.closed | 超标时段结束
event.exceedance.withdrawn | 重算后撤回超标
event.exceedance.retrospective | 追溯发现超标
event.escalation.raised | 出现升级事由
event.escalation.lapsed | 升级事由撤销
event.source.late | 数据迟到
event.source.silent | 数据中断
event.source.on_time | 恢复上报
event.source.stopped | 数据中断，已申报停运
event.source.blind | 平台失明：网关无心跳
event.source.unregistered | 未登记
event.clock.in_doubt | 时钟存疑
event.reading.conflict | 同一读数有两个数值
event.reading.above_range | 超出测量量程
event.reading.disagrees | 设备均值与本平台计算不一致
event.meter.held | 表底读数暂挂
event.tick.refused | 网关时钟跳变
event.input.quarantined | 输入因规则异常被隔离
event.mark.late | 标记晚于小时判定
event.mark.conflict | 两条标记互相矛盾
event.mark.contradicted | 标记停运而数据显示运行
event.mark.quota | 豁免时长将用尽
event.compliance.failed | 已无法满足要求
event.compliance.withdrawn | 又可满足要求
event.calibration.needed | 监测仪需要校准
event.calibration.out_of_control | 监测仪失控
event.calibration.renewal_due | 须重新校准（QAL2）
event.calibration.renewal_withdrawn | 无须重新校准（QAL2）
event.calibration.overdue | 校准检查逾期
event.voc.methane_above_total | 甲烷高于总烃
event.furnace.cold | 炉温偏低
event.furnace.withdrawn | 炉温偏低（撤回）
event.suspension.reached | 当月超标天数超过阈值
event.suspension.withdrawn | 当月超标天数阈值（撤回）
event.process.warning | 运行参数超出范围
event.process.normal | 运行参数恢复
event.process.corrected | 运行参数更正
event.mark.allowance | 本年度监测设备标记时长较多
event.screening.finding | 待核查的数据特征
event.voc.removal | 处理效率低于要求
event.station.warning | 油气回收预警
event.weather.missed | 预警期间减排未达要求
event.weather.corrected | 预警期间减排核查更正
event.station.alarm | 油气回收报警
event.station.normal | 油气回收恢复正常
event.touch.refused | 无法重算：原始数据已过保存期
hour.before | 前一小时
hour.after | 后一小时
day.before | 前一日
day.after | 后一日
month.before | 上月
month.after | 下月
quarter.before | 上季度
quarter.after | 下季度
halfhour.before | 上一半小时
halfhour.after | 下一半小时
year.before | 上一年
year.after | 下一年
minute.before | 前一分钟
minute.after | 后一分钟
check.ok | 正常
check.look | 关注
check.fault | 故障
"""
"""Key | Chinese text (zh-CN), in the terms of environmental and energy regulators."""
