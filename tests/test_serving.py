"""What it takes to serve a model: no torch, no skorch, no sentence-transformers."""

import json
import pickle
import subprocess
import sys

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.model_selection import GridSearchCV, KFold
from sklearn.pipeline import make_pipeline

from skbalance import (
    BalancedMultiLabelClassifier,
    CalibratedMultiLabelClassifierCV,
    TagClassifier,
    TunedThresholdMultiLabelClassifierCV,
)
from skbalance.losses import ClassBalancedFocalLoss, FocalLoss

HEAVY = ("torch", "skorch", "sentence_transformers", "matplotlib")

# Both report after each step which of the heavy packages are loaded by then.
IMPORT = f"""
import importlib, json, sys
seen = {{}}
for name in sys.argv[1:]:
    importlib.import_module(name)
    seen[name] = [heavy for heavy in {HEAVY} if heavy in sys.modules]
print(json.dumps(seen))
"""
SERVE = f"""
import json, pickle, sys
seen = {{}}
with open(sys.argv[1], "rb") as file:
    models = pickle.load(file)
for name, pickled in models.items():
    model, texts, calls = pickle.loads(pickled)
    found = {{method: pickle.dumps(getattr(model, method)(texts)) for method in calls}}
    seen[name] = [method for method in calls if found[method] != calls[method]]
    seen[name] += [heavy for heavy in {HEAVY} if heavy in sys.modules]
print(json.dumps(seen))
"""

TEXTS = ["wheat and corn", "wheat rises", "oil rises", "corn falls", "oil and gas", "gas falls"] * 6
TAGS = [["wheat", "corn"], ["wheat"], ["oil"], ["corn"], ["oil", "gas"], ["gas"]] * 6
INDICATOR = np.array([[tag in row for tag in ("corn", "gas", "oil", "wheat")] for row in TAGS], dtype=int)
CLASSES = np.array(["a", "b", "c"])[np.arange(len(TEXTS)) % 3]


def run(code, *args):
    done = subprocess.run([sys.executable, "-c", code, *args], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def linear(**params):
    return make_pipeline(TfidfVectorizer(), BalancedMultiLabelClassifier(**params))


def search():
    candidates = {"balancedmultilabelclassifier__loss": [FocalLoss(), "bce"]}
    return GridSearchCV(linear(), candidates, cv=KFold(2), scoring="f1_micro")


MODELS = {
    "linear": (linear(), INDICATOR),
    "loss object": (linear(loss=FocalLoss(gamma=1)), INDICATOR),
    "hidden layer": (linear(hidden_layer_sizes=(8,), max_iter=3, tol=1.0, random_state=0), INDICATOR),
    "exclusive classes": (linear(loss=ClassBalancedFocalLoss(mode="average_w", base="softmax")), CLASSES),
    "tuned thresholds": (TunedThresholdMultiLabelClassifierCV(linear(), cv=2, random_state=0), INDICATOR),
    "calibrated": (CalibratedMultiLabelClassifierCV(linear(), cv=2, random_state=0), INDICATOR),
    "tags": (TagClassifier(TunedThresholdMultiLabelClassifierCV(linear(), cv=2, random_state=0)), TAGS),
    "tags of a search": (TagClassifier(search()), TAGS),
}


def test_import_loads_nothing_heavy():
    rooms = ["skbalance", "skbalance.losses", "skbalance.metrics", "skbalance.training", "skbalance.finetuning"]
    rooms += ["skbalance.plotting"]
    assert run(IMPORT, *rooms) == {room: [] for room in rooms}


@pytest.mark.filterwarnings("ignore:Training did not converge")
def test_prediction_loads_nothing_heavy(tmp_path):
    served = {}
    for name, (model, target) in MODELS.items():
        pickled = pickle.dumps(model.fit(TEXTS, target))
        methods = [method for method in ("predict", "predict_proba", "decision_function") if hasattr(model, method)]
        # As the unpickled model predicts: equal arrays can have different pickles.
        calls = {method: pickle.dumps(getattr(pickle.loads(pickled), method)(TEXTS)) for method in methods}
        served[name] = pickle.dumps((model, TEXTS, calls))
    path = tmp_path / "models.pkl"
    path.write_bytes(pickle.dumps(served))
    assert run(SERVE, str(path)) == {name: [] for name in MODELS}


def test_the_package_loads_what_is_asked_for():
    code = (
        "import json, sys\n"
        "import skbalance\n"
        "first = sorted({'numpy', 'sklearn'} & set(sys.modules))\n"
        "from skbalance import BalancedMultiLabelClassifier\n"
        "second = sorted({'sklearn.calibration', 'sklearn.svm', 'sqlite3', 'skbalance.text'} & set(sys.modules))\n"
        "print(json.dumps([first, second, skbalance.metrics.__name__]))\n"
    )
    assert run(code) == [[], [], "skbalance.metrics"]


def test_lazy_names():
    import skbalance.losses
    import skbalance.training

    assert set(skbalance.__all__) <= set(dir(skbalance))
    assert {"losses", "text", "BalancedMultiLabelClassifier"} <= set(dir(skbalance))
    assert "Criterion" in dir(skbalance.losses)
    assert skbalance.losses.Criterion.__module__ == "skbalance.losses._criteria"
    assert skbalance.training.fit_head.__module__ == "skbalance.training._solvers"
    with pytest.raises(AttributeError, match=r"module 'skbalance\.losses' has no attribute 'Nothing'"):
        skbalance.losses.Nothing  # noqa: B018
