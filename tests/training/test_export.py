import hashlib

import numpy as np
import pytest
from safetensors.numpy import save_file

from memory.embeddings.runtime import session_of
from tests.support.tiny_reader import SHAPE, scores_by_hand, tiny_weights
from training import export
from training.mean import mean_of


@pytest.fixture
def weights(tmp_path, monkeypatch):
    monkeypatch.setattr(export, "HEADS", SHAPE.heads)
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


def test_an_exported_file_gives_its_weights_back(weights, tmp_path):
    export.export(weights, tmp_path / "exact.onnx", exact=True)
    found, trained = export.exported(tmp_path / "exact.onnx"), tiny_weights()
    assert set(found) == set(trained)
    trained["embeddings.token_type_embeddings.weight"][1] = 0
    assert all(np.array_equal(found[name], value) for name, value in trained.items())


def test_weights_read_back_from_int8_export_to_the_same_file(weights, tmp_path):
    export.export(weights, tmp_path / "int8.onnx")
    save_file(export.exported(tmp_path / "int8.onnx"), tmp_path / "again.safetensors")
    export.export(tmp_path / "again.safetensors", tmp_path / "again.onnx")
    first, again = (export.exported(tmp_path / name) for name in ("int8.onnx", "again.onnx"))
    assert all(np.allclose(first[name], again[name], rtol=1e-6, atol=1e-7) for name in first)


def test_the_mean_of_two_readers_lies_between_them_and_other_models_are_refused(weights, tmp_path):
    other = tiny_weights(seed=8)
    save_file(other, tmp_path / "other.safetensors")
    found = mean_of(weights, tmp_path / "other.safetensors", 0.7)
    assert np.allclose(found["span.bias"], 0.3 * tiny_weights()["span.bias"] + 0.7 * other["span.bias"])
    save_file({"span.bias": other["span.bias"]}, tmp_path / "part.safetensors")
    with pytest.raises(ValueError, match="one model"):
        mean_of(weights, tmp_path / "part.safetensors", 0.5)
