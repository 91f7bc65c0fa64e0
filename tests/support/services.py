"""Services and clients pointed at a simulator or at any URL."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from random import Random
from typing import Any

from tests.support.clock import HurriedClock
from tests.support.faulty import ACCOUNT
from tui_app.api.enums import DeliveryStatus, Disposition
from tui_app.api.search import SearchParams
from tui_app.auth.credentials import Secret, TokenCredential
from tui_app.config.settings import Settings, load_settings
from tui_app.core.clock import Clock, SystemClock
from tui_app.core.state_file import StateFile
from tui_app.plans.plan import Target
from tui_app.plans.recheck import LastLooks
from tui_app.service import EmailSecurityService
from tui_app.simulator.server import Simulator


def settings_for(simulator: Simulator, **changes: object) -> Settings:
    settings = load_settings({**simulator.environment(), "MAILSLUICE_CONFIG": "/dev/null"})
    return replace(settings, **changes)  # type: ignore[arg-type]


@asynccontextmanager
async def service_on(
    simulator: Simulator, *, clock: Clock | None = None, read_wait: float = 0.0, **changes: object
) -> AsyncIterator[EmailSecurityService]:
    service = EmailSecurityService(
        settings_for(simulator, **changes), clock=clock or SystemClock(), random=Random(1), read_wait=read_wait
    )
    try:
        yield service
    finally:
        await service.close()


HELD = SearchParams(detections_only=False, delivery_status=DeliveryStatus.QUARANTINED, sender="acme-news.example")


async def held_targets(service: EmailSecurityService, count: int) -> tuple[Target, ...]:
    found = [message async for page in service.mail.pages(HELD) for message in page]
    return tuple(Target.of(message) for message in found[:count])


class SeenJustNow(LastLooks):
    """Nothing is looked at again before it is sent: for servers that answer to writes only."""

    def is_old(self, identity: str) -> bool:
        return False


def lonely_service(base_url: str, remembered: StateFile | None = None, **changes: Any) -> EmailSecurityService:
    """A service on a server of a script, which knows nothing of held mail."""
    settings = Settings(ACCOUNT, base_url, TokenCredential(Secret("t", "test")), **changes)
    service = EmailSecurityService(settings, clock=HurriedClock(), random=Random(1), state_file=remembered)
    service.plans._looks = SeenJustNow(service.clock)
    return service


def held_mail(investigate_id: str | None, postfix_id: str | None = None, **known: Any) -> Target:
    """A held message that was looked up: of a verdict that the guard lets through."""
    return Target(investigate_id, postfix_id, **{"disposition": Disposition.BULK, **known})
