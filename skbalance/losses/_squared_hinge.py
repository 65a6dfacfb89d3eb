"""The squared hinge loss."""

from __future__ import annotations

from dataclasses import dataclass

from skbalance.losses._base import MarginBasedLoss, PosWeight, frequency_settings


@dataclass(kw_only=True, eq=False, repr=False)
class SquaredHingeLoss(MarginBasedLoss):
    r"""Squared hinge loss of linear support vector machines, optionally weighted by inverse label frequency.

    .. math:: L = w_i \, [\,y\, p_i \max(0, 1 - z)^2 + (1 - y) \max(0, 1 + z)^2\,]

    with z the logit, y the label, :math:`p_i` ``pos_weight`` and :math:`w_i` as in :class:`BinaryCrossEntropy`. Once a
    logit is on the right side of its margin it pulls no more at all, so that easy negatives, nearly all elements of a
    rare label, drop out of the sum. Errors pull the more the larger they are, where the pull of the other losses
    levels off.

    The logits are scores, and their logistic function is no estimate of a probability:
    :class:`~skbalance.calibration.CalibratedMultiLabelClassifierCV` makes one.

    Parameters
    ----------
    pos_weight : float, {"balanced", "sqrt_balanced"} or array-like of shape (n_labels,), default=1.0
        Factor of the positive elements, above 0; see :class:`BinaryCrossEntropy`.
    reweight : {"inverse", "sqrt_inverse"}, default=None
        Weight of each label by its frequency; None weights all labels alike.
    reweight_norm : {"instance", "batch"}, default=None
        Divide the weights by the largest of the row, or of the batch.
    scale : float, default=0.03
        Factor on the whole loss, above 0. The default makes the classifier's default ``alpha`` the right penalty.

    See Also
    --------
    sklearn.svm.LinearSVC : The same loss for one label at a time.
    NegativeTolerantFocalLoss : Lets go of easy negatives too, though not entirely.

    Notes
    -----
    The classifier penalises the coefficients of a label in proportion to the label's variance to the power
    ``penalty_exponent``, which without balanced positives is 1 for other losses and 0.25 for this one: what pulls are
    the elements within the margin, and their number falls off more slowly than that of the positives.

    References
    ----------
    Fan, Chang, Hsieh, Wang and Lin, "LIBLINEAR: A Library for Large Linear Classification", JMLR 9, 2008.

    Examples
    --------
    >>> import torch
    >>> from skbalance.losses import LabelStatistics, SquaredHingeLoss
    >>> criterion = SquaredHingeLoss(scale=1).bind(LabelStatistics([5, 1], 10), reduction="none")
    >>> criterion(torch.tensor([[0.5, -2.0]]), torch.tensor([[1, 0]]))
    tensor([[0.2500, 0.0000]])
    """

    _penalty_exponent = 0.25
    _penalty_strength = 0.005
    # The coefficients of rare labels converge last, and with tuned thresholds they matter.
    default_tol = 1e-3

    pos_weight: PosWeight = 1.0
    reweight: str | None = None
    reweight_norm: str | None = None
    scale: float = 0.03

    def _settings(self, statistics):
        from skbalance.losses._margins import SquaredHinge

        return {"margin_loss": SquaredHinge(), **frequency_settings(self, statistics)}
