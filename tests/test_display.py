"""The HTML display in notebooks: the loss with its parameters, and links to the documentation."""

import re

import numpy as np
import pytest
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import estimator_html_repr

import skbalance
from skbalance import BalancedMultiLabelClassifier
from skbalance.losses import DistributionBalancedLoss, FocalLoss, get_loss, get_loss_names

X = np.random.default_rng(0).normal(size=(30, 3))
Y = (X > 0.3).astype(int)


def links(html):
    return set(re.findall(r'class="sk-estimator-doc-link[^"]*"[^>]*href="([^"]*)"', html))


@pytest.mark.parametrize("loss", get_loss_names())
def test_a_named_loss_is_shown_with_its_class(loss):
    html = estimator_html_repr(BalancedMultiLabelClassifier(loss))
    assert f"loss: {type(get_loss(loss)).__name__}" in html


def test_links_lead_to_the_pages_of_the_public_names():
    html = estimator_html_repr(make_pipeline(StandardScaler(), BalancedMultiLabelClassifier(FocalLoss(gamma=1.5))))
    ours = {link.rsplit("/", 1)[1] for link in links(html) if "skbalance" in link}
    assert ours == {"skbalance.BalancedMultiLabelClassifier.html", "skbalance.losses.FocalLoss.html"}
    assert "FocalLoss(gamma=1.5)" in html
    assert hasattr(skbalance, "BalancedMultiLabelClassifier")
    assert hasattr(skbalance.losses, "FocalLoss")


def test_a_fitted_display_shows_the_loss_that_was_trained():
    model = BalancedMultiLabelClassifier(DistributionBalancedLoss(neg_scale=3.0))
    assert "mu=" not in estimator_html_repr(model)
    model.fit(X, Y)
    assert f"mu={model.loss_.mu!r}, neg_scale=3.0" in estimator_html_repr(model)


@pytest.mark.parametrize("weight", ["balanced", np.array([0.5, 2.0, 30.0])], ids=["name", "array"])
def test_positive_weights_are_shown(weight):
    model = BalancedMultiLabelClassifier(FocalLoss(pos_weight=weight))
    for shown in (model, model.fit(X, Y)):
        html = estimator_html_repr(shown)
        assert "FocalLoss(pos_weight=" in html
        assert ("balanced" if isinstance(weight, str) else "30.") in html


def test_a_wrong_loss_does_not_break_the_display():
    assert "no such loss" in estimator_html_repr(BalancedMultiLabelClassifier("no such loss"))


def test_a_subclass_elsewhere_has_no_link():
    class Mine(FocalLoss):
        """A loss of somebody else."""

        __module__ = "mine"

    assert Mine()._get_doc_link() == ""
