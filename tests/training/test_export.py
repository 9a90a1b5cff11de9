import hashlib

import numpy as np
import pytest
from safetensors.numpy import save_file

from memory.embeddings.bert import Shape
from memory.embeddings.runtime import session_of
from tests.support.tiny_reader import SHAPE, scores_by_hand, tiny_weights
from training import export


@pytest.fixture
def weights(tmp_path, monkeypatch):
    monkeypatch.setattr(export, "SHAPE", Shape(*SHAPE))
    save_file(tiny_weights(), tmp_path / "reader.safetensors")
    return tmp_path / "reader.safetensors"


def test_an_export_is_what_its_digest_says_and_gives_what_was_trained(weights, tmp_path):
    file = tmp_path / "out.onnx"
    digest = export.export(weights, file, exact=True)
    assert digest == hashlib.sha256(file.read_bytes()).hexdigest()
    assert file.with_suffix(".sha256").read_text() == f"{digest}  out.onnx\n"
    tokens = np.array([[101, 2043, 102, 2009, 102]])
    (scores,) = session_of(file.read_bytes()).run(None, {"input_ids": tokens, "attention_mask": np.ones_like(tokens)})
    assert np.abs(scores[0] - scores_by_hand(tiny_weights(), tokens[0].tolist())).max() < 1e-4


def test_the_same_weights_give_the_same_file(weights, tmp_path):
    assert export.export(weights, tmp_path / "a.onnx") == export.export(weights, tmp_path / "b.onnx")


def test_an_int8_file_is_a_quarter_of_an_exact_one(weights, tmp_path):
    export.export(weights, tmp_path / "int8.onnx")
    export.export(weights, tmp_path / "exact.onnx", exact=True)
    assert (tmp_path / "int8.onnx").stat().st_size < 0.4 * (tmp_path / "exact.onnx").stat().st_size
