"""
Fine-tuning an encoder on several GPUs
======================================

:class:`~skbalance.FineTunedMultiLabelClassifier` trains on as many processes as a launcher starts, one for each GPU::

    accelerate launch --num-processes=4 examples/distributed_fine_tuning.py
    torchrun --nproc-per-node=4 examples/distributed_fine_tuning.py

Without a launcher, one process does all. Without a GPU, it runs on processors, by ``torchrun``.

Needs ``pip install transformers accelerate``.
"""

# %%
# Processes
# ---------
# ``Accelerator()`` joins the processes that were started, and tells each its device. ``fit`` sees that they are joined:
# each process takes its share of the texts of every batch, and the gradients are added up, so that the weights come out
# as with one process, but for rounding and dropout. ``batch_size`` is that of all processes together.
import argparse
import string
import tempfile
from pathlib import Path

import torch
from accelerate import Accelerator
from torch import distributed

from skbalance import FineTunedMultiLabelClassifier
from skbalance.datasets import make_long_tailed_multilabel


# %%
# Training
# --------
# Every process is given all texts and all labels, for the loss needs to know how often each label occurs, and the same
# ``random_state``. All have the same model in the end. The folder of checkpoints, if there is one, must be one that all
# of them see.
def train(model, texts, y, *, cpu=False, **params):
    """Train together with the other processes; return the classifier, the same in all, and the number of this one."""
    accelerator = Accelerator(cpu=cpu)
    classifier = FineTunedMultiLabelClassifier(model, device=str(accelerator.device), random_state=0, **params)
    classifier.fit(texts, y)
    return classifier, accelerator.process_index


def leave_processes():
    """Close what ``Accelerator()`` opened."""
    if distributed.is_initialized():
        distributed.destroy_process_group()


# %%
# An encoder
# ----------
# To run anywhere in seconds, this is a tiny one with random weights. A real one is its name or folder, as in
# ``model="sentence-transformers/all-MiniLM-L6-v2"``.
def make_encoder(folder):
    """Write a tiny encoder, whose vocabulary is the alphabet, into a folder."""
    from transformers import BertConfig, BertModel, BertTokenizerFast

    letters = string.ascii_lowercase + string.digits
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *letters, *("##" + letter for letter in letters)]
    Path(folder, "vocab.txt").write_text("\n".join(vocabulary))
    BertTokenizerFast(str(Path(folder, "vocab.txt")), model_max_length=64).save_pretrained(folder)
    config = BertConfig(
        vocab_size=len(vocabulary),
        hidden_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=64,
    )
    torch.manual_seed(0)
    BertModel(config).save_pretrained(folder)


# %%
if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--cpu", action="store_true", help="on processors, where there are GPUs too")
    texts, y = make_long_tailed_multilabel(200, 8, n_features=40, length=6, return_text=True, random_state=0)
    with tempfile.TemporaryDirectory() as folder:
        make_encoder(folder)
        settings = {"max_iter": 3, "learning_rate_init": 3e-3, "head_learning_rate_init": 0.1}
        classifier, number = train(folder, texts, y, cpu=parser.parse_args().cpu, **settings)
    if number == 0:
        print("loss of each epoch:", ", ".join(f"{loss:.3f}" for loss in classifier.loss_curve_))
    leave_processes()
