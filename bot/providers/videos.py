"""Films by POST /video/submit and /video/status (facts: SiliconFlow §8)."""

from __future__ import annotations

import re
from typing import Any, Final

from bot.errors import ProviderError, ProviderUnavailable
from bot.ports import FilmingModel, FilmJob, FilmRequest, FilmState, MadeFile
from bot.providers.api import SiliconFlowApi
from bot.providers.images import sizes
from bot.providers.results import as_data_uri, fetch_result, post_json, seed_of

__all__ = ["FILMING_MODELS", "SiliconFlowFilmmaker"]

_MOST_BYTES: Final = 50 * 1024 * 1024
_FETCH_SECONDS: Final = 180.0
_LOOK_SECONDS: Final = 20.0
_TASK_EXPIRED: Final = 20063
_ANIMATES: Final = re.compile(r"i2v", re.IGNORECASE)
_SIZES: Final = sizes("1280x720 720x1280 960x960")
FILMING_MODELS: Final = (
    FilmingModel(id="Wan-AI/Wan2.2-T2V-A14B", sizes=_SIZES),
    FilmingModel(id="Wan-AI/Wan2.2-I2V-A14B", sizes=_SIZES, animates=True),
)
# By their beginnings: some clients have seen "Succeeded" (facts §17 #22).
_STATES: Final = {
    "inq": FilmState.WAITING,
    "inp": FilmState.FILMING,
    "suc": FilmState.DONE,
    "fai": FilmState.FAILED,
}


class SiliconFlowFilmmaker:
    """MakesFilms on the SiliconFlow API."""

    def __init__(self, *, api: SiliconFlowApi) -> None:
        self._api = api

    def about(self, model: str) -> FilmingModel:
        """See MakesFilms.about."""
        return FilmingModel(id=model, sizes=_SIZES, animates=_ANIMATES.search(model) is not None)

    async def submit(self, request: FilmRequest) -> str:
        """See MakesFilms.submit."""
        answer = await self._post(
            "/video/submit", _body(request), request.model, seconds=request.deadline_seconds
        )
        job_id = answer.get("requestId")
        if not isinstance(job_id, str) or not job_id:
            raise ProviderUnavailable("the film was begun without a number", model=request.model)
        return job_id

    async def look(self, job_id: str) -> FilmJob:
        """See MakesFilms.look."""
        try:
            answer = await self._post("/video/status", {"requestId": job_id}, "", seconds=_LOOK_SECONDS)
        except ProviderError as exc:
            if exc.code == _TASK_EXPIRED:
                return FilmJob(state=FilmState.GONE)
            raise
        return _job(answer)

    async def fetch(self, url: str) -> MadeFile:
        """See MakesFilms.fetch."""
        film = await fetch_result(self._api, url, most_bytes=_MOST_BYTES, timeout_seconds=_FETCH_SECONDS)
        if not film.mime.startswith("video/"):
            raise ProviderError(f"{film.mime} instead of a film")
        return film

    async def _post(self, path: str, body: dict[str, Any], model: str, *, seconds: float) -> dict[str, Any]:
        try:
            answer = await post_json(self._api, path, body, model=model, timeout_seconds=seconds)
        except TimeoutError as exc:
            raise ProviderUnavailable(f"no answer within {seconds:g} s", model=model) from exc
        result: dict[str, Any] = answer.body
        return result


def _body(request: FilmRequest) -> dict[str, Any]:
    body: dict[str, Any] = {
        "model": request.model,
        "prompt": request.prompt,
        "image_size": str(request.size),
    }
    if request.negative:
        body["negative_prompt"] = request.negative
    if request.seed is not None:
        body["seed"] = request.seed
    if request.source is not None:
        body["image"] = as_data_uri(request.source)
    return body


def _job(answer: dict[str, Any]) -> FilmJob:
    state = _STATES.get(str(answer.get("status", ""))[:3].lower())
    if state is None:
        raise ProviderUnavailable(f"unknown state of a film: {answer.get('status')!r}")
    results = answer.get("results")
    results = results if isinstance(results, dict) else {}
    videos = results.get("videos")
    first = videos[0] if isinstance(videos, list) and videos else None
    url = str(first.get("url") or "") if isinstance(first, dict) else ""
    if state is FilmState.DONE and not url:
        raise ProviderUnavailable("the film is done, but has no address")
    return FilmJob(
        state=state,
        url=url,
        reason=str(answer.get("reason") or ""),
        seed=seed_of(results.get("seed")),
    )
