"""What `speed.py` compares with: the loss as its formula reads, plain loops, and other packages."""

import numpy as np
import scipy.sparse as sp
import torch
import torch.nn.functional as F
from skorch import NeuralNet

from skbalance.losses import DistributionBalancedLoss, LabelStatistics
from skbalance.training import Problem, TrainingData, TrainingOptions, fit_head
from skbalance.training._batches import BatchIterator
from skbalance.training._heads import Head, initial_weights
from skbalance.training._solvers import penalty_strengths


def straightforward_db(logits, targets, statistics, mu=0.05):
    """Distribution-balanced loss as its formula reads, an operation at a time; autograd does the rest."""
    counts = logits.new_tensor(statistics.counts)
    shifted = logits - 0.05 * torch.log(statistics.n_samples / counts - 1)
    scaled = torch.where(targets > 0, shifted, 2.0 * shifted)
    row_sum = (targets / counts).sum(dim=1, keepdim=True)
    weight = 0.1 + torch.sigmoid(10.0 * (1 / counts / row_sum - mu))
    weight = torch.where(targets > 0, weight, weight / 2.0)
    cross_entropy = F.binary_cross_entropy_with_logits(scaled, targets, reduction="none")
    modulation = (1 - torch.exp(-cross_entropy)) ** 2.0
    return (weight * 0.5 * modulation * cross_entropy).mean()


class Task:
    """A training set for `fit_head`, and a loop that does the same without skorch."""

    def __init__(self, X, y, hidden=(), batch_size=256):
        X, y = sp.csr_array(X.astype(np.float32)), sp.csr_array(y)
        self.data = TrainingData(X, y, np.ones(X.shape[0], np.float32))
        self.sizes = [X.shape[1], *hidden, y.shape[1]]
        self.statistics = LabelStatistics.from_targets(y)
        self.batch_size = batch_size

    def options(self, epochs):
        """Options of Adam that stop after so many epochs."""
        return TrainingOptions("adam", 2e-5, 0.003, self.batch_size, epochs, 0.0, epochs, 0.0, "cpu")

    def criterion(self):
        """The loss, bound to the labels."""
        return DistributionBalancedLoss().bind(self.statistics, "row_sum").to(torch.float32)

    def ours(self, epochs=1):
        """Train with `fit_head`."""
        problem = Problem(self.sizes, self.data, self.statistics, self.criterion())
        return fit_head(problem, self.options(epochs), random_state=np.random.RandomState(0))

    def bare(self, epochs=1, max_batches=None):
        """Train in a plain loop over the same batches; returns the batches done."""
        weights = initial_weights(
            self.sizes, log_odds=self.statistics.log_odds, random_state=np.random.RandomState(0), dtype=np.float32
        )
        head, criterion = Head(*weights), self.criterion()
        criterion.overwrite_logits = True
        strengths = [s.float() for s in penalty_strengths(self.sizes, self.statistics, self.options(1))]
        optimizer = torch.optim.Adam(head.parameters(), lr=0.003, fused=True)
        batches = BatchIterator(self.data, batch_size=self.batch_size, random_state=np.random.RandomState(0))
        done = 0
        for _ in range(epochs):
            for features, (pairs, weight) in batches:
                optimizer.zero_grad()
                loss = (criterion(head(features), pairs) @ weight) / weight.sum()
                loss.backward()
                with torch.no_grad():
                    for coef, strength in zip(head.coefs, strengths):
                        coef.grad.addcmul_(coef, strength)
                optimizer.step()
                loss.item()
                done += 1
                if done == max_batches:
                    return done
        return done

    def textbook(self, epochs=1):
        """Train in a plain loop with torch's own sparse product, dense targets, and BCE."""
        coef = torch.zeros(self.sizes[0], self.sizes[-1], requires_grad=True)
        intercept = torch.zeros(self.sizes[-1], requires_grad=True)
        optimizer = torch.optim.Adam([coef, intercept], lr=0.003)
        random_state, n = np.random.RandomState(0), len(self.data)
        for _ in range(epochs):
            order = random_state.permutation(n)
            for start in range(0, n, self.batch_size):
                part = self.data.take(order[start : start + self.batch_size])
                X = torch.sparse_csr_tensor(part.X.indptr, part.X.indices, part.X.data, size=part.X.shape)
                targets = torch.from_numpy(part.y.toarray()).float()
                optimizer.zero_grad()
                F.binary_cross_entropy_with_logits(X @ coef + intercept, targets).backward()
                optimizer.step()


class Linear(torch.nn.Module):
    """A module for plain skorch."""

    def __init__(self, n_in, n_out):
        super().__init__()
        self.linear = torch.nn.Linear(n_in, n_out)

    def forward(self, X):
        """Logits."""
        return self.linear(X)


class PlainSkorch:
    """skorch at default settings: it reads a sparse matrix row by row and makes each dense."""

    def fit(self, X, y):
        """Train."""
        net = NeuralNet(
            Linear,
            torch.nn.BCEWithLogitsLoss,
            module__n_in=X.shape[1],
            module__n_out=y.shape[1],
            optimizer=torch.optim.Adam,
            max_epochs=1,
            batch_size=256,
            train_split=None,
            verbose=0,
        )
        self.net = net.fit(X.astype(np.float32), y.toarray().astype(np.float32))

    def predict(self, X):
        """Predict an indicator."""
        return self.net.forward(X.astype(np.float32)).numpy() > 0


class LibMultiLabel:
    """Linear one-vs-rest of LibMultiLabel."""

    def fit(self, X, y):
        """Train."""
        from libmultilabel.linear import train_1vsrest

        targets = sp.csr_matrix(y, dtype=float)
        self.model = train_1vsrest(targets, sp.csr_matrix(X), options="-s 1 -m 1 -q", verbose=False)

    def predict(self, X):
        """Predict an indicator."""
        return self.model.predict_values(sp.csr_matrix(X)) > 0


class Omikuji:
    """omikuji's default (three Parabel-like trees) on one thread; reading its text file is part of the fit."""

    def __init__(self, path=None):
        self.path = path

    @staticmethod
    def write(path, X, y):
        """Write data in the format that it reads."""
        with open(path, "w") as stream:
            stream.write(f"{X.shape[0]} {X.shape[1]} {y.shape[1]}\n")
            for i in range(X.shape[0]):
                labels = y.indices[y.indptr[i] : y.indptr[i + 1]].tolist()
                entries = slice(X.indptr[i], X.indptr[i + 1])
                features = zip(X.indices[entries].tolist(), X.data[entries].tolist())
                stream.write(",".join(map(str, labels)) + " " + " ".join(f"{j}:{v:.6g}" for j, v in features) + "\n")

    def fit(self, X, y):
        """Train."""
        import omikuji

        self.n_labels = y.shape[1]
        self.model = omikuji.Model.train_on_data(self.path, n_threads=1)

    def predict(self, X):
        """Predict an indicator."""
        out = np.zeros((X.shape[0], self.n_labels), dtype=bool)
        for i in range(X.shape[0]):
            entries = slice(X.indptr[i], X.indptr[i + 1])
            pairs = list(zip(X.indices[entries].tolist(), X.data[entries].tolist()))
            found = [label for label, score in self.model.predict(pairs, top_k=20) if score > 0.5]
            out[i, found] = True
        return out
