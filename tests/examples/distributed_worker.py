"""Run the training of the distributed example in float64, and save the weights: folder, example, "copy" and "shard"."""

import os
import runpy
import sys

import torch

if __name__ == "__main__":
    folder, example, *ways = sys.argv[1:]
    torch.set_num_threads(1)
    script = runpy.run_path(example)
    process = script["join_processes"]()
    for how in ways:
        weights = script["train"](*process, shard=how == "shard", n_epochs=2, dtype=torch.float64)
        if os.environ["RANK"] == "0":
            torch.save(weights, os.path.join(folder, f"{how}.pt"))
    script["leave_processes"]()
