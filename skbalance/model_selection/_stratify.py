"""Iterative stratification, one label at a time, and a local search that evens out the rest.

The functions work on a canonical CSR indicator and give every row, or group of rows, a fold; :mod:`._split` makes
splitters of them. Nothing here holds an array of shape `(n_samples, n_labels)`.
"""

from itertools import accumulate, count

import numpy as np
import scipy.sparse as sp

_EPS = 1e-9
_SWEEP_ELEMENTS = 400_000  # for so many ones in the target, eight more sweeps
_CHEAP_ELEMENTS = 150_000  # a small target is swept until so many ones were looked at
_MAX_SWEEPS = 50
_RETRY_ELEMENTS = 20_000  # a target with so many ones is searched to the end, and again
_RETRIES = 8
_BLOCKS = 8  # blocks of rows in a sweep, at least
_MIN_ROWS = 256  # rows of a block, at least
_BEST = 8  # of so many rows of a block, one may be a candidate
_MIN_BEST = 64
_GROUP_SWEEPS = 10
_ATTEMPTS = 4  # how often all moves are evaluated before some are dropped for good
_CROWDING = 1 << 22  # elements of the largest temporary of the local search, rows times folds


def deal(wanted: list[float], n: int, room: list[float]) -> list[int]:
    """Divide `n` rows among the folds, as if each went to the fold with the largest demand.

    Parameters
    ----------
    wanted : list of float, of length n_folds
        How many rows with the label each fold still wants; may be negative.
    n : int
        The number of rows to share out.
    room : list of float, of length n_folds
        How many rows at all each fold still wants; it settles ties.

    Returns
    -------
    quota : list of int, of length n_folds
        Rows for each fold, `n` in all.
    """
    n_folds = len(wanted)
    order = sorted(range(n_folds), key=wanted.__getitem__, reverse=True)
    for active, total in enumerate(accumulate(wanted[fold] for fold in order), 1):
        level = (total - n) / active  # what is left wanted if these folds share the rows
        if active == n_folds or level >= wanted[order[active]]:
            break
    quota = [0] * n_folds
    for fold in order[:active]:
        quota[fold] = int(wanted[fold] - level + _EPS)
    left = n - sum(quota)
    # round(): folds that want the same must tie, whatever the rounding of floats
    ranked = sorted(order[:active], key=lambda k: (-round(wanted[k] - quota[k], 6), quota[k] - room[k], k))
    for fold in ranked[:left]:
        quota[fold] += 1
    return quota


def _take(Y: sp.csr_array, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Labels of the rows, one after the other, and how many each row has."""
    starts = Y.indptr[rows]
    lengths = Y.indptr[rows + 1] - starts
    ends = lengths.cumsum(dtype=np.int64)
    positions = (starts - ends + lengths).repeat(lengths)
    positions += np.arange(positions.size)
    return Y.indices[positions], lengths


def _interleave(quota: list[int], order: np.ndarray) -> np.ndarray:
    """List the folds in turn, each as often as its quota, in the given order."""
    sizes = np.asarray(quota)[order]
    chosen = order.repeat(sizes)
    if chosen.size < 2:
        return chosen
    turn = np.arange(chosen.size) - (sizes.cumsum() - sizes).repeat(sizes)
    return chosen[((turn + 0.5) / sizes.repeat(sizes)).argsort(kind="stable")]


def iterative_stratification(Y: sp.csr_array, proportions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Give every row a fold, rarest label first.

    The algorithm of Sechidis, Tsoumakas and Vlahavas (2011) takes the label with the fewest rows left and
    hands its rows out one by one, each to the fold that wants most of the label, ties to the fold with most
    room. Which rows those are does not enter the choice, so all rows of a label are handed out at once here:
    the same quotas, in one step per label. Within a label the rows are dealt in turn, so that rows sorted by
    their number of labels give each fold as many long ones: once the labels are even, the sizes are then even
    too, because a fold's size is its number of labels less its number of second and further ones.

    Parameters
    ----------
    Y : csr_array of shape (n_samples, n_labels)
        Canonical indicator. Rows are taken in their order, best from many labels to few.
    proportions : ndarray of shape (n_folds,)
        The share of each fold; they sum to 1.

    Returns
    -------
    folds : ndarray of int of shape (n_samples,)
        The fold of each row.
    excess : ndarray of shape (n_labels + 1, n_folds)
        Positives of each label in each fold, less the expected number; last, the same of the rows.
    """
    n_samples, n_labels = Y.shape
    n_folds = len(proportions)
    columns = Y.tocsc()
    bounds = columns.indptr.tolist()
    counts = np.diff(columns.indptr).astype(np.int64)
    wanted = np.outer(counts, proportions)
    flat = wanted.ravel()
    room = (proportions * n_samples).tolist()
    done = np.iinfo(np.int64).max
    remaining = np.where(counts > 0, counts, done)
    surplus = np.zeros(n_folds)
    pending = np.ones(n_samples, dtype=bool)
    folds = np.zeros(n_samples, dtype=np.int64)
    while n_labels:
        label = int(remaining.argmin())
        n_rows = int(remaining[label])
        if n_rows == done:
            break
        rows = columns.indices[bounds[label] : bounds[label + 1]]
        if n_rows < rows.size:
            rows = rows[pending[rows]]
        quota = deal(wanted[label].tolist(), n_rows, room)
        room = [r - q for r, q in zip(room, quota)]
        chosen = _interleave(quota, surplus.argsort(kind="stable"))
        folds[rows] = chosen
        pending[rows] = False
        labels, lengths = _take(Y, rows)
        further = lengths - 1
        surplus += np.bincount(chosen, weights=further, minlength=n_folds) - further.sum() * proportions
        np.subtract.at(flat, labels * np.int64(n_folds) + chosen.repeat(lengths), 1.0)
        np.subtract.at(remaining, labels, 1)
        remaining[labels[remaining[labels] == 0]] = done
    bare = np.flatnonzero(pending)
    quota = deal(room, bare.size, room)
    folds[bare] = np.arange(n_folds).repeat(quota)
    return folds, np.vstack([-wanted, np.asarray(quota) - room])


def _select(Y, rows, source, target, excess, weight, cost) -> np.ndarray:
    """Which moves of rows between folds to make, of candidates, best first; `excess` is changed as they change it.

    Handing a row from fold a to fold b lowers the weighted sum of squared excesses by twice
    `sum(w * (excess[a] - excess[b] - 1))` over the row's labels. The moves form a subset in which each one still pays
    after all earlier ones: all are evaluated given the last subset, a few times, and then moves are only dropped until
    each one left pays.
    """
    n_folds, n_moves = excess.shape[1], rows.size
    label, lengths = _take(Y, rows)
    move = np.arange(n_moves).repeat(lengths)
    cell = np.concatenate([label * np.int64(n_folds) + fold[move] for fold in (source, target)])
    move = np.concatenate([move, move])
    order = np.argsort(cell * n_moves + move)  # by cell, in a cell by move
    cell, move = cell[order], move[order]
    sign = np.where(order < label.size, -1.0, 1.0)
    worth = -sign * weight[cell // n_folds]
    first = np.flatnonzero(np.concatenate([[True], cell[1:] != cell[:-1]]))
    run = np.diff(np.append(first, cell.size))
    start = np.bincount(move, worth * excess.ravel()[cell], minlength=n_moves) - cost
    kept = np.ones(n_moves, dtype=bool)
    for attempt in count():
        change = sign * kept[move]
        earlier = change.cumsum() - change
        earlier -= earlier[first].repeat(run)
        pays = start + np.bincount(move, worth * earlier, minlength=n_moves) > _EPS
        if np.array_equal(pays, kept) or (attempt >= _ATTEMPTS and pays[kept].all()):
            break
        kept = pays if attempt < _ATTEMPTS else kept & pays
    np.add.at(excess.ravel(), cell, sign * kept[move])
    return kept


def _best_moves(Y, folds, excess, weight, cost):
    """Rows that gain by a move to another fold, largest gain per label first, and the folds to move them to."""
    crowding = Y @ (weight[:, None] * excess)
    target = crowding.argmin(axis=1)
    gain = crowding[np.arange(folds.size), folds] - crowding.min(axis=1) - cost
    rows = np.flatnonzero(gain > _EPS)
    score = -gain[rows] / cost[rows]
    n_best = max(_MIN_BEST, folds.size // _BEST)
    if rows.size > n_best:
        top = np.argpartition(score, n_best)[:n_best]
        rows, score = rows[top], score[top]
    rows = rows[np.argsort(score, kind="stable")]
    return rows, target[rows]


class LocalSearch:
    """Moves rows between folds while that lowers the weighted sum of squared excesses.

    The size of a fold is taken for one more label, which every row has.

    Parameters
    ----------
    Y : csr_array of shape (n_samples, n_labels)
        Canonical indicator.
    folds : ndarray of int of shape (n_samples,)
        The fold of each row; changed in place.
    excess : ndarray of shape (n_labels + 1, n_folds)
        Positives of each label in each fold, less the expected number, and last the same of the rows; changed in place.
    """

    def __init__(self, Y: sp.csr_array, folds: np.ndarray, excess: np.ndarray) -> None:
        n_samples, n_folds = Y.shape[0], excess.shape[1]
        self.excess = excess
        indices = np.insert(Y.indices, Y.indptr[1:], Y.shape[1])
        indptr = Y.indptr + np.arange(n_samples + 1, dtype=Y.indptr.dtype)
        Y = sp.csr_array((np.ones(indices.size), indices, indptr), shape=(n_samples, len(excess)))
        step = max(1, min(max(_MIN_ROWS, -(-n_samples // _BLOCKS)), _CROWDING // n_folds))
        blocks = [slice(start, start + step) for start in range(0, n_samples, step)]
        self.blocks = [(folds[block], Y[block]) for block in blocks]  # the first is a view

    @property
    def sizes_even(self) -> bool:
        """Whether every size is within less than one row of the wanted one."""
        return bool((np.abs(self.excess[-1]) < 1 - _EPS).all())

    def sweep(self, size_weight: float, *, until_even: bool = False) -> int:
        """Go over all rows once, in blocks.

        Parameters
        ----------
        size_weight : float
            The weight of a fold's size beside a label's 1.
        until_even : bool, default=False
            Whether to stop once the sizes are even.

        Returns
        -------
        n_moves : int
            How many rows were moved.
        """
        n_moves, weight = 0, np.append(np.ones(len(self.excess) - 1), size_weight)
        for folds, Y in self.blocks:
            if until_even and self.sizes_even:
                break
            cost = np.diff(Y.indptr) - 1 + size_weight
            rows, target = _best_moves(Y, folds, self.excess, weight, cost)
            if rows.size:
                kept = _select(Y, rows, folds[rows], target, self.excess, weight, cost[rows])
                folds[rows[kept]] = target[kept]
                n_moves += int(kept.sum())
        return n_moves

    def even_labels(self, size_weight: float = 1.0) -> None:
        """Sweep to lower the excesses of labels, more often over large targets and, as it is cheap, over small ones.

        Parameters
        ----------
        size_weight : float, default=1.0
            The weight of a fold's size beside a label's 1.
        """
        n_elements = sum(Y.nnz - Y.shape[0] for _, Y in self.blocks)
        n_sweeps = _MAX_SWEEPS
        if n_elements > _RETRY_ELEMENTS:
            n_sweeps = max(1 + 8 * (n_elements // _SWEEP_ELEMENTS), _CHEAP_ELEMENTS // n_elements)
        for _ in range(min(_MAX_SWEEPS, n_sweeps)):
            if not self.sweep(size_weight):
                break

    def even_sizes(self) -> None:
        """Bring every size within less than one row, first by moves that cost the labels nothing."""
        for size_weight in (1e-3, 1e4):
            while not self.sizes_even and self.sweep(size_weight, until_even=True):
                pass


def assign_folds(Y: sp.csr_array, proportions: np.ndarray) -> np.ndarray:
    """Stratify the rows; the sizes of the folds are exact to less than one row.

    Parameters
    ----------
    Y : csr_array of shape (n_samples, n_labels)
        Canonical indicator. Rows are taken in their order, best from many labels to few.
    proportions : ndarray of shape (n_folds,)
        The share of each fold; they sum to 1.

    Returns
    -------
    folds : ndarray of int of shape (n_samples,)
        The fold of each row.
    """
    folds, excess = iterative_stratification(Y, proportions)
    of_labels, of_sizes = excess[:-1], excess[-1]
    labels_even = bool((np.abs(of_labels) < 1).all())
    if labels_even and (np.abs(of_sizes) < 1 - _EPS).all():
        return folds
    search = LocalSearch(Y, folds, excess)
    if not labels_even:
        search.even_labels()
    search.even_sizes()
    best, least = folds.copy(), np.abs(of_labels).sum()
    for attempt in range(_RETRIES if labels_even or Y.nnz <= _RETRY_ELEMENTS else 0):
        if (np.abs(of_labels) < 1).all():
            break
        fold = attempt % of_sizes.size
        of_sizes[fold] -= 1 + attempt  # a kick: this fold takes some rows in
        search.sweep(1.0)
        of_sizes[fold] += 1 + attempt
        search.even_labels(1e-3)  # the sizes let go, then brought back
        search.even_sizes()
        if np.abs(of_labels).sum() < least - _EPS:
            best, least = folds.copy(), np.abs(of_labels).sum()
    return best


def place_groups(Y: sp.csr_array, group: np.ndarray, n_folds: int, order: np.ndarray) -> np.ndarray:
    """Give every group of rows a fold.

    Parameters
    ----------
    Y : csr_array of shape (n_samples, n_labels)
        Canonical indicator.
    group : ndarray of int of shape (n_samples,)
        The group of each row.
    n_folds : int
        The number of folds.
    order : ndarray of int of shape (n_groups,)
        The groups in the order that they come in, among those with equally large shares of the labels.

    Returns
    -------
    folds : ndarray of int of shape (n_groups,)
        The fold of each group.
    """
    rows = sp.csr_array((np.ones(len(group)), (group, np.arange(len(group)))), shape=(len(order), len(group)))
    # Positives of each label in each group, with the number of its rows in a last column.
    sums = sp.hstack([rows @ Y.astype(float), sp.csr_array(rows.sum(axis=1)[:, None])], format="csr")
    share = sums.data / sums.sum(axis=0)[sums.indices]
    weight = np.add.reduceat(share * sums.data, sums.indptr[:-1])  # no group is without rows
    order = order[np.argsort(-weight[order], kind="stable")]
    held = np.zeros((sums.shape[1], n_folds))
    folds = np.full(sums.shape[0], -1)
    for _ in range(_GROUP_SWEEPS):
        before = folds.copy()
        for group in order:
            entries = slice(sums.indptr[group], sums.indptr[group + 1])
            columns, counts = sums.indices[entries], sums.data[entries]
            if folds[group] >= 0:
                held[columns, folds[group]] -= counts
            cost = share[entries] @ held[columns]
            best = int(np.argmin(cost))
            if folds[group] < 0 or cost[best] < cost[folds[group]] - 1e-9:
                folds[group] = best
            held[columns, folds[group]] += counts
        if (folds == before).all():
            break
    return folds
