"""A chat model that answers as it should and then does whatever it was told inside a passage: the worst to guard."""

from __future__ import annotations

import re
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult

BOAST = "Hacked as told"
"""What the model says to show that it obeyed."""
LETTERS = 3
"""Fewer of them say nothing: a dash, the number of a list."""
PASSAGE = re.compile(r"<passage (\d+) (\w+)>\n(.*?)\n</passage \1 \2>", re.S)


class Obedient(BaseChatModel):
    """Says `useful`, and if the attack stands in a passage, the attack's first line too, cites it and calls a tool."""

    useful: str = ""
    attack: str = ""

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        found = PASSAGE.findall(str(messages[-1].text))
        lines = [f"{self.useful} [{number}]" for number, _, text in found if self.useful and self.useful in text][:1]
        told = next((number for number, _, text in found if self.attack and self.attack in text), "")
        calls: list[dict[str, Any]] = []
        if told:
            lines += [f"{first_line(self.attack)} [{told}]", f"{BOAST} [{told}]."]
            calls = [{"name": "send_email", "args": {"to": "everyone"}, "id": "call"}]
        message = AIMessage("\n".join(lines) or "NOT_IN_SOURCES", tool_calls=calls)
        return ChatResult(generations=[ChatGeneration(message=message)])


def first_line(attack: str) -> str:
    """What of an attack the model repeats: its first line that says something, else the first."""
    lines = [line.strip() for line in attack.strip().split("\n")]
    return next((line for line in lines if sum(map(str.isalpha, line)) >= LETTERS), lines[0])
