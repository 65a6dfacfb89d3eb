"""A tiny random encoder on disk: sixteen dimensions, letters for a vocabulary."""

import string

import torch


def save_encoder(folder, seed=0, n_layers=1, dropout=0.1):
    from sentence_transformers import SentenceTransformer
    from transformers import BertConfig, BertModel, BertTokenizerFast

    bert = folder / "bert"
    bert.mkdir(parents=True)
    letters = list(string.ascii_lowercase + string.digits)
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *letters, *["##" + letter for letter in letters]]
    (bert / "vocab.txt").write_text("\n".join(vocabulary))
    tokenizer = BertTokenizerFast(str(bert / "vocab.txt"), model_max_length=64)
    tokenizer.save_pretrained(bert)
    config = BertConfig(
        vocab_size=len(vocabulary),
        hidden_size=16,
        num_hidden_layers=n_layers,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=64,
        hidden_dropout_prob=dropout,
        attention_probs_dropout_prob=dropout,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        BertModel(config).save_pretrained(bert)
    SentenceTransformer(str(bert), device="cpu").save(str(folder / "encoder"), create_model_card=False)
    return folder / "encoder"
