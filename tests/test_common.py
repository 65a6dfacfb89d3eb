"""scikit-learn's own checks: all of them for a loss of each kind with each solver, two for every other loss.

Losses of one kind differ in their numbers alone, not in what the classifier does with data: `pytest -m full_matrix`
gives every one of them all checks.
"""

import pytest
from sklearn.base import clone
from sklearn.utils.estimator_checks import (
    check_classifiers_train,
    check_sample_weight_equivalence_on_dense_data,
    parametrize_with_checks,
)

from skbalance import BalancedMultiLabelClassifier
from skbalance.losses import BinaryCrossEntropy, get_loss, get_loss_names

ALL = get_loss_names()
# The kernel of the focal family with weights of rows, the one other element-wise kind, and a loss of the whole row.
KINDS = ("db", "squared_hinge", "zlpr")
# One batch is one step here, and 200 small steps do not take the intercepts of later losses to where they belong.
LATER = ALL[ALL.index("squared_hinge") + 1 :]


def with_lbfgs(loss):
    return BalancedMultiLabelClassifier(loss, solver="lbfgs", random_state=0)


def with_adam(loss):
    steps = {"learning_rate_init": 0.03, "tol": 1e-3} if loss in LATER else {}
    return BalancedMultiLabelClassifier(loss, solver="adam", random_state=0, **steps)


ESTIMATORS = [
    BalancedMultiLabelClassifier(random_state=0),
    *(solver(loss) for solver in (with_lbfgs, with_adam) for loss in KINDS),
    BalancedMultiLabelClassifier(get_loss("db"), hidden_layer_sizes=(8,), random_state=0),
    BalancedMultiLabelClassifier(term_weighting="rf", random_state=0),
]
OTHERS = [
    *(solver(loss) for solver in (with_lbfgs, with_adam) for loss in ALL if loss not in KINDS),
    *(solver(BinaryCrossEntropy(pos_weight="balanced")) for solver in (with_lbfgs, with_adam)),
    BalancedMultiLabelClassifier(term_weighting=None, random_state=0),
    BalancedMultiLabelClassifier(term_weighting="rf", solver="adam", random_state=0),
]

# Some checks give too few iterations on purpose; scikit-learn's own tests ignore this warning likewise.
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@parametrize_with_checks(ESTIMATORS)
def test_scikit_learn_checks(estimator, check):
    check(estimator)


# The first needs a loss that learns, the second one whose counts of labels are weighted too.
@pytest.mark.parametrize("check", [check_classifiers_train, check_sample_weight_equivalence_on_dense_data])
@pytest.mark.parametrize("estimator", OTHERS, ids=repr)
def test_two_checks_of_the_other_losses(estimator, check):
    check(type(estimator).__name__, clone(estimator))


@pytest.mark.slow
@pytest.mark.full_matrix
@parametrize_with_checks(OTHERS)
def test_all_checks_of_the_other_losses(estimator, check):
    check(estimator)
