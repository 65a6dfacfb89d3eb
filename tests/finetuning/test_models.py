"""A model from arrays and label texts, and what it computes with."""

import numpy as np
import pytest

from skbalance.finetuning import TextModel
from skbalance.finetuning._models import uses_bfloat16
from tests.finetuning.trainings import make_text_model


@pytest.mark.parametrize("pooling", ["mean", "cls", "label_attention"])
def test_from_arrays(pooling, encoder_folder):
    texts = ["ab", "abc d", "ab"]
    model = make_text_model(encoder_folder, pooling, label_texts=["ab", "cd", None])
    scores = model.scores(texts)
    arrays = {name: array.copy() for name, array in model.arrays().items()}
    copy = TextModel.from_arrays(model.files, arrays, pooling, 20)
    np.testing.assert_array_equal(copy.scores(texts), scores)
    for parameter in copy.parameters():
        parameter.data.add_(1)
    for name, array in model.arrays().items():
        np.testing.assert_array_equal(arrays[name], array)
    assert copy.tokenizer.max_length == 20


def test_length_is_the_encoders_at_most(encoder_folder):
    assert make_text_model(encoder_folder, max_length=1000).tokenizer.max_length == 64


def test_precision():
    assert not uses_bfloat16("auto", "cpu")
    assert uses_bfloat16("bfloat16", "cpu")
    assert not uses_bfloat16("float32", "cpu")
