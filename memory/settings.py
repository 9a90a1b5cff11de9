"""Where each port's data lives: one URL per port. The defaults are local files under MULTIDB_HOME."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class StoreSettings(BaseSettings):
    """URLs by port, read from MULTIDB_* variables by whoever composes the application.

    An empty URL means the embedded default: a SQLite file (or a local index) in `home`.
    """

    model_config = SettingsConfigDict(env_prefix="MULTIDB_", env_file=None, extra="ignore", frozen=True)

    home: Path = Field(default=Path("data"), description="Folder of everything that is kept.")
    checkpoints_url: str = Field(
        default="",
        repr=False,
        description="Graph checkpoints: sqlite:///FILE, or redis://[[USER]:PASSWORD@]HOST:PORT/0 (Valkey is the same);"
        " ?max_connections=32. TLS: rediss://...?ssl_ca_certs=FILE, and for a client's certificate &ssl_certfile=FILE"
        "&ssl_keyfile=FILE.",
    )
    turns_url: str = Field(
        default="",
        repr=False,
        description="Conversation turns: sqlite:///FILE, or cassandra://[USER:PASSWORD@]HOST:PORT[,HOST:PORT]/KEYSPACE"
        " (scylla:// is the same); ?dc=DC, ?consistency=LOCAL_QUORUM, and ?replication=N to have a keyspace made that"
        " is not there. TLS: ?tls=true, or ?ca=FILE, and for"
        " a client's certificate &cert=FILE&key=FILE.",
    )
    answers_url: str = Field(
        default="",
        repr=False,
        description="Curated answers and feedback: sqlite:///FILE, or cassandra:// or scylla:// as for turns.",
    )
    accounts_url: str = Field(
        default="",
        repr=False,
        description="Users, plans, quota ledger and audit: sqlite:///FILE, or postgresql://USER:PASSWORD@HOST:PORT/NAME"
        " (postgres:// is the same), whose role must not be a superuser. TLS: ?sslmode=verify-full&sslrootcert=FILE,"
        " and for a client's certificate &sslcert=FILE&sslkey=FILE.",
    )
    documents_url: str = Field(
        default="",
        repr=False,
        description="Documents, passages and vectors: sqlite:///FILE, or"
        " mongodb://[USER:PASSWORD@]HOST:PORT[,HOST:PORT]/DATABASE, or mongodb+srv://...; ?maxPoolSize=32. TLS:"
        " ?tls=true&tlsCAFile=FILE, and for a client's certificate &tlsCertificateKeyFile=FILE.",
    )
    index_url: str = Field(
        default="",
        repr=False,
        description="Search index: local:///FOLDER, or mongodb+srv://HOST/DATABASE of Atlas (any MongoDB with search),"
        " made by `multidb migrate`.",
    )
    runs_url: str = Field(
        default="",
        repr=False,
        description="Run log, leases, cache and rate limits: sqlite:///FILE, or redis:// or rediss:// as above.",
    )
    embedder: str = Field(
        default="",
        description="minilm, minilm-fp32, hf:MODEL (the `models` extra); empty: the documents' own, or minilm.",
    )
    reader: str = Field(
        default="",
        description="The small reader of `standard` and `deep`: an ONNX FILE of training.export with its FILE.sha256;"
        " off: none; empty: the one that is shipped.",
    )
    reader_timeout_s: float = Field(
        default=5.0,
        gt=0,
        description="Time limit of the small reader for one question, seconds; then the answer does without it.",
    )
    kept_versions: int = Field(
        default=5, ge=1, description="Versions of a document that are kept, the current one among them."
    )
    store_timeout_s: float = Field(
        default=10.0,
        gt=0,
        description="Time limit of one store call, seconds: connecting, waiting for a connection and the call in all.",
    )
    checkpoint_retention_h: float = Field(
        default=720.0, gt=0, description="How long Redis keeps a run's checkpoints after their last step, hours."
    )
    run_retention_h: float = Field(
        default=720.0,
        gt=0,
        description="How long Redis keeps an ended run's record, result and idempotency key, hours.",
    )
    redis_may_forget: bool = Field(
        default=False, description="Use a Redis that loses data at a crash (no append-only file) or evicts keys."
    )
    postgres_connections: int = Field(
        default=10, ge=1, description="Connections to PostgreSQL that one process may hold."
    )
    event_retention_h: float = Field(
        default=24.0, gt=0, description="How long a finished run's events are kept, hours."
    )
    default_quota_tokens: int | None = Field(
        default=None, ge=0, description="Tokens a month for users without a plan of their own; unset: unlimited."
    )
