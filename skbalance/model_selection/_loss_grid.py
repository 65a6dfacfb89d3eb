"""Parameter grids over losses, for scikit-learn's searches."""

from collections.abc import Iterable
from typing import Literal

from skbalance._validation import validate_params
from skbalance.losses import BaseLoss, get_loss, get_loss_names

# By parameter, not by loss: a name means the same in every loss that has it.
_GRID: dict[str, tuple] = {
    "pos_weight": (1.0, "sqrt_balanced"),
    "reweight": (None, "sqrt_inverse"),
    "beta": (0.9, 0.999),
    "neg_scale": (2.0, 5.0),
    "gamma": (1.0, 2.0),
}

_ALPHA = (1e-5, 3e-5, 1e-4)


@validate_params
def loss_grid(
    losses: str | BaseLoss | Iterable[str | BaseLoss] | None = None,
    *,
    alpha: Iterable[float] | None = _ALPHA,
    size: Literal["small", "large"] = "large",
    prefix: str = "",
) -> list[dict[str, list]]:
    """Make a grid of losses and their parameters.

    It is what :class:`~sklearn.model_selection.GridSearchCV`,
    :class:`~sklearn.model_selection.HalvingGridSearchCV` and :class:`~sklearn.model_selection.RandomizedSearchCV` take
    as candidates: one dictionary for each loss, with the parameters that it has. ``size="large"`` spans:

    ============== ========================== =============================================
    parameter      values                     of the registered losses
    ============== ========================== =============================================
    ``pos_weight`` 1, ``"sqrt_balanced"``     all but propensity_scored and the last 3
    ``reweight``   None, ``"sqrt_inverse"``   bce, focal, squared_hinge
    ``beta``       0.9, 0.999                 cb_focal, cb_ntr
    ``neg_scale``  2, 5                       ntr_focal, db_0fl, cb_ntr, db
    ``gamma``      1, 2                       focal to db but for db_0fl, and hill
    ============== ========================== =============================================

    Parameters
    ----------
    losses : str, loss object or iterable of these, default=None
        The losses to try, by name or as objects. Where an object, or the registry for a name, sets a parameter to
        something else than its class does, it is left at that: ``FocalLoss(gamma=0.5)`` is tried with this gamma
        only. None is all names of :func:`~skbalance.losses.get_loss_names`.
    alpha : sequence of float or None, default=(1e-5, 3e-5, 1e-4)
        Strengths of the classifier's L2 penalty to try with each loss. Losses differ in scale, and so in the
        penalty that suits them: compared at one and the same, the comparison is of that. None leaves it out.
    size : {"small", "large"}, default="large"
        ``"small"`` tries each loss with its own parameters only, ``"large"`` also the table above: 54 and 240
        candidates for the registered losses, with three values of `alpha`.
    prefix : str, default=""
        Where the classifier is in what is searched over, as in ``"balancedmultilabelclassifier__"`` for a pipeline.

    Returns
    -------
    grid : list of dict of str to list
        With the keys ``loss``, ``alpha`` and ``loss__gamma`` and so on, all after `prefix`.

    Raises
    ------
    ValueError
        If a name is not registered, a loss has a parameter out of its range, or `prefix` does not end with two
        underscores.
    TypeError
        If a loss is neither a name nor a loss object.

    Notes
    -----
    ``pandas.DataFrame(search.cv_results_)`` shows a loss in its column ``param_loss`` as ``FocalLoss()``. The
    parameters that a loss does not have are NaN in its rows. The best of each loss::

        results = pandas.DataFrame(search.cv_results_).sort_values("rank_test_f1_macro")
        results["loss"] = results["param_loss"].astype(str)
        results.drop_duplicates("loss").set_index("loss").filter(regex="^(param_|mean_test_)")

    Halving with a label indicator needs ``min_resources=`` as a number of samples, since scikit-learn finds the
    smallest for 1-D classes only; and it takes a single score.

    Further parameters go in by hand: ``[{**candidates, "term_weighting": [None, "rf"]} for candidates in
    loss_grid()]``.

    Examples
    --------
    >>> from skbalance.model_selection import loss_grid
    >>> loss_grid(["focal", "db_0fl"], alpha=[1e-6])
    [{'loss': [FocalLoss()], 'alpha': [1e-06], 'loss__gamma': [1.0, 2.0],
      'loss__pos_weight': [1.0, 'sqrt_balanced'], 'loss__reweight': [None, 'sqrt_inverse']},
     {'loss': [DistributionBalancedLoss(alpha=None, gamma=0.0, scale=0.5)], 'alpha': [1e-06],
      'loss__neg_scale': [2.0, 5.0], 'loss__pos_weight': [1.0, 'sqrt_balanced']}]
    >>> loss_grid("db", alpha=None, size="small", prefix="balancedmultilabelclassifier__")
    [{'balancedmultilabelclassifier__loss': [DistributionBalancedLoss()]}]

    A search by five scores at once:

    >>> from sklearn.model_selection import GridSearchCV
    >>> from skbalance import BalancedMultiLabelClassifier
    >>> from skbalance.datasets import make_long_tailed_multilabel
    >>> from skbalance.metrics import multilabel_scorers
    >>> from skbalance.model_selection import MultilabelStratifiedKFold
    >>> X, y = make_long_tailed_multilabel(n_samples=300, n_labels=10, n_features=100, random_state=0)
    >>> search = GridSearchCV(
    ...     BalancedMultiLabelClassifier(tol=0.01),
    ...     loss_grid(["bce", "ntr_focal"], alpha=[1e-5], size="small"),
    ...     scoring=multilabel_scorers("f1_micro", "f1_macro", "head_f1_macro", "medium_f1_macro"),
    ...     refit="f1_macro",
    ...     cv=MultilabelStratifiedKFold(2, shuffle=True, random_state=0),
    ... ).fit(X, y)
    >>> search.cv_results_["param_loss"].tolist()
    [BinaryCrossEntropy(), NegativeTolerantFocalLoss()]
    """
    if prefix and not prefix.endswith("__"):
        raise ValueError(f"prefix must end with two underscores, as in {prefix.rstrip('_') + '__'!r}; got {prefix!r}.")
    if losses is None:
        losses = get_loss_names()
    elif isinstance(losses, (str, BaseLoss)):
        losses = [losses]
    grid = []
    for loss in map(get_loss, losses):
        candidates: dict[str, list] = {"loss": [loss]}
        if alpha is not None:
            candidates["alpha"] = list(alpha)
        own, usual = loss.get_params(), type(loss)().get_params()
        for name, value in own.items():
            # By their repr, for an array, which has no single ==, is no default.
            if size == "large" and name in _GRID and repr(value) == repr(usual[name]):
                candidates[f"loss__{name}"] = list(_GRID[name])
        grid.append({prefix + name: values for name, values in candidates.items()})
    return grid
