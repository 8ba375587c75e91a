"""When something was heard. Pure."""

from typing import NamedTuple


class Heard(NamedTuple):
    """By the record's clock, in microseconds. `fresh`: it was said then, too; a server that stood
    still hears late."""

    at_us: int
    fresh: bool
