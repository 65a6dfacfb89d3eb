"""scikit-learn's own checks, for every registered loss and both solvers."""

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from skbalance import BalancedMultiLabelClassifier
from skbalance.losses import BinaryCrossEntropy, get_loss, get_loss_names

ALL = get_loss_names()
# One of each kind; the rest are slow by their number.
KINDS = ("bce", "db", "balanced_ntr", "squared_hinge", "zlpr")
# One batch is one step here, and 200 small steps do not take the intercepts of later losses to where they belong.
LATER = ALL[ALL.index("squared_hinge") + 1 :]


def with_adam(loss):
    steps = {"learning_rate_init": 0.03, "tol": 1e-3} if loss in LATER else {}
    return BalancedMultiLabelClassifier(loss, solver="adam", random_state=0, **steps)


ESTIMATORS = [
    *(BalancedMultiLabelClassifier(loss, solver="lbfgs", random_state=0) for loss in KINDS),
    with_adam("balanced_ntr"),
    BalancedMultiLabelClassifier(get_loss("db"), hidden_layer_sizes=(8,), random_state=0),
    BalancedMultiLabelClassifier(term_weighting="rf", random_state=0),
]
OTHERS = [
    *(BalancedMultiLabelClassifier(loss, solver="lbfgs", random_state=0) for loss in ALL if loss not in KINDS),
    *(with_adam(loss) for loss in ALL if loss != "balanced_ntr"),
    *(
        BalancedMultiLabelClassifier(BinaryCrossEntropy(pos_weight="balanced"), solver=solver, random_state=0)
        for solver in ("lbfgs", "adam")
    ),
    BalancedMultiLabelClassifier(term_weighting=None, random_state=0),
    BalancedMultiLabelClassifier(term_weighting="rf", solver="adam", random_state=0),
]


# Some checks give too few iterations on purpose; scikit-learn's own tests ignore this warning likewise.
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@parametrize_with_checks(ESTIMATORS)
def test_scikit_learn_checks(estimator, check):
    check(estimator)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@parametrize_with_checks(OTHERS)
def test_scikit_learn_checks_of_the_other_losses(estimator, check):
    check(estimator)
