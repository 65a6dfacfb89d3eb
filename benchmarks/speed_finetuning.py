"""An epoch of fine-tuning beside a bare loop of PyTorch and the Trainer of transformers, for `speed.py`."""

import os
import tempfile
import warnings

import numpy as np
import torch
from speed_tools import take_turns, timed
from transformers import (
    AutoModel,
    AutoModelForSequenceClassification,
    AutoTokenizer,
    DataCollatorWithPadding,
    Trainer,
    TrainingArguments,
)

from skbalance import FineTunedMultiLabelClassifier
from skbalance.datasets import fetch_reuters21578

N_TEXTS, LENGTH, BATCH = 240, 192, 16


def ours(encoder, texts, y):
    """The estimator, at its default settings but for the length."""
    model = FineTunedMultiLabelClassifier(
        encoder, loss="bce", max_length=LENGTH, max_iter=1, batch_size=BATCH, local_files_only=True, random_state=0
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # labels without a document among these
        model.fit(texts, y)


def bare(encoder, texts, y):
    """The same in few lines: mean pooling, a linear head, batches of like length, AdamW with clipped gradients."""
    tokenizer, network = AutoTokenizer.from_pretrained(encoder), AutoModel.from_pretrained(encoder)
    ids = tokenizer(list(texts), truncation=True, max_length=LENGTH)["input_ids"]
    head = torch.nn.Linear(network.config.hidden_size, y.shape[1])
    parameters = [*network.parameters(), *head.parameters()]
    optimizer = torch.optim.AdamW(parameters, lr=2e-4, fused=True)
    criterion = torch.nn.BCEWithLogitsLoss(reduction="sum")
    order = np.argsort([-len(row) for row in ids], kind="stable")
    targets = torch.from_numpy(y.toarray()).float()
    network.train()
    for rows in np.random.default_rng(0).permutation(order.reshape(-1, BATCH)):
        longest = max(len(ids[row]) for row in rows)
        batch = torch.tensor([ids[row] + [0] * (longest - len(ids[row])) for row in rows])
        mask = (batch > 0).long()
        optimizer.zero_grad()
        hidden = network(input_ids=batch, attention_mask=mask).last_hidden_state
        logits = head((hidden * mask[:, :, None]).sum(dim=1) / mask.sum(dim=1, keepdim=True))
        (criterion(logits, targets[rows]) / BATCH).backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()


def with_trainer(encoder, texts, y):
    """The Trainer of transformers at its default settings but for the size of the batches."""
    tokenizer = AutoTokenizer.from_pretrained(encoder)
    network = AutoModelForSequenceClassification.from_pretrained(
        encoder, num_labels=y.shape[1], problem_type="multi_label_classification"
    )
    ids = tokenizer(list(texts), truncation=True, max_length=LENGTH)["input_ids"]
    rows = [{"input_ids": row, "labels": labels} for row, labels in zip(ids, y.toarray().astype(np.float32))]
    with tempfile.TemporaryDirectory() as folder:
        arguments = TrainingArguments(
            folder, num_train_epochs=1, per_device_train_batch_size=BATCH, use_cpu=True, report_to="none",
            save_strategy="no", disable_tqdm=True,
        )  # fmt: skip
        Trainer(network, arguments, train_dataset=rows, data_collator=DataCollatorWithPadding(tokenizer)).train()


def fine_tuning():
    """Rows of the section."""
    train = fetch_reuters21578(subset="train", data_home=os.environ["SKBALANCE_DATA"])
    drawn = np.random.default_rng(0).permutation(len(train.data))[:N_TEXTS]
    task = os.environ["SKBALANCE_ENCODER"], np.asarray(train.data, dtype=object)[drawn], train.target[drawn]
    runs = {
        "bare loop of PyTorch": lambda: bare(*task),
        "FineTunedMultiLabelClassifier()": lambda: ours(*task),
        "Trainer of transformers": lambda: with_trainer(*task),
    }
    note = f"an epoch of {N_TEXTS} documents of Reuters, {LENGTH} tokens, batches of {BATCH}, all-MiniLM-L6-v2"
    yield from timed("fine-tuning", take_turns(runs, repeats=3), "bare loop of PyTorch", note)
