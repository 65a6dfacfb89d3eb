"""How evidence is shown."""

from skbalance.decisions import LabelEvidence


def test_labels_are_shown_escaped_and_cut():
    for label, shown in (("crude oil", "crude oil"), ("a\x1b[31mb", "a\\x1b[31mb"), ("x" * 81, "x" * 77 + "...")):
        assert str(LabelEvidence(label, 0.9, 0.4, {})) == f"{shown}: 0.90, above its threshold 0.40"
    assert str(LabelEvidence(3, 0.3, 0.4, {})) == "3: 0.30, nearest to its threshold 0.40"
