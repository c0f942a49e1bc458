"""The console: what people look at, in a browser, beside or without Grafana."""

from plumeline.console.app import mount
from plumeline.console.auth import basic_auth_middleware
from plumeline.console.ports import Console

__all__ = ["Console", "basic_auth_middleware", "mount"]
