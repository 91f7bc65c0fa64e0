"""What a plan came to, for the ticket: every id accounted for, the sums checked, the exceptions first, the chain named."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from tui_app.core.clock import rfc3339
from tui_app.core.files import free_path, new_file
from tui_app.core.markdown import fact, heading, table
from tui_app.core.text import DETAIL_LIMIT, Untrusted, csv_cell, json_text, markdown_escape, plural, sanitize
from tui_app.plans.plan import Target
from tui_app.plans.records import counts_of
from tui_app.plans.state import ALL_DONE, WORST_FIRST, WRONG, Outcome, PlanState, Result
from tui_app.plans.submission import describe_report
from tui_app.plans.write_entry import write_json

if TYPE_CHECKING:
    from tui_app.plans.ledger_entry import LedgerEntry, PlanSummary
    from tui_app.plans.plan import Plan
    from tui_app.plans.state import ArrivalCheck
    from tui_app.plans.write_entry import WriteEntry

_RELEASED: Final = (Outcome.DELIVERED, Outcome.UNDELIVERED, Outcome.FAILED)
_MOVED: Final = (Outcome.MOVED, Outcome.ALREADY_THERE, Outcome.FAILED)
_NEVER: Final = "it was never sent"
_WHY: Final = 200
"""Characters of a reason in a table of sums."""
_GROUPS: Final = 12
"""Reasons, domains and verdicts that the page names."""
_EXCEPTIONS: Final = 200
"""Messages that are listed one by one in Markdown."""
_ALL_LISTED: Final = 50
"""Messages of a plan that are all listed in Markdown."""


Advice = Callable[[str], str]
"""What to do about a failure, by its exact words, where trying again can't help; empty where it can."""


def no_advice(reason: str) -> str:
    """Trying again may help, whatever the reason."""
    return ""


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
    return f"{rfc3339(arrival.at)}: {arrival.describe()}."


# ---- a page for a person


def is_exception(row: Result, arrival: ArrivalCheck | None = None) -> bool:
    """Whether somebody has to look at a message: it was not done in full, or was seen otherwise afterwards."""
    return row.outcome not in ALL_DONE or _sighting(row, arrival) in WRONG


def _exceptions(state: PlanState) -> list[Result]:
    """What somebody has to look at, also what never was in the plan; the worst first."""
    rows = [row for row in told(state) if is_exception(row, state.arrival)]
    return sorted(rows, key=lambda row: WORST_FIRST.index(row.outcome))


def _next_step(outcome: Outcome, without_hope: str, entry: LedgerEntry) -> str:
    """What to do about messages with an outcome; empty where their reason has to say it.

    `without_hope` = what to do where a retry would hold them back.
    """
    name = entry.name
    if without_hope:
        return without_hope
    match outcome:
        case Outcome.UNKNOWN | Outcome.IN_FLIGHT:
            return f"mailsluice ledger settle {name}"
        case Outcome.NOT_SEEN | Outcome.NOT_SEEN_MOVED:
            return f"mailsluice ledger settle {name}; sent again it may be done twice"
        case Outcome.NOT_SENT:
            return "nothing: the plan is closed" if entry.closed else f"mailsluice ledger resume {name}"
        case Outcome.FAILED | Outcome.REFUSED | Outcome.PARTLY_MOVED:
            return f"mailsluice retry {name}"
    return ""


def _grouped(rows: Sequence[Result], entry: LedgerEntry, advice: Advice) -> list[str]:
    """The exceptions by outcome and reason, so many of each, and what to do next."""
    # A retry holds back what failed without hope, and nothing else.
    counted = Counter(
        (row.outcome, sanitize(row.why, _WHY), advice(row.why) if row.outcome is Outcome.FAILED else "") for row in rows
    )
    groups = sorted(counted.items(), key=lambda pair: (WORST_FIRST.index(pair[0][0]), -pair[1], pair[0][1:]))
    lines = table(
        ("messages", "outcome", "why", "next"),
        (
            (f"{count:,}", outcome.value, why, _next_step(outcome, without_hope, entry))
            for (outcome, why, without_hope), count in groups[:_GROUPS]
        ),
        numbers=1,
    )
    if rest := groups[_GROUPS:]:
        more = (
            f"{plural(sum(count for _, count in rest), 'message')} for {plural(len(rest), 'other reason')}: see below."
        )
        lines += ["", more]
    return lines


def describe_follower(plan: PlanSummary) -> str:
    """A plan that follows from another one, or from a job, in a line of safe text."""
    source = plan.source
    relation = f"{source.relation} of {source.kind} {sanitize(source.name[:8])}" if source is not None else "follows"
    made = rfc3339(plan.at) if plan.at is not None else sanitize(plan.made_at, 40)
    standing = "unfinished, " if plan.unfinished else ""
    sums = f"{plan.effect.describe()}: {standing}{plan.describe() or 'nothing'}"
    return f"{relation} · plan {plan.name} · {sums} · {sanitize(plan.origin.who)} · {made}"


def _counts(pairs: Sequence[tuple[str, int]]) -> str:
    more = f", and {len(pairs) - _GROUPS:,} more" if len(pairs) > _GROUPS else ""
    return ", ".join(f"{count:,} {name}" for name, count in pairs[:_GROUPS]) + more


def _mail_facts(plan: Plan) -> list[tuple[str, str]]:
    """What is kept of the mail beside its ids; earlier versions kept nothing."""
    counts = counts_of(plan)
    if not counts.verdicts:
        return [("senders and verdicts", "not kept")]
    return [("verdicts", _counts(counts.verdicts)), ("sender domains", _counts(counts.domains))]


def _facts(entry: LedgerEntry, followed: Sequence[PlanSummary], reports: Sequence[WriteEntry]) -> list[tuple[str, str]]:
    plan, state, source = entry.plan, entry.state, entry.plan.source
    included = ", ".join(sanitize(f"{word} for {name}" if name else word) for word, name in plan.included)
    held_back, left_out = (
        _counts(Counter(sanitize(why) for _, why in out).most_common()) for out in (plan.held_back, plan.unfit)
    )
    made = rfc3339(entry.at) if entry.at is not None else sanitize(entry.made_at)
    told = [
        ("plan", plan.plan_id),
        ("what", plan.effect.describe()),
        ("what users see", plan.effect.consequence),
        ("why", sanitize(plan.reason, DETAIL_LIMIT)),
        ("found by", sanitize(plan.search, DETAIL_LIMIT)),
        ("follows from", "" if source is None else f"{source.relation} of {source.kind} {sanitize(source.name, 100)}"),
        *(("followed by", describe_follower(each)) for each in followed),
        *(("reported to Cloudflare", _describe_report(each)) for each in reports),
        ("who", sanitize(entry.origin.describe())),
        ("account", sanitize(entry.account)),
        ("made", made),
        ("not before", rfc3339(plan.not_before) if plan.not_before is not None else ""),
        ("first request", rfc3339(entry.first_sent_at) if entry.first_sent_at is not None else "none was sent"),
        ("last answer", rfc3339(entry.answered_at) if entry.answered_at is not None else "none"),
        ("requests", f"{state.requests:,}"),
        *_mail_facts(plan),
        ("included by name", included),
        ("held back by the guard, not in the plan", held_back),
        ("asked for and left out", left_out),
        ("sent again although it may have been done", "; ".join(map(sanitize, state.resends))),
        ("what answers told beside what was asked", "; ".join(map(sanitize, state.remarks)) or "nothing"),
        ("seen afterwards", _checked(state.arrival)),
        ("allow list", " ".join(state.arrival.side_effects()) if state.arrival is not None else ""),
        ("SHA-256 of the plan", plan.digest),
        ("journal", sanitize(entry.file)),
        ("doubts about the journal", sanitize(" ".join(entry.doubts), DETAIL_LIMIT) or "none"),
        ("link of the chain", state.head),
    ]
    return [(name, text) for name, text in told if text]


def _describe_report(entry: WriteEntry) -> str:
    """A report of its mail in a line of safe text."""
    made = rfc3339(entry.at) if entry.at is not None else sanitize(entry.made_at, 40)
    return f"{describe_report(entry)} · {entry.name} · {sanitize(entry.origin.who)} · {made}"


def as_markdown(
    entry: LedgerEntry,
    followed: Sequence[PlanSummary] = (),
    advice: Advice = no_advice,
    reports: Sequence[WriteEntry] = (),
) -> str:
    """The report as Markdown, for a ticket: a page, then what has to be looked at, message by message.

    `followed` = its retries and undos; `advice` = what to do where a retry can't help; `reports` = what of its
    mail was reported to the service.
    """
    state, exceptions = entry.state, _exceptions(entry.state)
    whole, sentence = sums_checked(state)
    bold, beside = "" if whole else "**", plural(len(state.remarks), "thing")
    lines = [
        heading(f"{entry.plan.effect.title} · plan {entry.plan.plan_id} · {_ended(entry)}"),
        "",
        f"**{plural(len(state.plan.targets), 'message')}: {_sums(state)}.** {bold}{sentence}{bold}",
        "",
        # What it was stands among the facts, where a paste of the page takes no id out of it.
        *([f"**Look at what answers told beside what was asked: {beside}, below.**", ""] if state.remarks else []),
        *(_grouped(exceptions, entry, advice) if exceptions else []),
        *([] if exceptions or state.remarks else ["Nothing has to be looked at."]),
        "",
        *(fact(name, text) for name, text in _facts(entry, followed, reports)),
        "",
    ]
    return "\n".join([*lines, *_messages(entry, exceptions)]) + "\n"


def _sums(state: PlanState) -> str:
    counts = state.outcome_counts()
    return ", ".join(f"{counts[outcome]:,} {outcome.value}" for outcome in WORST_FIRST if counts.get(outcome))


def _messages(entry: LedgerEntry, exceptions: Sequence[Result]) -> list[str]:
    """The messages one by one: all of a small plan; of others those that have to be looked at, as far as they can be read."""
    state, name = entry.state, entry.plan.plan_id
    everything = told(state)
    if len(everything) <= _ALL_LISTED:
        rows = sorted(everything, key=lambda row: WORST_FIRST.index(row.outcome))
        return [heading("All messages", 2), "", *_rows(rows, state)]
    where = f"mailsluice report {name} --output plan-{name}.csv"
    told_where = f"All {len(everything):,} ids with their outcomes: {markdown_escape(where, in_table=False)}"
    if not exceptions:
        return [told_where]
    more = len(exceptions) - _EXCEPTIONS
    return [
        heading("What has to be looked at", 2),
        "",
        *_rows(exceptions[:_EXCEPTIONS], state),
        *(["", f"{more:,} more of these are in the CSV."] if more > 0 else []),
        "",
        told_where,
    ]


def _rows(rows: Sequence[Result], state: PlanState) -> list[str]:
    return table(_columns(state), (_cells(row, state) for row in rows))


def _ended(entry: LedgerEntry) -> str:
    if entry.damaged:
        return f"its journal is damaged ({sanitize(entry.damaged)})"
    if entry.state.unfinished:
        return "unfinished"
    if not entry.state.finished:
        return "closed, not all was sent"
    return "finished" if not _exceptions(entry.state) else "finished with exceptions"


# ---- for programs


def as_csv(
    entry: LedgerEntry,
    followed: Sequence[PlanSummary] = (),
    advice: Advice = no_advice,
    reports: Sequence[WriteEntry] = (),
) -> str:
    """The report as CSV: a line an id. What followed and what to do next are not in it; nor are reports, which JSON has."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow((*_columns(entry.state), "uid"))
    uid = "" if entry.origin.uid is None else str(entry.origin.uid)
    writer.writerows([csv_cell(cell) for cell in (*_cells(row, entry.state), uid)] for row in told(entry.state))
    return out.getvalue()


def result_json(
    row: Result, arrival: ArrivalCheck | None = None, *, moved: bool = False, odd: str = ""
) -> dict[str, Any]:
    """The API's item of a release, or what a move did to each recipient, and under our own name the outcome that we read from
    it and what is known of the mail; `odd` = what is not as in the others.
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
    if odd:
        ours["odd"] = odd
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
        "first_request": None if entry.first_sent_at is None else rfc3339(entry.first_sent_at),
        "last_answer": None if entry.answered_at is None else rfc3339(entry.answered_at),
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


def follower_json(plan: PlanSummary) -> dict[str, Any]:
    """A plan that follows from another one, or from a job."""
    source = plan.source
    return {
        "plan": plan.plan_id,
        "relation": source.relation if source is not None else "",
        "of": source.name if source is not None else "",
        "action": plan.effect.action,
        "destination": plan.effect.destination,
        "messages": plan.messages,
        "sums": {outcome.value: count for outcome, count in plan.outcomes.items() if count},
        "unfinished": plan.unfinished,
        "reason": plan.reason,
        "at": plan.made_at,
        "user": plan.origin.user,
        "host": plan.origin.host,
    }


def as_json(
    entry: LedgerEntry,
    followed: Sequence[PlanSummary] = (),
    advice: Advice = no_advice,
    reports: Sequence[WriteEntry] = (),
) -> str:
    """The report as JSON. What is known of the mail is in it as counts alone; what to do next is not in it."""
    counts = counts_of(entry.plan)
    return (
        json_text(
            entry_json(entry)
            | {
                "search": entry.plan.search,
                "followed_by": [follower_json(plan) for plan in followed],
                "reports": [write_json(report) for report in reports],
                "verdicts": dict(counts.verdicts) or None,
                "sender_domains": dict(counts.domains) or None,
                "results": [
                    result_json(row, entry.state.arrival, moved=entry.plan.effect.is_move)
                    for row in accounted(entry.state)
                ],
            }
        )
        + "\n"
    )


FORMATS: Final[dict[str, Callable[..., str]]] = {".md": as_markdown, ".csv": as_csv, ".json": as_json}
"""How a report is written, by the ending of its file; all take the same."""


def write_all(
    entry: LedgerEntry,
    followed: Sequence[PlanSummary] = (),
    advice: Advice = no_advice,
    reports: Sequence[WriteEntry] = (),
) -> list[str]:
    """Write the report in all formats where the program was started; the names of the files. Raises SluiceError."""
    written = []
    for suffix, render in FORMATS.items():
        path = free_path(f"plan-{entry.plan.plan_id}", suffix)
        new_file(path, render(entry, followed, advice, reports))
        written.append(path.name)
    return written
