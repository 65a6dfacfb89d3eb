"""scikit-learn's own checks, for every registered loss and both solvers."""

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from skbalance import BalancedMultiLabelClassifier
from skbalance.losses import BinaryCrossEntropy, get_loss, get_loss_names

# The losses of the paper, the squared hinge and those that came later.
PAPER, LATER = get_loss_names()[:9], get_loss_names()[9:]

ESTIMATORS = [
    BalancedMultiLabelClassifier(loss=loss, solver=solver, random_state=0)
    for loss in PAPER
    for solver in ("lbfgs", "adam")
]
ESTIMATORS += [BalancedMultiLabelClassifier(loss=loss, solver="lbfgs", random_state=0) for loss in LATER]
ESTIMATORS += [
    *(
        BalancedMultiLabelClassifier(BinaryCrossEntropy(pos_weight="balanced"), solver=solver, random_state=0)
        for solver in ("lbfgs", "adam")
    ),
    BalancedMultiLabelClassifier(loss=get_loss("db"), hidden_layer_sizes=(8,), random_state=0),
    *(BalancedMultiLabelClassifier(term_weighting=kind, random_state=0) for kind in ("rf", None)),
]


# Some checks give too few iterations on purpose; scikit-learn's own tests ignore this warning likewise.
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@parametrize_with_checks(ESTIMATORS)
def test_scikit_learn_checks(estimator, check):
    check(estimator)


# One batch is one step here, and 200 small steps do not take the intercepts of these losses to where they belong.
WITH_ADAM = [
    BalancedMultiLabelClassifier(loss=loss, solver="adam", learning_rate_init=0.03, tol=1e-3, random_state=0)
    for loss in LATER
]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@parametrize_with_checks(WITH_ADAM)
def test_scikit_learn_checks_of_later_losses_with_adam(estimator, check):
    check(estimator)
