"""Every setting of the application, read once from MULTIDB_* variables; field by field documented here."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, SecretStr

from memory.settings import StoreSettings


class Settings(StoreSettings):
    """What a deployment may choose. Sizes in bytes, times in seconds."""

    host: str = Field(default="127.0.0.1", description="Address to bind; anything but loopback needs a secret.")
    port: int = Field(default=8000, ge=0, le=65535, description="Port to bind; 0 takes a free one.")
    secret: SecretStr = Field(default=SecretStr(""), description="Signs every token; at least 32 bytes.")
    allowed_hosts: tuple[str, ...] = Field(default=(), description="Further Host names that reach the server.")
    allowed_origins: tuple[str, ...] = Field(default=(), description="Further Origins, e.g. https://chat.example.")

    model_synthesizer: str = Field(default="extractive", description="provider:model, or extractive (no model).")
    model_judge: str = Field(default="deterministic", description="provider:model, or deterministic (no model).")
    model_fallbacks: tuple[str, ...] = Field(default=(), description="Specs tried in order when the first fails.")
    model_base_url: str = Field(default="", description="OpenAI-compatible server: Ollama, vLLM, LM Studio.")
    model_api_key: SecretStr = Field(default=SecretStr(""), description="Key of the provider, if it wants one.")
    model_timeout_s: float = Field(default=60.0, gt=0, description="Time limit of one model call.")

    mcp_vector_search_url: str = Field(default="", description="URL of the server; empty: in process.")
    mcp_knowledge_base_url: str = Field(default="", description="URL of the server; empty: in process.")
    mcp_user_quota_url: str = Field(default="", description="URL of the server; empty: in process.")
    mcp_timeout_s: float = Field(default=10.0, gt=0, description="Time limit of one call of a tool.")
    mcp_off: tuple[str, ...] = Field(default=(), description="Servers switched off; runs are then degraded.")

    max_body_bytes: int = Field(default=256 * 1024, gt=0, description="Largest JSON request.")
    max_upload_bytes: int = Field(default=50 * 1024 * 1024, gt=0, description="Largest upload request.")
    max_upload_files: int = Field(default=20, gt=0, description="Files in one upload.")
    max_uploads: int = Field(default=4, gt=0, description="Uploads handled at once; more are refused with 503.")
    parser_wall_s: float = Field(default=150.0, gt=0, description="How long a file's next document may take to read.")
    parser_cpu_s: int = Field(default=120, gt=0, description="Processor time that reading one file may take.")
    parser_memory_bytes: int = Field(default=2**30, gt=0, description="Address space of the process that reads files.")
    max_runs: int = Field(default=64, gt=0, description="Runs at once; more are refused with 503.")
    max_streams: int = Field(default=10_000, gt=0, description="Open event streams; more are refused with 503.")

    requests_per_user: int = Field(
        default=0, ge=0, description="Requests a minute of one user, over all processes; 0: any number."
    )
    requests_per_address: int = Field(
        default=0,
        ge=0,
        description="Requests a minute of one address, whoever it is; 0: any number. Behind a proxy, name it in"
        " FORWARDED_ALLOW_IPS, or all its clients are one address.",
    )

    request_timeout_s: float = Field(
        default=30.0,
        gt=0,
        description="Within this a request's answer begins, else 504; a run has a limit of its own.",
    )
    upload_timeout_s: float = Field(default=1800.0, gt=0, description="Time limit of an upload, its files read.")
    thread_wait_s: float = Field(default=8.0, ge=0, description="How long a second message on a thread waits.")
    lease_ttl_s: float = Field(default=6.0, gt=0, description="Lease of a thread; renewed three times as often.")
    run_timeout_s: float = Field(default=180.0, gt=0, description="Time limit of one run.")
    heartbeat_s: float = Field(default=15.0, gt=0, description="How often a stream sends a comment.")
    stall_s: float = Field(default=30.0, gt=0, description="A reader without progress is cut after this.")
    shutdown_grace_s: float = Field(default=5.0, ge=0, description="How long running runs may finish at a stop.")
    history_turns: int = Field(default=20, ge=0, description="Recent turns that a run gets to see.")
    recovery_attempts: int = Field(default=3, gt=0, description="Recoveries of one run before it is given up.")

    response_cache: Literal["auto", "on", "off"] = Field(
        default="auto",
        description="Give an answer again that was given before, while nothing it rests on has changed. auto: where a"
        " chat model is used. Off where servers of another process search.",
    )
    response_cache_h: float = Field(default=24.0, gt=0, description="How long an answer may be given again, hours.")

    log_level: str = Field(default="INFO", description="Level of the JSON log.")
    telemetry: bool = Field(default=False, description="Send OpenTelemetry traces (the `telemetry` extra).")
    telemetry_endpoint: str = Field(default="http://127.0.0.1:4318/v1/traces", description="OTLP/HTTP traces URL.")
    langsmith: bool = Field(default=False, description="Trace runs to LangSmith with its own LANGSMITH_* variables.")

    @property
    def resumes(self) -> bool:
        """Whether runs go on from checkpoints: a chat model is paid for. Others start over from their record."""
        return (self.model_synthesizer, self.model_judge) != ("extractive", "deterministic")

    @property
    def recalls(self) -> bool:
        """Whether answers are given again. An index of another process cannot say what an answer was made from."""
        elsewhere = self.mcp_vector_search_url or self.mcp_knowledge_base_url
        return not elsewhere and (self.response_cache == "on" or (self.response_cache == "auto" and self.resumes))
