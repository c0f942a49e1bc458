"""Rules: functions from frames to frames and steps over few ordered items; no clock, no I/O."""
