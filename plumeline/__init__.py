"""The whole street in one process: the command, the console and the SQLite ports."""

__version__ = "0.1.0"
