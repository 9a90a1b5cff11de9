import zipfile

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

from training.published import published

QUERY = "encoder.layer.0.attention.self.query"


def model(*, names=("weight", "bias"), swapped=False):
    weight, bias = np.arange(6, dtype=np.float32).reshape(2, 3), np.ones(3, np.float32)
    kept = {
        "embeddings.word_embeddings.weight": np.eye(4, 2, dtype=np.float32),
        "onnx::MatMul_7": weight,
        f"{QUERY}.{names[1]}": bias,
    }
    added = [f"{QUERY}.{names[1]}", "product"]
    nodes = [
        helper.make_node("MatMul", ["value", "onnx::MatMul_7"], ["product"]),
        helper.make_node("Add", added[::-1] if swapped else added, ["out"]),
    ]
    value = helper.make_tensor_value_info("value", onnx.TensorProto.FLOAT, [1, 2])
    out = helper.make_tensor_value_info("out", onnx.TensorProto.FLOAT, [1, 3])
    constants = [numpy_helper.from_array(part, name) for name, part in kept.items()]
    return helper.make_model(helper.make_graph(nodes, "g", [value], [out], constants)).SerializeToString()


@pytest.mark.parametrize("swapped", [False, True])
def test_a_weight_without_a_name_has_that_of_the_bias_that_is_added_to_its_product(tmp_path, swapped):
    (tmp_path / "a.onnx").write_bytes(model(swapped=swapped))
    found = published(tmp_path / "a.onnx")
    assert set(found) == {"embeddings.word_embeddings.weight", f"{QUERY}.bias", f"{QUERY}.weight"}
    assert np.array_equal(found[f"{QUERY}.weight"], [[0, 3], [1, 4], [2, 5]])


def test_a_jar_is_looked_into(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.jar", "w") as jar:
        jar.writestr("some/a.onnx", model())
        jar.writestr("some/tokenizer.json", "{}")
    assert f"{QUERY}.weight" in published(tmp_path / "a.jar")


def test_a_jar_without_or_with_two_models_is_refused(tmp_path):
    for count in (0, 2):
        with zipfile.ZipFile(tmp_path / "a.jar", "w") as jar:
            for number in range(count):
                jar.writestr(f"{number}.onnx", model())
        with pytest.raises(ValueError, match=f"{count} ONNX files in it"):
            published(tmp_path / "a.jar")


def test_a_model_whose_weights_have_other_names_is_refused(tmp_path):
    (tmp_path / "a.onnx").write_bytes(model(names=("weight", "offset")))
    with pytest.raises(ValueError, match="no encoder of BERT's kind"):
        published(tmp_path / "a.onnx")
