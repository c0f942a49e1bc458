"""Texts of the pages Quarantine and Frame."""

EN = """
quarantine.what | What could not be read, verbatim, with the reason. Nothing here was counted.
quarantine.every | all {n}
quarantine.none | Quarantine is empty: every frame was read.
quarantine.none.filtered | Nothing in quarantine is like that.
quarantine.of | Only {source}.
quarantine.same | All of this device
again | Try again
again.do | Try again
again.would | Judged now, by the present registry and decoder, it would be read.
again.would_not | Judged now, it would be refused again: {reason}. Mend the cause first: the device, its row in sources.csv, or Plumeline.
again.filed | Filed: its readings are counted within moments, with the time at which they were received.
again.refused | Tried again and refused again; the reason stands below.
again.gone | Nothing to try: this frame is not in quarantine.
again.who | Not tried: say who you are.
again.full | Not tried: the log is full at the moment. Try again in a second.
again.away | Not tried: the store does not answer. Try again later.
frame | Frame
frame.missing | This frame is not stored
frame.missing.why | Frames are kept for a bounded time; its readings outlive it. Or the address is wrong.
frame.verdict | Verdict
frame.detail | Detail
frame.source | Source
frame.no_source | no source could be read
frame.received | Received
frame.peer | From
frame.crc | CRC
frame.answered | Acknowledged
frame.ok | accepted
frame.open | Open the frame
frame.text | Text
frame.masked | The device's password (PW) is shown as stars; the stored frame holds it as it came.
frame.hex | Hex, {n} bytes
crc.ok | ok
crc.wrong | wrong
crc.none | none
crc.modbus | modbus
crc.modbus-swapped | modbus-swapped
"""
"""Key | English text."""

ZH = """
quarantine.what | 无法解析的内容，原样保存并注明原因。此处内容均未计入统计。
quarantine.every | 全部 {n}
quarantine.none | 隔离区为空：所有报文均已解析。
quarantine.none.filtered | 隔离区中没有符合条件的内容。
quarantine.of | 仅显示 {source}。
quarantine.same | 该设备的全部记录
again | 重试
again.do | 重试
again.would | 按现行登记信息和解析程序重新判断，可以解析。
again.would_not | 按现行规则重新判断，仍会被拒绝：{reason}。请先消除原因：设备、sources.csv 中的登记行，或 Plumeline 本身。
again.filed | 已入库：其读数将很快计入，时间仍按原接收时间。
again.refused | 重试后再次被拒绝；原因见下。
again.gone | 无可重试：该报文不在隔离区。
again.who | 未重试：请填写姓名。
again.full | 未重试：日志暂满，请稍候再试。
again.away | 未重试：存储无应答，请稍后再试。
frame | 报文
frame.missing | 该报文未存储
frame.missing.why | 报文有保存期限，其读数保存更久；或者地址有误。
frame.verdict | 结论
frame.detail | 详情
frame.source | 监测点
frame.no_source | 未能读出监测点
frame.received | 接收时间
frame.peer | 来自
frame.crc | CRC
frame.answered | 已应答
frame.ok | 已接收
frame.open | 打开报文
frame.text | 文本
frame.masked | 设备密码（PW）以星号显示；存储的报文保持原样。
frame.hex | 十六进制，{n} 字节
crc.ok | 正确
crc.wrong | 错误
crc.none | 无
crc.modbus | MODBUS，高字节在前
crc.modbus-swapped | MODBUS，低字节在前
"""
"""Key | Chinese text (zh-CN), in the terms of environmental and energy regulators."""
