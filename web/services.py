"""What a connection needs of the house."""

from dataclasses import dataclass

from chat.service import Chat
from ledger.service import Ledger
from people.service import People
from runtime.bus import Bus
from runtime.clock import Clock
from runtime.ids import Ids
from runtime.limits import Limiter
from runtime.presence import Presence
from signaling.service import Signaling
from web.access import Access
from web.metrics import Metrics
from web.origins import Origins
from web.views import Views


@dataclass(frozen=True, slots=True)
class Services:
    """Wired once, in `ithaca/`."""

    clock: Clock
    ids: Ids
    bus: Bus
    presence: Presence
    people: People
    chat: Chat
    ledger: Ledger
    signaling: Signaling
    access: Access
    views: Views
    origins: Origins
    metrics: Metrics
    frames: Limiter
    messages: Limiter
    exchanges: Limiter
