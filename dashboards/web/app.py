"""The console's addresses: the page, the same as JSON, and the health and metrics of all stages."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import partial
from importlib import resources
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import anyio.to_thread
import jinja2
import msgspec
from prometheus_client import CONTENT_TYPE_LATEST, Counter
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import HTMLResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from analytics.hurts import age
from dashboards.boards import BOARDS, EXPORTERS, HOME, PIPELINE, VIF, Panel
from dashboards.web import stages
from dashboards.web.course import RANGES, Courses
from dashboards.web.exporters import MOST_NEEDS, MOST_SHOWN, ExportersSnapshots
from dashboards.web.figures import columns_of
from dashboards.web.guard import Guard
from dashboards.web.pipeline import MOST_SHOWN as MOST_OF_PIPELINE
from dashboards.web.pipeline import PipelineSnapshots
from dashboards.web.rows import arrange
from dashboards.web.snapshot import Snapshot, Snapshots
from dashboards.web.vif import VifPage, VifPages, directions
from viflux import __version__
from viflux.clock import NANOSECONDS, Clock
from viflux.paths import DataPaths

if TYPE_CHECKING:
    from starlette.requests import Request

REQUESTS = Counter("viflux_web_requests_total", "Answered requests.", ["path", "status"])

_JSON = msgspec.json.Encoder()
_LIVE = {"Cache-Control": "no-cache"}
_LONGEST_SEARCH = 200
_VIF_ID = re.compile(r"[0-9a-f]{16}")


class Console:
    """The handlers; each asks for the current snapshot in a thread, so a slow store holds up nobody else.

    Args:
        snapshots: Where the state comes from.
        exporters: The same of the exporters' page.
        pipeline: The same of the pipeline's page.
        vif_pages: The same of each VIF's page.
        courses: The same of its charts.
        paths: The data folder, for the stages' sockets.
        clock: For ages.
    """

    def __init__(
        self,
        snapshots: Snapshots,
        exporters: ExportersSnapshots,
        pipeline: PipelineSnapshots,
        vif_pages: VifPages,
        courses: Courses,
        paths: DataPaths,
        clock: Clock,
    ) -> None:
        self._snapshots = snapshots
        self._exporters = exporters
        self._pipeline = pipeline
        self._vif_pages = vif_pages
        self._courses = courses
        self._paths = paths
        self._clock = clock
        templates = jinja2.Environment(
            loader=jinja2.FunctionLoader(_template), autoescape=True, trim_blocks=True, lstrip_blocks=True
        )
        templates.filters["age"] = self._age_of_window
        templates.filters["columns_of"] = columns_of
        self._page = templates.get_template("page.html")
        self._exporters_page = templates.get_template("exporters.html")
        self._vif_page = templates.get_template("vif.html")
        self._pipeline_page = templates.get_template("pipeline.html")

    async def page(self, request: Request) -> Response:
        """Answer with the page, sorted and filtered as the address says."""
        snapshot = await anyio.to_thread.run_sync(self._snapshots.current)
        view = _View.of(request, HOME.panel("vifs"), "/")
        shown = arrange(list(snapshot.rows), view.sort, view.words, every=view.every)
        html = self._page.render(
            snapshot=snapshot,
            host=snapshot.host,
            view=view,
            rows=shown,
            boards=BOARDS,
            board=HOME,
            vifs=HOME.panel("vifs"),
            scopes=HOME.panel("scopes"),
            version=__version__,
            counted=sum(row.is_counted for row in snapshot.rows),
            now=self._now(),
        )
        REQUESTS.labels("/", 200).inc()
        return HTMLResponse(html, headers=_LIVE)

    async def exporters_page(self, request: Request) -> Response:
        """Answer with the exporters, sorted and filtered as the address says."""
        snapshot = await anyio.to_thread.run_sync(self._exporters.current)
        panel = EXPORTERS.panel("exporters")
        view = _View.of(request, panel, "/exporters")
        found = arrange(list(snapshot.rows), view.sort, view.words, every=True)
        html = self._exporters_page.render(
            snapshot=snapshot,
            host=self._exporters.host,
            view=view,
            rows=found[:MOST_SHOWN],
            found=len(found),
            needing=snapshot.needing[:MOST_NEEDS],
            boards=BOARDS,
            board=EXPORTERS,
            panel=panel,
            version=__version__,
            now=self._now(),
        )
        REQUESTS.labels("/exporters", 200).inc()
        return HTMLResponse(html, headers=_LIVE)

    async def pipeline_page(self, _request: Request) -> Response:
        """Answer with the ledger's balance and the hosts' completeness."""
        snapshot = await anyio.to_thread.run_sync(self._pipeline.current)
        html = self._pipeline_page.render(
            snapshot=snapshot,
            host=self._pipeline.host,
            boards=BOARDS,
            board=PIPELINE,
            balance=PIPELINE.panel("balance"),
            hosts=PIPELINE.panel("arrivals"),
            cost=PIPELINE.panel("cost"),
            most_shown=MOST_OF_PIPELINE,
            version=__version__,
            now=self._now(),
        )
        REQUESTS.labels("/pipeline", 200).inc()
        return HTMLResponse(html, headers=_LIVE)

    async def vif_page(self, request: Request) -> Response:
        """Answer with the flows and drops of one VIF; 404 where it is not known."""
        vif_id, page = await self._vif(request)
        html = self._vif_page.render(
            page=page,
            vif_id=vif_id,
            host=page.vif.host if page.vif else self._pipeline.host,
            boards=BOARDS,
            board=VIF,
            course=VIF.panel("course"),
            ranges=RANGES,
            range=_range(request),
            ways=directions(page.vif.side if page.vif else ""),
            talks=VIF.panel("talks"),
            dropped=VIF.panel("dropped"),
            version=__version__,
            now=self._now(),
        )
        status = 200 if page.vif or page.trouble else 404
        REQUESTS.labels("/vif", status).inc()
        return HTMLResponse(html, status_code=status, headers=_LIVE)

    async def vif(self, request: Request) -> Response:
        """Answer with the exact columns of one VIF's flows and drops; 404 where it is not known."""
        vif_id, page = await self._vif(request)
        body = {
            "vif_id": vif_id,
            "store_trouble": page.trouble,
            **{
                name: {"notes": answer.notes, "rows": answer.rows} if answer else None
                for name, answer in (("flows", page.flows), ("drops", page.drops))
            },
        }
        status = 200 if page.vif or page.trouble else 404
        REQUESTS.labels("/api/v1/vifs/ID", status).inc()
        return Response(_JSON.encode(body), status_code=status, media_type="application/json", headers=_LIVE)

    async def course(self, request: Request) -> Response:
        """Answer with what the charts of one VIF draw over `?range=`: a figure a step; 404 for what is no id."""
        text, over = request.path_params["vif_id"], RANGES[_range(request)]
        status, body = 404, _JSON.encode({"error": f"no id of a VIF: {text[:_LONGEST_SEARCH]}"})
        if _VIF_ID.fullmatch(text):
            course = await anyio.to_thread.run_sync(partial(self._courses.current, int(text, 16), over))
            status, body = 200, _JSON.encode(course)
        REQUESTS.labels("/api/v1/vifs/ID/course", status).inc()
        return Response(body, status_code=status, media_type="application/json", headers=_LIVE)

    async def _vif(self, request: Request) -> tuple[str, VifPage]:
        text = request.path_params["vif_id"]
        if not _VIF_ID.fullmatch(text):
            return text[:_LONGEST_SEARCH], VifPage()
        return text, await anyio.to_thread.run_sync(partial(self._vif_pages.current, int(text, 16)))

    async def pipeline(self, _request: Request) -> Response:
        """Answer with the exact columns of the ledger's balance and of the hosts."""
        snapshot = await anyio.to_thread.run_sync(self._pipeline.current)
        body = _JSON.encode(
            {
                "store_trouble": snapshot.trouble,
                "balance": snapshot.balance,
                "hosts": snapshot.hosts,
                "costs": snapshot.costs,
            }
        )
        REQUESTS.labels("/api/v1/pipeline", 200).inc()
        return Response(body, media_type="application/json", headers=_LIVE)

    async def exporters(self, _request: Request) -> Response:
        """Answer with the exporters' exact columns."""
        snapshot = await anyio.to_thread.run_sync(self._exporters.current)
        body = _JSON.encode(
            {
                "host": self._exporters.host,
                "store_trouble": snapshot.trouble,
                "exporters": [row.columns for row in snapshot.rows],
            }
        )
        REQUESTS.labels("/api/v1/exporters", 200).inc()
        return Response(body, media_type="application/json", headers=_LIVE)

    async def vifs(self, request: Request) -> Response:
        """Answer with all VIFs; `?view=cells` gives what the page shows instead of the exact columns."""
        snapshot = await anyio.to_thread.run_sync(self._snapshots.current)
        is_page = request.query_params.get("view") == "cells"
        headers = {**_LIVE, "ETag": snapshot.etag[:-1] + ('-c"' if is_page else '-f"')}
        if headers["ETag"] in request.headers.get("if-none-match", ""):
            REQUESTS.labels("/api/v1/vifs", 304).inc()
            return Response(status_code=304, headers=headers)
        body = _JSON.encode(_cells_view(snapshot) if is_page else _full_view(snapshot))
        REQUESTS.labels("/api/v1/vifs", 200).inc()
        return Response(body, media_type="application/json", headers=headers)

    async def health(self, request: Request) -> Response:
        """Answer `/livez` and `/readyz` for all stages together."""
        path = request.url.path
        status, text = await anyio.to_thread.run_sync(partial(stages.health, self._paths, path))
        REQUESTS.labels(path, int(status)).inc()
        return Response(text, status_code=status, media_type="text/plain", headers={"Cache-Control": "no-store"})

    async def metrics(self, _request: Request) -> Response:
        """Answer with the metrics of all stages."""
        text = await anyio.to_thread.run_sync(partial(stages.metrics, self._paths))
        return Response(text, headers={"Content-Type": CONTENT_TYPE_LATEST, "Cache-Control": "no-store"})

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._clock.now_ns() // NANOSECONDS, UTC)

    def _age_of_window(self, start_time: str) -> str:
        end = datetime.fromisoformat(start_time[:19] + "+00:00") + timedelta(seconds=10)
        return age(self._clock.now_ns() - round(end.timestamp()) * NANOSECONDS)


class _View(msgspec.Struct, frozen=True):
    """What the address asks for; unknown values are taken as the default, an old bookmark still works."""

    sort: str
    words: str
    every: bool
    measures: dict[str, str]
    path: str

    @classmethod
    def of(cls, request: Request, panel: Panel, path: str) -> _View:
        sort = request.query_params.get("sort", panel.sort_by)
        if sort.removeprefix("-") not in {column.name for column in panel.columns} - {"age"}:
            sort = panel.sort_by
        words = request.query_params.get("q", "")[:_LONGEST_SEARCH]
        measures: dict[str, str] = {column.name: column.measure for column in panel.columns}
        return cls(sort, words, request.query_params.get("all") == "1", measures, path)

    def link(self, column: str) -> str:
        """Return the address that sorts by a column, and the other way round where it is sorted by it already."""
        measure = self.measures[column]
        first, second = (column, f"-{column}") if measure == "text" else (f"-{column}", column)
        query = {"sort": second if self.sort == first else first}
        if self.words:
            query["q"] = self.words
        if self.every:
            query["all"] = "1"
        return f"{self.path}?{urlencode(query)}"


def application(
    snapshots: Snapshots,
    exporters: ExportersSnapshots,
    pipeline: PipelineSnapshots,
    vif_pages: VifPages,
    courses: Courses,
    paths: DataPaths,
    clock: Clock,
) -> Starlette:
    """Return the console as an ASGI application."""
    console = Console(snapshots, exporters, pipeline, vif_pages, courses, paths, clock)
    folder = resources.files("dashboards.web") / "static"
    return Starlette(
        routes=[
            Route("/", console.page),
            Route("/exporters", console.exporters_page),
            Route("/pipeline", console.pipeline_page),
            Route("/vif/{vif_id}", console.vif_page),
            Route("/api/v1/vifs", console.vifs),
            Route("/api/v1/vifs/{vif_id}", console.vif),
            Route("/api/v1/vifs/{vif_id}/course", console.course),
            Route("/api/v1/exporters", console.exporters),
            Route("/api/v1/pipeline", console.pipeline),
            Route("/livez", console.health),
            Route("/readyz", console.health),
            Route("/metrics", console.metrics),
            Mount("/static", StaticFiles(directory=str(folder))),
        ],
        middleware=[Middleware(Guard), Middleware(GZipMiddleware, minimum_size=2048, compresslevel=3)],
    )


def _cells_view(snapshot: Snapshot) -> dict[str, Any]:
    return {
        "judgement": snapshot.judgement,
        "empty_text": snapshot.empty_text,
        "totals": snapshot.totals,
        "stages": snapshot.stages,
        "notes": snapshot.notes,
        "vifs": [
            {
                "vif_id": row.vif_id,
                "is_counted": row.is_counted,
                "figures_time": row.figures_time,
                "words": row.words,
                "cells": row.cells,
            }
            for row in snapshot.rows
        ],
    }


def _full_view(snapshot: Snapshot) -> dict[str, Any]:
    return {
        "host": snapshot.host,
        "store_trouble": snapshot.store_trouble,
        "judgement": snapshot.judgement,
        "vifs": [row.columns for row in snapshot.rows],
    }


def _range(request: Request) -> str:
    name = request.query_params.get("range", "")
    return name if name in RANGES else next(iter(RANGES))


def _template(name: str) -> str:
    return (resources.files("dashboards.web") / "templates" / name).read_text(encoding="utf-8")
