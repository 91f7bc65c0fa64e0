"""What a drill says on the terminal: the task before, the verdict behind it."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

from tui_app.core.text import plural
from tui_app.drills.presses import PressCount, Step, Typed, count_of
from tui_app.key_map import shown

if TYPE_CHECKING:
    from tui_app.drills.drill import Drill
    from tui_app.drills.scene import Scene
    from tui_app.drills.verdict import Verdict

_WIDTH: Final = 78
_LABEL: Final = 12


def _labelled(label: str, text: str) -> str:
    """A paragraph behind its label."""
    return textwrap.fill(
        text, _WIDTH, initial_indent=f"{label:{_LABEL}}", subsequent_indent=" " * _LABEL, break_on_hyphens=False
    )


def _listed(sentences: Iterable[str], mark: str) -> list[str]:
    return [
        textwrap.fill(sentence, _WIDTH, initial_indent=mark, subsequent_indent=" " * len(mark), break_on_hyphens=False)
        for sentence in sentences
    ]


def task_text(drill: Drill, scene: Scene) -> str:
    """The task, before the console opens."""
    return "\n".join(
        [
            drill.title,
            "",
            _labelled("Happened", drill.happened(scene)),
            _labelled("Wanted", drill.wanted(scene)),
            _labelled("Not wanted", drill.forbidden),
            _labelled("Where", f"? shows the keys of a screen. {drill.where}"),
            _labelled(
                "The end", "ctrl+q, when all is done and told on the screen. Then it is judged. Nothing is real."
            ),
            "",
        ]
    )


def way_text(way: Sequence[Step]) -> str:
    """Keys as they are pressed; text stands in quotation marks."""
    return "  ".join(f"“{step.named or step.text}”" if isinstance(step, Typed) else shown(step) for step in way)


def _duration(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"


def _compared(used: PressCount, best: PressCount) -> str:
    if used.keys == best.keys:
        keys = f"{used.keys:,}, as many as the best known way"
    else:
        keys = f"{used.keys:,}; the best known way takes {best.keys:,}"
    pasted = f", and {plural(used.pastes, 'paste')}" if used.pastes else ""
    return f"{keys}. {plural(used.letters, 'character')} typed into fields{pasted}; {best.letters:,} there."


def verdict_text(
    drill: Drill, scene: Scene, verdict: Verdict, used: PressCount, seconds: float, *, seed: int, dropped: bool
) -> str:
    """How it went, by what reached the account, and what would have been the shortest way."""
    way = drill.best_way(scene)
    done = [*verdict.done]
    if drill.drops:
        done.append("The line dropped once." if dropped else "It was left before the line dropped.")
    command = f"mailsluice demo --drill {drill.name} --seed {seed}"
    again = [] if verdict.right else [_labelled("  Again", f"{command}; another seed makes other data")]
    return "\n".join(
        [
            "",
            f"{'RIGHT' if verdict.right else 'NOT RIGHT'}   {drill.title}, seed {seed}",
            *_listed(done, "  "),
            *_listed(verdict.wrong, "  ✗ "),
            "",
            _labelled("  Keys", _compared(used, count_of(way))),
            _labelled("  Time", f"{_duration(seconds)} with the console open"),
            _labelled("  Best way", way_text(way)),
            *again,
        ]
    )
