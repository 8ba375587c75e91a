"""Every frame through both formats, held against `msgpack` and `json`; whatever is malformed."""

import json
from collections.abc import Callable
from typing import Any, get_args, get_type_hints

import msgpack
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.codec import Format, decode, decode_server, encode, encode_for_all
from protocol.errors import Refusal
from protocol.frames import (
    AuthOpen,
    Beat,
    BeatAck,
    ChatSend,
    ClientFrame,
    ErrorFrame,
    Frame,
    ServerFrame,
)
from protocol.types import FRAME_MAX_BYTES, INT_MAX
from tests.unit.protocol.strategies import plain, values

A_QUARTER = settings().max_examples // 4  # for each kind of frame: there are many
FORMATS: tuple[Format, ...] = ("msgpack", "json")
CLIENT_FRAMES: tuple[type[Frame], ...] = get_args(ClientFrame)
SERVER_FRAMES: tuple[type[Frame], ...] = get_args(ServerFrame)
ID = "con_01jd3v0k7r9q2x4m6n8p0s2t4v"
SAMPLES: dict[str, dict[str, Any]] = {
    "auth.open": {
        "grant": "g",
        "tab": "tab-0001",
        "cursors": {ID: {"seq": 3, "revision": 7}},
        "epoch": 7,
    },
    "beat": {"n": 1},
    "chat.send": {"conversation": ID, "id": "msg-0001", "body": "hello", "reply_to": 3},
    "chat.edit": {"conversation": ID, "id": "msg-0002", "seq": 3, "body": "hello"},
    "chat.delete": {"conversation": ID, "id": "msg-0003", "seq": 3},
    "chat.react": {"conversation": ID, "id": "msg-0004", "seq": 3, "emoji": "👍", "on": True},
    "chat.pin": {"conversation": ID, "id": "msg-0005", "seq": 3, "on": True},
    "chat.typing": {"conversation": ID, "typing": True},
    "chat.fetch": {
        "conversation": ID,
        "before": 9,
        "after": 2,
        "around": 5,
        "at_us": 500_000,
        "limit": 10,
    },
    "chat.delivered": {"conversation": ID, "seq": 4},
    "chat.read": {"conversation": ID, "seq": 4},
    "room.join": {
        "room": ID,
        "peer": "peer-0001",
        "audio": True,
        "video": False,
        "offer": "v=0",
        "key": "k" * 87,
    },
    "room.leave": {"room": ID},
    "room.end": {"room": ID},
    "room.media": {"room": ID, "audio": True, "video": True},
    "room.path": {"room": ID, "up": True},
    "room.contact": {"room": ID, "session": ID, "contacts": []},
    "room.voice": {"room": ID, "from_us": 500_000, "slots": "0110"},
    "peer.offer": {"room": ID, "peer": "peer-0001", "sdp": "v=0"},
    "peer.answer": {"room": ID, "peer": "peer-0001", "sdp": "v=0"},
    "peer.candidate": {
        "room": ID,
        "peer": "peer-0001",
        "candidate": "candidate:1",
        "sdp_mid": "0",
        "sdp_m_line_index": 0,
        "username_fragment": "abcd",
    },
}
FIELDS = [(tag, name) for tag, fields in SAMPLES.items() for name in fields]


def tag_of(frame: type[Frame]) -> str:
    return str(frame.__struct_config__.tag)


def packed(value: Any, fmt: Format) -> bytes:
    """By the independent encoders."""
    if fmt == "msgpack":
        data = msgpack.packb(value)
        assert isinstance(data, bytes)
        return data
    return json.dumps(value).encode()


def unpacked(data: bytes, fmt: Format) -> Any:
    return msgpack.unpackb(data) if fmt == "msgpack" else json.loads(data)


def refused(data: bytes, fmt: Format) -> str:
    """The code of the refusal; any other exception, or a frame, fails the test."""
    with pytest.raises(Refusal) as caught:
        decode(data, fmt)
    return caught.value.code


# ---- what is well formed -----------------------------------------------------------------------


def test_there_is_a_sample_of_every_client_frame() -> None:
    assert set(SAMPLES) == {tag_of(frame) for frame in CLIENT_FRAMES}
    for frame in CLIENT_FRAMES:
        assert set(SAMPLES[tag_of(frame)]) == set(frame.__struct_fields__)


@pytest.mark.parametrize("kind", CLIENT_FRAMES, ids=tag_of)
@settings(max_examples=A_QUARTER)
@given(st.data())
def test_a_client_frame_made_elsewhere_is_read_as_it_was_meant(
    kind: type[Frame], data: st.DataObject
) -> None:
    frame = data.draw(values(kind))
    for fmt in FORMATS:
        assert decode(packed(plain(frame), fmt), fmt) == frame


@pytest.mark.parametrize("kind", SERVER_FRAMES, ids=tag_of)
@settings(max_examples=A_QUARTER)
@given(st.data())
def test_a_server_frame_is_read_elsewhere_and_here_as_it_was_meant(
    kind: type[Frame], data: st.DataObject
) -> None:
    frame = data.draw(values(kind))
    for fmt in FORMATS:
        assert unpacked(encode(frame, fmt), fmt) == plain(frame)
    assert decode_server(encode(frame, "msgpack")) == frame
    assert decode_server(packed(plain(frame), "msgpack")) == frame


def test_what_many_hear_is_decoded_once() -> None:
    frame = BeatAck(n=1, now_us=2)
    data = encode_for_all(frame)
    assert data == encode(frame, "msgpack")
    assert decode_server(data) is frame
    other = encode(BeatAck(n=3, now_us=4), "msgpack")
    assert decode_server(other) == BeatAck(n=3, now_us=4)
    assert decode_server(other) is decode_server(other)
    assert decode_server(data) == frame


@pytest.mark.parametrize("fmt", FORMATS)
def test_what_has_a_default_may_be_left_out(fmt: Format) -> None:
    opening = {"t": "auth.open", "grant": "g", "tab": "tab-0001"}
    assert decode(packed(opening, fmt), fmt) == AuthOpen(grant="g", tab="tab-0001", cursors={})


@pytest.mark.parametrize("fmt", FORMATS)
def test_the_largest_frame_fits_and_one_byte_more_does_not(fmt: Format) -> None:
    frame = {"t": "chat.send", "conversation": ID, "id": "msg-0001", "body": "x" * 60_000}
    frame["body"] += "x" * (FRAME_MAX_BYTES - len(packed(frame, fmt)))
    assert len(packed(frame, fmt)) == FRAME_MAX_BYTES
    decoded = decode(packed(frame, fmt), fmt)
    assert isinstance(decoded, ChatSend)
    assert decoded.body == frame["body"]
    frame["body"] += "x"
    assert refused(packed(frame, fmt), fmt) == "frame_too_large"


@pytest.mark.parametrize("n", [0, INT_MAX])
@pytest.mark.parametrize("fmt", FORMATS)
def test_integers_up_to_what_javascript_reads_exactly(fmt: Format, n: int) -> None:
    assert decode(packed({"t": "beat", "n": n}, fmt), fmt) == Beat(n=n)


# ---- what is not -------------------------------------------------------------------------------


@pytest.mark.parametrize("fmt", FORMATS)
@given(noise=st.binary(max_size=300))
def test_noise_is_refused_if_it_does_not_happen_to_be_a_frame(fmt: Format, noise: bytes) -> None:
    code = "bad_frame"
    try:
        decode(noise, fmt)
    except Refusal as refusal:
        code = refusal.code
    assert code == "bad_frame"


@pytest.mark.parametrize("fmt", FORMATS)
@given(size=st.integers(FRAME_MAX_BYTES + 1, 2 * FRAME_MAX_BYTES), byte=st.binary(min_size=1))
def test_whatever_is_too_large_is_not_even_looked_at(fmt: Format, size: int, byte: bytes) -> None:
    assert refused((byte * size)[:size], fmt) == "frame_too_large"


@pytest.mark.parametrize("fmt", FORMATS)
@pytest.mark.parametrize("tag", SAMPLES)
def test_cut_anywhere_or_with_something_behind_it_is_refused(fmt: Format, tag: str) -> None:
    whole = packed({"t": tag, **SAMPLES[tag]}, fmt)
    decode(whole, fmt)
    for size in range(len(whole)):
        assert refused(whole[:size], fmt) == "bad_frame"
    for behind in (b"1", b"\x00", b"{}", b"\xc0", whole):
        assert refused(whole + behind, fmt) == "bad_frame"


@pytest.mark.parametrize("fmt", FORMATS)
@pytest.mark.parametrize(("tag", "field"), FIELDS)
def test_every_field_has_its_type(fmt: Format, tag: str, field: str) -> None:
    # No client frame has a fraction anywhere.
    wrong: list[Any] = [[1], 1.5, {"a": []}, float("nan"), float("inf")]
    good = SAMPLES[tag][field]
    others: list[Any] = ["", 7, True, {}, []]
    wrong += [other for other in others if type(other) is not type(good)]
    kind = next(frame for frame in CLIENT_FRAMES if tag_of(frame) == tag)
    if type(None) not in get_args(get_type_hints(kind)[field]):
        wrong.append(None)
    for value in wrong:
        frame = {"t": tag, **SAMPLES[tag], field: value}
        assert refused(packed(frame, fmt), fmt) == "bad_frame", value


@pytest.mark.parametrize("fmt", FORMATS)
@pytest.mark.parametrize(("tag", "field"), FIELDS)
def test_integers_have_bounds(fmt: Format, tag: str, field: str) -> None:
    good = SAMPLES[tag][field]
    if type(good) is dict:
        wrong: list[Any] = [{ID: -1}, {ID: 2**53}, {"not an id": 1}, {ID + "\n": 1}]
    elif type(good) is int:
        wrong = [-1, 2**53, 2**63, 2**64 - 1]
    else:
        wrong = [2**53]
    for value in wrong:
        frame = {"t": tag, **SAMPLES[tag], field: value}
        assert refused(packed(frame, fmt), fmt) == "bad_frame", value


@pytest.mark.parametrize("digits", ["1" + "0" * 30, "-1", "1e3", "1.0", "0x1", "NaN", "Infinity"])
def test_json_numbers_that_are_no_count(digits: str) -> None:
    assert refused(b'{"t":"beat","n":%s}' % digits.encode(), "json") == "bad_frame"
    line = (
        '{"t":"peer.candidate","room":"%s","peer":"peer-0001","candidate":"","sdp_m_line_index":%s}'
    )
    assert refused((line % (ID, digits)).encode(), "json") == "bad_frame"


@pytest.mark.parametrize("fmt", FORMATS)
@pytest.mark.parametrize(("tag", "field"), FIELDS)
def test_an_id_has_its_form(fmt: Format, tag: str, field: str) -> None:
    good = SAMPLES[tag][field]
    if good == ID:
        wrong = [ID[:-1], ID + "0", ID.upper(), ID.replace("_", "-"), ID[:-1] + "i", "c" + ID[3:]]
    elif field in ("tab", "id", "peer"):
        wrong = ["short-7", "x" * 65, "with space", "ümläute-", "semi;colon"]
    else:
        return
    for value in [*wrong, "", f" {good}", f"{good}\n", f"{good}\x00", f"x\n{good}"]:
        frame = {"t": tag, **SAMPLES[tag], field: value}
        assert refused(packed(frame, fmt), fmt) == "bad_frame", value


@pytest.mark.parametrize("fmt", FORMATS)
@pytest.mark.parametrize("tag", SAMPLES)
def test_unknown_and_missing_fields_are_refused(fmt: Format, tag: str) -> None:
    frame = {"t": tag, **SAMPLES[tag]}
    assert refused(packed({**frame, "more": 1}, fmt), fmt) == "bad_frame"
    kind = next(each for each in CLIENT_FRAMES if tag_of(each) == tag)
    required = kind.__struct_fields__[: len(kind.__struct_fields__) - len(kind.__struct_defaults__)]
    for name in ("t", *required):
        less = {key: value for key, value in frame.items() if key != name}
        assert refused(packed(less, fmt), fmt) == "bad_frame", name


@pytest.mark.parametrize("fmt", FORMATS)
@pytest.mark.parametrize(
    "value",
    [
        {"t": "room.fly", "room": ID},
        {"t": "", "n": 1},
        {"t": "BEAT", "n": 1},
        {"t": "beat.ack", "n": 1, "now_us": 1},
        {"t": 1, "n": 1},
        {"t": None, "n": 1},
        {"t": ["beat"], "n": 1},
        {},
        [],
        [{"t": "beat", "n": 1}],
        "beat",
        1,
        None,
        True,
    ],
    ids=repr,
)
def test_only_the_client_s_frames_are_frames(fmt: Format, value: Any) -> None:
    assert refused(packed(value, fmt), fmt) == "bad_frame"


@pytest.mark.parametrize("tag", [tag_of(f) for f in SERVER_FRAMES if f not in CLIENT_FRAMES])
def test_a_client_cannot_speak_for_the_server(tag: str) -> None:
    assert refused(packed({"t": tag}, "msgpack"), "msgpack") == "bad_frame"


NESTS: dict[Format, tuple[Callable[[int], bytes], ...]] = {
    "json": (
        lambda n: b"[" * n + b"]" * n,
        lambda n: b"[" * n,
        lambda n: b'{"x":' * n + b"1" + b"}" * n,
        lambda n: b'{"x":' + b"[" * n + b"]" * n + b',"t":"beat","n":1}',
        lambda n: b'{"t":"beat","n":' + b"[" * n + b"]" * n + b"}",
        lambda n: b'{"t":"beat","n":1,"x":' + b"[" * n + b"]" * n + b"}",
    ),
    "msgpack": (
        lambda n: b"\x91" * n + b"\xc0",
        lambda n: b"\x91" * n,
        lambda n: b"\x81\xa1x" * n + b"\xc0",
        lambda n: b"\x83\xa1x" + b"\x91" * n + b"\xc0\xa1t\xa4beat\xa1n\x01",
        lambda n: b"\x82\xa1t\xa4beat\xa1n" + b"\x91" * n + b"\xc0",
        lambda n: b"\x83\xa1t\xa4beat\xa1n\x01\xa1x" + b"\x91" * n + b"\xc0",
    ),
}


@pytest.mark.parametrize("depth", [10_000, 13_000])
@pytest.mark.parametrize(("fmt", "nest"), [(fmt, nest) for fmt in FORMATS for nest in NESTS[fmt]])
def test_nesting_without_end_is_refused(
    fmt: Format, nest: Callable[[int], bytes], depth: int
) -> None:
    data = nest(depth)
    code = "frame_too_large" if len(data) > FRAME_MAX_BYTES else "bad_frame"
    assert refused(data, fmt) == code


@pytest.mark.parametrize(
    ("fmt", "data"),
    [
        ("json", b'{"t":"chat.send","conversation":"%s","id":"msg-0001","body":"\\ud800"}'),
        ("json", b'{"t":"chat.send","conversation":"%s","id":"msg-0001","body":"\xff"}'),
        ("json", b'{"t":"chat.send","conversation":"%s","id":"msg-0001","body":"\xed\xa0\x80"}'),
        ("json", b"\xef\xbb\xbf{}%s"),
        ("msgpack", packed({"t": "auth.open", "grant": "%s?", "tab": "tab-0001"}, "msgpack")),
    ],
)
def test_text_that_is_not_unicode_is_refused(fmt: Format, data: bytes) -> None:
    assert refused(data.replace(b"%s", ID.encode()).replace(b"?", b"\xff"), fmt) == "bad_frame"


def test_text_that_is_not_unicode_in_msgpack() -> None:
    good = packed({"t": "auth.open", "grant": "12", "tab": "tab-0001"}, "msgpack")
    decode(good, "msgpack")
    for bad in (b"\xff\xfe", b"\xc3\x28", b"\xed\xa0"):
        assert refused(good.replace(b"12", bad), "msgpack") == "bad_frame"


@pytest.mark.parametrize("fmt", FORMATS)
def test_a_refusal_says_what_is_wrong_and_does_not_repeat_it_all(fmt: Format) -> None:
    name = "x" * 60_000
    with pytest.raises(Refusal) as caught:
        decode(packed({"t": "beat", "n": 1, name: 1}, fmt), fmt)
    assert "unknown field" in caught.value.detail
    answer = ErrorFrame(code=caught.value.code, message=caught.value.detail)
    assert len(encode(answer, fmt)) < 1_000


@pytest.mark.parametrize("fmt", FORMATS)
@pytest.mark.parametrize("tag", SAMPLES)
def test_a_frame_that_is_wrong_in_a_field_is_known_by_its_tag(fmt: Format, tag: str) -> None:
    wrongs: list[dict[str, Any]] = [{"more": "x" * 60_000}, dict.fromkeys(SAMPLES[tag], [])]
    for wrong in wrongs:
        with pytest.raises(Refusal) as refused:
            decode(packed({"t": tag, **SAMPLES[tag], **wrong}, fmt), fmt)
        assert (refused.value.code, refused.value.about) == ("bad_frame", tag)


@pytest.mark.parametrize("fmt", FORMATS)
@pytest.mark.parametrize(
    "data",
    [{}, [], "beat", {"n": 1}, {"t": 7}, {"t": "no.such"}, {"t": "auth.opened"}, {"t": ["beat"]}],
    ids=str,
)
def test_what_has_no_tag_of_ours_is_about_nothing(fmt: Format, data: Any) -> None:
    with pytest.raises(Refusal) as refused:
        decode(packed(data, fmt), fmt)
    assert (refused.value.code, refused.value.about) == ("bad_frame", None)


def test_looking_for_the_tag_goes_no_deeper_than_the_frame_may() -> None:
    """What is wrong is found before what cannot be read."""
    nested = b'{"t": "beat", "m": ' + b"[" * 60_000 + b"]" * 5
    with pytest.raises(Refusal) as refused:
        decode(nested, "json")
    assert (refused.value.code, refused.value.about) == ("bad_frame", None)
    with pytest.raises(Refusal, match="frame_too_large"):
        decode(packed({"t": "beat", "m": "x" * FRAME_MAX_BYTES}, "json"), "json")
