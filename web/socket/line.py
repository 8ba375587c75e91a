"""What a connection needs of its WebSocket besides ASGI."""

from collections.abc import Callable
from typing import Protocol


class Line(Protocol):
    """In the `state` of a WebSocket's scope, as `line`."""

    def write(self, data: bytes, *, text: bool) -> bool:
        """Sends a message without waiting. False: the peer has to read first, or we have closed.
        What is said within one turn of the loop goes out in one piece, or in some if it is much."""
        ...

    def heard_by(self, hear: Callable[[bytes], bool]) -> None:
        """From now on `hear` takes binary messages as they come, without a turn of the loop; those
        that it does not take so (False) wait to be received."""
        ...

    def close(self, code: int) -> None:
        """Puts the close frame behind what the peer has not read yet, without waiting for it: who
        reads on within a grace finds it there."""
        ...

    def signed_in(self) -> None:
        """It is no stranger's any more."""
        ...

    def hold(self, seconds: float) -> None:
        """Nothing more is heard of the peer for so long."""
        ...

    async def turn(self) -> None:
        """Returns when it is this connection's turn to cost more than a little."""
        ...
