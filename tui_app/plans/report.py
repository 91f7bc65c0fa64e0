"""What a plan came to, for the ticket: every id accounted for, the sums checked, the chain named."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from tui_app.core.files import free_path, new_file
from tui_app.core.text import DETAIL_LIMIT, Untrusted, csv_cell, json_text, markdown_escape, sanitize
from tui_app.plans.plan import Target
from tui_app.plans.state import Outcome, PlanState, Result

if TYPE_CHECKING:
    from tui_app.plans.ledger_entry import LedgerEntry
    from tui_app.plans.state import ArrivalCheck

_RELEASED: Final = (Outcome.DELIVERED, Outcome.UNDELIVERED, Outcome.FAILED)
_MOVED: Final = (Outcome.MOVED, Outcome.ALREADY_THERE, Outcome.FAILED)
_NEVER: Final = "it was never sent"


def accounted(state: PlanState) -> list[Result]:
    """One result for each id of the plan, in its order."""
    flying = {target.id for target in state.in_flight}
    rows = []
    for target in state.plan.targets:
        known = state.results_by_id.get(target.id)
        if known is None:
            outcome = Outcome.IN_FLIGHT if target.id in flying else Outcome.NOT_SENT
            known = Result(target, outcome, why=_NEVER if outcome is Outcome.NOT_SENT else "")
        rows.append(known)
    return rows


def told(state: PlanState, known: Mapping[str, Target] | None = None) -> list[Result]:
    """The same, and behind them what was asked for and never was in the plan; `known` is mail by its ids, as far as it is known."""
    out = [(name, why, Outcome.HELD_BACK) for name, why in state.plan.held_back]
    out += [(name, why, Outcome.LEFT_OUT) for name, why in state.plan.unfit]
    return [
        *accounted(state),
        *(Result((known or {}).get(name) or Target(name), outcome, why=why) for name, why, outcome in out),
    ]


def sums_checked(state: PlanState) -> tuple[bool, str]:
    """Whether every id is there once and the sums are those of the rows, and a sentence that says so."""
    rows = accounted(state)
    counted = Counter(row.outcome for row in rows)
    named = {outcome: count for outcome, count in state.outcome_counts().items() if count}
    whole = len({row.target.id for row in rows}) == len(rows) == len(state.plan.targets) == sum(named.values())
    if whole and named == dict(counted):
        return True, "Every id is accounted for, and the numbers add up."
    return False, "The numbers do NOT add up. Keep the journal and report this."


def _sighting(row: Result, arrival: ArrivalCheck | None) -> str:
    return arrival.sightings.get(row.target.id, "") if arrival is not None else ""


def _names(recipients: Sequence[Untrusted]) -> str:
    return " ".join(recipient.detail() for recipient in recipients)


def _told_outcomes(state: PlanState) -> tuple[Outcome, ...]:
    """The outcomes for which an answer names recipients."""
    return _MOVED if state.plan.effect.is_move else _RELEASED


def _columns(state: PlanState) -> tuple[str, ...]:
    return ("id", "outcome", "checked", *(outcome.value for outcome in _told_outcomes(state)), "why")


def _cells(row: Result, state: PlanState) -> list[str]:
    by_recipient = dict(row.by_recipient())
    return [
        sanitize(row.target.id),
        row.outcome.value,
        _sighting(row, state.arrival),
        *(_names(by_recipient.get(outcome, ())) for outcome in _told_outcomes(state)),
        sanitize(row.why, DETAIL_LIMIT),
    ]


def _checked(arrival: ArrivalCheck | None) -> str:
    if arrival is None:
        return "not looked at again"
    return f"{arrival.at.isoformat(timespec='seconds')}: {arrival.describe()}. {arrival.side_effect()}".strip()


def _facts(entry: LedgerEntry) -> list[tuple[str, str]]:
    plan = entry.plan
    included = ", ".join(sanitize(f"{word} for {name}" if name else word) for word, name in plan.included)
    counted = Counter(why for _, why in plan.held_back)
    held_back = ", ".join(f"{count:,} {sanitize(why)}" for why, count in counted.items())
    left_out = ", ".join(f"{count:,} {sanitize(why)}" for why, count in Counter(why for _, why in plan.unfit).items())
    return [
        ("plan", plan.plan_id),
        ("what", plan.effect.describe()),
        ("follows from", sanitize(plan.source.describe() if plan.source is not None else "nothing", 100)),
        ("not before", plan.not_before.isoformat(timespec="seconds") if plan.not_before is not None else "at once"),
        ("account", sanitize(entry.account)),
        ("who", sanitize(entry.origin.describe())),
        ("when", sanitize(entry.made_at)),
        ("why", sanitize(plan.reason, DETAIL_LIMIT)),
        ("included by name", included or "nothing"),
        ("held back by the guard, not in the plan", held_back or "nothing"),
        ("asked for and left out", left_out or "nothing"),
        ("requests", f"{entry.state.requests:,}"),
        ("sent again although it may have been done", "; ".join(map(sanitize, entry.state.resends)) or "nothing"),
        ("what answers told beside what was asked", "; ".join(map(sanitize, entry.state.remarks)) or "nothing"),
        ("seen afterwards", _checked(entry.state.arrival)),
        ("SHA-256 of the plan", plan.digest),
        ("journal", sanitize(entry.file)),
        ("doubts about the journal", sanitize(" ".join(entry.doubts), DETAIL_LIMIT) or "none"),
        ("link of the chain", entry.state.head),
    ]


def as_markdown(entry: LedgerEntry) -> str:
    """The report as Markdown, for a ticket."""
    state = entry.state
    whole, sentence = sums_checked(state)
    lines = [f"# {entry.plan.effect.title}, plan {entry.plan.plan_id}: {_ended(entry)}", ""]
    lines += [f"- {name}: {markdown_escape(text, in_table=False)}" for name, text in _facts(entry)]
    lines += ["", "| outcome | messages |", "|---|---:|"]
    lines += [f"| {outcome.value} | {count:,} |" for outcome, count in state.outcome_counts().items() if count]
    lines += [
        f"| **all** | **{len(state.plan.targets):,}** |",
        "",
        f"{'' if whole else '**'}{sentence}{'' if whole else '**'}",
        "",
    ]
    columns = _columns(state)
    lines += [f"| {' | '.join(columns)} |", "|---" * len(columns) + "|"]
    lines += [f"| {' | '.join(map(markdown_escape, _cells(row, state)))} |" for row in accounted(state)]
    for heading, taken_out in (("held back by the guard", entry.plan.held_back), ("left out", entry.plan.unfit)):
        if taken_out:
            lines += ["", f"| {heading}, never in the plan | why |", "|---|---|"]
            lines += [
                f"| {markdown_escape(sanitize(name))} | {markdown_escape(sanitize(why))} |" for name, why in taken_out
            ]
    return "\n".join(lines) + "\n"


def _ended(entry: LedgerEntry) -> str:
    if entry.damaged:
        return f"its journal is damaged ({entry.damaged})"
    return (
        "unfinished" if entry.state.unfinished else "finished" if entry.state.finished else "closed, not all was sent"
    )


def as_csv(entry: LedgerEntry) -> str:
    """The report as CSV: a line an id."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow((*_columns(entry.state), "uid"))
    uid = "" if entry.origin.uid is None else str(entry.origin.uid)
    writer.writerows([csv_cell(cell) for cell in (*_cells(row, entry.state), uid)] for row in told(entry.state))
    return out.getvalue()


def result_json(row: Result, arrival: ArrivalCheck | None = None, *, moved: bool = False) -> dict[str, Any]:
    """The API's item of a release, or what a move did to each recipient, and under our own name the outcome that we read from
    it and what is known of the mail.
    """
    target = row.target
    ours: dict[str, Any] = {"outcome": row.outcome.value, "why": row.why, "checked": _sighting(row, arrival)}
    if target.sender or target.disposition or target.recipients:
        ours |= {
            "verdict": str(target.disposition or ""),
            "sender": target.sender.exact,
            "subject": target.subject.exact,
            "recipients": [recipient.exact for recipient in target.recipients],
        }
    by_recipient = dict(row.by_recipient())
    outcomes = _MOVED if moved else _RELEASED
    return {
        "id": target.id,
        **{
            outcome.value.replace(" ", "_"): [name.exact for name in by_recipient.get(outcome, ())]
            for outcome in outcomes
        },
        "mailsluice": ours,
    }


def _checked_json(arrival: ArrivalCheck | None) -> dict[str, Any] | None:
    if arrival is None:
        return None
    counted = Counter(sighting.value for sighting in arrival.sightings.values())
    return {
        "at": arrival.at.isoformat(),
        "wanted": arrival.wanted,
        "seen": dict(counted),
        "allowed": sorted(arrival.allowed),
    }


def entry_json(entry: LedgerEntry) -> dict[str, Any]:
    """A plan in the ledger, without its messages."""
    whole, _ = sums_checked(entry.state)
    return {
        "plan": entry.plan.plan_id,
        "account": entry.account,
        "action": entry.plan.action,
        "destination": entry.plan.effect.destination,
        "source": None
        if (source := entry.plan.source) is None
        else {"relation": source.relation, "kind": source.kind, "name": source.name},
        "not_before": None if entry.plan.not_before is None else entry.plan.not_before.isoformat(),
        "reason": entry.plan.reason,
        "included": [{"word": word, "id": name} for word, name in entry.plan.included],
        "held_back": [{"id": name, "why": why} for name, why in entry.plan.held_back],
        "left_out": [{"id": name, "why": why} for name, why in entry.plan.unfit],
        "remarks": list(entry.state.remarks),
        "user": entry.origin.user,
        "uid": entry.origin.uid,
        "host": entry.origin.host,
        "login": entry.origin.login,
        "sudo_user": entry.origin.sudo_user,
        "ssh_client": entry.origin.ssh_client,
        "at": entry.made_at,
        "messages": len(entry.plan.targets),
        "sums": {outcome.value: count for outcome, count in entry.state.outcome_counts().items() if count},
        "sums_add_up": whole,
        "unfinished": entry.state.unfinished,
        "closed": entry.state.closed,
        "checked": _checked_json(entry.state.arrival),
        "resends": list(entry.state.resends),
        "damaged": entry.damaged,
        "doubts": list(entry.doubts),
        "digest": entry.plan.digest,
        "journal": entry.file,
        "chain": entry.state.head,
    }


def as_json(entry: LedgerEntry) -> str:
    """The report as JSON."""
    return (
        json_text(
            entry_json(entry)
            | {
                "results": [
                    result_json(row, entry.state.arrival, moved=entry.plan.effect.is_move)
                    for row in accounted(entry.state)
                ]
            }
        )
        + "\n"
    )


FORMATS: Final[dict[str, Callable[[LedgerEntry], str]]] = {".md": as_markdown, ".csv": as_csv, ".json": as_json}
"""How a report is written, by the ending of its file."""


def write_all(entry: LedgerEntry) -> list[str]:
    """Write the report in all formats where the program was started; the names of the files. Raises SluiceError."""
    written = []
    for suffix, render in FORMATS.items():
        path = free_path(f"plan-{entry.plan.plan_id}", suffix)
        new_file(path, render(entry))
        written.append(path.name)
    return written
