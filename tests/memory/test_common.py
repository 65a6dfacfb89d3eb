"""scikit-learn's own checks."""

from sklearn.utils.estimator_checks import parametrize_with_checks

from skbalance.memory import CosineCentroidClassifier, CosineNeighborsClassifier


@parametrize_with_checks([CosineCentroidClassifier(), CosineCentroidClassifier(1), CosineNeighborsClassifier()])
def test_scikit_learn_checks(estimator, check):
    check(estimator)
