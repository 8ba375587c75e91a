"""How uvicorn is told to serve."""

from starlette.types import Receive, Scope, Send

from ithaca.serve import configured
from ithaca.settings import Settings


async def nothing(scope: Scope, receive: Receive, send: Send) -> None: ...


def test_a_page_proves_its_life_by_beats_and_nothing_else_pings_it() -> None:
    """A line that is busy with other things answers a ping too late, and would be cut off."""
    config = configured(Settings(), nothing)
    assert (config.ws_ping_interval, config.ws_ping_timeout) == (None, None)
