"""Encoders loaded, taken apart and put together again."""

import json
import shutil

import pytest
import torch
from transformers import BertConfig, BertModel, RobertaConfig, RobertaModel, T5Config, T5Model

from skbalance.finetuning import ModelSource
from skbalance.finetuning._encoders import encoder_layers, load_encoder, max_positions, rebuild_encoder

IDS = torch.tensor([[2, 7, 8, 3]])


def vectors(encoder):
    encoder.eval()
    with torch.no_grad():
        return encoder(input_ids=IDS, attention_mask=torch.ones_like(IDS)).last_hidden_state


def test_taken_apart_and_put_together(encoder_folder):
    state = torch.get_rng_state()
    encoder, files = load_encoder(ModelSource(str(encoder_folder)))
    assert "config.json" in files
    assert all(isinstance(content, bytes) for content in files.values())
    again, tokenizer = rebuild_encoder(files, encoder.state_dict())
    assert torch.equal(vectors(again), vectors(encoder))
    assert torch.equal(torch.get_rng_state(), state)
    assert tokenizer("ab")["input_ids"] == rebuild_encoder(files)[1]("ab")["input_ids"]
    assert rebuild_encoder(files)[0] is None


def test_a_part_of_a_folder_of_sentence_transformers(encoder_folder, tmp_path):
    shutil.copytree(encoder_folder, tmp_path / "0_Transformer")
    (tmp_path / "modules.json").write_text(json.dumps([{"path": "0_Transformer"}]))
    encoder, _ = load_encoder(ModelSource(str(tmp_path)))
    expected, _ = load_encoder(ModelSource(str(encoder_folder)))
    assert torch.equal(vectors(encoder), vectors(expected))


def test_a_folder_without_an_encoder(tmp_path):
    with pytest.raises(OSError, match="could not be loaded as an encoder"):
        load_encoder(ModelSource(str(tmp_path)))


def test_an_encoder_with_a_decoder(encoder_folder, tmp_path):
    config = T5Config(vocab_size=60, d_model=16, d_kv=8, d_ff=32, num_layers=1, num_heads=2)
    T5Model(config).save_pretrained(tmp_path)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(encoder_folder / name, tmp_path / name)
    with pytest.raises(ValueError, match="is a T5Model, with a decoder; an encoder is needed"):
        load_encoder(ModelSource(str(tmp_path)))


@pytest.mark.parametrize(("config", "model", "limit"), [(BertConfig, BertModel, 40), (RobertaConfig, RobertaModel, 38)])
def test_limits_and_layers(config, model, limit, encoder_folder):
    tokenizer = rebuild_encoder(load_encoder(ModelSource(str(encoder_folder)))[1])[1]
    encoder = model(
        config(
            vocab_size=60,
            hidden_size=8,
            num_hidden_layers=3,
            num_attention_heads=2,
            intermediate_size=8,
            max_position_embeddings=40,
        )
    )
    assert max_positions(encoder, tokenizer) == limit
    full = torch.full((1, limit), 7)
    encoder(input_ids=full, attention_mask=torch.ones_like(full))
    assert len(encoder_layers(encoder)) == 3
    encoder.config.num_hidden_layers = 4
    with pytest.raises(ValueError, match="no stack of layers was found in a"):
        encoder_layers(encoder)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("config.json", b"{"),
        ("config.json", b"[]"),
        ("config.json", b'{"model_type": "bert", "hidden_size": "x"}'),
        ("tokenizer.json", b"{}"),
        ("model.safetensors", b"\xff" * 100),
        ("modules.json", b"{}"),
        ("modules.json", b'[{"path": "../elsewhere"}]'),
        ("modules.json", b'[{"path": "/elsewhere"}]'),
        ("modules.json", b"[" * 100_000),
    ],
)
def test_a_folder_that_is_damaged(encoder_folder, tmp_path, name, content):
    folder = shutil.copytree(encoder_folder, tmp_path / "damaged")
    if name == "modules.json":
        shutil.move(folder / "config.json", tmp_path / "config.json")
    (folder / name).write_bytes(content)
    with pytest.raises(OSError, match="could not be loaded as an encoder"):
        load_encoder(ModelSource(str(folder)))


def test_what_describes_an_encoder_has_nothing_that_is_refused(encoder_folder, tmp_path):
    """Names of places that the model's maker left in are dropped, at any depth; numbers stay."""
    folder = shutil.copytree(encoder_folder, tmp_path / "named")
    config = json.loads((folder / "config.json").read_text())
    config |= {"drop_path": 0.1, "part": {"_name_or_path": "/home/maker", "kept": 1}, "auto_map": {"AutoModel": "x.Y"}}
    (folder / "config.json").write_text(json.dumps(config))
    encoder, files = load_encoder(ModelSource(str(folder)))
    kept = json.loads(files["config.json"])
    assert (kept["drop_path"], kept["part"]) == (0.1, {"kept": 1})
    assert "auto_map" not in kept
    again, _ = rebuild_encoder(files, encoder.state_dict())
    assert torch.equal(vectors(again), vectors(encoder))
