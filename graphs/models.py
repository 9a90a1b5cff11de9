"""Chat models by role. The default, `extractive`, needs none and imports nothing heavy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel


@dataclass(frozen=True, slots=True)
class Models:
    """The models that the process opened; None is no model."""

    synthesizer: BaseChatModel | None = None
    judge: BaseChatModel | None = None
