"""scikit-learn's own checks, for every registered loss and both solvers."""

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from skbalance import BalancedMultiLabelClassifier
from skbalance.losses import BinaryCrossEntropy, get_loss, get_loss_names

ESTIMATORS = [
    BalancedMultiLabelClassifier(loss=loss, solver=solver, random_state=0)
    for loss in get_loss_names()
    for solver in ("lbfgs", "adam")
]
ESTIMATORS += [
    *(
        BalancedMultiLabelClassifier(BinaryCrossEntropy(pos_weight="balanced"), solver=solver, random_state=0)
        for solver in ("lbfgs", "adam")
    ),
    BalancedMultiLabelClassifier(loss=get_loss("db"), hidden_layer_sizes=(8,), random_state=0),
    *(BalancedMultiLabelClassifier(term_weighting="rf", solver=solver, random_state=0) for solver in ("lbfgs", "adam")),
]


# Some checks give too few iterations on purpose; scikit-learn's own tests ignore this warning likewise.
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@parametrize_with_checks(ESTIMATORS)
def test_scikit_learn_checks(estimator, check):
    check(estimator)
