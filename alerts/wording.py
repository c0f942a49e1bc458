"""Sentences that the engine words itself, in a reader's language: translated at the rim by their pattern, else told as they are.

A pattern is a line ``English | translation`` with the same ``{facts}`` on both sides. ``{n:d}`` is a number, ``{at:t}`` a time, ``{why:w}``
words that are themselves translated, ``{x}`` anything. The first pattern that fits the whole sentence counts, so the more exact one
stands first. A test finds every sentence that the processors can make and fails on one without a pattern.
"""

from __future__ import annotations

import re
import string
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple

from alerts.wording_checks import CHECKS_ZH, FACTORS_ZH
from alerts.wording_screening import SCREENING_ZH
from alerts.wording_series import SERIES_ZH

ENGINE_ZH = """
stopped | 停运
maintenance | 维护
calibration | 校准
fault | 故障
communication fault | 通讯中断
set by hand | 手工设定
above range | 超上限
out of range | 超量程
unreadable | 无法读取
unknown flag | 未知标记
start-up | 启炉
shut-down | 停炉
connection | 并网/供能
disconnection | 解列
accident | 事故
drying | 烘炉
cooling down | 停炉降温
manual monitoring | 手工监测
out of control | 失控
overdue calibration | 校准逾期
communication interruption | 通讯中断
abnormal furnace temperature | 炉温异常
failed check | 核查不合格
no data | 数据缺失
measured: nothing is substituted any more | 已有监测值，不再替代
{n:d} valid of {of:d} operating hours, {m:d} stopped | 运行 {of} 小时，其中有效 {n} 小时；停运 {m} 小时
{n:d} of {of:d} operating hours arrived | 运行 {of} 小时，收到 {n} 小时
oxygen {n:d} % is not below that of air, {air:d} % | 氧含量 {n}% 不低于空气中的 {air}%
carbon dioxide {n:d} % is not above 0 | 二氧化碳含量 {n}% 不大于 0
fewer than two valid hours | 有效小时不足两个
mean {m:d} of {n:d} hours, standard deviation {s:d}; {of:d} hours missing | {n} 个小时均值 {m}，标准偏差 {s}；缺失 {of} 小时
{n:d} hours substituted | 替代 {n} 小时
{n:d} hours have no substitute | {n} 小时无替代值
capture rate | 数据捕集率
the source was stopped all the time | 排放源一直停运
stopped all the time | 一直停运
manual monitoring or material balance | 采用手工监测或物料衡算
last calibration | 上次校准
last passed check | 上次合格核查
failure | 故障
maximum of {n:d} valid hours before the {what:w}, {of:d} asked | {what}前 {n} 个有效小时的最大值（应取 {of} 个）
maximum of {n:d} valid hours before the {what:w} | {what}前 {n} 个有效小时的最大值
maximum of {n:d} valid days before the {what:w}, {of:d} asked | {what}前 {n} 个有效日的最大值（应取 {of} 个）
maximum of {n:d} valid days before the {what:w} | {what}前 {n} 个有效日的最大值
no valid hour before the {what:w} | {what}之前没有有效小时
zero flow | 无流量
no valid day before the last passed check | 上次合格核查之前没有有效日
no passed check is known | 没有合格核查记录
no passed calibration is known | 没有合格校准记录
mean of {n:d} results of the reference method | 参比方法 {n} 个结果的平均值
capture rate below {n:d} %: {what:w} | 数据捕集率低于 {n}%：{what}
capture rate not known | 数据捕集率未知
not judged | 未判定
no valid oxygen | 无有效氧含量
no valid flow | 无有效流量
no valid production | 无有效产量
no production | 无产量
more than can be stated at the reference gas volume | 按基准排气量折算的结果过大
hour means converted: to the reference gas volume of a tonne of product | 以小时均值折算至单位产品基准排气量
no valid moisture | 无有效湿度
no valid gas temperature | 无有效烟温
no valid static pressure | 无有效静压
no valid ambient pressure | 无有效大气压
oxygen at or above the guard | 氧含量达到或超过折算上限
hour means converted: no minutes | 以小时均值折算：无分钟数据
hour mean as measured: oxygen was not above the reference | 小时均值未折算：氧含量不高于基准氧
{n:d} of {of:d} valid minutes converted, in which oxygen was above the reference | {of} 个有效分钟中 {n} 个氧含量高于基准氧，已折算
{n:d} valid minutes of {of:d} ({why:w}) | 有效分钟 {n}，不足 {of}（{why}）
{n:d} valid minutes of {of:d} | 有效分钟 {n}，不足 {of}
valid minutes in {n:d} quarters of {of:d} | 有效分钟仅分布于 {n} 个刻钟，应为 {of} 个
{n:d} valid results of {of:d} due | 有效数据 {n} 个，应得 {of} 个
no discharge | 无排放
weighted by {volume} m3 discharged | 按排水量 {volume} m³ 加权
at or below zero, judged valid: taken as the rule pack says | 零值或负值判定有效，按规则集规定取值
{n:d} valid days of {of:d} due | 应得 {of} 日，其中有效 {n} 日
{n:d} valid days of {of:d} | 有效日 {n}，不足 {of}
share of hours within | 达标小时比例
no day was due | 当月无应得日
{n:d} valid hours of {of:d} | 有效小时 {n}，不足 {of}
all valid hours are exempt | 有效小时均已豁免
{n:d} exempt hours left out | 已剔除豁免小时 {n} 个
exempt by mark: {mark:w} | 按标记豁免：{mark}
marked {mark:w}, judged: {why:w} | 已标记{mark}，仍予判定：{why}
exempt for {n:d} min only | 仅豁免 {n} 分钟
the exemption is used up | 豁免额度已用尽
particulates not known | 颗粒物浓度未知
particulates above {n} mg/m3 | 颗粒物高于 {n} mg/m³
{mark:w} is the restart after {of:w} and belongs to it | {mark}是{of}之后的重启，属于该标记
{mark:w} and {of:w} at the same time | {mark}与{of}同时存在
{why:w}, from {at:t} to {of:t}: keep one of the marks {a} and {b} and reject the other | {why}（{at} 至 {of}）：标记 {a} 与 {b} 请保留其一，驳回另一条
{who} rejected the mark {mark:w} from {at:t} to {of:t}; {what:w} | {who} 驳回了{mark}标记（{at} 至 {of}）；{what}
{who} marked {mark:w} from {at:t} to {of:t}, after the deadline of {due:t}; {what:w} | \
{who} 标记{mark}（{at} 至 {of}），已过标记时限 {due}；{what}
{who} marked {mark:w} from {at:t} to {of:t}, before the deadline of {due:t}; {what:w} | \
{who} 标记{mark}（{at} 至 {of}），在标记时限 {due} 之前；{what}
{who} marked {mark:w} from {at:t} to {of:t}; {what:w} | {who} 标记{mark}（{at} 至 {of}）；{what}
{who} made the mark {mark:w} from {at:t} to {of:t} a draft again; {what:w} | \
{who} 将{mark}标记（{at} 至 {of}）改回草稿；{what}
decided hours made anew: {n:d} | 重算已判定小时 {n} 个
mark {mark} is in doubt: judged provisionally until it is confirmed or rejected | 标记 {mark} 存疑：确认或驳回之前按暂行判定
exempt time of {year:d}, {mark:w} among it: {why:w}; beyond it marked hours are judged | {year} 年豁免时长（含{mark}）：{why}；超出后标记的小时照常判定
{n:d} h of {of:d} used | 已用 {n} 小时，共 {of} 小时
{declared:w}, yet from {at:t} to {of:t} its gas says that it ran ({why:w}): compare with the operating record, then confirm or reject the mark | \
{declared}，但 {at} 至 {of} 烟气数据显示在运行（{why}）：请对照运行记录，再确认或驳回该标记
declared stopped by mark {marks} | 标记 {marks} 申报停运
declared stopped by the device's own flag | 设备自身标记申报停运
oxygen down to {n:d} % | 氧含量低至 {n}%
flow up to {n:d} % of normal | 流量高至正常值的 {n}%
not refuelled | 未加油
{n:d} of {of:d} counted refuellings out of band, too few to judge | 计入的加油 {of} 次中 {n} 次超出范围，次数不足，未评价
{n:d} of {of:d} counted refuellings out of band, more than {max:d} % | 计入的加油 {of} 次中 {n} 次超出范围，占比大于 {max}%
{n:d} of {of:d} counted refuellings out of band | 计入的加油 {of} 次中 {n} 次超出范围
vapour flow of {n:d} L/min, not above {of:d} | 油气流量 {n} L/min，未大于 {of} L/min
pressure of line or tank is not known | 管线或油罐压力未知
back-pressure {n:d} Pa, at most {of:d} allowed | 液阻 {n} Pa，允许不超过 {of} Pa
{n:d} of {of:d} refuellings above the allowed back-pressure; {why:w} | {of} 次加油中 {n} 次超出允许液阻；{why}
pressure within {band:d} Pa of zero for {n:d} h at {at:t}; {days:d} such days in a row | \
至 {at} 压力在零点 ±{band} Pa 以内已连续 {n} 小时；连续 {days} 日
{n:d} of {of:d} pressures outside {low:d} to {high:d} Pa | {of} 个压力值中 {n} 个超出 {low} 至 {high} Pa
{what:w} from {at:t} to {until:t}, {n:d} such times | {at} 至 {until} {what}，共 {n} 次
pressure more than {n:d} Pa beyond the valve's opening | 压力超出压力/真空阀开启压力 {n} Pa 以上
processed vapour above {n:d} g/m3 | 处理后油气浓度大于 {n} g/m³
tank pressure above its start pressure, not running, | 油罐压力高于装置启动压力而装置未运行
state, start pressure or tank pressure is not known | 运行状态、启动压力或油罐压力未知
{n:d} of {of:d} readings above {max:d} umol/mol | {of} 个检测值中 {n} 个大于 {max} μmol/mol
point {name}, day {day}: {why:w} | 密闭点 {name}，{day}：{why}
nozzle {name}, day {day}: {why:w}; {n:d} warning days in a row | 加油枪 {name}，{day}：{why}；连续 {n} 个预警日
nozzle {name}, day {day}: {why:w} | 加油枪 {name}，{day}：{why}
tank, day {day}: {why:w} | 油罐，{day}：{why}
processing unit, day {day}: {why:w} | 油气处理装置，{day}：{why}
nothing found any more | 已无异常
{n:d} of 24 hours | 24 小时中有 {n} 小时
{n:d} of 60 minutes covered ({why:w}) | 60 分钟中覆盖 {n} 分钟（{why}）
{n:d} of 60 minutes covered | 60 分钟中覆盖 {n} 分钟
{n:d} of {of:d} members complete | {of} 个成员中 {n} 个完整
an interval across hours, split linearly | 时段跨小时，按时间线性分摊
gap up to 2 h, linear (E1) | 缺失不超过 2 小时，线性补遗（E1）
gap up to 72 h, linear, not shaped (E2) | 缺失不超过 72 小时，线性补遗，未按负荷曲线（E2）
gap over 72 h, linear (E3) | 缺失超过 72 小时，线性补遗（E3）
{code}, {year:y}, default factor | {code}，{year} 年，缺省系数
{code}, {basis:w}, default factor | {code}，{basis}，缺省系数
calorific | 当量值
{code}, calorific | {code}，当量值
{code}, primary:{year:d}:{n:d} | {code}，等价值（{year} 年，{n} kgce/kWh）
{code}, {year:y} | {code}，{year} 年
no energy code "{code}" in {file}; use one of its {n:d} codes | {file} 中没有能源代码“{code}”；请用其中 {n} 个代码之一
no grid factor of region {region} for {year:d} or earlier; add {row} to {file} | 没有 {region} 地区 {year} 年及以前的电网排放因子；请将 {row} 加入 {file}
{field} of "{code}" is not known; choose another code or configure a value | “{code}”的 {field} 未知；请另选代码或配置数值
primary value {n} kgce/kWh is not a positive decimal | 等价值 {n} kgce/kWh 不是正数
lower heating value {n} MJ is not above 0 | 低位发热量 {n} MJ 不大于 0
enterprises.csv names no renewables of the base year | enterprises.csv 未登记基准年可再生能源电力
less a day's share of the base year, {n:d} kg | 已减去基准年日均值 {n} kg
energy to be taken out is below 0, or more than was reported | 扣除的能源消费量小于 0，或大于上报量
no amount to weight heating values by, or not one for each | 没有用于加权发热量的实物量，或与发热量的个数不符
output {n} t is not above 0 | 产量 {n} t 不大于 0
computers' energy {n} kWh is not above 0 | 信息设备耗电 {n} kWh 不大于 0
unit "{unit}" does not convert to "{to}"; known are {units} | 单位“{unit}”不能换算为“{to}”；可用单位：{units}
unit "{unit}" and "{to}" measure different things; name the energy code that is metered | 单位“{unit}”与“{to}”计量的不是同一种量；请指明所计量的能源代码
basis "{basis}" is neither "calorific" nor "primary:<year>:<kgce per kWh>" | 折标方式“{basis}”既不是“calorific”也不是“primary:<年>:<kgce/kWh>”
standard coal on basis {a} does not add to that on basis {b} | 折标方式 {a} 的标准煤不能与 {b} 的相加
oxygen {n} % is at or above the guard of {of} % | 氧含量 {n}% 达到或超过折算上限 {of}%
hour {at:t} is not judged: {why:w} | {at} 起一小时不判定：{why}
day {at:t} is not judged: {why:w} | {at} 当日不判定：{why}
exempt mark: hour {at:t} is not judged | 按标记豁免：{at} 起一小时不判定
hour {at:t} as decided before | {at} 起一小时此前的判定
{n:d} of {of:d} valid hours beyond the limit | {of} 个有效小时中 {n} 个超出限值
{n:d} of {of:d} operating hours have a mean, at least {pct:d} % asked | {of} 个运行小时中有均值的 {n} 个，要求不低于 {pct}%
{n:d} of {of:d} operating days have enough valid hours, at least {pct:d} % asked | {of} 个运行日中有效小时充足的 {n} 个，要求不低于 {pct}%
{n:d} of {of:d} operating hours have a mean | {of} 个运行小时中有均值的 {n} 个
the unit did not operate | 机组未运行
maximum potential concentration | 最大潜在浓度
the registry names no range of the point, whose upper end would stand | 登记未给出该测点量程，无法以其上限替代
mean of the hour before and the hour after, above {what:w} | 前后小时均值，高于{what}
mean of the hour before and the hour after | 前后小时均值
mean of the nearest valid hours before and after a gap of {h:d} h | 缺失 {h} 小时，取前后最近有效小时值的平均值
mean of the {h:d} valid hours before the gap | 缺失前 {h} 个有效小时值的平均值
median of the {h:d} valid hours before the gap | 缺失前 {h} 个有效小时值的中位数
not filled: the gap is longer than {h:d} h | 未补：缺失超过 {h} 小时
not filled: no valid hour in the {n:d} days before the gap | 未补：缺失前 {n} 天内无有效小时值
not filled: no valid hour in the {n:d} days after the gap | 未补：缺失后 {n} 天内无有效小时值
not filled yet: no valid hour after the gap so far | 暂未补：缺失后尚无有效小时值
not filled: {m:d} valid hours in the {n:d} days before a gap of {h:d} h | 未补：缺失 {h} 小时，此前 {n} 天内有效小时值仅 {m} 个
no hour on a side of the gap | 缺失的一侧没有小时值
percentile {n:d} of {of:d} hours | {of} 小时的第 {n} 百分位数
maximum of {n:d} hours | {n} 小时的最大值
nothing to look back on | 没有可回溯的小时值
availability not known | 可用率未知
no tier for an availability of {n:d} % | 没有适用于可用率 {n}% 的档次
mean of {n:d} earlier hours in load range {range:d} | 负荷段 {range} 此前 {n} 小时的均值
no earlier hour in load range {range:d} | 负荷段 {range} 此前没有小时值
{why:w}; gap of {h:d} h, {n:d} of {of:d} operating hours have a mean | {why}；缺失 {h} 小时，{of} 个运行小时中有均值的 {n} 个
cannot be met any more | 已无法满足
none is above the other limit, which is enough | 均未超出另一限值，已满足
{n:d} of {of:d} ten-minute averages and {m:d} of {all:d} half-hours above their limits | {of} 个十分钟均值中 {n} 个、{all} 个半小时均值中 {m} 个超过各自限值
{n:d} of {of:d} valid averages beyond the limit | {of} 个有效均值中 {n} 个超出限值
{n:d} of {of:d} valid days beyond the limit | {of} 个有效日中 {n} 个超出限值
{n:d} of {of:d} days discarded | {of} 日中舍弃 {n} 日
{n:d} valid averages of {of:d} days | {of} 日的 {n} 个有效均值
no valid average | 无有效均值
the plant did not operate | 装置未运行
valid data cover {n:d} s of {of:d} | 有效数据覆盖 {n} 秒，应为 {of} 秒
discarded half-hours {n:d}, at most {of:d} allowed | 舍弃的半小时值 {n} 个，允许不超过 {of} 个
invalid hours {n:d}, at most {of:d} allowed | 无效小时 {n} 个，允许不超过 {of} 个
share of valid averages within the programme's limit | 专项限值内的有效均值比例
share of valid days within the limit | 限值内的有效日比例
ten-minute averages within the limit, or all half-hours | 十分钟均值达标比例（或全部半小时均值达标）
valid averages above the limit | 超出限值的有效均值
days without a valid average | 无有效均值的日数
validated mean | 确认均值
operating hours with a valid mean | 有有效均值的运行小时
operating days with enough valid hours | 有效小时充足的运行日
{what:w}, {period:y}-{month:d}-{day:d}: {why:w} | {what}，{period} 年 {month} 月 {day} 日：{why}
{what:w}, {period:y}-Q{n:d}: {why:w} | {what}，{period} 年第 {n} 季度：{why}
{what:w}, {period:y}-{month:d}: {why:w} | {what}，{period} 年 {month} 月：{why}
{what:w}, {period:y}: {why:w} | {what}，{period} 年：{why}
no valid operating hour | 无有效运行小时
{n:d} of {of:d} hours can be compared | {of} 小时中仅 {n} 小时可比较
the baseline is zero | 基准值为零
no warning asks for this reduction any more | 已没有预警要求该项减排
mean {a:d} in {n:d} of {of:d} hours, {b:d} in the same hours of normal days | 应核查 {of} 小时，其中 {n} 小时均值 {a}，正常日相同小时均值 {b}
{factor} under warning {warning} from {at:t}: {n:d} % less, {of:d} % less asked for; {why:w} | \
{factor}，预警 {warning}，自 {at}：减少 {n}%，要求减少 {of}%；{why}
{factor} under warning {warning} from {at:t}: {n:d} % more, {of:d} % less asked for; {why:w} | \
{factor}，预警 {warning}，自 {at}：增加 {n}%，要求减少 {of}%；{why}
{factor} under warning {warning} from {at:t}: {why:w} | {factor}，预警 {warning}，自 {at}：{why}
AQI {op} {n:d} for {h:d} h and AQI {op2} {n2:d} for {h2:d} h, {of} asked | AQI {op} {n} 持续 {h} 小时且 AQI {op2} {n2} 持续 {h2} 小时（要求 {of} 小时）
AQI {op} {n:d} for {h:d} h, {of} asked | AQI {op} {n} 持续 {h} 小时（要求 {of} 小时）
no level's conditions hold | 未达到任何级别的启动条件
day {at:t} as decided before | {at} 起一日此前的判定
{factor} is not known, on which the limit depends | {factor} 未知，适用哪一限值取决于它
hour {at:t} of {source} was touched, but no reports of it are kept: nothing was rebuilt | {source} 自 {at} 起的一小时需重算，但其上报数据已不再保存：未重算
a rule failed at hour {at:t} ({why}); nothing of {source} is judged until a restart or a changed registry, its input is kept | \
{at} 起一小时的规则计算失败（{why}）；在重启或登记变更之前不判定 {source}，其输入已保留
a report of {source} made a rule fail ({why}); it is set aside, the others count | {source} 的一条上报使规则计算失败（{why}）；已隔离，其余照常计入
source {source} sends reports but is not in the registry; they are kept, and `{command}` drafts its rows | \
监测点 {source} 有上报但未登记；数据已保留，可用命令 `{command}` 生成登记行草稿
the device's time is {n:d} s ahead of the receipt: its reports are held until its clock or a dated clock offset row mends it | \
设备时间比接收时间超前 {n} 秒：在校准时钟或登记带日期的时钟偏差之前，其数据暂挂
the last {of:d} live reports came at least {n:d} s after the device's own time: its clock is slow; a dated clock offset row mends it | \
最近 {of} 次实时上报均比设备自身时间至少晚 {n} 秒：设备时钟偏慢；可登记带日期的时钟偏差予以更正
two different values of {factor} at {at:t}; one of them counts, both are kept | {factor}，{at}：有两个不同数值；其一计入，两者均保留
{factor}, hour {at:t}: the device says {a:d}, its minutes make {b:d} | {factor}，{at} 起一小时：设备上报 {a}，由其分钟值计算为 {b}
{factor}, hour {at:t}: {m:d} minutes from {of:t} on lie above the analyser's range; with {n:d} valid minutes the hour has no mean and is not \
held against its limit, though the concentration is high | \
{factor}，{at} 起一小时：自 {of} 起有 {m} 分钟超出分析仪量程；有效分钟仅 {n}，该小时无均值，未与限值比较，但浓度偏高
{factor}, day {day}: the device says {a:d}, its {n:d} valid hours make {b:d} | {factor}，{day}：设备上报日均值 {a}，由其 {n} 个有效小时值计算为 {b}
gateway {gateway} says {at:t}, the others {of:t}: its ticks are refused | 网关 {gateway} 的时间为 {at}，其他网关为 {of}：其心跳被拒绝
no tick from gateway {gateway} between {at:t} and {of:t}: nothing was seen then | {at} 至 {of} 没有网关 {gateway} 的心跳：其间情况不明
{why:w}: {a:d} at {at:t} to {b:d} at {of:t}; held until the next reading | {why}：由 {at} 的 {a} 变为 {of} 的 {b}；暂挂至下一读数
{why:w}: {a:d} at {at:t} to {b:d} at {of:t}; booked what it shows, energy before the reset is lost | \
{why}：由 {at} 的 {a} 变为 {of} 的 {b}；按表底计入，归零前的电能量丢失
{why:w}: {a:d} at {at:t} to {b:d} at {of:t}; the jump is not booked until a person confirms it | \
{why}：由 {at} 的 {a} 变为 {of} 的 {b}；跳变量经人工确认后才计入
{why:w}: {a:d} at {at:t} to {b:d} at {of:t}; nothing booked for the break | {why}：由 {at} 的 {a} 变为 {of} 的 {b}；中断部分不计入
{why:w}: {a:d} at {at:t} to {b:d} at {of:t} | {why}：由 {at} 的 {a} 变为 {of} 的 {b}
the registered replacement does not fit the readings ({a:d} at {at:t} to {b:d} at {of:t}); nothing booked, continued from the new reading | \
登记的换表与读数不符（由 {at} 的 {a} 变为 {of} 的 {b}）；不计入，从新读数继续
the reading {a:d} at {at:t} was a spike above {b:d}; discarded | {at} 的读数 {a} 为高于 {b} 的尖峰；舍弃
the reading {a:d} at {at:t} was a dip below {b:d}; discarded | {at} 的读数 {a} 为低于 {b} 的凹陷；舍弃
a register cannot show {a:d}, read at {at:t}; discarded, as are those that follow it in one burst | \
计量表不可能显示 {a}（{at} 读数）；舍弃，其后连续的同类读数一并舍弃
{a:d} or beyond was read at {at:t}, more than is exact; discarded, as are those that follow it in one burst | \
{at} 的读数达到或超出 {a}，已无法精确表示；舍弃，其后连续的同类读数一并舍弃
the register rose faster than it can | 表底上升过快
the register fell to near zero | 表底降至接近零
the register fell | 表底下降
the register fell by no more than its jitter, nothing booked | 表底下降未超过抖动范围，不计入
the register passed its modulus | 表底翻转
the register was replaced | 已换表
the register started again from zero | 表底归零重新计数
the register jumped and stayed | 表底跳变后保持
the register fell and stayed without a registered replacement | 表底下降后保持，且未登记换表
"""
"""What ``processors`` say in figures and events: English | Chinese."""
ENGINE_ZH += SCREENING_ZH.lstrip() + CHECKS_ZH.lstrip() + SERIES_ZH.lstrip() + FACTORS_ZH.lstrip()

DELIVERY_ZH = """
tried again | 已重试
no answer: {why:w} | 无应答：{why}
no answer within {n:d} s | {n} 秒内无应答
timed out after {n:d} s | {n} 秒超时
answered {n:d}, a redirect, which is not followed: put the final address into contacts.csv | 应答 {n}，为重定向，不予跟随：请将最终地址填入 contacts.csv
answered {n:d}, which another attempt does not change: {answer} | 应答 {n}，重试无济于事：{answer}
answered {n:d}, which another attempt does not change | 应答 {n}，重试无济于事
answered {n:d} | 应答 {n}
given up after {n:d} attempts; last {why:w} | 尝试 {n} 次后放弃；最后一次：{why}
given up after {n:d} hours; last {why:w} | {n} 小时后放弃；最后一次：{why}
waits: environment variable {name} with the secret of {contact} is not set | 等待：未设置 {contact} 的密钥环境变量 {name}
waits: {name} holds no secret (whsec_ and base64) | 等待：{name} 中没有密钥（whsec_ 加 base64）
the contact's address is not http(s)://host…: mend url in contacts.csv, then try again | 联系人地址不是 http(s)://host…：请更正 contacts.csv 中的 url 后重试
"""
"""Why a delivery waits or is given up: English | Chinese."""

JOINED_ZH = "{a:w}; {b:w} | {a}；{b}"
"""Several sentences in one, the last pattern tried."""

_KINDS = {
    "d": r"[-+]?[0-9][0-9.,]*(?:[eE][-+]?[0-9]+)?",
    "t": r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]{5,12}(?:[-+][0-9:]{5}|Z)",
    "y": "[0-9]{4}",
}
"""Kind of a fact -> its form."""
DEPTH_MAX = 4
"""Sentences within sentences that are translated."""
CHARS_MAX = 2_000
"""Characters of a sentence that is compared with patterns; a longer one is told as it is."""


TABLES_MAX = 8
"""Combinations of tables whose patterns are kept."""


_ONE = re.compile(r"(?<![\d.,])1 ((?:(?!of\b)[a-z]+ )??)(minute|hour|day|result|reading|refuelling|quarter)s\b( have\b)?")
_STAMP = re.compile(r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+08:00")


class Pattern(NamedTuple):
    """A sentence's form, what it becomes, and the facts that are times or words to translate."""

    form: re.Pattern[str]
    becomes: str
    kinds: dict[str, str]


@lru_cache(maxsize=TABLES_MAX)
def patterns(*tables: str) -> tuple[Pattern, ...]:
    """Return the patterns of tables in their order."""
    lines = (line for table in tables for line in table.strip().splitlines())
    return tuple(_pattern(*line.split(" | ", 1)) for line in lines)


def worded(sentence: str, language: str, tables: Sequence[str] = (ENGINE_ZH, DELIVERY_ZH, JOINED_ZH)) -> str:
    """Return a sentence of the engine in a language; what no pattern fits is returned as it is.

    English is told as it came, but "1 days" becomes "1 day", and times are written as people write them.

    >>> worded("44 valid minutes of 45 (fault)", "zh")
    '有效分钟 44，不足 45（故障）'
    >>> worded("1 warning days in a row, since 2026-07-01T10:54:00+08:00", "en")
    '1 warning day in a row, since 1 Jul 2026 10:54'
    >>> worded("1 hours have no substitute", "en"), worded("1 valid minutes of 45", "en"), worded("11 hours", "en")
    ('1 hour has no substitute', '1 valid minute of 45', '11 hours')
    """
    if language == "zh":
        return _worded(sentence, patterns(*tables), DEPTH_MAX)
    return _STAMP.sub(
        lambda found: _stamp_en(found[0]),
        _ONE.sub(lambda found: f"1 {found[1]}{found[2]}" + (" has" if found[3] else ""), sentence),
    )


def stamp(text: str) -> str:
    """Return an ISO time as Chinese readers write it, "2026-07-01 12:00", with seconds where there are any."""
    time = datetime.fromisoformat(text)
    return f"{time:%Y-%m-%d %H:%M:%S}" if time.second else f"{time:%Y-%m-%d %H:%M}"


def _stamp_en(text: str) -> str:
    """Return an ISO time as English readers write it, "1 Jul 2026 12:00", with seconds where there are any."""
    time = datetime.fromisoformat(text)
    return f"{time.day} {time:%b %Y %H:%M:%S}" if time.second else f"{time.day} {time:%b %Y %H:%M}"


def _worded(sentence: str, known: Sequence[Pattern], depth: int) -> str:
    if depth == 0 or len(sentence) > CHARS_MAX:
        return sentence
    for pattern in known:
        found = pattern.form.fullmatch(sentence)
        if found is None:
            continue
        facts = dict(found.groupdict())
        for name, kind in pattern.kinds.items():
            if kind == "w":
                facts[name] = _worded(facts[name], known, depth - 1)
            elif kind == "t":
                facts[name] = stamp(facts[name])
        return pattern.becomes.format(**facts)
    return sentence


def _pattern(english: str, becomes: str) -> Pattern:
    form, kinds = "", {}
    for text, name, kind, _ in string.Formatter().parse(english):
        form += re.escape(text)
        if name is not None:
            kinds[name] = kind or ""
            form += f"(?P<{name}>{_KINDS.get(kind or '', '.+?')})"
    return Pattern(re.compile(form, re.DOTALL), becomes, kinds)
