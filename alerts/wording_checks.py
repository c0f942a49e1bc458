"""What is said of checks of a monitor, its drift and control charts, and of organics: English | Chinese, as in ``alerts.wording``."""

CHECKS_ZH = """
zero | 零点检查
span | 量程检查
comparison | 比对监测
in tolerance | 合格
in tolerance again | 恢复合格
still to be calibrated | 仍需校准
the monitor needs calibration | 监测仪需要校准
its values do not count until a check is in tolerance | 检查合格之前其数据无效
adjusted, and {met:w} at {at:t} | 已调整，{at} {met}
{kind:w} check of {factor} at {at:t}: {a:w}; {b:w}; {what:w} | {at} {factor} {kind}：{a}；{b}；{what}
{kind:w} check of {factor} at {at:t}: {why:w}; {what:w} | {at} {factor} {kind}：{why}；{what}
the {kind:w} check of {factor} was due at {at:t}, and none is known: its values do not count until one is made | \
{factor} {kind}应不晚于 {at} 完成，至今没有记录：完成之前其数据无效
the rules of this source set no bound for such a check | 该监测点的规则未对此类检查规定界限
a reference in {given:w} does not say what is shown in {unit:w} | 以{given}给出的参考值不能换算为{unit}
no unit | （无单位）
ppm {gas:w} | ppm {gas}
umol/mol {gas:w} | μmol/mol {gas}
methane | 甲烷
ethane | 乙烷
ethylene | 乙烯
propane | 丙烷
propylene | 丙烯
n-butane | 正丁烷
isobutylene | 异丁烯
n-hexane | 正己烷
benzene | 苯
toluene | 甲苯
SO2 | 二氧化硫
NO as NO | 一氧化氮
NO as NO2 | 一氧化氮（以二氧化氮计）
NO2 | 二氧化氮
CO | 一氧化碳
HCl | 氯化氢
NH3 | 氨
calibration of {date}: {why:w} | {date} 校准：{why}
{n:d} of {of:d} averages above {end:d} {unit}, where the calibration range ends | {of} 个均值中 {n} 个超过 {end} {unit}（校准范围上限）
{why:w}; new QAL2 due by {date} | {why}；须于 {date} 前重新进行 QAL2
{n:d} of {of:d} weeks with more than {pct:d} % of averages above the calibration range, at most {most:d} % in a week | \
{of} 周中有 {n} 周超出校准范围的均值多于 {pct}%，单周最多 {most}%
{n:d} of {of:d} weeks with more than {pct:d} % of averages above the calibration range | {of} 周中有 {n} 周超出校准范围的均值多于 {pct}%
no control chart without s_ams in points.csv | points.csv 未登记 s_ams，不作控制图
{what:w}; {a:w} is allowed, out of control beyond {b:w} | {what}；允许 {a}，超过 {b} 为失控
{what:w}; {a:w} is allowed | {what}；允许 {a}
{what:w}; out of control beyond {b:w} | {what}；超过 {b} 为失控
drift of {a:d} % of full scale, {b:d} {u} | 漂移为满量程的 {a}%，即 {b} {u}
drift of {a:d} % of full scale | 漂移为满量程的 {a}%
drift of {a:d} {u}, {what:w}; the chart alarms above {b:d} | 漂移 {a} {u}，{what}；控制图在超过 {b} 时报警
drift of {a:d} {u}; the chart alarms beyond {b:d}, or twice in a row beyond {c:d} | \
漂移 {a} {u}；控制图在超过 {b}、或连续两次超过 {c} 时报警
drift of {a:d} {u}, sums {b:d} upwards and {c:d} downwards | 漂移 {a} {u}，累计值正向 {b}、负向 {c}
drift of {a:d} {u} | 漂移 {a} {u}
sums {b:d} upwards and {c:d} downwards | 累计值正向 {b}、负向 {c}
the chart alarms above {b:d} | 控制图在超过 {b} 时报警
the chart alarms beyond {b:d}, or twice in a row beyond {c:d} | 控制图在超过 {b}、或连续两次超过 {c} 时报警
{a:w} is allowed, out of control beyond {b:w} | 允许 {a}，超过 {b} 为失控
{a:w} is allowed | 允许 {a}
out of control beyond {b:w} | 超过 {b} 为失控
{a:d} % or {b:d} {u} | {a}% 或 {b} {u}
{a:d} % and {b:d} {u} | {a}% 且 {b} {u}
difference of {a:w} from {b:w} {n:d} %, at most {m:d} allowed | {a}与{b}相差 {n}%，允许不超过 {m}%
difference of {a:w} from {b:w} | {a}与{b}之差
{a:w} differs from {b:w} at 0 | {b}为 0，{a}不为 0
analyser | 分析仪
logger | 数据采集传输仪
platform | 平台
fewer than two places of the chain are known | 可比对的数据不足两处
absolute error {a:d} {u}, at most {b:d} allowed | 绝对误差 {a} {u}，允许不超过 {b}
relative error {a:d} %, at most {b:d} allowed | 相对误差 {a}%，允许不超过 {b}%
relative error is not known | 相对误差无法计算
absolute error | 绝对误差
relative error | 相对误差
its values do not count from the last passed check to the next that passes | 自上次合格核查至下次合格核查之间的数据无效
its values do not count from the last passed check to this check at {at:t} | 自上次合格核查至本次核查（{at}）之间的数据无效
response time | 响应时间
extra air | 补充空气
no extra air | 未补充空气
more oxygen behind the oxidiser than before it | 燃烧装置出口氧含量高于进口
nothing is burnt | 未经燃烧处理
oxygen behind the oxidiser is not known | 燃烧装置出口氧含量未知
oxygen before or behind the oxidiser is not known | 燃烧装置进口或出口氧含量未知
hourly mean | 小时均值
single reading | 任意一次浓度值
no efficiency is asked with low-VOC materials | 使用低 VOCs 含量原辅材料，不要求处理效率
no efficiency is asked at {a:w}, below {b:d} | {a}，低于 {b}，不要求处理效率
removal {a:d} %, at least {b:d} required at {c:d} kg/h before treatment | 处理效率 {a}%，应不低于 {b}%，处理前速率 {c} kg/h
{why:w} at {a:d} kg/h before treatment | 处理前速率 {a} kg/h 时{why}
{a:d} kg/h before treatment | 处理前速率 {a} kg/h
methane above total hydrocarbons for {n:d} min | 甲烷高于总烃持续 {n} 分钟
{what:w}, from {a:t} to {b:t}: look at the separation of methane and at the zero of both channels | \
{what}（{a} 至 {b}）：请检查甲烷分离及两个通道的零点
hours of {day} with less removal than asked: {n:d}, the first at {at:t}: {why:w}; look at the treatment and at both monitors | \
{day} 有 {n} 个小时处理效率低于要求，首个为 {at}：{why}；请检查治理设施和进出口监测仪
furnace below {a:d} °C in {n:d} slots of five minutes on {day}, {m:d} allowed, one too many at {at:t}: compare with operating record and thermocouples | \
{day} 炉膛温度有 {n} 个五分钟均值低于 {a} °C（允许 {m} 个），超出允许数的首个时段始于 {at}：请核对运行记录和热电偶
furnace below {a:d} °C in {n:d} slots of five minutes on {day}, {m:d} allowed: what was told of this day no longer holds; {why:w} | \
{day} 炉膛温度有 {n} 个五分钟均值低于 {a} °C（允许 {m} 个）：此前就该日告知的内容不再成立；{why}
{factor} outside {band:w} from {at:t}: compare with the operating record | {factor} 自 {at} 起超出{band}：请核对运行记录
{factor} within {band:w} again from {at:t} | {factor} 自 {at} 起恢复至{band}
up to {a:d} {u} | 不高于 {a} {u} 的范围
from {a:d} {u} | 不低于 {a} {u} 的范围
{a:d} to {b:d} {u} | {a} 至 {b} {u} 的范围
outside its band: {times} | 超出范围：{times}
not outside its band | 未超出范围
until {clock}: {what:w} | 截至 {clock}：{what}
{factor}, {day}: a mark or data came late; {what:w} | {factor}，{day}：标记或数据迟到；{what}
time of {year:d} under {mark:w}: {why:w}; {what:w} | {year} 年{mark}标记时长：{why}；{what}
more than is allowed, to be explained to the authority | 超出允许时长，请向主管部门说明
plan what is left | 请安排好剩余时长
days above a daily limit in {month}: {n:d}; beyond the bound of {m:d} from {on}, at which the authority may limit or suspend production: \
read the evidence of each day first | \
{month} 日均值超标 {n} 天；自 {on} 起超过阈值 {m} 天，达到可限制生产或停产整治的条件：请先逐日核对依据
days above a daily limit in {month}: {n:d}, not beyond the bound of {m:d}: what was told of this month no longer holds; {why:w} | \
{month} 日均值超标 {n} 天，未超过阈值 {m} 天：此前就该月告知的内容不再成立；{why}
bound of {m:d} days, beyond the bound from {on} | 阈值 {m} 天，自 {on} 起超过
cold slots left out by marks: {n:d} | 因标记剔除的低温时段 {n} 个
a mark or data came late | 标记或数据迟到
{m:d} slots below {a:d} °C allowed, one too many at {at:t} | 低于 {a} °C 的时段允许 {m} 个，超出允许数的首个时段始于 {at}
no valid thermocouple in the upper or the middle section | 炉膛上部或中部没有有效热电偶
all hours exempt or stopped | 所有小时均为豁免或停运
standard deviation | 标准偏差
no measurement | 没有测量值
{n:d} results of manual monitoring, weighted by flow | 手工监测结果 {n} 个，按流量加权
{n:d} results of manual monitoring, their plain mean | 手工监测结果 {n} 个，取算术平均值
{n:d} results of manual monitoring | 手工监测结果 {n} 个
measured, or fewer results of manual monitoring than asked | 已有监测值，或手工监测结果不足
decided days closed anew: {n:d} | 重算已判定日 {n} 个
no week with values | 没有有数值的周
mean difference {a:d}, at most {b:d} allowed | 平均差 {a}，允许不超过 {b}
weeks with more than {a:d} % outside | 超出比例大于 {a}% 的周数
highest share outside in a week | 单周最高超出比例
"""

FACTORS_ZH = """
{factor} has no valid mean | {factor}无有效均值
{factor} substituted | {factor} 为替代值
{factor} times {n:d} for bias | {factor} 按偏差修正系数 {n} 计
{factor} is in {unit}, the formula in {other} | {factor} 单位为 {unit}，公式所需为 {other}
"""
"""Sentences that begin with a factor, tried after all others."""
