"""Public entries given odd parameters and data: a result that holds, or a ValueError, TypeError or NotFittedError."""

import warnings
from contextlib import nullcontext

import matplotlib.pyplot as plt
import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st
from sklearn.exceptions import NotFittedError

from skbalance import __all__ as estimators
from skbalance import losses, metrics, model_selection, plotting
from tests.fuzz.entries import ENTRIES, run

ALLOWED = (ValueError, TypeError, NotFittedError)
# What a call may cost decides how many there are.
CASES = {"slow": 25, "usual": 60}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", sorted(ENTRIES))
def test_odd_arguments(name):
    entry = ENTRIES[name]

    @seed(0)
    @settings(
        max_examples=CASES["slow" if entry.slow else "usual"],
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.data())
    def try_some(data):
        try:
            run(entry, lambda values: data.draw(st.sampled_from(values)), data.draw(st.integers(1, 3)))
        except (*ALLOWED, *entry.errors):
            pass
        finally:
            plt.close("all")

    try_some()


@pytest.mark.parametrize("name", sorted(ENTRIES))
def test_good_arguments_are_accepted(name):
    entry = ENTRIES[name]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(entry.errors) if name.startswith("datasets.") and entry.errors else nullcontext():
            run(entry, None, 0)


def test_every_public_name_is_tried():
    public = {name for name in [*estimators, *plotting.__all__] if name[0].isupper()}
    public |= {name for name in metrics.__all__ if name.endswith("score")} | set(model_selection.__all__)
    public |= set(losses.get_loss_names())
    assert not {name for name in public if not any(name in entry.split(".") for entry in ENTRIES)}
