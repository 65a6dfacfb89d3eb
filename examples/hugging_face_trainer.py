"""
Fine-tuning an encoder with a balancing loss, in a Hugging Face Trainer
=======================================================================

A loss of this package is bound to the label counts of the training set and is then a criterion of PyTorch,
``criterion(logits, targets)``. It needs nothing else of the package, and so serves in any training loop. Here a
transformer is fine-tuned end to end in a trainer of another package; :class:`~skbalance.FineTunedMultiLabelClassifier`
does it as an estimator of scikit-learn.

Needs ``pip install transformers accelerate``.
"""

# %%
# The data
# --------
# Texts, and an indicator of their labels.
import string
import tempfile
from pathlib import Path

import numpy as np
import torch
from transformers import (
    BertConfig,
    BertForSequenceClassification,
    BertTokenizerFast,
    DataCollatorWithPadding,
    Trainer,
    TrainingArguments,
    set_seed,
)

from skbalance.datasets import make_long_tailed_multilabel
from skbalance.losses import DistributionBalancedLoss, LabelStatistics
from skbalance.metrics import group_f1_score, label_groups
from skbalance.model_selection import multilabel_train_test_split

set_seed(0)
texts, y = make_long_tailed_multilabel(
    400, 8, n_features=40, labels_per_sample=1.5, length=8, noise=0.1, return_text=True, random_state=0
)
texts_train, texts_test, y_train, y_test = multilabel_train_test_split(texts, y, test_size=0.25, random_state=0)
label_counts = np.asarray(y_train.sum(axis=0)).ravel()

# %%
# The network
# -----------
# To run anywhere in seconds, this is a tiny network with random weights, whose vocabulary is the alphabet and the
# words of the training texts. A real one is two lines::
#
#     tokenizer = AutoTokenizer.from_pretrained("bert-base-uncased")
#     network = AutoModelForSequenceClassification.from_pretrained("bert-base-uncased", num_labels=y.shape[1])
folder = tempfile.TemporaryDirectory()
words = sorted({word for text in texts_train for word in text.split()})
vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *string.ascii_lowercase, *words]
Path(folder.name, "vocab.txt").write_text("\n".join(vocabulary))
tokenizer = BertTokenizerFast(str(Path(folder.name, "vocab.txt")), model_max_length=32)
network = BertForSequenceClassification(
    BertConfig(
        vocab_size=len(vocabulary),
        hidden_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=32,
        num_labels=y.shape[1],
    )
)


def make_dataset(texts, y):
    encoded = tokenizer(list(texts), truncation=True)["input_ids"]
    # One row of the indicator at a time is made dense, when the trainer asks for it.
    return [{"input_ids": ids, "labels": y[[row]].toarray()[0]} for row, ids in enumerate(encoded)]


# %%
# The loss
# --------
# The statistics come from the training labels, all of them: not from a batch, and never from the test set.
# The criterion is a module with buffers, and is moved to the device as the network is.
#
# With gradient accumulation the trainer says how many elements the batch and those before it have; the sum over all
# of them is divided by that. At evaluation it does not, and the mean is taken.
arguments = TrainingArguments(
    output_dir=folder.name,
    learning_rate=1e-2,
    num_train_epochs=12,
    per_device_train_batch_size=10,
    per_device_eval_batch_size=100,
    gradient_accumulation_steps=2,
    lr_scheduler_type="constant",
    eval_strategy="epoch",
    save_strategy="no",
    logging_strategy="epoch",
    report_to="none",
    disable_tqdm=True,
    dataloader_pin_memory=torch.cuda.is_available(),
    seed=0,
)
statistics = LabelStatistics.from_targets(y_train)
criterion = DistributionBalancedLoss().bind(statistics, reduction="sum").to(arguments.device)


def compute_loss(outputs, labels, num_items_in_batch=None):
    n_elements = labels.numel() if num_items_in_batch is None else num_items_in_batch
    return criterion(outputs.logits, labels) / n_elements


# %%
# Training
# --------
# The head, medium and tail scores at each epoch are of the test texts. The groups are made by counts in the training
# set. (To choose the number of epochs, take a third set of texts.)
groups = label_groups(label_counts, boundaries=(40, 80))


def compute_metrics(prediction):
    predicted = prediction.predictions > 0
    scores = group_f1_score(prediction.label_ids, predicted.astype(int), groups=groups)
    return {f"{group}_f1": score for group, score in scores.items()}


trainer = Trainer(
    model=network,
    args=arguments,
    data_collator=DataCollatorWithPadding(tokenizer),
    train_dataset=make_dataset(texts_train, y_train),
    eval_dataset=make_dataset(texts_test, y_test),
    compute_loss_func=compute_loss,
    compute_metrics=compute_metrics,
)
trainer.train()

# %%
# How it went, from the first epoch to the last.
history = [record for record in trainer.state.log_history if "eval_loss" in record]
for record in (history[0], history[-1]):
    scores = ", ".join(f"{group} {record[f'eval_{group}_f1']:.2f}" for group in groups)
    print(f"epoch {record['epoch']:.0f}: loss {record['eval_loss']:.4f}, macro-F1 {scores}")
folder.cleanup()
