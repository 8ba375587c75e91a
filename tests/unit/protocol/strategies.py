"""Hypothesis strategies for whatever the protocol's Structs say, and their plain form."""

from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from protocol import types

CROCKFORD = "0123456789abcdefghjkmnpqrstvwxyz"
WORD = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_-"
TEXT_MAX = 40

PREFIXES = st.sampled_from(["men", "per", "con", "room", "ab"])


def _id(prefix: str, number: int) -> str:
    return f"{prefix}_" + "".join(CROCKFORD[(number >> shift) & 31] for shift in range(0, 130, 5))


IDS = st.builds(_id, PREFIXES, st.integers(0, 2**130 - 1))
CLIENT_IDS = st.text(WORD, min_size=8, max_size=10) | st.sampled_from(["x" * 64, "_-" * 10])


def values(hint: Any) -> SearchStrategy[Any]:
    """Values of a type as msgspec understands it: Structs, scalars with Meta, and their unions."""
    if hint == types.Id:
        return IDS
    if hint == types.ClientId:
        return CLIENT_IDS
    origin, args = get_origin(hint), get_args(hint)
    if origin is Annotated:
        base, meta = args
        if base is int:
            return st.integers(meta.ge, meta.le)
        if base is str and meta.pattern:
            # The look-ahead forbids the line feed that Python's `$` lets through.
            return st.from_regex(meta.pattern.replace("(?!\n)", ""), fullmatch=True).filter(
                lambda text: "\n" not in text
            )
        return values(base)
    if origin is Literal:
        return st.sampled_from(args)
    if origin is tuple and args[-1] is not Ellipsis:
        return st.tuples(*map(values, args))
    if origin is tuple:
        return st.lists(values(args[0]), max_size=2).map(tuple)
    if origin is dict:
        return st.dictionaries(values(args[0]), values(args[1]), max_size=3)
    if origin in (Union, UnionType):
        return st.one_of(*map(values, args))
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        fields = get_type_hints(hint, include_extras=True)
        return st.builds(hint, **{name: values(fields[name]) for name in hint.__struct_fields__})
    plain: dict[Any, SearchStrategy[Any]] = {
        str: st.text(max_size=TEXT_MAX),
        bool: st.booleans(),
        int: st.integers(0, types.INT_MAX),
        type(None): st.none(),
    }
    return plain[hint]


def plain(value: Any) -> Any:
    """What another implementation would hold: dicts, lists and scalars, the tag under `t`."""
    if isinstance(value, msgspec.Struct):
        tag = value.__struct_config__.tag
        fields = msgspec.structs.fields(value)
        left_out = {
            each.name
            for each in fields
            if value.__struct_config__.omit_defaults and getattr(value, each.name) == each.default
        }
        named = {
            each.name: plain(getattr(value, each.name))
            for each in fields
            if each.name not in left_out
        }
        return named if tag is None else {"t": tag, **named}
    if isinstance(value, tuple):
        return [plain(each) for each in value]
    if isinstance(value, dict):
        return {name: plain(each) for name, each in value.items()}
    return value
