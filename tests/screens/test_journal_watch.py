import os
from pathlib import Path

from tui_app.screens.journal_watch import JournalWatch


def test_a_new_journal_and_one_that_grows_are_news_and_nothing_else_is(tmp_path: Path) -> None:
    shown = tmp_path / "shown.jsonl"
    shown.write_text("{}\n")
    watch = JournalWatch(lambda: tmp_path)
    assert watch.changed([shown.name])
    assert not watch.changed([shown.name])
    shown.write_text("{}\n{}\n")
    assert watch.changed([shown.name])
    before = tmp_path.stat()
    (tmp_path / "new.jsonl").write_text("{}\n")
    if tmp_path.stat().st_mtime_ns == before.st_mtime_ns:  # a folder may keep its times in whole ticks
        os.utime(tmp_path, ns=(before.st_atime_ns, before.st_mtime_ns + 1))
    assert watch.changed([shown.name])
    assert not watch.changed([shown.name])
