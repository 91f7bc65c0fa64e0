"""The envelopes of the simulated API: a result, a list, a refusal; and the body of a request."""

import json
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from tui_app.simulator.auth import Refusal

_MAX_BODY = 4 * 1024 * 1024


def success(result: Any, *, status: int = 200, notices: list[Any] | None = None, **more: Any) -> Response:
    """An answer with a result."""
    body = {"success": True, "errors": [], "messages": notices or [], "result": result, **more}
    return Response(json.dumps(body, separators=(",", ":")), status, media_type="application/json")


def listed(
    result: list[Any], size: int, following: str | None, previous: str | None = None, *, generation: str
) -> Response:
    """An answer with one page of a list that has cursors."""
    return success(result, result_info=cursors(len(result), size, following, previous, generation=generation))


def listed_json(
    result: list[str], size: int, following: str | None, previous: str | None = None, *, generation: str
) -> Response:
    """The same of items that are JSON already: a page of 1,000 must be fast."""
    info = json.dumps(cursors(len(result), size, following, previous, generation=generation))
    text = f'{{"success":true,"errors":[],"messages":[],"result":[{",".join(result)}],"result_info":{info}}}'
    return Response(text, media_type="application/json")


def cursors(
    count: int, size: int, following: str | None, previous: str | None = None, *, generation: str
) -> dict[str, Any]:
    """The `result_info` of a page of a list that has cursors."""
    info: dict[str, Any] = {
        "count": count,
        "per_page": size,
        "total_count": 0,
        "next": following,
        "previous": previous,
    }
    return info | {"page": 0} if generation == "seed" else info


def counted(items: list[Any], page: int, size: int) -> Response:
    """An answer with one page of a list that has a total."""
    result = items[(page - 1) * size : page * size]
    info = {
        "page": page,
        "per_page": size,
        "count": len(result),
        "total_count": len(items),
        "total_pages": -(-len(items) // size),
    }
    return success(result, result_info=info)


def refused(refusal: Refusal) -> Response:
    """An answer with an error."""
    body = {"success": False, "errors": [refusal.error], "messages": [], "result": None}
    return Response(json.dumps(body), refusal.status, media_type="application/json")


async def body_of(request: Request) -> Any:
    """The JSON body of a request. Raises Refusal."""
    raw = b""
    async for chunk in request.stream():
        raw += chunk
        if len(raw) > _MAX_BODY:
            raise Refusal(413, 10413, "Request body too large")
    try:
        return json.loads(raw)
    except ValueError:
        raise Refusal(400, 9207, "Request body is invalid: not JSON") from None
