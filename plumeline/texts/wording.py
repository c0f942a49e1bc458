"""Sentences that the gateway and the explained formulas word themselves, as patterns of ``alerts.wording``, in the spoken language."""

from __future__ import annotations

import re

from alerts.wording import DELIVERY_ZH, ENGINE_ZH, JOINED_ZH, worded
from plumeline.texts import spoken

GATEWAY_ZH = """
truncated | 报文不完整
no crc | 无 CRC
crc wrong | CRC 错误
length wrong | 长度错误
length and crc wrong | 长度和 CRC 均错误
over-long: no end within {n:d} bytes | 超长：{n} 字节内没有结束
length_mismatch | 声明长度与实际不符
crc matches MODBUS high byte first | CRC 为 MODBUS 高字节在前
crc matches MODBUS low byte first | CRC 为 MODBUS 低字节在前
noise: no HJ 212 frame on this connection | 杂讯：该连接上没有 HJ 212 报文
not a report | 不是上报数据
{n:d} bytes, the first {of:d} kept | 共 {n} 字节，保留前 {of} 字节
data segment of {n:d} bytes, the standard allows {of:d} | 数据段 {n} 字节，标准允许 {of} 字节
no ST | 无 ST
no CN | 无 CN
no MN | 无 MN
no DataTime | 无 DataTime
DataTime is no time | DataTime 不是时间
no data area: CP=&& is missing | 无数据区：缺少 CP=&&
data segment does not end with && | 数据段未以 && 结束
MN is longer than {n:d} characters | MN 超过 {n} 个字符
MN holds blanks, slashes, quotes or control characters | MN 含空格、斜杠、引号或控制字符
a factor code or flag is longer than {n:d} characters | 因子编码或标记超过 {n} 个字符
header piece without '=': {text} | 段头缺少“=”：{text}
member without '=': {text} | 数据项缺少“=”：{text}
header field {name} repeats; the first counts | 段头字段 {name} 重复，以第一个为准
field {name} repeats; the first counts | 字段 {name} 重复，以第一个为准
{name} repeats; the first counts | {name} 重复，以第一个为准
DataTime {own} is that of sub-packet {n:d} | DataTime {own} 取自第 {n} 个分包
{name} is no reading of CN {cn} | {name} 不是 CN {cn} 的读数
tried again {at:t} by {who}; before: {why:w}; {more:w} | {who} 于 {at} 重试；此前：{why}；{more}
tried again {at:t} by {who}; before: {why:w} | {who} 于 {at} 重试；此前：{why}
no HJ 212 frame in it | 其中没有 HJ 212 报文
more than one frame in it | 其中不止一条报文
no line in it | 其中没有数据行
no touch: {why:w} | 不是重算请求：{why}
no mark: {why:w} | 不是标记：{why}
raised {name}: {text} | 规则异常 {name}：{text}
{where}: {why:w} (and {n:d} more) | {where}：{why}（另有 {n} 处）
the time has no offset; write {example} | 时间没有时区；应写为 {example}
a time is ISO 8601 text with an offset, such as {example} | 时间应为带时区的 ISO 8601 文本，例如 {example}
a value is a number or null; numbers in quotes are not read | 数值应为数字或 null；引号内的数字不予读取
NaN and Infinity are no values; send null | NaN 和 Infinity 不是数值；请发送 null
no such field | 没有该字段
the field is missing | 缺少该字段
no blanks, slashes, commas, semicolons or quotes in a name | 名称中不得有空格、斜杠、逗号、分号或引号
a time outside {a:d} to {b:d} | 时间不在 {a} 至 {b} 年之间
{name} has {n:d} entries, factors has {of:d}; they run in parallel | {name} 有 {n} 项，factors 有 {of} 项；二者应一一对应
end {a:t} is not after start {b:t} | 结束时间 {a} 不晚于开始时间 {b}
crc {a} computed, {b} sent at byte {n:d} | 计算 CRC 为 {a}，第 {n} 字节处收到 {b}
{n:d} announced, no end at byte {of:d} | 声明 {n} 字节，第 {of} 字节处未结束
"""
"""Verdicts and details of frames: English | Chinese."""

FORMULA_ZH = """
difference of the register (linear between readings) or sum of intervals, times the multiplier | 表底之差（读数之间按线性）或各时段之和，乘以倍率
sum of the day's hours | 当日各小时之和
energy × kgce per unit | 能源实物量 × 折标准煤系数（kgce/单位）
energy × tCO2 per unit; electricity by grid factor of the year | 能源实物量 × CO₂ 排放因子（t/单位）；电力按当年电网排放因子
sum over the members | 各成员之和
sum over the meters whose plan is feedstock | 规划口径为原料用能的计量点之和
sum over the meters whose plan is renewable, less a day's share of the base year | 规划口径为可再生能源的计量点之和，减去基准年日均值
plan for 2021 to 2025, feedstock | 2021—2025 年规划，原料用能
plan for 2021 to 2025, new renewable electricity | 2021—2025 年规划，新增可再生能源电力
from memory, medium; renewables in the intensity: own reading | 凭记忆，中；强度计算保留可再生能源为自行理解
seen | 已见公开文本
seen in a public text | 已见公开文本
seen; target from memory, high | 已见公开文本；目标值凭记忆，高
from memory, high | 凭记忆，高
from memory, medium | 凭记忆，中
an engineering default, taken from AIR-AVG-2 | 工程缺省，取自 AIR-AVG-2
hourly mean from memory, high; minutes: an engineering default, taken from AIR-AVG-3 | 小时均值凭记忆，高；分钟数为工程缺省值，取自 AIR-AVG-3
hours: an engineering default, taken from AIR-AVG-4 | 小时数为工程缺省值，取自 AIR-AVG-4
minutes: an engineering default, taken from AIR-AVG-3 | 分钟数为工程缺省值，取自 AIR-AVG-3
SO2 and CO seen; the others from memory, high | 二氧化硫、一氧化碳已见公开文本，其余凭记忆，高
volumes and speed seen on a station console; band from memory, low | 体积与速度见于加油站控制台；范围凭记忆，低
from memory, low; samples apart: an engineering default | 凭记忆，低；采样间隔为工程缺省值
seen on a station console; removed in the approval draft | 见于加油站控制台；报批稿已删除
seen; samples apart: an engineering default | 已见公开文本；采样间隔为工程缺省值
seen; age of the pressures: an engineering default | 已见公开文本；压力时限为工程缺省值
timing seen, limit from memory, high; samples apart: an engineering default | 时长已见公开文本，限值凭记忆，高；采样间隔为工程缺省值
a proposal | 建议值
test seen; thresholds a proposal | 方法见于公开源码，阈值为建议值
pattern seen; threshold a proposal | 特征已见公开文本，阈值为建议值
pattern seen in studies; threshold a proposal | 特征见于研究文献，阈值为建议值
values above the range seen; threshold a proposal | 超量程情形已见公开文本，阈值为建议值
after a falsifying switch seen in public firmware; threshold a proposal | 依据公开固件中的造假开关，阈值为建议值
2 % seen; over a day a proposal | 2% 已见公开文本；以一天为窗口为建议值
from memory, low | 凭记忆，低
proposal | 工程建议
proposal: no standard sets these numbers | 工程建议：没有标准规定这些数值
seen; that a stop ends a gap is a proposal | 已见公开文本；缺失以停运为界为工程建议
seen; the hours are a proposal | 已见公开文本；时刻为工程建议
from memory, medium; velocity low | 凭记忆，中；流速为低
from memory, high; the floor at zero is a proposal | 凭记忆，高；以零为下限为工程建议
seen; that a minute stands for a reading is a proposal | 已见公开文本；以一分钟代表一个读数为工程建议
seen; more than five from memory, high; marks of abnormal temperature a proposal | 已见公开文本；超过五次凭记忆，高；炉温异常标记的处理属工程建议
seen; manual results from memory, medium; their mean for each hour is a proposal | 已见公开文本；手工监测结果凭记忆，中；各小时取其平均值为工程建议
from memory, high; the mean of manual results, weights of concentrations, and which reasons are other time, are proposals | \
凭记忆，高；取手工监测平均值、浓度的权重、何为其他时段属工程建议
seen; that each furnace counts by itself is a proposal | 已见公开文本；各炉分别计算为工程建议
seen, of several plants in Zhejiang | 见于浙江多家企业
from memory, high; days where no check has passed: a proposal | 凭记忆，高；没有合格核查的日子为工程建议
60 h and 150 mg/m3 from memory, high; 4 h and 700 h from memory, medium; minutes and overflow are proposals | \
60 小时与 150 mg/m³ 凭记忆，高；4 小时与 700 小时凭记忆，中；分钟数与超额处理为工程建议
seen in a public text (limits); reference O2 from memory, high | 限值已见公开文本；基准氧凭记忆，高
seen in a public text (band 1.0-1.2); from memory, high | 范围 1.0–1.2 已见公开文本；其余凭记忆，高
seen in a public text (values) | 数值已见公开文本
seen in a public text; {more} | 已见公开文本；{more}
unconfirmed: {what:w} | 待核实：{what}
register rules 2.5: rollover, reset, swap, spike; gaps E1 to E3 | 表底规则 2.5：翻转、归零、换表、尖峰；缺失 E1 至 E3
register rules 2.5 | 表底规则 2.5
yearly grid factors; fuel defaults | 年度电网排放因子；燃料缺省值
second pass over day figures | 日统计值的二次汇总
{basis:w}; limit {id}: permit | {basis}；限值 {id}：排污许可证
{basis:w}; limit {id}: {what} | {basis}；限值 {id}：{what}
"""
"""What ``plumeline.explain`` says: English | Chinese."""

TABLES = (FORMULA_ZH, GATEWAY_ZH, ENGINE_ZH, DELIVERY_ZH, JOINED_ZH, "{where}: {why:w} | {where}：{why}")
"""Every pattern, in the order in which they are tried."""


_NOTED = re.compile(r"\bseen: S\d+b?(?:; S\d+b?)*\b")
"""A confidence with the number of a source in notes that its reader does not have."""


def said(sentence: str) -> str:
    """Return what the engine, the gateway or a formula says in the spoken language; an unknown sentence as it is."""
    return worded(sentence, spoken(), TABLES)


def sure(confidence: str) -> str:
    """Return how sure a rule or a limit is, in the spoken language."""
    return said("seen in a public text" if confidence == "seen" else _NOTED.sub("seen in a public text", confidence))
