"""The 24 operations of the simulated API: the name, method and path of each."""

import re
from dataclasses import dataclass
from typing import Final

BASE_PATH: Final = "/client/v4"
_SECURITY: Final = f"{BASE_PATH}/accounts/{{account_id}}/email-security"
_INVESTIGATE: Final = f"{_SECURITY}/investigate"
_SUBMISSIONS: Final = f"{_SECURITY}/submissions"


@dataclass(frozen=True, slots=True)
class ApiOperation:
    """One operation; `path` has its parameters in braces."""

    name: str
    method: str
    path: str

    @property
    def writing(self) -> bool:
        """Whether it needs the permission to write."""
        return self.method != "GET"


OPERATIONS: Final = tuple(
    ApiOperation(name, method, path)
    for name, method, path in (
        ("verify", "GET", f"{BASE_PATH}/user/tokens/verify"),
        ("accounts", "GET", f"{BASE_PATH}/accounts"),
        ("account", "GET", f"{BASE_PATH}/accounts/{{account_id}}"),
        ("verify_owned", "GET", f"{BASE_PATH}/accounts/{{account_id}}/tokens/verify"),
        ("search", "GET", _INVESTIGATE),
        ("jobs", "GET", f"{_INVESTIGATE}/bulk"),
        ("create_job", "POST", f"{_INVESTIGATE}/bulk"),
        ("job", "GET", f"{_INVESTIGATE}/bulk/{{job_id}}"),
        ("delete_job", "DELETE", f"{_INVESTIGATE}/bulk/{{job_id}}"),
        ("cancel_job", "POST", f"{_INVESTIGATE}/bulk/{{job_id}}/cancel"),
        ("job_messages", "GET", f"{_INVESTIGATE}/bulk/{{job_id}}/messages"),
        ("release", "POST", f"{_INVESTIGATE}/release"),
        ("move", "POST", f"{_INVESTIGATE}/move"),
        ("create_preview", "POST", f"{_INVESTIGATE}/preview"),
        ("message", "GET", f"{_INVESTIGATE}/{{investigate_id}}"),
        ("action_log", "GET", f"{_INVESTIGATE}/{{investigate_id}}/action_log"),
        ("detections", "GET", f"{_INVESTIGATE}/{{investigate_id}}/detections"),
        ("move_message", "POST", f"{_INVESTIGATE}/{{investigate_id}}/move"),
        ("preview", "GET", f"{_INVESTIGATE}/{{investigate_id}}/preview"),
        ("raw", "GET", f"{_INVESTIGATE}/{{investigate_id}}/raw"),
        ("reclassify", "POST", f"{_INVESTIGATE}/{{investigate_id}}/reclassify"),
        ("trace", "GET", f"{_INVESTIGATE}/{{investigate_id}}/trace"),
        ("submit", "POST", _SUBMISSIONS),
        ("submissions", "GET", _SUBMISSIONS),
    )
)
"""In the order in which a path is matched: fixed words before parameters."""

NAMES: Final = tuple(operation.name for operation in OPERATIONS)
UNKNOWN: Final = "unknown"
_PATTERNS: Final = [
    (operation, re.compile(re.sub(r"\\{\w+\\}", "[^/]+", re.escape(operation.path)))) for operation in OPERATIONS
]


def name_of(method: str, path: str) -> str:
    """The name of the operation of a request, `unknown` if there is none."""
    for operation, pattern in _PATTERNS:
        if operation.method == method and pattern.fullmatch(path):
            return operation.name
    return UNKNOWN
