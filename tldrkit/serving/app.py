"""The routes: Hugging Face's contract, forum threads, a page, and what a probe asks.

The only room that knows FastAPI.
"""

import asyncio
import re
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager, suppress
from importlib.resources import files
from typing import Annotated, Any

from fastapi import APIRouter, FastAPI, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import HTMLResponse, JSONResponse, Response, StreamingResponse
from pydantic import Field
from starlette.exceptions import HTTPException

from tldrkit import __version__
from tldrkit.errors import DataError, TldrkitError, UnknownReference
from tldrkit.serving.batching import Overloaded
from tldrkit.serving.contract import NO_OBJECT, Answer, Asked, Generation, describe_request
from tldrkit.serving.gauges import TEXT
from tldrkit.serving.guard import Guard
from tldrkit.serving.reading import BadJson, Readers, rebuild_thread
from tldrkit.serving.service import Service
from tldrkit.serving.settings import Access
from tldrkit.serving.streams import MEDIA_TYPE, render_error, stream_threads, stream_tokens
from tldrkit.threads import Thread
from tldrkit.writing.long_threads import Summary

_STATUSES = {BadJson: 400, DataError: 422, UnknownReference: 404, Overloaded: 429}
_ERRORS: dict[int | str, dict[str, Any]] = {
    status: {"description": reason, "content": {"application/json": {"schema": {"type": "object"}}}}
    for status, reason in {
        400: "The body is no JSON.",
        401: "The token is missing or wrong.",
        404: "No such model is served.",
        408: "The body did not come in time.",
        413: "The body is too large.",
        415: "The body is packed in a way that is not known.",
        421: "The address named is not this server's.",
        422: "The request cannot be honoured.",
        429: "Too many documents wait.",
        504: "The summary did not come in time.",
    }.items()
}
_UNFORESEEN = "An error that nobody foresaw; the server's log tells more."
_MISSED = {404: "There is nothing at this address.", 405: "This address takes another method."}
_ASKED = "#/components/schemas/Asked"
_ASKED_BODY = {
    "requestBody": {"required": True, "content": {"application/json": {"schema": {"$ref": _ASKED}}}}
}
_THREAD_BODY = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": {}}, "text/plain": {"schema": {"type": "string"}}},
    }
}
_PAGE_HEADERS = {
    "content-security-policy": "default-src 'none'; connect-src 'self'; style-src 'unsafe-inline'; "
    "script-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
}

_JSON = re.compile(r"application/([\w.+-]{1,100}\+)?json\s{0,20}(;|$)", re.IGNORECASE)

_WHICH = "Reference of a served model; the first where not given."
WhichModel = Annotated[str | None, Query(description=_WHICH)]


class ThreadsQuery(Generation):
    """What may be asked of `/threads` in its address."""

    model: str | None = Field(default=None, description=_WHICH)
    posts: bool = Field(default=False, description="Whether records hold the thread's posts.")


def build_app(service: Service, access: Access) -> FastAPI:
    """Build the application that answers with a service's summaries."""
    readers = Readers()

    @asynccontextmanager
    async def live(app: FastAPI) -> AsyncIterator[None]:  # noqa: ARG001  (FastAPI's signature)
        running = asyncio.create_task(service.batcher.run())
        await readers.start()
        yield
        await readers.close()
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running

    app = FastAPI(title="tldrkit", version=__version__, docs_url=None, redoc_url=None, lifespan=live)
    routers = (_build_summaries(service, readers), _build_facts(service))
    for router in routers:
        app.include_router(router)
    known = {getattr(route, "path", "") for router in routers for route in router.routes}

    def watch(path: str, status: int, seconds: float) -> None:
        service.gauges.count_request(path if path in known else "other", status, seconds)

    app.add_middleware(Guard, limits=service.limits, access=access, watch=watch)
    if access.origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=access.origins,
            allow_methods=["GET", "POST"],
            allow_headers=["Authorization", "Content-Type"],
        )
    _answer_errors(app)
    _describe_asked(app)
    return app


def _describe_asked(app: FastAPI) -> None:
    """Put into the description of the routes what a request looks like, which FastAPI does not read."""
    schema = Asked.model_json_schema(ref_template="#/components/schemas/{model}")
    app.openapi()["components"]["schemas"].update({**schema.pop("$defs"), "Asked": schema})


def _build_summaries(service: Service, readers: Readers) -> APIRouter:
    routes = APIRouter(responses=_ERRORS)

    @routes.post("/", openapi_extra=_ASKED_BODY, summary="Summarize, as an Inference Endpoint does")
    @routes.post("/summarization", openapi_extra=_ASKED_BODY, summary="Summarize, by Hugging Face's contract")
    async def summarize(request: Request, model: WhichModel = None) -> list[Answer]:
        if not _JSON.match(request.headers.get("content-type", "application/json")):
            raise DataError(NO_OBJECT)
        asked = await readers.read("inputs", await request.body(), service.limits.waiting)
        threads = [rebuild_thread(item) for item in asked["threads"]]
        how = Generation(**asked["how"])
        if asked["stream"] or _wants_events(request):
            if len(threads) != 1:
                raise DataError("stream: a stream is of one summary, so give one input.")
            return await _stream(stream_tokens(service.follow(threads, model, how)))  # type: ignore[return-value]
        return [Answer(summary_text=one.text) for one in await service.summarize(threads, model, how)]

    @routes.post("/threads", openapi_extra=_THREAD_BODY, summary="Summarize forum threads in any known shape")
    async def summarize_threads(
        request: Request, query: Annotated[ThreadsQuery, Query()]
    ) -> list[dict[str, Any]]:
        found = await readers.read("threads", await request.body(), service.limits.waiting)
        threads = {place: rebuild_thread(one) for place, one in enumerate(found) if "posts" in one}
        asked = list(threads.values()), query.model, query

        def describe(place: int, summary: Summary) -> dict[str, Any]:
            return _describe_summary(threads[place], summary, posts=query.posts)

        if _wants_events(request):
            broken = {place: one for place, one in enumerate(found) if place not in threads}
            events = stream_threads(service.follow(*asked), list(threads), describe, broken)
            return await _stream(events)  # type: ignore[return-value]
        written = dict(zip(threads, await service.summarize(*asked), strict=True))
        return [
            describe(place, written[place]) if place in written else one for place, one in enumerate(found)
        ]

    return routes


def _wants_events(request: Request) -> bool:
    return MEDIA_TYPE in request.headers.get("accept", "")


async def _stream(events: AsyncGenerator[bytes, None]) -> StreamingResponse:
    """Answer with events once the first is there: what goes wrong before it has a status of its own."""
    first = await anext(events)

    async def give() -> AsyncIterator[bytes]:
        async with aclosing(events):
            yield first
            try:
                async for event in events:
                    yield event
            except TldrkitError as error:
                yield render_error(str(error))
            except Exception:
                yield render_error(_UNFORESEEN)
                raise

    unbuffered = {"cache-control": "no-cache", "x-accel-buffering": "no"}
    return StreamingResponse(give(), media_type=MEDIA_TYPE, headers=unbuffered)


def _describe_summary(thread: Thread, summary: Summary, *, posts: bool) -> dict[str, Any]:
    """Describe a thread and its summary as `summarize` does in its records."""
    record = {"id": thread.id, **thread.describe_summarized(summary.describe())}
    shown = [
        {"author": post.author, "text": post.text, "time": post.time, "read": place in summary.posts}
        for place, post in enumerate(thread.posts)
    ]
    return record | ({"posts": shown} if posts else {})


def _build_facts(service: Service) -> APIRouter:
    routes = APIRouter()
    page = _build_page()

    @routes.get("/", response_class=HTMLResponse, summary="A page to paste a thread into")
    async def show_page() -> HTMLResponse:
        return HTMLResponse(page, headers=_PAGE_HEADERS)

    @routes.get("/health", summary="Whether the server answers")
    async def tell_health() -> dict[str, str]:
        return {"status": "ok"}

    @routes.get("/info", summary="Models, decoding and limits")
    async def tell_info() -> dict[str, Any]:
        return {"version": __version__, **service.describe()}

    @routes.get("/metrics", summary="Counts, for Prometheus")
    async def tell_metrics() -> Response:
        return Response(service.gauges.render(), media_type=TEXT)

    return routes


def _build_page() -> str:
    """Build the page of its files: a browser asks for nothing else."""
    web = files("tldrkit.serving") / "web"
    page = (web / "page.html").read_text(encoding="utf-8")
    for name in ("style.css", "script.js", "threads.json"):
        text = (web / name).read_text(encoding="utf-8")
        page = page.replace(f"/* {name} */", text.replace("<", "\\u003c") if name == "threads.json" else text)
    return page


def _answer_errors(app: FastAPI) -> None:
    """Have every failure answered as `{"error": sentence}`, which the contract's clients show."""

    async def answer_invalid(request: Request, error: Exception) -> JSONResponse:  # noqa: ARG001
        assert isinstance(error, RequestValidationError)
        first = error.errors()[0]
        return _refuse(422, describe_request(first))

    async def answer_own(request: Request, error: Exception) -> JSONResponse:  # noqa: ARG001
        status = next((code for kind, code in _STATUSES.items() if isinstance(error, kind)), 500)
        answer = _refuse(status, str(error))
        if status == 429:
            answer.headers["retry-after"] = "1"
        return answer

    async def answer_http(request: Request, error: Exception) -> JSONResponse:  # noqa: ARG001
        assert isinstance(error, HTTPException)
        sentence = _MISSED.get(error.status_code, str(error.detail))
        return JSONResponse({"error": sentence}, error.status_code, headers=error.headers)

    async def answer_unexpected(request: Request, error: Exception) -> JSONResponse:  # noqa: ARG001
        return _refuse(500, _UNFORESEEN)

    app.add_exception_handler(RequestValidationError, answer_invalid)
    app.add_exception_handler(TldrkitError, answer_own)
    app.add_exception_handler(HTTPException, answer_http)
    app.add_exception_handler(Exception, answer_unexpected)


def _refuse(status: int, sentence: str) -> JSONResponse:
    return JSONResponse({"error": sentence}, status)
