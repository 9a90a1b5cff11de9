"""The reader as torch trains it: BERT's encoder with published weights, and a head for start and end."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional

HEADS, WIDTH, INNER, WORDS, PLACES = 12, 384, 1536, 30522, 512
EPSILON = 1e-12


class Layer(nn.Module):
    """One layer of BERT, its parameters named as in the published weights; no dropout."""

    def __init__(self) -> None:
        super().__init__()
        own = {name: nn.Linear(WIDTH, WIDTH) for name in ("query", "key", "value")}
        self.attention = nn.ModuleDict({"self": nn.ModuleDict(own), "output": _dense(WIDTH)})
        self.intermediate = nn.ModuleDict({"dense": nn.Linear(WIDTH, INNER)})
        self.output = _dense(INNER)

    def forward(self, value: Tensor, mask: Tensor) -> Tensor:
        """(batch, tokens, WIDTH) and (batch, 1, 1, tokens) bool -> (batch, tokens, WIDTH)."""
        own, out = self.attention["self"], self.attention["output"]
        query, key, content = (_split(own[name](value)) for name in ("query", "key", "value"))
        attended = functional.scaled_dot_product_attention(query, key, content, attn_mask=mask)
        middle = out["LayerNorm"](value + out["dense"](attended.transpose(1, 2).flatten(2)))
        wide = functional.gelu(self.intermediate["dense"](middle))
        return self.output["LayerNorm"](middle + self.output["dense"](wide))


class SpanReader(nn.Module):
    """Scores each token as the first and the last of the answer; the first token ([CLS]) stands for "not here"."""

    def __init__(self, layers: int) -> None:
        super().__init__()
        self.embeddings = nn.ModuleDict(
            {
                "word_embeddings": nn.Embedding(WORDS, WIDTH),
                "position_embeddings": nn.Embedding(PLACES, WIDTH),
                "token_type_embeddings": nn.Embedding(2, WIDTH),
                "LayerNorm": nn.LayerNorm(WIDTH, eps=EPSILON),
            }
        )
        self.encoder = nn.ModuleDict({"layer": nn.ModuleList(Layer() for _ in range(layers))})
        self.span = nn.Linear(WIDTH, 2)

    def forward(self, ids: Tensor, mask: Tensor, allowed: Tensor) -> Tensor:
        """(batch, tokens) ids, bool mask and bool allowed -> (batch, 2, tokens) scores, -inf where not allowed."""
        part = self.embeddings
        place = part["position_embeddings"].weight[: ids.shape[1]] + part["token_type_embeddings"].weight[0]
        value = part["LayerNorm"](part["word_embeddings"](ids) + place)
        for layer in self.encoder["layer"]:
            value = layer(value, mask[:, None, None, :])
        return self.span(value).transpose(1, 2).masked_fill(~allowed[:, None, :], -torch.inf)


def pretrained(weights: Path) -> SpanReader:
    """Return a reader with an encoder's published weights and a fresh head."""
    kept = {key.removeprefix("bert."): value for key, value in load_file(weights).items()}
    reader = SpanReader(layers_of(kept))
    known = {key: kept[key] for key in reader.state_dict() if not key.startswith("span.")}
    reader.load_state_dict(known, strict=False)
    nn.init.normal_(reader.span.weight, std=0.02)
    nn.init.zeros_(reader.span.bias)
    return reader


def reader_of(weights: Mapping[str, Tensor]) -> SpanReader:
    """Return a reader with all its weights, as they were learned."""
    reader = SpanReader(layers_of(weights))
    reader.load_state_dict(weights)
    return reader


def layers_of(weights: Iterable[str]) -> int:
    """Return how many layers these names of weights belong to."""
    return len({name.split(".")[2] for name in weights if name.startswith("encoder.layer.")})


def _dense(inner: int) -> nn.ModuleDict:
    return nn.ModuleDict({"dense": nn.Linear(inner, WIDTH), "LayerNorm": nn.LayerNorm(WIDTH, eps=EPSILON)})


def _split(value: Tensor) -> Tensor:
    """(batch, tokens, WIDTH) -> (batch, HEADS, tokens, WIDTH / HEADS)."""
    return value.unflatten(2, (HEADS, WIDTH // HEADS)).transpose(1, 2)
