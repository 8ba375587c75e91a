"""What a session comes to: time that counts, and money. Integers only."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from protocol.terms import Currency, Money
from protocol.types import Id, Micros

YesNoUnknown = Literal["yes", "no", "unknown"]
Owed = Annotated[
    Literal["nothing", "time", "no_show", "correction"],
    Meta(
        description=(
            "nothing: no time that counts; time: for time together; no_show: the "
            "mentee did not come; correction: what a correction says."
        )
    ),
]


class Side(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One of the two in a session: `wait_us` alone in the room within the window, `late_us` from
    the start of the meeting until they came, without the time that the server was away, and whether
    they did not come."""

    person: Id
    wait_us: Micros
    late_us: Micros
    no_show: YesNoUnknown


class Bill(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The computation, step by step. `window_from_us` and `window_to_us` bound what can count;
    `counted_us` is the time together that does, `bridged_us` the short gaps added, `billed_us` what
    that is after minimum, rounding and cap. `unknown_us` could count but is not proven: it is never
    in `billed_us` where only proven contact counts. `impaired_us` is what no short gap filled.
    `make_up_us` is owed to the mentee as time. `net_minor` + `tax_minor` is what the mentee pays;
    `fee_minor` of the net is the site's. `uncorrected_us`: what would be billed without the
    correction, if there is one."""

    terms: int
    window_from_us: Micros | None
    window_to_us: Micros | None
    counted_us: Micros
    bridged_us: Micros
    unknown_us: Micros
    impaired_us: Micros
    billed_us: Micros
    make_up_us: Micros
    owed: Owed
    currency: Currency | None
    net_minor: Money
    fee_minor: Money
    tax_minor: Money
    mentor: Side
    mentee: Side
    uncorrected_us: Micros | None = None
