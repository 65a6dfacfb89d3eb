"""Grids of losses, in scikit-learn's searches."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.model_selection import (
    GridSearchCV,
    HalvingGridSearchCV,
    ParameterGrid,
    RandomizedSearchCV,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MaxAbsScaler

from skbalance import BalancedMultiLabelClassifier
from skbalance.datasets import make_long_tailed_multilabel
from skbalance.losses import FocalLoss, LabelStatistics, get_loss, get_loss_names
from skbalance.metrics import multilabel_scorers
from skbalance.model_selection import MultilabelStratifiedKFold, loss_grid

STATISTICS = LabelStatistics.from_targets([[1, 0, 0], [1, 1, 0], [1, 0, 1], [0, 1, 0]])
PREFIX = "balancedmultilabelclassifier__"
CV = MultilabelStratifiedKFold(2, shuffle=True, random_state=0)


@pytest.fixture(scope="module")
def data():
    return make_long_tailed_multilabel(
        300, 12, n_features=100, labels_per_sample=1.5, tail_exponent=1.3, min_label_count=4, random_state=0
    )


@pytest.fixture
def classifier():
    return BalancedMultiLabelClassifier(tol=0.05, max_iter=400)


def group_scorers():
    return multilabel_scorers("f1_micro", "f1_macro", "head_f1_macro", "medium_f1_macro", "tail_f1_macro")


def bound(candidate):
    loss = clone(candidate["loss"])
    own = {name.removeprefix("loss__"): value for name, value in candidate.items() if name.startswith("loss__")}
    return loss.set_params(**own).bind(STATISTICS)


def test_each_candidate_is_a_valid_loss_and_none_comes_twice():
    candidates = list(ParameterGrid(loss_grid()))
    assert {type(candidate["loss"]) for candidate in candidates} == {type(get_loss(name)) for name in get_loss_names()}
    for candidate in candidates:
        bound(candidate)
    assert len({repr(sorted(candidate.items())) for candidate in candidates}) == len(candidates)


def test_the_small_grid_has_each_loss_once_with_each_penalty():
    grid = loss_grid(size="small", alpha=[1e-4, 1e-3])
    assert [repr(entry["loss"][0]) for entry in grid] == [repr(get_loss(name)) for name in get_loss_names()]
    assert all(set(entry) == {"loss", "alpha"} and entry["alpha"] == [1e-4, 1e-3] for entry in grid)
    assert all(set(entry) == {"loss"} for entry in loss_grid(size="small", alpha=None))


def test_the_large_grid_holds_the_default_of_each_parameter_it_searches():
    for entry in loss_grid():
        own = entry["loss"][0].get_params()
        for name in entry:
            if name.startswith("loss__"):
                assert own[name.removeprefix("loss__")] in entry[name]


def test_what_an_object_sets_stays():
    (entry,) = loss_grid(FocalLoss(gamma=0.5))
    assert "loss__gamma" not in entry
    assert "loss__reweight" in entry
    (entry,) = loss_grid("db_0fl")
    assert entry["loss"][0].gamma == 0
    assert "loss__gamma" not in entry


def test_the_callers_loss_is_copied():
    loss = FocalLoss()
    assert loss_grid([loss])[0]["loss"][0] is not loss


def test_prefix():
    plain, prefixed = loss_grid(), loss_grid(prefix="clf__")
    for one, other in zip(plain, prefixed):
        assert ["clf__" + name for name in one] == list(other)
    with pytest.raises(ValueError, match=r"'clf__'; got 'clf'"):
        loss_grid(prefix="clf")


def test_bad_losses():
    with pytest.raises(ValueError, match="got 'focall'"):
        loss_grid(["bce", "focall"])
    with pytest.raises(TypeError, match="did you mean"):
        loss_grid([FocalLoss])
    with pytest.raises(ValueError, match="'gamma'"):
        loss_grid(FocalLoss(gamma=-1))
    with pytest.raises(ValueError, match=r"'losses' parameter of loss_grid must be .* Got 3"):
        loss_grid(3)
    with pytest.raises(ValueError, match=r"'alpha' parameter of loss_grid must be .* Got 0\.1"):
        loss_grid("db", alpha=0.1)


def test_bad_size():
    with pytest.raises(ValueError, match=r"'size' parameter of loss_grid must be .* Got 'medium'"):
        loss_grid(size="medium")


def test_grid_search_by_several_scores_in_a_pipeline(data, classifier):
    grid = loss_grid(["bce", "focal", "db"], alpha=[1e-5], prefix=PREFIX)
    before = repr(grid)
    pipeline = make_pipeline(MaxAbsScaler(), classifier)
    search = GridSearchCV(pipeline, grid, scoring=group_scorers(), refit="f1_macro", cv=CV, error_score="raise")
    search.fit(*data)
    assert repr(grid) == before
    frame = pd.DataFrame(search.cv_results_)
    assert len(frame) == len(ParameterGrid(grid))
    scores = frame[[f"mean_test_{name}" for name in group_scorers()]]
    assert np.isfinite(scores.to_numpy()).all()
    assert search.best_score_ == frame["mean_test_f1_macro"].max()
    # The loss of the winner is the one that the table names, with the parameters of its row.
    best = frame.loc[search.best_index_]
    fitted = search.best_estimator_[-1].loss
    assert type(fitted) is type(best[f"param_{PREFIX}loss"])
    if fitted.get_params().get("gamma") is not None:
        assert fitted.gamma == best[f"param_{PREFIX}loss__gamma"]


def test_the_results_read_well_as_a_frame(data, classifier):
    search = GridSearchCV(
        classifier, loss_grid(size="small", alpha=[1e-5]), scoring="f1_macro", cv=CV, error_score="raise"
    ).fit(*data)
    frame = pd.DataFrame(search.cv_results_)
    assert frame["param_loss"].astype(str).tolist() == [repr(get_loss(name)) for name in get_loss_names()]
    assert frame["param_loss"].astype(str).str.len().max() < 60
    results = frame.sort_values("rank_test_score")
    results["loss"] = results["param_loss"].astype(str)
    best = results.drop_duplicates("loss").set_index("loss").filter(regex="^(param_|mean_test_)")
    assert best.index.is_unique
    assert "FocalLoss()" in best.to_string()


def test_random_search_over_the_grid(data, classifier):
    search = RandomizedSearchCV(
        classifier,
        loss_grid(),
        n_iter=4,
        scoring=group_scorers(),
        refit="f1_macro",
        cv=CV,
        random_state=0,
        error_score="raise",
    ).fit(*data)
    assert np.isfinite(search.cv_results_["mean_test_tail_f1_macro"]).all()
    assert len({repr(candidate) for candidate in search.cv_results_["params"]}) == 4


def test_halving(classifier):
    # Few labels, so that each has a positive in every half of the samples.
    X, y = make_long_tailed_multilabel(300, 6, n_features=100, random_state=0)
    search = HalvingGridSearchCV(
        classifier,
        loss_grid(size="small", alpha=[1e-5]),
        min_resources=150,
        factor=2,
        scoring="f1_macro",
        cv=CV,
        random_state=0,
        error_score="raise",
    ).fit(X, y)
    assert search.n_resources_ == [150, 300]
    n_losses = len(get_loss_names())
    assert search.n_candidates_ == [n_losses, -(-n_losses // 2)]
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
