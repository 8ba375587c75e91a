"""The composition root: settings, wiring, commands."""

from importlib.metadata import version

VERSION = version("ithaca")
