"""What time together is worth: the terms of an agreement. Integers only: durations in microseconds,
money in minor units of its currency (ISO 4217), shares in parts per million."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from protocol.types import INT_MAX

HOUR_US = 3_600_000_000
DAY_US = 24 * HOUR_US
MILLION = 1_000_000

MINOR_DIGITS = {
    **dict.fromkeys(
        [
            "AED", "AFN", "ALL", "AMD", "AOA", "ARS", "AUD", "AWG", "AZN", "BAM", "BBD", "BDT",
            "BMD", "BND", "BOB", "BRL", "BSD", "BTN", "BWP", "BYN", "BZD", "CAD", "CDF", "CHF",
            "CNY", "COP", "CRC", "CUP", "CVE", "CZK", "DKK", "DOP", "DZD", "EGP", "ERN", "ETB",
            "EUR", "FJD", "FKP", "GBP", "GEL", "GHS", "GIP", "GMD", "GTQ", "GYD", "HKD", "HNL",
            "HTG", "HUF", "IDR", "ILS", "INR", "IRR", "JMD", "KES", "KGS", "KHR", "KPW", "KYD",
            "KZT", "LAK", "LBP", "LKR", "LRD", "LSL", "MAD", "MDL", "MGA", "MKD", "MMK", "MNT",
            "MOP", "MRU", "MUR", "MVR", "MWK", "MXN", "MYR", "MZN", "NAD", "NGN", "NIO", "NOK",
            "NPR", "NZD", "PAB", "PEN", "PGK", "PHP", "PKR", "PLN", "QAR", "RON", "RSD", "RUB",
            "SAR", "SBD", "SCR", "SDG", "SEK", "SGD", "SHP", "SLE", "SOS", "SRD", "SSP", "STN",
            "SVC", "SYP", "SZL", "THB", "TJS", "TMT", "TOP", "TRY", "TTD", "TWD", "TZS", "UAH",
            "USD", "UYU", "UZS", "VED", "VES", "WST", "XCD", "XCG", "YER", "ZAR", "ZMW", "ZWG",
        ],
        2,
    ),
    **dict.fromkeys(
        [
            "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND",
            "VUV", "XAF", "XOF", "XPF",
        ],
        0,
    ),
    **dict.fromkeys(["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"], 3),
}  # fmt: skip
"""The currencies that people pay in (ISO 4217, without funds, metals and what is withdrawn), each
with how many digits its minor unit takes. A browser's own list differs, by factors of hundred."""
CURRENCIES = frozenset(MINOR_DIGITS)

Duration = Annotated[int, Meta(ge=0, le=366 * DAY_US)]
SessionSpan = Annotated[int, Meta(ge=0, le=DAY_US)]
Money = Annotated[
    int, Meta(ge=0, le=INT_MAX, description="Minor units of the currency: cents of a euro, yen.")
]
Rate = Annotated[int, Meta(ge=0, le=10**10, description="Minor units of the currency an hour.")]
Share = Annotated[int, Meta(ge=0, le=MILLION, description="Parts per million: 200000 is 20 %.")]
Currency = Annotated[str, Meta(pattern=r"^[A-Z]{3}(?!\n)$", description="ISO 4217, such as EUR.")]
Counts = Annotated[
    Literal["contact", "room"],
    Meta(
        description=(
            "contact: time that both pages proved to have been in contact; room: all time that "
            "both were in the room, proven contact or not."
        )
    ),
]
Rounding = Literal["down", "nearest", "up"]


class Terms(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which time counts and what it costs. Free as it stands.

    Time together that `counts`: with a meeting only in its window, from `early_us` before its
    start to its end, or, once the mentee said to go on, at most `overrun_us` longer. Gaps in it of
    at most `grace_us` count too. What that comes to is at least `minimum_us` if there is any, then
    rounded once to a multiple of `unit_us`, then at most `cap_us`. `late_counts`: the mentor's wait
    for a late mentee counts as time together.

    A mentee who did not come while the mentor waited `no_show_after_us` of the booked time owes
    `no_show_share` of it, not rounded and at most `cap_us`: if they set its time themselves, or it
    was set at least `no_show_notice_us` before; only then `late_counts` too. `make_up`: time
    impaired by the network and not billed, and a late mentor's, is owed to a mentee who came as
    minutes. `fee_share` of the net is the site's, `tax_share` is added.
    """

    currency: Currency | None = None
    rate_minor: Rate = 0
    counts: Counts = "contact"
    grace_us: SessionSpan = 90 * MILLION
    early_us: SessionSpan = 0
    overrun_us: SessionSpan = 0
    cap_us: SessionSpan | None = None
    minimum_us: SessionSpan = 0
    unit_us: Annotated[int, Meta(ge=MILLION, le=DAY_US)] = 60 * MILLION
    rounding: Rounding = "down"
    late_counts: bool = False
    no_show_after_us: SessionSpan = 600 * MILLION
    no_show_share: Share = 0
    no_show_notice_us: SessionSpan = DAY_US
    make_up: bool = True
    fee_share: Share = 0
    tax_share: Share = 0

    @property
    def paid(self) -> bool:
        return self.rate_minor > 0
