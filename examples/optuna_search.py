"""
A search over losses with Optuna
================================

A grid tries every combination. Optuna draws the next candidate from what the earlier ones scored, which pays when
there are several parameters with continuous ranges: the parameters of a loss, and the penalty that goes with it.

Needs ``pip install optuna optuna-integration``.
"""

# %%
# The data, and a pipeline from text to labels
# --------------------------------------------
import optuna
from optuna.distributions import FloatDistribution
from optuna_integration import OptunaSearchCV
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline

from skbalance import BalancedMultiLabelClassifier
from skbalance.datasets import make_long_tailed_multilabel
from skbalance.losses import get_loss, get_loss_names
from skbalance.metrics import get_scorer
from skbalance.model_selection import MultilabelStratifiedKFold

optuna.logging.set_verbosity(optuna.logging.WARNING)  # no line for each trial

texts, y = make_long_tailed_multilabel(
    300, 12, n_features=300, min_label_count=6, return_text=True, return_indicator="dense", random_state=0
)
cv = MultilabelStratifiedKFold(2, shuffle=True, random_state=0)
scoring = get_scorer("f1_macro")


def make_model(loss, alpha=1e-5):
    classifier = BalancedMultiLabelClassifier(loss, alpha=alpha, tol=0.01)
    return make_pipeline(TfidfVectorizer(), classifier)


# %%
# The parameters of one loss
# --------------------------
# ``OptunaSearchCV`` is used as a search of scikit-learn is, but wants a dense ``y``. The loss must be an object, not a
# string, for its parameters to have names. Optuna marks this class as experimental and says so in a warning.
search = OptunaSearchCV(
    make_model(get_loss("db")),
    {
        "balancedmultilabelclassifier__alpha": FloatDistribution(1e-6, 1e-2, log=True),
        "balancedmultilabelclassifier__loss__gamma": FloatDistribution(0, 3),
        "balancedmultilabelclassifier__loss__neg_scale": FloatDistribution(1, 10, log=True),
    },
    cv=cv,
    scoring=scoring,
    n_trials=8,
    random_state=0,
).fit(texts, y)
print(f"macro-F1 {search.best_score_:.3f} with")
for name, value in search.best_params_.items():
    print(f"  {name} = {value:.3g}")

# %%
# Which loss
# ----------
# Each loss has parameters of its own, and ``OptunaSearchCV`` takes one flat list. A study asks for each parameter
# when it is needed.
# ("db_0fl" is "db" with a gamma of 0, which the range of gamma holds.)
NAMES = [name for name in get_loss_names()[:9] if name != "db_0fl"]
RANGES = {"gamma": (0, 3), "neg_scale": (1, 10), "kappa": (0, 0.2)}


def objective(trial):
    loss = get_loss(trial.suggest_categorical("loss", NAMES))
    for name, (low, high) in RANGES.items():
        if name in loss.get_params():
            loss.set_params(**{name: trial.suggest_float(name, low, high)})
    alpha = trial.suggest_float("alpha", 1e-6, 1e-2, log=True)
    return cross_val_score(make_model(loss, alpha), texts, y, cv=cv, scoring=scoring).mean()


study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=0))
study.optimize(objective, n_trials=12)
print(f"macro-F1 {study.best_value:.3f} with {study.best_params}")

# %%
# The best candidate is fitted to all data. A parameter that its loss does not have was never asked for.
parameters = dict(study.best_params)
name, alpha = parameters.pop("loss"), parameters.pop("alpha")
model = make_model(get_loss(name).set_params(**parameters), alpha).fit(texts, y)
print(model[-1].loss_)

# %%
# The score of the winner is the best of several and so a little too high: judge the model on data that no search
# has seen.
