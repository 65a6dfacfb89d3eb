"""
Training a network of one's own on several GPUs
===============================================

:class:`~skbalance.BalancedMultiLabelClassifier` trains on one device. Where the work is too much for one, the losses
serve in a training loop of PyTorch on as many processes as there are GPUs::

    torchrun --nproc-per-node=4 examples/distributed_training.py
    torchrun --nproc-per-node=4 examples/distributed_training.py --shard

The first keeps a copy of the network on each GPU (``DistributedDataParallel``), for much data. The second gives each
GPU a part of the weights and of the optimiser's state (``fully_shard``, from PyTorch 2.6 on), for a network that one
GPU does not hold: 100,000 features times 18,000 labels are 7 GB before the optimiser. Without a GPU, both run on
processors. Without ``torchrun``, one process does all.
"""

# %%
# Processes
# ---------
# ``torchrun`` starts this file once for each GPU, and tells each process its number by environment variables.
import argparse
import gc
import os

import torch
from torch import distributed, nn
from torch.distributed.checkpoint.state_dict import StateDictOptions, get_model_state_dict
from torch.nn.parallel import DistributedDataParallel
from torch.utils.data import DataLoader, Dataset, DistributedSampler

from skbalance.datasets import make_long_tailed_multilabel
from skbalance.losses import DistributionBalancedLoss, LabelStatistics


def join_processes():
    """Return the device of this process, its number and how many there are."""
    rank, n_processes = int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1))
    device = torch.device("cpu")
    if torch.cuda.is_available():
        device = torch.device("cuda", int(os.environ.get("LOCAL_RANK", 0)))
        torch.cuda.set_device(device)
    if "RANK" in os.environ:
        distributed.init_process_group("nccl" if device.type == "cuda" else "gloo")
    return device, rank, n_processes


def leave_processes():
    """Close what :func:`join_processes` opened."""
    if distributed.is_initialized():
        gc.collect()  # a sharded network uses the connections, and has to be gone before they are
        distributed.barrier()
        distributed.destroy_process_group()


# %%
# Data
# ----
# Features and labels stay sparse; a batch is made dense when it is asked for.
class SparseRows(Dataset):
    """Rows of a sparse matrix and of a sparse indicator, a batch at a time."""

    def __init__(self, X, y, dtype):
        self.X, self.y, self.dtype = X, y, dtype

    def __len__(self):
        return self.X.shape[0]

    def __getitems__(self, rows):
        return torch.tensor(self.X[rows].toarray(), dtype=self.dtype), torch.tensor(self.y[rows].toarray())


# %%
# Training
# --------
# Each process takes its share of every batch. The gradients are averaged over the processes, and the mean of means
# over equal shares is the mean over the batch: the weights come out as with one process.
#
# The loss is bound to the counts of *all* training labels, in every process. Bound to the labels of its own share,
# each process would train for another loss. Two things follow:
#
# * Where no process holds all labels, add up the counts (``distributed.all_reduce(counts)``), make
#   ``LabelStatistics(counts, n_samples)`` of them, and give ``mu`` as a number.
# * ``reweight_norm="batch"`` divides by the largest weight of the share, not of the whole batch.
def train(device, rank, n_processes, *, shard=False, n_epochs=3, batch_size=64, dtype=torch.float32):
    """Train on this process's share; return the weights, whole in process 0."""
    X, y = make_long_tailed_multilabel(512, 20, n_features=300, random_state=0)
    criterion = DistributionBalancedLoss().bind(LabelStatistics.from_targets(y)).to(device)

    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(X.shape[1], 64), nn.ReLU(), nn.Linear(64, y.shape[1])).to(device, dtype)
    if n_processes > 1:
        network = shard_network(network) if shard else DistributedDataParallel(network)
    optimizer = torch.optim.AdamW(network.parameters(), lr=1e-2)

    sampler = DistributedSampler(range(X.shape[0]), n_processes, rank, shuffle=True, seed=0)
    batches = DataLoader(
        SparseRows(X, y, dtype), batch_size // n_processes, sampler=sampler, collate_fn=lambda batch: batch
    )
    for epoch in range(n_epochs):
        sampler.set_epoch(epoch)
        total = 0.0
        for features, labels in batches:
            loss = criterion(network(features.to(device)), labels.to(device))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item()
        if rank == 0:
            print(f"epoch {epoch + 1}: loss {total / len(batches):.5f} (the share of process 0 of {n_processes})")

    return get_model_state_dict(network, options=StateDictOptions(full_state_dict=True, cpu_offload=True))


def shard_network(network):
    """Spread the weights of each layer over the processes; each is put together when it is needed."""
    from torch.distributed.fsdp import fully_shard

    for layer in network:
        if isinstance(layer, nn.Linear):
            fully_shard(layer)
    return fully_shard(network)


# %%
if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--shard", action="store_true", help="spread the weights over the GPUs")
    train(*join_processes(), shard=parser.parse_args().shard)
    leave_processes()
