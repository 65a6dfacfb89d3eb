"""Cross-entropy, the focal loss and the squared hinge, with weights by label frequency."""

from dataclasses import dataclass

from skbalance._indicators import label_propensities
from skbalance._kinds import Finite, Positive
from skbalance.losses._base import FocusedLoss, MarginBasedLoss, ReweightedLoss, WeightedLoss


class BinaryCrossEntropy(ReweightedLoss):
    r"""Binary cross-entropy, optionally with weights for positives and by label frequency.

    .. math:: L = w_i \, [\,y\, p_i \operatorname{softplus}(-z) + (1 - y) \operatorname{softplus}(z)\,]

    with z the logit, y the label, :math:`p_i` ``pos_weight`` and :math:`w_i` 1, :math:`N / n_i` (``"inverse"``) or
    :math:`\sqrt{N / n_i}` (``"sqrt_inverse"``), where label i has :math:`n_i` positives among N samples.

    Parameters
    ----------
    pos_weight : float, {"balanced", "sqrt_balanced"} or array-like of shape (n_labels,), default=1.0
        Factor of the positive elements, above 0: one for all labels or one for each. ``"balanced"`` is
        :math:`(N - n_i) / n_i`, with which the positives of a label weigh as much as its negatives; it is what
        ``class_weight="balanced"`` of scikit-learn's classifiers does, up to a factor of the label.
        ``"sqrt_balanced"`` is its square root, between that and 1. :math:`n_i` is kept one sample away from 0 and
        from N.
    scale : float, default=1.0
        Factor on the whole loss, above 0.
    reweight : {"inverse", "sqrt_inverse"}, default=None
        Weight of each label by its frequency; None weights all labels alike.
    reweight_norm : {"instance", "batch"}, default=None
        Divide the weights by the largest of the row, or of the batch.

    See Also
    --------
    FocalLoss : Down-weights what is already classified well.

    Examples
    --------
    >>> import torch
    >>> from skbalance.losses import BinaryCrossEntropy, LabelStatistics
    >>> criterion = BinaryCrossEntropy().bind(LabelStatistics([5, 1], n_samples=10))
    >>> criterion(torch.zeros(1, 2), torch.tensor([[1, 0]]))  # log 2
    tensor(0.6931)
    >>> balanced = BinaryCrossEntropy(pos_weight="balanced").bind(LabelStatistics([5, 1], n_samples=10), "none")
    >>> balanced(torch.zeros(1, 2), torch.tensor([[1, 1]]))  # log 2 times 5 / 5 and 9 / 1
    tensor([[0.6931, 6.2383]])
    """


@dataclass(kw_only=True, eq=False, repr=False)
class FocalLoss(FocusedLoss, ReweightedLoss):
    r"""Focal loss, optionally weighted by inverse label frequency.

    .. math:: L = w_i \, \alpha_t \, (1 - p_t)^\gamma \, (-\log p_t)

    with :math:`p_t = \sigma(z)` and :math:`\alpha_t = \alpha` for a positive element, :math:`1 - \sigma(z)` and
    :math:`1 - \alpha` for a negative one; :math:`w_i` as in :class:`BinaryCrossEntropy`.

    Parameters
    ----------
    pos_weight : float, {"balanced", "sqrt_balanced"} or array-like of shape (n_labels,), default=1.0
        Factor of the positive elements, above 0; see :class:`BinaryCrossEntropy`.
    scale : float, default=1.0
        Factor on the whole loss, above 0.
    reweight : {"inverse", "sqrt_inverse"}, default=None
        Weight of each label by its frequency; None weights all labels alike.
    reweight_norm : {"instance", "batch"}, default=None
        Divide the weights by the largest of the row, or of the batch.
    gamma : float, default=2.0
        Focusing exponent, at least 0; 0 with ``alpha=None`` is binary cross-entropy.
    alpha : float, default=0.5
        Share of the positive elements, in [0, 1]; None leaves the factor out.

    References
    ----------
    Lin et al., "Focal Loss for Dense Object Detection", ICCV 2017, arXiv:1708.02002.

    Examples
    --------
    >>> import torch
    >>> from skbalance.losses import FocalLoss, LabelStatistics
    >>> criterion = FocalLoss(gamma=2).bind(LabelStatistics([5, 1], n_samples=10))
    >>> criterion(torch.zeros(1, 2), torch.tensor([[1, 0]]))  # 0.5 * 0.5 ** 2 * log 2
    tensor(0.0866)
    """


@dataclass(kw_only=True, eq=False, repr=False)
class LogitAdjustedCrossEntropy(WeightedLoss):
    r"""Binary cross-entropy of logits that are shifted by the log-odds of the labels in training.

    .. math:: L = y \operatorname{softplus}(-(z - v_i)) + (1 - y) \operatorname{softplus}(z - v_i), \qquad
              v_i = \tau \log(N / n_i - 1)

    What the frequency of a label says is in the shift already, and the logit has to say only what the features do: with
    :math:`\tau = 1` a logit of 0 is the threshold for the mean of the error rates among positives and among negatives.
    The shift acts in training only: scores at prediction are the raw logits.

    Parameters
    ----------
    pos_weight : float, {"balanced", "sqrt_balanced"} or array-like of shape (n_labels,), default=1.0
        Factor of the positive elements, above 0; see :class:`BinaryCrossEntropy`.
    scale : float, default=1.0
        Factor on the whole loss, above 0.
    tau : float, default=1.0
        Size of the shift; 0 is binary cross-entropy.

    See Also
    --------
    NegativeTolerantFocalLoss : Has the same shift, as ``kappa``, 0.05 times as large by default.

    References
    ----------
    Menon et al., "Long-Tail Learning via Logit Adjustment", ICLR 2021, arXiv:2007.07314.

    Examples
    --------
    >>> import torch
    >>> from skbalance.losses import LabelStatistics, LogitAdjustedCrossEntropy
    >>> criterion = LogitAdjustedCrossEntropy().bind(LabelStatistics([5, 1], n_samples=10), reduction="none")
    >>> criterion(torch.zeros(1, 2), torch.tensor([[1, 1]]))  # log 2 and log 10
    tensor([[0.6931, 2.3026]])
    """

    tau: Finite = 1.0

    def _settings(self, statistics):
        return super()._settings(statistics) | {"logit_bias": self.tau * statistics.log_odds}


@dataclass(kw_only=True, eq=False, repr=False)
class PropensityScoredCrossEntropy(MarginBasedLoss):
    r"""Propensity-scored binary cross-entropy, for training sets in which labels are missing, rare ones most often.

    .. math:: L = y \left(\frac{2}{\pi_i} - 1\right) \operatorname{softplus}(-z) + (1 - y) \operatorname{softplus}(z)

    where the propensity :math:`\pi_i` is the chance that label i was given where it is true, estimated from how often
    it was given, see :func:`skbalance.metrics.label_propensities`. It is a convex bound of the estimate, free of bias,
    of the cross-entropy that all true labels would give.

    Parameters
    ----------
    A, B : float, default=0.55, 1.5
        Shape of the propensities, above 0.
    scale : float, default=1.0
        Factor on the whole loss, above 0.

    See Also
    --------
    skbalance.metrics.label_propensities : The estimate.
    BinaryCrossEntropy : Takes any weight of the positives as ``pos_weight``.

    References
    ----------
    Qaraei, Schultheis, Gupta and Babbar, "Convex Surrogates for Unbiased Loss Functions in Extreme Classification With
    Missing Labels", The Web Conference 2021.

    Jain, Prabhu and Varma, "Extreme Multi-label Loss Functions for Recommendation, Tagging, Ranking and Other Missing
    Label Applications", KDD 2016.

    Examples
    --------
    >>> import torch
    >>> from skbalance.losses import LabelStatistics, PropensityScoredCrossEntropy
    >>> criterion = PropensityScoredCrossEntropy().bind(LabelStatistics([1000, 1], 5000), reduction="none")
    >>> criterion(torch.zeros(1, 2), torch.tensor([[1, 1]]))  # log 2 times 1.56 and 16.03
    tensor([[ 1.0790, 11.1142]])
    """

    A: Positive = 0.55
    B: Positive = 1.5
    scale: Positive = 1.0

    def _settings(self, statistics):
        propensities = label_propensities(statistics.counts, statistics.n_samples, A=self.A, B=self.B)
        return super()._settings(statistics) | {"pos_weight": 2 / propensities - 1}


@dataclass(kw_only=True, eq=False, repr=False)
class SquaredHingeLoss(ReweightedLoss):
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
    scale : float, default=0.03
        Factor on the whole loss, above 0. The default makes the classifier's default ``alpha`` the right penalty.
    reweight : {"inverse", "sqrt_inverse"}, default=None
        Weight of each label by its frequency; None weights all labels alike.
    reweight_norm : {"instance", "batch"}, default=None
        Divide the weights by the largest of the row, or of the batch.

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

    scale: Positive = 0.03

    def _settings(self, statistics):
        from skbalance.losses._kernel import squared_hinge

        return super()._settings(statistics) | {"margin_loss": squared_hinge}
