"""What a server that runs on its own needs to know, from the same MULTIDB_* variables as the application."""

from __future__ import annotations

from pydantic import Field, SecretStr

from memory.folder import load_secret
from memory.records import Effort
from memory.settings import StoreSettings

PRICES: dict[Effort, int] = {"quick": 2_000, "standard": 6_000, "deep": 20_000}


class ServerSettings(StoreSettings):
    """Stores, secret and door of a server process."""

    secret: SecretStr = Field(default=SecretStr(""), description="Verifies every token; at least 32 bytes.")
    allowed_hosts: tuple[str, ...] = Field(default=(), description="Further Host names that reach the server.")
    prices: dict[Effort, int] = Field(default=PRICES, description="Tokens that a run of each effort costs at most.")

    def signing_secret(self) -> bytes:
        """Return the deployment's secret, or the data folder's own when none is configured.

        Raises:
            InvalidInput: it is too short.
        """
        return load_secret(self.home, self.secret.get_secret_value())
