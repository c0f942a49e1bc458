"""HJ 212 (editions 2005 and 2017): framing, CRC, fields, answers."""
