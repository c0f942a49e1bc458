"""Bytes become reports: protocol servers, the registry of who may send, and the log they are written to."""
