"""The parts of a message as lines of safe text: the same on the screen and on the command line."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from tui_app.api.details import MessageDetails
from tui_app.core.address import domain_in
from tui_app.core.clock import local_time
from tui_app.core.look_alike import idn_forms
from tui_app.core.text import DETAIL_LIMIT, Untrusted, plural, sanitize
from tui_app.mail import eml as mime
from tui_app.mail.defang import link_host, url_remarks
from tui_app.mail.eml import Header, read_eml, size_text, tree_lines
from tui_app.mail.encoded import decoded_words
from tui_app.mail.html_page import without_our_marks
from tui_app.mail.html_text import html_to_text
from tui_app.mail.message_parts import Part
from tui_app.mail.other_mail import NO_FACTS, Facts, facts_of, unlike_headers, unlike_trace, unlike_verdict
from tui_app.mail.signs import message_signs
from tui_app.mail.text_lines import text_lines

if TYPE_CHECKING:
    from tui_app.api.details import Attachment, Detections, LogEntry, Trace, TraceLeg
    from tui_app.api.pagination import ActionLog
    from tui_app.api.rows import Message
    from tui_app.core.look_alike import KnownDomains
    from tui_app.core.signs import Sign
    from tui_app.mail.message_parts import MessageParts

HEADING: Final = "heading"
WARNING: Final = "warning"
MUTED: Final = "muted"
PRIVATE: Final = "private"
ADDRESS: Final = "address"
MARGIN: Final = "│ "
"""Before each line of a mail's text and of its source."""
_LONGEST_RAW: Final = 8 * 1024 * 1024
"""Characters of a raw mail that are shown; a file gets all of them."""


@dataclass(frozen=True, slots=True)
class PartLine:
    """One line: a label, and a text that is safe to show."""

    text: str = ""
    label: str = ""
    tone: str = ""
    """`heading`, `warning`, `muted`, or nothing."""
    keep: str = ""
    """`private` or `address` for what redaction hides."""
    quoted: bool = False
    """Whether it is a line of the mail itself: it stands behind a margin, so that no mail can imitate a line of ours."""

    def __str__(self) -> str:
        if self.quoted:
            return f"{MARGIN}{self.text}".rstrip()
        return f"{self.label:<14} {self.text}".rstrip() if self.label else self.text


Lines = list[PartLine]


def _when(moment: datetime | None) -> str:
    return "" if moment is None else local_time(moment).strftime("%Y-%m-%d %H:%M:%S %Z")


def _fact(label: str, *values: object, keep: str = "", tone: str = "") -> Lines:
    """A label and its values, one a line; no line without values."""
    found: Lines = []
    for value in values:
        if value is None or value == "":
            continue
        text = value.detail() if isinstance(value, Untrusted) else sanitize(str(value), DETAIL_LIMIT)
        if text:
            found.append(PartLine(text, label if not found else " ", tone, keep))
    return found


def _address(label: str, value: Untrusted | None) -> Lines:
    """An address, and beside it the form of its domain on the wire where that is another."""
    if value is None or not value:
        return []
    forms = idn_forms(domain_in(value.exact))
    lines = _fact(label, value, keep=ADDRESS)
    return [*lines, PartLine(f"{sanitize(forms[0], 255)} is {sanitize(forms[1], 255)}", " ", MUTED)] if forms else lines


# ---- summary


def summary_lines(message: Message, signs: Iterable[Sign], odd: Sequence[str] = ()) -> Lines:
    """Who sent it, to whom, when, where it is, and what speaks against it."""
    details = MessageDetails.from_wire(message.wire)
    checks = [
        f"{name} {value}"
        for name, value in (("SPF", message.spf), ("DKIM", message.dkim), ("DMARC", message.dmarc))
        if value
    ]
    held = {True: "held", False: "not held", None: "can't tell whether it is held"}[message.is_quarantined]
    told = [f"{sign.kind.glyph} {sign.detail}" for sign in signs]
    known = {line[2:] for line in told}
    told += [f"≠ {each}" for each in odd if each not in known]
    lines = [PartLine(message.subject.detail() or "(none)", "subject", HEADING, PRIVATE)]
    lines += [PartLine(line, tone=WARNING) for line in told]
    lines += _address("from", message.sender)
    lines += _fact("name", message.from_name, keep=PRIVATE)
    lines += _address("envelope", message.envelope_from)
    lines += _address("reply-to", message.replyto)
    lines += _fact("checks", " · ".join(checks), details.validation.comment)
    lines += _fact("verdict", message.final_disposition or "none")
    lines += _fact("reasons", *message.detection_reasons)
    lines += _fact("categories", *details.threat_categories)
    lines += _fact("where", held, *message.delivery_status)
    lines += _fact("mode", details.delivery_mode)
    lines += _fact("done to it", *message.post_delivery_operations)
    lines += _fact("allow list", message.allowlisted_pattern_type, details.properties.allowlisted_pattern)
    lines += _fact("block list", details.properties.blocklisted_pattern)
    if message.is_phish_submission:
        lines += _fact("submission", "a user reported it as phish: jobs leave it out")
    lines += _fact("scanned", _when(message.when))
    lines += _fact("sent", _when(details.sent_at), details.sent_date)
    lines += _fact("helo", message.smtp_helo_server_ip)
    lines += _fact("hop before", details.smtp_previous_hop_ip)
    lines += _fact("origin", details.x_originating_ip)
    own = "mailboxes" if message.names_mailboxes else "to"
    recipients = message.recipients
    lines += _fact(own, *recipients, keep=ADDRESS)
    if message.names_mailboxes:
        named = {name.exact for name in recipients}
        others = [name for name in details.to if name.exact not in named]
        lines += _fact("also to", *others, keep=ADDRESS)
    lines += _fact("investigate id", message.id)
    lines += _fact("alert id", message.alert_id)
    lines += _fact("postfix id", message.postfix_id, details.postfix_id_outbound)
    lines += _fact("Message-ID", message.message_id)
    lines += _fact("edf hash", details.edf_hash)
    return lines


# ---- why, links


def why_lines(found: Detections) -> Lines:
    """What was detected, with its findings and categories."""
    lines = _fact("verdict", found.final_disposition, tone=HEADING)
    lines += _fact("action", found.action)
    checks = found.validation
    told = [
        f"{name} {value}"
        for name, value in (("SPF", checks.spf), ("DKIM", checks.dkim), ("DMARC", checks.dmarc))
        if value
    ]
    lines += _fact("checks", " · ".join(told), checks.comment)
    for category in found.threat_categories:
        text = f"{category.name or category.id or 'unnamed'}"
        lines += _fact("category", f"{text}: {category.description}" if category.description else text)
    sender = found.sender_info
    lines += _fact(
        "sent from",
        sender.ip,
        sender.geo,
        f"AS{sender.as_number} {sender.as_name or ''}".strip() if sender.as_number else None,
        sender.pld,
    )
    ordered = sorted(found.findings, key=lambda finding: -(finding.score if finding.score is not None else -1.0))
    for finding in ordered:
        score = f"{finding.score:.2f}  " if finding.score is not None else ""
        lines.append(PartLine())
        lines.append(
            PartLine(f"{score}{finding.reason or finding.name or finding.detection or 'finding'}", tone=HEADING)
        )
        lines += _fact("detail", finding.detail if finding.detail != finding.reason else None)
        lines += _fact("detection", finding.detection)
        lines += _fact("rule", finding.name)
        lines += _fact("found in", finding.field, finding.portion, finding.attachment)
        lines += _fact("value", finding.value)
    if not found.findings:
        lines += [PartLine(), PartLine("The API tells no findings of it.", tone=MUTED)]
    return lines


def links_lines(found: Detections) -> Lines:
    """Links as text, never to be opened, and attachments with their hashes."""
    lines = [PartLine(f"{plural(len(found.links), 'link')} (text, not to be opened)", tone=HEADING)]
    for number, link in enumerate(found.links, 1):
        lines += _fact(f"{number}", link.text) or [PartLine("(no text)", f"{number}", MUTED)]
        # First what it comes to: an address may be longer than a screen.
        lines += _fact("host", link_host(link.href.exact))
        lines += [PartLine(remark, " ", WARNING) for remark in url_remarks(link.href.exact)]
        lines += _fact("leads to", link.href)
    lines += [PartLine(), PartLine(plural(len(found.attachments), "attachment"), tone=HEADING)]
    for attachment in found.attachments:
        lines += _attachment(attachment)
    return lines


def _attachment(found: Attachment) -> Lines:
    name = found.filename or found.name
    lines = _fact("name", name or "(no name)")
    lines += _fact("type", found.content_type)
    lines += _fact("size", size_text(found.size) if str(found.size) != "?" else "can't be read")
    lines += _fact("detection", found.detection)
    lines += _fact("encrypted", "yes" if found.encrypted else None)
    lines += _fact("sha256", found.sha256)
    lines += _fact("sha1", found.sha1)
    lines += _fact("md5", found.md5)
    return [*lines, PartLine()]


# ---- trace, actions


def trace_lines(trace: Trace, remarks: Iterable[str] = ()) -> Lines:
    """Its way through the mail servers; `remarks` = what is to be told of how it was read."""
    return [*_warnings(remarks), *_leg("inbound", trace.inbound), PartLine(), *_leg("outbound", trace.outbound)]


def _leg(name: str, leg: TraceLeg) -> Lines:
    pending = "  more lines are on their way" if leg.pending else ""
    lines = [PartLine(f"{name}{pending}", tone=HEADING)]
    lines += [PartLine(line.message.detail(), _when(line.logged_at or line.ts) or "no time") for line in leg.lines]
    return lines if leg.lines or leg.pending else [*lines, PartLine("no lines", tone=MUTED)]


MAYBE_MORE_ACTIONS: Final = "There may be more: not all of the action log could be read."


def actions_lines(log: ActionLog) -> Lines:
    """What was done to it: who, what, where, when, and how it ended."""
    lines: Lines = []
    for entry in log.entries:
        lines += _action(entry)
    if not log.entries:
        lines.append(PartLine("Nothing was done to it, as far as the API tells.", tone=MUTED))
    if not log.complete:
        lines.append(PartLine(MAYBE_MORE_ACTIONS, tone=WARNING))
    return lines


def _action(entry: LogEntry) -> Lines:
    ended = {True: "done", False: "failed", None: "outcome not told"}[entry.success]
    told = entry.properties
    where = f" → {told.folder}" if told.folder else ""
    lines = [
        PartLine(
            f"{str(entry.operation).replace('_', ' ').lower()}{where}: {ended}",
            tone=WARNING if entry.success is False else HEADING,
        )
    ]
    lines += _fact("when", _when(entry.completed_at or entry.started_at))
    lines += _fact("status", entry.status)
    lines += _fact("by", told.requested_by, keep=ADDRESS)
    lines += _fact("through", told.service)
    lines += _fact("asked for", told.requested_disposition)
    lines += _fact("submission", told.submission_type, told.submission_id)
    return [*lines, PartLine()]


# ---- headers, raw


def headers_lines(found: Detections) -> Lines:
    """The headers as the API tells them, each in one line, encoded words decoded; also one without a name."""
    if not found.headers:
        return [PartLine("The API tells no headers.", tone=MUTED)]
    return _headers(
        Header(header.name, Untrusted(decoded_words(_one_line(header.value.exact)))) for header in found.headers
    )


def _one_line(value: str) -> str:
    """A header's value with its line ends as folding."""
    return " ".join(value.split("\r\n")).replace("\r", " ").replace("\n", " ")


def _headers(headers: Iterable[Header]) -> Lines:
    lines: Lines = []
    for header in headers:
        first, *others = text_lines(header.value.exact) or [""]
        lines.append(PartLine(first, f"{header.name}:", keep=_kept(header.name.exact)))
        lines += [PartLine(other, " ", keep=_kept(header.name.exact)) for other in others]
    return lines


def _kept(name: str) -> str:
    return PRIVATE if name.casefold() in ("subject", "thread-topic") else ""


def raw_lines(raw: str, facts: Facts = NO_FACTS) -> Lines:
    """A raw mail: what is wrong with it, its parts as a tree, its texts, its headers, and its source.

    `facts` = what is known of the message that it should be.
    """
    eml = read_eml(raw[:_LONGEST_RAW])
    lines = _warnings(unlike_headers(eml.headers, facts))
    lines += [PartLine(defect, tone=WARNING) for defect in eml.defects]
    if len(raw) > _LONGEST_RAW:
        lines.append(PartLine("Only the first 8 MiB are shown; E saves all of it.", tone=WARNING))
    lines.append(PartLine("parts", tone=HEADING))
    lines += [PartLine(f"{'  ' * depth}{text}") for depth, text in tree_lines(eml.root)]
    texts = [part for part in _leaves(eml.root) if part.is_text]
    for part in texts:
        lines += [PartLine(), PartLine(f"text of {part.kind}{f' {part.name}' if part.name else ''}", tone=HEADING)]
        lines += [PartLine(remark, tone=WARNING) for remark in part.remarks]
        text = html_to_text(part.text) if part.kind == "text/html" else without_our_marks(part.text)
        lines += [PartLine(line, keep=PRIVATE, quoted=True) for line in text_lines(text)]
    lines += [PartLine(), PartLine("headers", tone=HEADING), *_headers(eml.headers)]
    lines += [PartLine(), PartLine("source", tone=HEADING)]
    lines += [PartLine(line, keep=PRIVATE, quoted=True) for line in eml.lines]
    return lines


def _leaves(root: mime.Part) -> Iterable[mime.Part]:
    left = [root]
    while left:
        part = left.pop()
        if part.children:
            left += reversed(part.children)
        else:
            yield part


# ---- any of them


def lines_of(part: Part, parts: MessageParts, known: KnownDomains, message: Message | None = None) -> Lines:
    """The lines of a part that was read; none of one that was not.

    `message` = the message as somebody else has it: what a part tells otherwise comes first in it.
    """
    match part:
        case Part.SUMMARY if parts.message is not None:
            return summary_lines(parts.message, message_signs(parts.message, known))
        case Part.TRACE if parts.trace is not None:
            other = unlike_message(part, parts, message)
            return [*_warnings(other), *trace_lines(parts.trace, parts.trace_remarks)]
        case Part.ACTIONS if parts.action_log is not None:
            return actions_lines(parts.action_log)
        case Part.RAW if parts.raw is not None:
            return raw_lines(parts.raw.raw.exact, facts_of(parts.message or message))
        case Part.WHY | Part.LINKS | Part.HEADERS if parts.detections is not None:
            other = unlike_message(part, parts, message)
            return [*_warnings(other), *_MADE_OF_DETECTIONS[part](parts.detections)]
    return []


def unlike_message(part: Part, parts: MessageParts, message: Message | None = None) -> list[str]:
    """What a part that was read tells otherwise than the message, in sentences: it may be another mail's."""
    facts = facts_of(parts.message or message)
    match part:
        case Part.TRACE if parts.trace is not None:
            return unlike_trace(parts.trace, facts)
        case Part.RAW if parts.raw is not None:
            return unlike_headers(read_eml(parts.raw.raw.exact[:_LONGEST_RAW]).headers, facts)
        case Part.WHY | Part.LINKS | Part.HEADERS if (found := parts.detections) is not None:
            headers = (Header(header.name, header.value) for header in found.headers)
            return [*unlike_headers(headers, facts), *(unlike_verdict(found, facts) if part is Part.WHY else ())]
    return []


_MADE_OF_DETECTIONS: Final = {Part.WHY: why_lines, Part.LINKS: links_lines, Part.HEADERS: headers_lines}


def _warnings(sentences: Iterable[str]) -> Lines:
    lines = [PartLine(sentence, tone=WARNING) for sentence in sentences]
    return [*lines, PartLine()] if lines else []
