# `docker build .` makes the embedded app; `--target servers` adds the drivers of Redis, PostgreSQL, Cassandra, MongoDB.
FROM python:3.11-slim-bookworm AS embedded
RUN apt-get update && apt-get install -y --no-install-recommends make && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY Makefile requirements.txt ./
COPY api/__init__.py api/launcher.py api/
# The stamp installs from the lock: versions and hashes, no torch.
RUN make .venv/.run && useradd --system --uid 10001 multidb && install -d -o multidb /data
COPY . .
USER multidb
ENV MULTIDB_HOME=/data MULTIDB_HOST=0.0.0.0 PYTHONDONTWRITEBYTECODE=1
EXPOSE 8000
HEALTHCHECK --start-period=20s CMD [".venv/bin/python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/health/live')"]
CMD [".venv/bin/multidb", "serve", "--samples"]

FROM embedded AS servers
USER root
RUN .venv/bin/uv pip install -q -p .venv -c requirements-dev.txt redis 'psycopg[binary,pool]' cassandra-driver pymongo
USER multidb

FROM embedded
