"""The real program in a real terminal, on an account whose every text is hostile: all of it is shown, none of it acts."""

import base64
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support import hostile_account as served
from tests.support.hostile import Hit, counted, hostile_strings, markers, scan
from tests.support.hostile_tour import (
    ESCAPE,
    FEW,
    LOW,
    MANY,
    NARROW,
    WALKS,
    WIDE,
    Tour,
    activity,
    new_job,
    touring,
)


@pytest.mark.parametrize(
    ("walk", "size"),
    # The other walks are in the long suite, with 560 strings: a screen for each string takes most of a minute in all.
    [walk for walk in WALKS if walk[0] is new_job],
    ids=lambda part: getattr(part, "__name__", None),
)
def test_strings_of_every_kind_are_shown_at_every_place_and_nothing_of_them_acts(
    walk: Callable[[Tour], None], size: tuple[int, int], tmp_path: Path
) -> None:
    # Each is a screen of its own: eight are enough for each run.
    with touring(hostile_strings(FEW), tmp_path / "console", size, 8) as tour:
        walk(tour)
        assert tour.leave() == []
        assert_seen(tour)


def assert_seen(tour: Tour) -> None:
    for place, found in tour.seen.items():
        # The wide lists are gone through by the page, and every third row is in a strange state.
        sampled = tour.size == WIDE and place.endswith(("STATUS", "ACTION", "VERDICT", "about"))
        assert sampled or len(found) >= tour.wanted, place


def test_ids_that_are_hostile_are_shown_copied_and_sent_as_text(tmp_path: Path) -> None:
    with touring(hostile_strings(30), tmp_path / "console", LOW, 12) as tour:
        tour.account.hostile_ids, tour.account.rows = True, 12
        tour.press("Q")
        for row in range(12):
            tour.until(lambda row=row: tour.wrong_in_table(served.HELD_WIDE, row))  # type: ignore[misc]
            tour.press("y")
            tour.shows(words="if your terminal allows it")
            tour.press("\r")
            tour.shows(tour.account.string("id", row), words="as in the list")
            tour.note("sent", tour.text)
            tour.press("qj")
        tour.press("g")
        hits = tour.leave()
        copied = re.findall(rb"\x1b\]52;c;([A-Za-z0-9+/=]*)\x07", tour.raw)
    assert len(tour.seen["sent"]) >= 12
    assert {tour.account.string("id", row).marker for row in range(12)} == markers(
        "".join(base64.b64decode(text).decode() for text in copied)
    )
    assert not any(scan(base64.b64decode(text)) for text in copied)
    assert all(hit.near.startswith((b"\x1b]52;c;", b"\x07")) for hit in hits)


@pytest.mark.parametrize("count", [FEW, pytest.param(MANY, marks=pytest.mark.long)])
def test_what_is_pasted_into_the_search_is_shown_as_text(count: int, tmp_path: Path) -> None:
    # A line shows no more than its end, and by its marker a string is known.
    strings = tuple(string for string in hostile_strings(count) if len(string.text) <= 60)
    with touring(strings, tmp_path / "console", NARROW, 50 if count == FEW else 500) as tour:
        tour.press("Q")
        tour.sees("found, all loaded")
        tour.press("/")
        tour.sees("words from:")
        for string in tour.unseen("search line"):
            pasted = string.text.encode("utf-8", "replace").replace(b"\x1b", b"")
            tour.press_bytes(b"\x1b[200~" + pasted + b"\x1b[201~")
            tour.shows(words=string.marker, where=lambda: tour.line(2))
            tour.note("search line", tour.line(2))
            tour.press("\x15")
            tour.sees("words from:…")
        tour.press(ESCAPE)
        assert tour.leave() == []


@pytest.mark.long
@pytest.mark.parametrize("painting", ["changes", "whole lines"])
def test_five_hundred_strings_a_place(painting: str, tmp_path: Path, capsys: Any) -> None:
    # Painted as Textual does, what stands behind an emoji may stand elsewhere: there the columns are not looked at.
    whole = painting == "whole lines"
    walks = [(new_job, WIDE), (activity, NARROW)] if whole else WALKS
    config = "[ui]\npaint_changes_only = false\n" if whole else ""
    places: dict[str, int] = {}
    hits: list[Hit] = []
    for number, (walk, size) in enumerate(walks):
        with touring(hostile_strings(MANY), tmp_path / str(number), size, 500, config) as tour:
            walk(tour)
            hits += tour.leave()
            assert_seen(tour)
        places |= {place: max(places.get(place, 0), len(found)) for place, found in tour.seen.items()}
    with capsys.disabled():
        shown = f"{min(places.values())} to {max(places.values())} strings x {len(places)} places shown"
        print(f"\npainting {painting}: {shown}, {counted(hits)}, 0 crashes")
        print(", ".join(f"{place} {count}" for place, count in sorted(places.items())))
    assert hits == []
