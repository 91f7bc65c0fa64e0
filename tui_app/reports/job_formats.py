"""The report of a job in a file: a page for the ticket, and its failed and skipped rows for programs."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tui_app.api.enums import Destination, RowStatus
from tui_app.api.wire_values import moment, readable, without_our_name
from tui_app.core.clock import rfc3339
from tui_app.core.files import new_file
from tui_app.core.markdown import fact, heading, table
from tui_app.core.text import DETAIL_LIMIT, Untrusted, csv_cell, json_text, markdown_escape, plural, sanitize
from tui_app.jobs.progress import describe_action, describe_search
from tui_app.plans.effect import CONSEQUENCES
from tui_app.plans.report import describe_follower, follower_json
from tui_app.plans.write_entry import CREATE, DELETE, write_json
from tui_app.reports.job import NOT_TRIED, JobReport, reason_of

if TYPE_CHECKING:
    from tui_app.api.rows import JobMessage
    from tui_app.plans.write_entry import WriteEntry

_LISTED: Final = 200
"""Rows that are listed in Markdown."""
_REASONS: Final = 20
"""Reasons that the page names."""
_FIELDS: Final = 50
"""Fields of a search that the page names."""
_LONGEST: Final = 2_000
"""Characters of a value that a server or an operator wrote."""
_WHY: Final = 200
"""Characters of a reason in a table."""
_COUNTERS: Final = (
    ("completed", "messages_successful", ("COMPLETED",)),
    ("failed", "messages_failed", ("FAILED",)),
    ("skipped", "messages_skipped", ("SKIPPED",)),
    ("cancelled", "messages_cancelled", ("CANCELLED",)),
    ("pending", "messages_pending", ("PENDING", "PROCESSING", "DISCOVERING")),
)
"""Each counter of a job, and the states of rows that it counts."""
_COLUMNS: Final = (
    "message_id",
    "investigate_id",
    "postfix_id",
    "alert_id",
    "email_message_id",
    "recipient",
    "status",
    "cause",
    "status_message",
    "retry_count",
    "retry_after",
    "afterwards",
    "plan",
)


_IDS: Final[tuple[tuple[str, Callable[[JobMessage], Untrusted | None]], ...]] = (
    ("investigate_id", lambda row: row.investigate_id),
    ("postfix_id", lambda row: row.postfix_id),
    ("alert_id", lambda row: row.alert_id),
    ("Message-ID", lambda row: row.email_message_id),
)
"""The columns of ids on the page. Each holds its own kind: a Message-ID is the sender's choice, and may look like another id."""


def _time(at: datetime | None) -> str:
    return "" if at is None else rfc3339(at)


def _text(value: Untrusted | None) -> str:
    return "" if value is None else sanitize(value.exact, DETAIL_LIMIT)


# ---- a page for a person


def _sums(report: JobReport) -> str:
    """The counters as a sum that can be checked."""
    job = report.job
    parts = [
        f"{counter:,} {name}"
        for name, field, _ in _COUNTERS
        if (counter := getattr(job, field)) or not readable(counter)
    ]
    if job.unaccounted is None:
        return f"{job.total_messages_discovered:,} rows: {', '.join(parts)}. A counter can't be read."
    if job.skipped_or_cancelled:
        parts.append(f"{job.skipped_or_cancelled:,} skipped or cancelled")
    if job.unaccounted:
        parts.append(f"{job.unaccounted:,} in no counter")
    total = plural(job.total_messages_discovered, "row")
    return f"{total} = {' + '.join(parts)}." if parts else f"{total}."


def _read(report: JobReport) -> str:
    rows = sum(report.rows_read.values())
    if report.missing:
        return f"**Rows may be missing: {markdown_escape('; '.join(report.missing), in_table=False)}.**"
    if not rows:
        return "There are no rows."
    fit = "" if _reconciled(report) else ", and they fit the counters"
    return f"{'The one row was' if rows == 1 else f'All {rows:,} rows were'} read{fit}."


def _reconciled(report: JobReport) -> list[str]:
    """Each counter beside the rows that came; nothing where they agree."""
    read, job = dict(report.rows_read), report.job
    rows, agree = [], True
    for name, field, states in _COUNTERS:
        counter, came = getattr(job, field), sum(read.pop(state, 0) for state in states)
        agree = agree and (counter is None or not readable(counter) or counter == came)
        if counter or came:
            rows.append(("none" if counter is None else f"{counter:,}", f"{came:,}", name))
    rows += [("none", f"{came:,}", sanitize(state.lower(), 40)) for state, came in read.items()]
    if agree and not read:
        return []
    return ["", *table(("counted", "rows read", "state"), rows, numbers=2)]


def _reasons(report: JobReport) -> list[str]:
    if not report.reasons:
        return []
    groups = [
        (
            f"{group.count:,}",
            group.label[:_WHY],
            "skipped" if group.skipped == group.count else f"{group.skipped:,} skipped" if group.skipped else "failed",
            group.tries,
            _time(group.earliest_retry),
            group.cause.advice,
        )
        for group in report.reasons
    ]
    columns = ("rows", "why not", "state", "tries", "not before", "what to do")
    lines = ["", *table(columns, groups[:_REASONS], numbers=1)]
    if rest := report.reasons[_REASONS:]:
        lines += ["", f"{plural(sum(group.count for group in rest), 'row')} for {plural(len(rest), 'other reason')}."]
    return lines


def _afterwards(report: JobReport) -> str:
    """What became of the failed rows, as a sum: `140 failed = 94 moved + 2 failed again + 44 not tried again (…)`."""
    failed, became, untried = report.failed_sum()
    if not failed:
        return ""
    if not report.trail.retried:
        return f"{failed:,} failed; none was tried again by a plan of this machine."
    order = sorted(became.items(), key=lambda pair: (pair[0] == NOT_TRIED, -pair[1], pair[0]))
    reasons = ", ".join(f"{count:,} {label[:_WHY]}" for label, count in list(untried.items())[:_REASONS])
    parts = [f"{count:,} {what}" + (f" ({reasons})" if what == NOT_TRIED else "") for what, count in order]
    return f"{failed:,} failed = {' + '.join(parts)}."


def _asked_by(write: WriteEntry) -> str:
    at = _time(write.at) or sanitize(write.made_at, 40)
    reason = sanitize(write.reason, _LONGEST) or "no reason given"
    return f"{sanitize(write.origin.describe())} · {at} · {reason} · {write.describe()}"


def _preview(write: WriteEntry) -> str:
    if write.preview is None:
        return ""
    counted = "all counted" if write.preview.complete else "not all counted"
    kept = f", sha256 {sanitize(write.preview.hash, 130)}" if write.preview.hash else ""
    return f"{plural(write.preview.count, 'message')}, {counted}{kept}"


def _writes(report: JobReport) -> list[tuple[str, str]]:
    trail = report.trail
    if trail.problem:
        return [("asked for by", f"not known: {sanitize(trail.problem, _LONGEST)}")]
    told: list[tuple[str, str]] = []
    for write in trail.writes:
        name = {CREATE: "asked for by", DELETE: "asked to delete by"}.get(write.write, "asked to cancel by")
        told += [(name, _asked_by(write)), ("preview before", _preview(write))]
    if not any(write.write == CREATE for write in trail.writes):
        told.insert(0, ("asked for by", "nobody on this machine: it is not in its ledger"))
    return told


def _search(report: JobReport) -> list[tuple[str, str]]:
    params = report.job.search_params
    first, last = moment(params.get("start")), moment(params.get("end"))
    window = f"{_time(first) or 'the beginning'} to {_time(last) or 'no end told'}" if first or last else "not told"
    fields = sorted((str(name), value) for name, value in params.items())
    told = [
        (f"{sanitize(name, 60)}: {sanitize(Untrusted.of(value).exact, _LONGEST)}")
        for name, value in fields[:_FIELDS]
        if value is not None
    ]
    return [("search", describe_search(report.job)), ("mail of", window), ("search fields", " · ".join(told))]


def _facts(report: JobReport) -> list[tuple[str, str]]:
    job = report.job
    destination = job.action_params.destination
    facts = [
        ("job", sanitize(job.id, 100)),
        ("state", sanitize(str(job.status), 40)),
        ("reason of the state", _text(job.status_message)),
        ("what", describe_action(job)),
        ("what users see", CONSEQUENCES[destination] if isinstance(destination, Destination) else ""),
        *_search(report),
        ("created", _time(job.created_at)),
        ("started", _time(job.started_at)),
        ("ended", _time(job.completed_at) or ("not told" if job.ended else "not yet")),
        ("comment", sanitize(job.comment.exact, _LONGEST) if job.comment is not None else ""),
        ("account", sanitize(report.account, 200)),
        *_writes(report),
        *(("followed by", describe_follower(plan)) for plan in report.trail.followed),
    ]
    return [(name, text) for name, text in facts if text]


def _listed(report: JobReport) -> list[str]:
    if not report.failures:
        return []
    name, listed = sanitize(report.job.id, 100), report.failures[:_LISTED]
    # Where each row has an investigate id, nobody needs the others.
    nameless = [row for row in listed if not _text(row.investigate_id)]
    ids = [_IDS[0], *((column, read) for column, read in _IDS[1:] if any(_text(read(row)) for row in nameless))]
    rows = (
        (
            *(sanitize(value.exact, 120) if (value := read(row)) is not None else "" for _, read in ids),
            _text(row.recipient),
            sanitize(row.raw.status.lower(), 40),
            sanitize(row.status_message.exact, _WHY) if row.status_message is not None else "",
            _since(report, row),
        )
        for row in listed
    )
    columns = (*(column for column, _ in ids), "recipient", "status", "status_message", "afterwards")
    lines = ["", heading("Failed and skipped rows", 2), "", *table(columns, rows)]
    if len(report.failures) > _LISTED:
        where = f"mailsluice report {name} --output report-job-{name[:8]}.csv"
        told = f"{_LISTED:,} of {plural(len(report.failures), 'row')}; all of them: {where}"
        lines += ["", markdown_escape(told, in_table=False)]
    return lines


def _since(report: JobReport, row: JobMessage) -> str:
    if row.status is not RowStatus.FAILED:
        return ""
    return report.afterwards(row).describe()


def as_markdown(report: JobReport) -> str:
    """The report as Markdown: a page, then the rows that failed or were skipped, as far as they can be read."""
    action = describe_action(report.job)
    title = f"{action[:1].upper()}{action[1:]} · job {sanitize(report.job.id[:8])} · {report.state}"
    lines = [heading(title), "", f"**{markdown_escape(_sums(report), in_table=False)}** {_read(report)}"]
    lines += [*_reconciled(report), *_reasons(report)]
    if afterwards := _afterwards(report):
        lines += ["", markdown_escape(afterwards, in_table=False)]
    lines.append("")
    lines += [fact(name, text) for name, text in _facts(report)]
    return "\n".join([*lines, *_listed(report)]) + "\n"


# ---- for programs


def _row_values(report: JobReport, row: JobMessage) -> dict[str, Any]:
    since = report.afterwards(row) if row.status is RowStatus.FAILED else None
    return {
        "message_id": row.message_id,
        "investigate_id": row.investigate_id,
        "postfix_id": row.postfix_id,
        "alert_id": row.alert_id,
        "email_message_id": row.email_message_id,
        "recipient": row.recipient,
        "status": Untrusted(row.raw.status),
        "cause": reason_of(row),
        "status_message": row.status_message,
        "retry_count": row.retry_count,
        "retry_after": row.retry_after,
        "afterwards": since.what if since is not None else "",
        "plan": since.plan if since is not None else "",
    }


def _cell(value: object) -> str:
    match value:
        case None:
            return ""
        case Untrusted():
            return _text(value)
        case datetime():
            return _time(value)
    return str(value)


def as_csv(report: JobReport) -> str:
    """The failed and skipped rows as CSV, under the names of an export."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(_COLUMNS)
    for row in report.failures:
        values = _row_values(report, row) | {"status": sanitize(row.raw.status.lower(), 40)}
        writer.writerow([csv_cell(_cell(values[name])) for name in _COLUMNS])
    return out.getvalue()


def _exact(value: Any) -> Any:
    match value:
        case Untrusted():
            return value.exact
        case datetime():
            return _time(value)
        case int() if not readable(value):
            return None
    return value


def _row_json(report: JobReport, row: JobMessage) -> dict[str, Any]:
    """A row without its mail's subject: the API's names, and ours apart."""
    values = {name: _exact(value) for name, value in _row_values(report, row).items()}
    ours = {name: values.pop(name) for name in ("cause", "afterwards", "plan")}
    return {**values, "mailsluice": ours}


def _reasons_json(report: JobReport) -> list[dict[str, Any]]:
    return [
        {
            "reason": group.label,
            "cause": group.cause.name,
            "rows": group.count,
            "skipped": group.skipped,
            "tries": {"fewest": group.fewest_tries, "most": group.most_tries},
            "retry_after": _time(group.earliest_retry) or None,
            "what_to_do": group.cause.advice,
        }
        for group in report.reasons
    ]


def as_json(report: JobReport) -> str:
    """The report as JSON: the API's own job, and under our name what we know of it."""
    failed, became, untried = report.failed_sum()
    trail = report.trail
    ours = {
        "state": report.state,
        "account": report.account,
        "unaccounted": report.job.unaccounted,
        "rows_read": dict(report.rows_read),
        "missing": list(report.missing),
        "reasons": _reasons_json(report),
        "failed": {"rows": failed, "became": dict(became), "not_tried": dict(untried)},
        "writes": [write_json(write) for write in trail.writes],
        "followed_by": [follower_json(plan) for plan in trail.followed],
        "ledger_problem": trail.problem,
        "rows": [_row_json(report, row) for row in report.failures],
    }
    return json_text(without_our_name(report.job.wire) | {"mailsluice": ours}) + "\n"


FORMATS: Final[Mapping[str, Callable[[JobReport], str]]] = {".md": as_markdown, ".csv": as_csv, ".json": as_json}
"""How a report is written, by the ending of its file."""


def write_report(report: JobReport, path: Path) -> str:
    """Write a report to a new file, by its ending; what to tell of it. Raises SluiceError."""
    new_file(path, FORMATS[path.suffix.lower()](report))
    rows = plural(sum(report.rows_read.values()), "row")
    told = f"Report of {rows} in {sanitize(str(path))}"
    return f"{told}: rows may be missing, {'; '.join(report.missing)}." if report.missing else f"{told}."
