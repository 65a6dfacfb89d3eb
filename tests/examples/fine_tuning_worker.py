"""Run the training of the distributed fine-tuning example and save the weights: file, example, encoder."""

import runpy
import sys

import numpy as np
import torch

from tests.text.tagged import make_texts

SETTINGS = {"max_iter": 2, "learning_rate_init": 1e-3, "head_learning_rate_init": 0.01, "max_tokens": 60}
SETTINGS |= {"early_stopping": True, "scoring": "f1_micro", "batch_size": 5}


def learned(classifier):
    """Weights and curves, as arrays."""
    curves = {"loss": np.array(classifier.loss_curve_), "score": np.array(classifier.validation_scores_)}
    return {**classifier.weights_, **curves}


if __name__ == "__main__":
    path, example, encoder = sys.argv[1:]
    torch.set_num_threads(1)
    script = runpy.run_path(example)
    classifier, number = script["train"](encoder, *make_texts(), cpu=True, **SETTINGS)
    np.savez(f"{path}-{number}.npz", **learned(classifier))
    script["leave_processes"]()
