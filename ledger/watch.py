"""Since when a run of the server has seen, without a break, who comes. Who tries to come while it
is stopped, or its database is away, cannot be put on record: then it says of nobody that they did
not come."""

GAP_US = 30_000_000
"""It looks every two seconds (`flush`): after so long without a look it stood still, or its clock
took a step."""


class Watch:
    def __init__(self, now_us: int) -> None:
        self._since_us = now_us
        self._looked_us: int | None = None
        self.blind = False

    def looks(self, now_us: int) -> None:
        """It is running."""
        self._since_us = self.since_us(now_us)
        self._looked_us = now_us

    def lost(self) -> None:
        """Something could not be read or written down."""
        self.blind = True

    def wrote(self, now_us: int) -> None:
        """Something was written down."""
        if self.blind:
            self._since_us, self.blind = now_us, False

    def since_us(self, now_us: int) -> int:
        """From when on, until now."""
        stood_still = self._looked_us is not None and now_us - self._looked_us > GAP_US
        return now_us if stood_still or self.blind else self._since_us
