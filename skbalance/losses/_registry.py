"""The table of registered losses, which names, validation, documentation and tests are all based on."""

from collections.abc import Callable
from functools import partial

from sklearn.base import clone

from skbalance._validation import validate_hyperparameters
from skbalance.losses import _asymmetric, _class_balanced, _focal, _negative_tolerant, _rebalanced, _set_losses
from skbalance.losses._base import BaseLoss

LOSSES: dict[str, Callable[[], BaseLoss]] = {
    "bce": _focal.BinaryCrossEntropy,
    "focal": _focal.FocalLoss,
    "cb_focal": _class_balanced.ClassBalancedFocalLoss,
    "r_focal": _rebalanced.RebalancedFocalLoss,
    "ntr_focal": _negative_tolerant.NegativeTolerantFocalLoss,
    "balanced_ntr": partial(_negative_tolerant.NegativeTolerantFocalLoss, pos_weight="sqrt_balanced"),
    "db_0fl": partial(_rebalanced.DistributionBalancedLoss, gamma=0.0, alpha=None, scale=0.5),
    "cb_ntr": _class_balanced.ClassBalancedNTRFocalLoss,
    "db": _rebalanced.DistributionBalancedLoss,
    "squared_hinge": _focal.SquaredHingeLoss,
    "asymmetric": _asymmetric.AsymmetricLoss,
    "asymmetric_polynomial": _asymmetric.AsymmetricPolynomialLoss,
    "robust_asymmetric": _asymmetric.RobustAsymmetricLoss,
    "hill": _asymmetric.HillLoss,
    "logit_adjusted": _focal.LogitAdjustedCrossEntropy,
    "propensity_scored": _focal.PropensityScoredCrossEntropy,
    "zlpr": _set_losses.ZLPRLoss,
    "two_way": _set_losses.TwoWayLoss,
    "sigmoid_f1": _set_losses.SigmoidF1Loss,
}


def get_loss_names() -> list[str]:
    """Names of the registered losses.

    Returns
    -------
    names : list of str
        What ``loss=`` of the classifier takes as a string.

    Examples
    --------
    >>> from skbalance.losses import get_loss_names
    >>> get_loss_names()
    ['bce', 'focal', 'cb_focal', 'r_focal', 'ntr_focal', 'balanced_ntr', 'db_0fl', 'cb_ntr', 'db', 'squared_hinge',
     'asymmetric', 'asymmetric_polynomial', 'robust_asymmetric', 'hill', 'logit_adjusted', 'propensity_scored', 'zlpr',
     'two_way', 'sigmoid_f1']
    """
    return list(LOSSES)


def get_loss(loss: str | BaseLoss) -> BaseLoss:
    """Loss object from a name or a loss object.

    Parameters
    ----------
    loss : str or BaseLoss
        A registered name, or a loss object, of which a copy is returned.

    Returns
    -------
    loss : BaseLoss
        A new loss object with valid hyperparameters.

    Raises
    ------
    ValueError
        If the name is not registered or a hyperparameter is out of its range.
    TypeError
        If it is neither a name nor a loss object.

    Examples
    --------
    >>> from skbalance.losses import get_loss
    >>> get_loss("db_0fl")
    DistributionBalancedLoss(alpha=None, gamma=0.0, scale=0.5)
    """
    if isinstance(loss, str):
        if loss not in LOSSES:
            raise ValueError(f"loss must be one of {', '.join(map(repr, LOSSES))} or a loss object; got {loss!r}.")
        return LOSSES[loss]()
    if not isinstance(loss, BaseLoss):
        hint = f"; did you mean {loss.__name__}()?" if isinstance(loss, type) else ""
        raise TypeError(f"loss must be a string or a loss object; got {loss!r}{hint}")
    copy: BaseLoss = clone(loss)
    validate_hyperparameters(copy)
    return copy


def loss_to_state(loss: BaseLoss) -> tuple[str, dict] | BaseLoss:
    """Return a registered loss as (class name, hyperparameters), which any loader trusts; others unchanged."""
    name = type(loss).__name__
    return (name, loss.get_params()) if _classes().get(name) is type(loss) else loss


def loss_from_state(state: tuple[str, dict] | BaseLoss) -> BaseLoss:
    """Invert :func:`loss_to_state`."""
    return state if isinstance(state, BaseLoss) else _classes()[state[0]](**state[1])


def _classes() -> dict[str, type[BaseLoss]]:
    return {type(make()).__name__: type(make()) for make in LOSSES.values()}
