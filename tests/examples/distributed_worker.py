"""Run the training of the distributed example in float64, and save the weights: file, example, "shard" or "copy"."""

import os
import runpy
import sys

import torch

if __name__ == "__main__":
    path, example, how = sys.argv[1:]
    torch.set_num_threads(1)
    script = runpy.run_path(example)
    weights = script["train"](*script["join_processes"](), shard=how == "shard", n_epochs=2, dtype=torch.float64)
    if os.environ.get("RANK", "0") == "0":
        torch.save(weights, path)
    script["leave_processes"]()
