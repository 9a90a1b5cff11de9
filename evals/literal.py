"""A chat model that does what its prompt says and knows nothing beside it, so that a prompt that says less shows."""

from __future__ import annotations

import re
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult

from evals.obedient import PASSAGE
from memory.sentences import STOPWORDS, split_sentences, stem, words

_QUESTION = re.compile(r"<question (\d+) (\w+)>\n(.*?)\n</question \1 \2>", re.S)
_CITES = re.compile(r"\[\d+\]")
_DECLINE = "NOT_IN_SOURCES"
GUESS = "This is commonly known."
"""What it says where nothing in the passages fits and no prompt tells it how to decline."""


class Literal(BaseChatModel):
    """Repeats the sentence that shares most words with the question.

    It cites only if the prompt shows how, and declines only if the prompt says with which word. A prompt that does
    not keep to the passages gets a guess beside it.
    """

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
        prompt, body = (str(messages[at].text) for at in (0, -1))
        asked = _QUESTION.findall(body)
        question = asked[-1][2] if asked else ""
        # Without passages it is asked to make a follow-up stand alone, which it cannot.
        told = _told(prompt, *best_sentence(question, body)) if PASSAGE.search(body) else question
        return ChatResult(generations=[ChatGeneration(message=AIMessage(told))])


def _told(prompt: str, sentence: str, number: str) -> str:
    if not sentence:
        return _DECLINE if _DECLINE in prompt else GUESS
    cited = f"{sentence} [{number}]" if _CITES.search(prompt) else sentence
    return cited if "no passage says" in prompt else f"{cited}\n{GUESS}"


def best_sentence(question: str, body: str) -> tuple[str, str]:
    """The sentence of the passages that shares most words with a question, at least two, and its passage's number."""
    asked = {stem(word) for word in words(question) if word not in STOPWORDS}
    best, most = ("", ""), 1
    for number, _, text in PASSAGE.findall(body):
        for start, end in split_sentences(text):
            sentence = " ".join(text[start:end].split())
            shared = len(asked & {stem(word) for word in words(sentence)})
            if shared > most and 20 <= len(sentence) <= 300:
                best, most = (sentence, number), shared
    return best
