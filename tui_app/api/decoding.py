"""From bytes to envelopes: strict about what would mislead, tolerant of the rest."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, NoReturn, TypeVar

import msgspec
from pydantic import ValidationError
from pydantic_core import from_json

from tui_app.api.errors import Notice
from tui_app.api.wire_values import SchemaError
from tui_app.core.clock import no_yield
from tui_app.core.text import Untrusted

T = TypeVar("T")


class DecodeError(Exception):
    """The bytes make no sense; the text says what is wrong with them. `too_large`: a smaller page may fit."""

    def __init__(self, why: str, *, too_large: bool = False) -> None:
        super().__init__(why)
        self.too_large = too_large


@dataclass(frozen=True, slots=True)
class Envelope:
    """An answer's envelope. `result` is plain JSON data, or, if `typed`, a list of structs that were decoded at once."""

    success: bool
    result: Any
    errors: tuple[Notice, ...]
    messages: tuple[Notice, ...]
    result_info: dict[str, Any]
    typed: bool = False

    @property
    def partial(self) -> bool:
        """Whether something of the result is not there, though it is a success: it names errors."""
        return self.success and bool(self.errors)


MAX_ITEMS: Final = 10_000
"""Items of one list; ten times the largest page that is asked for."""
SLICE: Final = 100
TYPED_SLICE: Final = 500
"""Items that are read before somebody else may have a turn: a third of a millisecond."""
MAX_DEPTH: Final = 200
MAX_PARTS: Final = 400_000
"""Commas in a body, and a quarter of that of objects and lists: a page of 1,000 rows has about 40,000 of the one and 6,000 of the other."""
_FEW_PARTS: Final = 2 * 1024 * 1024
"""Bytes in which there can't be too many parts for rows, whose strings are all that is made of them."""
MAX_NOTICES: Final = 20
_LONGEST_CODE: Final = 10**9


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _depth(data: Any) -> int:
    """How deep lists and objects are nested, without recursion."""
    deepest, open_ones = 0, [(data, 1)]
    while open_ones:
        inside, level = open_ones.pop()
        deepest = max(deepest, level)
        children = inside.values() if isinstance(inside, dict) else inside if isinstance(inside, list) else ()
        open_ones += [(child, level + 1) for child in children if isinstance(child, (dict, list))]
    return deepest


_CHUNK: Final = 64 * 1024


def _has_many_parts(body: bytes) -> bool:
    return body.count(b",") > MAX_PARTS or body.count(b"{") + body.count(b"[") > MAX_PARTS // 4


def _has_many_parts_outside_strings(body: bytes) -> bool:
    """The same for what is not in a string: a subject may be full of brackets. Takes little memory, whatever the body is."""
    clear = body.replace(b"\\\\", b"").replace(b'\\"', b"")
    commas = containers = inside = 0
    for start in range(0, len(clear), _CHUNK):
        pieces = clear[start : start + _CHUNK].split(b'"')
        outside = b"".join(pieces[inside::2])
        commas += outside.count(b",")
        containers += outside.count(b"{") + outside.count(b"[")
        if commas > MAX_PARTS or containers > MAX_PARTS // 4:
            return True
        inside ^= (len(pieces) - 1) & 1
    return False


def parse_json(body: bytes) -> Any:
    """JSON data from bytes. Raises DecodeError for anything else: HTML, cut text, NaN, endless nesting, bad UTF-8."""
    if _has_many_parts(body) and _has_many_parts_outside_strings(body):
        # A small body can be a large tree: eight megabytes of empty lists would be half a gigabyte.
        raise DecodeError("the answer has too many parts", too_large=True)
    try:
        # Nesting beyond 200 is refused in here.
        return from_json(body, allow_inf_nan=False, cache_strings="keys")
    except ValueError:
        pass
    try:
        # One half of a surrogate pair is all that this reader lets in and the quick one does not: one odd subject must
        # not hide the thousand mails around it.
        data = json.loads(body.decode("utf-8"), parse_constant=_no_constant)
        if _depth(data) <= MAX_DEPTH:
            return data
    except (ValueError, RecursionError):
        pass
    start = body[:60].decode("utf-8", "replace")
    kind = "an HTML page" if "<" in start[:20] else "not JSON" if body else "empty"
    raise DecodeError(f"the answer is {kind}")


def _notices(items: Any) -> tuple[Notice, ...]:
    found: list[Notice] = []
    for item in items[:MAX_NOTICES] if isinstance(items, list) else ():
        if not isinstance(item, dict):
            found.append(Notice(None, Untrusted.of(item)))
            continue
        source = item.get("source")
        pointer = source.get("pointer") if isinstance(source, dict) else None
        code, link = item.get("code"), item.get("documentation_url")
        found.append(
            Notice(
                code if isinstance(code, int) and abs(code) <= _LONGEST_CODE else None,
                Untrusted.of(item.get("message") or ""),
                Untrusted.of(pointer) if pointer else None,
                Untrusted.of(link) if link else None,
            )
        )
        found += _notices(item.get("error_chain"))
    return tuple(found[:MAX_NOTICES])


def parse_envelope(body: bytes) -> Envelope:
    """The envelope of an answer. Raises DecodeError when it is none."""
    data = parse_json(body)
    if not isinstance(data, dict) or "success" not in data:
        raise DecodeError("the answer is not a Cloudflare envelope")
    return _envelope(data)


def _envelope(data: dict[str, Any], *, typed: bool = False) -> Envelope:
    info = data.get("result_info")
    return Envelope(
        typed=typed,
        success=data["success"] is True,
        result=data.get("result"),
        errors=_notices(data.get("errors")),
        messages=_notices(data.get("messages")),
        result_info=info if isinstance(info, dict) else {},
    )


_NULL: Final = msgspec.Raw(b"null")
_AROUND: Final = ("errors", "messages", "result_info")


def typed_envelope(row: type[msgspec.Struct]) -> Callable[[bytes], Envelope]:
    """A reader of envelopes whose `result` is a list of such rows.

    It takes the documented types only and skips what has no name in a row. All else is read by `parse_envelope`, which is
    four times slower and says what is wrong, if anything is.
    """
    fields: list[tuple[str, Any] | tuple[str, Any, Any]] = [("success", bool)]
    fields += [("result", list[row])]  # type: ignore[valid-type]
    fields += [(name, msgspec.Raw, _NULL) for name in _AROUND]
    decode = msgspec.json.Decoder(msgspec.defstruct("Page", fields, gc=False)).decode

    def parse(body: bytes) -> Envelope:
        if len(body) > _FEW_PARTS and _has_many_parts(body):
            return parse_envelope(body)
        try:
            if not body.isascii():
                # The decoder does not look into the strings that it skips.
                body.decode("utf-8")
            page: Any = decode(body)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return parse_envelope(body)
        told = {name: parse_json(bytes(getattr(page, name))) for name in _AROUND}
        return _envelope({"success": page.success, "result": page.result, **told}, typed=True)

    return parse


def read_one(read: Callable[[Any], T], data: Any) -> T:
    """One object. Raises DecodeError naming the field that is wrong, never its value."""
    try:
        return read(data)
    except (ValidationError, SchemaError) as error:
        raise DecodeError(f"the answer is not understood: {_where(error)}") from None


def read_many(read: Callable[[Any], T], data: Any, yield_to_ui: Callable[[], None] = no_yield) -> tuple[T, ...]:
    """A list of objects; null is an empty list. `yield_to_ui` is called after each hundred of many. Raises DecodeError."""
    return _read_slices(lambda items: [read(item) for item in items], data, yield_to_ui)


def read_readable(read: Callable[[Any], T], data: Any, yield_to_ui: Callable[[], None] = no_yield) -> tuple[T, ...]:
    """As `read_many`, without the objects that can't be read: one of them must not hide the others.

    Raises DecodeError where none can: then it is the list that is not understood.
    """
    wrong: list[ValidationError | SchemaError] = []

    def read_slice(items: list[Any]) -> list[T]:
        found = []
        for item in items:
            try:
                found.append(read(item))
            except (ValidationError, SchemaError) as error:
                wrong.append(error)
        return found

    found = _read_slices(read_slice, data, yield_to_ui)
    if wrong and not found:
        raise DecodeError(f"the answer is not understood: {_where(wrong[0])}")
    return found


def read_rows(
    tolerant: Callable[[Any], T],
    of_raw: Callable[[Any], list[T]],
    envelope: Envelope,
    yield_to_ui: Callable[[], None] = no_yield,
) -> tuple[T, ...]:
    """Rows of an envelope, typed or not; as `read_readable`."""
    if envelope.typed:
        return _read_slices(of_raw, envelope.result, yield_to_ui, TYPED_SLICE)
    return read_readable(tolerant, envelope.result, yield_to_ui)


def _read_slices(
    read: Callable[[list[Any]], list[T]], data: Any, yield_to_ui: Callable[[], None], size: int = SLICE
) -> tuple[T, ...]:
    if data is None:
        return ()
    if not isinstance(data, list):
        raise DecodeError("the answer is not understood: result is not a list")
    if len(data) > MAX_ITEMS:
        raise DecodeError(f"the answer has more than {MAX_ITEMS:,} items", too_large=True)
    try:
        found = read(data[:size])
        for start in range(size, len(data), size):
            yield_to_ui()
            found += read(data[start : start + size])
        return tuple(found)
    except (ValidationError, SchemaError) as error:
        raise DecodeError(f"the answer is not understood: {_where(error)}") from None


def _where(error: ValidationError | SchemaError) -> str:
    if isinstance(error, SchemaError):
        return str(error)
    first = error.errors(include_input=False, include_url=False, include_context=False)[0]
    field = ".".join(str(part) for part in first["loc"])
    return (
        f"{error.title}: {field} is {first['type'].replace('_', ' ')}" if field else f"{error.title} is not an object"
    )
