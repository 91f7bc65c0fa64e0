"""Who acts, and from where."""

from __future__ import annotations

import ipaddress
import os
import pwd
import re
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tui_app.plans.record_values import text_of, whole_of

if TYPE_CHECKING:
    from tui_app.plans.journal import Record


@dataclass(frozen=True, slots=True)
class Origin:
    """Who acts, and from where: what is kept of the operator with each plan.

    The account of the system is who it is. What the environment says is kept beside it: anyone can set that.
    """

    user: str
    """The name of the account; in journals of format 1 what the environment said."""
    host: str
    sudo_user: str = ""
    ssh_client: str = ""
    uid: int | None = None
    """The number of the account; None in journals that did not keep it."""
    login: str = ""
    """The name that the environment gives, where it is another one."""

    @property
    def who(self) -> str:
        """`ana (uid 1000) @jump1`."""
        return f"{self.user}@{self.host}" if self.uid is None else f"{self.user} (uid {self.uid}) @{self.host}"

    def describe(self) -> str:
        """`ana (uid 1000) @jump1, says: sudo from bo, ssh from 192.0.2.7`."""
        more = [
            f"user {self.login}" if self.login else "",
            f"sudo from {self.sudo_user}" if self.sudo_user else "",
            f"ssh from {self.ssh_client}" if self.ssh_client else "",
        ]
        says = ", ".join(filter(None, more))
        return self.who + (f", says: {says}" if says else "")

    def record(self) -> Record:
        """As journals and locks keep it."""
        return {
            "user": self.user,
            "uid": self.uid,
            "host": self.host,
            "login": self.login,
            "sudo_user": self.sudo_user,
            "ssh_client": self.ssh_client,
        }

    @classmethod
    def of(cls, record: Record) -> Origin:
        """Out of a record. Raises ValueError and KeyError when it tells of nobody."""
        uid = record.get("uid")
        return cls(
            text_of(record["user"]),
            text_of(record["host"]),
            text_of(record.get("sudo_user", "")),
            text_of(record.get("ssh_client", "")),
            None if uid is None else whole_of(uid),
            text_of(record.get("login", "")),
        )


def origin_of(environment: Mapping[str, str]) -> Origin:
    """Who is at the keyboard: the account, which only the system can give, and beside it what the environment says."""
    uid = os.geteuid()
    try:
        user = pwd.getpwuid(uid).pw_name
    except KeyError:
        user = "nobody known"
    # The scope behind an address may be any text, and tells of our machine.
    client = environment.get("SSH_CONNECTION", "").split(" ")[0].partition("%")[0]
    try:
        client = str(ipaddress.ip_address(client))
    except ValueError:
        client = ""
    login = _account_name(environment.get("LOGNAME") or environment.get("USER") or "")
    return Origin(
        user,
        socket.gethostname(),
        _account_name(environment.get("SUDO_USER", "")),
        client,
        uid,
        "" if login == user else login,
    )


def _account_name(text: str) -> str:
    return text if re.fullmatch(r"[\w.-]{1,64}", text) else ""
