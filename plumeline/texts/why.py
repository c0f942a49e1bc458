"""Texts of the pages Why is nothing shown."""

EN = """
why.what | For whoever set up a device: what arrived, what was made of it, what to change. Pick a source.
why.empty | No device has been heard of and none is registered. What cannot be read at all lands in Quarantine.
why.nameless | Your device is not listed? What was received without a readable name is in
why.last_bytes | Last bytes
why.source | Its figures
why.frames | Last frames ({n})
why.no_frames | No HJ 212 frame of this name is stored.
why.registered | Registry
why.registered.yes | Registered in sources.csv.
why.registered.no | No row in sources.csv holds on this day for “{source}”.
why.registered.do | Add the row; what was sent since is kept and will be counted.
why.bytes | Connection
why.bytes.unframed | Last report {time} ({ago}), over HTTP or from a file: there are no HJ 212 frames to look at.
why.bytes.none | Nothing was ever received under this name.
why.bytes.do | Check address and port in the device, and that the MN it sends is this name to the letter.
why.bytes.last | Last bytes {time} ({ago}) from {peer}, {protocol}.
why.verdict | Frames
why.verdict.none | No frame to look at.
why.verdict.ok | The last {n} frames were accepted.
why.verdict.bad | {n} of the last {of} frames were not accepted: {reasons}.
why.verdict.do | Open a frame below: the fault is marked at its byte.
why.crc | CRC
why.crc.ok | As HJ 212 defines it, or none in this protocol.
why.crc.bad | Seen: {names}.
why.crc.do | HJ 212's CRC is not Modbus: see HJ 212-2017, annex A. A known dialect can be allowed by crc_dialect in sources.csv.
why.answered | Acknowledged
why.answered.n | {n} of the last {of} frames were acknowledged.
why.answered.do | An acknowledgement is sent where the frame's Flag asks for one (bit A).
why.clock | Clock
why.clock.unknown | Not known: no report with a sending time yet.
why.clock.skew | Receipt minus sending: {skew} (median).
why.clock.do | Set the clock, or add a dated clock_offset_s in sources.csv; reports from the future are held until then.
why.fresh | Last reading
why.fresh.never | None yet; one each {cadence} is expected.
why.fresh.last | {time} ({ago}); one each {cadence} is expected.
why.fresh.do | Look at the device and its line; backfill sent later is counted.
why.marked | Marks
why.marked.none | No mark takes its readings out now.
why.marked.one | Marked “{type}” until {end} by {author}: its readings are not counted as valid.
why.marked.do | If that is wrong, ask whoever set the mark to reject it.
why.factors | Factors
why.factors.nothing | No reading in the hour around the last frame.
why.factors.missing | Sent but not in points.csv or meters.csv: {names}.
why.factors.do | Add a row for each with unit and range; what was sent is kept and will be counted.
why.factors.absent | Registered but not sent in the last hour: {names}.
why.factors.absent.do | Check the device's list of factors, or end the rows by valid_to.
why.factors.ok | All {n} factors sent are registered.
"""
"""Key | English text."""

ZH = """
why.what | 供设备安装人员使用：收到了什么、如何处理、需要改什么。请选择监测点。
why.empty | 没有收到过任何设备的数据，也没有登记设备。完全无法解析的内容进入隔离区。
why.nameless | 列表中没有您的设备？未能读出名称的内容见
why.last_bytes | 最近收到字节
why.source | 其统计值
why.frames | 最近报文（{n}）
why.no_frames | 没有存储此名称的 HJ 212 报文。
why.registered | 登记
why.registered.yes | 已在 sources.csv 中登记。
why.registered.no | sources.csv 中没有当日有效的“{source}”登记行。
why.registered.do | 请添加登记行；此前上报的数据已保留，将会计入。
why.bytes | 连接
why.bytes.unframed | 最近上报：{time}（{ago}），经网络接口或文件：没有 HJ 212 报文可查看。
why.bytes.none | 从未收到此名称的任何数据。
why.bytes.do | 请核对设备中的地址和端口，以及上报的 MN 是否与此名称逐字一致。
why.bytes.last | 最近收到字节：{time}（{ago}），来自 {peer}，{protocol}。
why.verdict | 报文
why.verdict.none | 没有可查看的报文。
why.verdict.ok | 最近 {n} 条报文均已接收。
why.verdict.bad | 最近 {of} 条报文中有 {n} 条未被接收：{reasons}。
why.verdict.do | 打开下面的报文：出错的字节已标出。
why.crc | CRC
why.crc.ok | 符合 HJ 212 的定义，或该协议没有 CRC。
why.crc.bad | 出现：{names}。
why.crc.do | HJ 212 的 CRC 不是 Modbus：见 HJ 212-2017 附录 A。已知的变体可在 sources.csv 的 crc_dialect 中允许。
why.answered | 已应答
why.answered.n | 最近 {of} 条报文中有 {n} 条已应答。
why.answered.do | 仅当报文的 Flag 要求（A 位）时才应答。
why.clock | 时钟
why.clock.unknown | 未知：尚无带发送时间的报文。
why.clock.skew | 接收时间减发送时间：{skew}（中位数）。
why.clock.do | 请校准时钟，或在 sources.csv 中添加带日期的 clock_offset_s；在此之前，时间超前的数据暂挂。
why.fresh | 最近读数
why.fresh.never | 尚无；应每 {cadence}上报一次。
why.fresh.last | {time}（{ago}）；应每 {cadence}上报一次。
why.fresh.do | 请检查设备及其线路；此后补传的数据会计入。
why.marked | 标记
why.marked.none | 当前没有标记使其读数无效。
why.marked.one | {author} 标记为“{type}”，至 {end}：其读数不计为有效。
why.marked.do | 如有误，请由设定标记的人撤销。
why.factors | 监测因子
why.factors.nothing | 最近报文前后一小时内没有读数。
why.factors.missing | 已上报但不在 points.csv 或 meters.csv 中：{names}。
why.factors.do | 请逐个添加登记行并注明单位和量程；已上报的数据已保留，将会计入。
why.factors.absent | 已登记但最近一小时未上报：{names}。
why.factors.absent.do | 请核对设备的因子列表，或用 valid_to 结束登记行。
why.factors.ok | 上报的 {n} 个监测因子均已登记。
"""
"""Key | Chinese text (zh-CN), in the terms of environmental and energy regulators."""
