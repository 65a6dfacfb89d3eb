"""The losses once more, from their definitions, one element at a time: the only other statement of each formula.

Nothing here is shared with the package. Probabilities are formed first and logarithms taken of them, as the papers
write it, so that a slip in the closed form of the package cannot hide. Functions with a parameter ``m`` compute in
float64 with ``math``, and in any precision with ``mpmath.mp``.
"""

import math

import numpy as np


def log_sigmoid(x, m=math):
    return -m.log1p(m.exp(-x)) if x >= 0 else x - m.log1p(m.exp(x))


def sigmoid(x, m=math):
    return m.exp(log_sigmoid(x, m))


def class_balanced(n, beta):
    return (1 - beta) / (1 - beta**n)


def element_weight(labels, i, counts, n_samples, p):
    """w of element i of a row, p the loss's parameters."""
    positives = [j for j, y in enumerate(labels) if y]
    reweight = p.get("reweight")
    if reweight == "inverse":
        return n_samples / counts[i]
    if reweight == "sqrt_inverse":
        return math.sqrt(n_samples / counts[i])
    if "mu" in p:
        if not positives:
            return p["map_alpha"] + 1
        ratio = (1 / counts[i]) / sum(1 / counts[j] for j in positives)
        return p["map_alpha"] + sigmoid(p["map_beta"] * (ratio - p["mu"]))
    if "beta" in p:
        beta, mode = p["beta"], p["mode"]
        all_weights = [class_balanced(n, beta) for n in counts]
        factor = len(counts) / sum(all_weights) if p["normalize"] else 1.0
        if mode == "by_class":
            return all_weights[i] * factor
        if not positives:
            return (1 - beta) * factor
        if mode == "average_n":
            return class_balanced(sum(counts[j] for j in positives) / len(positives), beta) * factor
        if mode == "average_w":
            return sum(all_weights[j] for j in positives) / len(positives) * factor
        return class_balanced(min(counts[j] for j in positives), beta) * factor
    return 1.0


def positive_weight(weight, n, n_samples):
    """Factor of the positives of a label."""
    ratio = (n_samples - n) / n
    return {"balanced": ratio, "sqrt_balanced": math.sqrt(ratio)}.get(weight, weight)


def weights(targets, counts, n_samples, p):
    w = np.array(
        [[element_weight(row, i, counts, n_samples, p) for i in range(len(counts))] for row in targets], dtype=float
    )
    norm = p.get("reweight_norm")
    if norm == "instance":
        return w / w.max(axis=1, keepdims=True)
    return w / w.max() if norm == "batch" else w


def propensity(n, n_samples, A, B, m=math):
    return 1 / (1 + max(m.log(n_samples) - 1, 0) * (B + 1) ** A * (n + B) ** -A)


def asymmetric(z, y, p, m=math):
    """The losses with a function for positives and another for negatives, without their weights."""
    prob, wrong = sigmoid(z, m), sigmoid(-z, m)
    if y and "margin" in p:
        return sigmoid(p["margin"] - z, m) ** p["gamma"] * -log_sigmoid(z - p["margin"], m)
    if y:
        polynomial = p.get("poly_linear", 0) * wrong + p.get("poly_square", 0) * wrong**2
        return wrong ** p["gamma_pos"] * (-log_sigmoid(z, m) + polynomial)
    if "clip" not in p:
        return (p["hill"] - prob) * prob**2
    if prob <= p["clip"]:
        return 0 * prob
    # 1 - q of exact parts: wrong in place of 1 - prob
    cross_entropy = -log_sigmoid(-z, m) if p["clip"] == 0 else -m.log(wrong + p["clip"])
    return (prob - p["clip"]) ** p["gamma_neg"] * cross_entropy * (p["hill"] - prob if "hill" in p else 1)


def log_sum(values, m, temperature=1):
    """T log sum of exp(v / T)."""
    top = max(values)
    return top + temperature * m.log(m.fsum(m.exp((v - top) / temperature) for v in values))


def zlpr(z, y, weight, p, m):
    """ZLPR of a batch: mean over the rows, each as often as its weight."""
    total = 0
    for row, labels, w in zip(z, y, weight):
        negative = log_sum([0 * row[0], *(v for v, is_one in zip(row, labels) if not is_one)], m)
        total += w * (negative + log_sum([0 * row[0], *(-v for v, is_one in zip(row, labels) if is_one)], m))
    return total / m.fsum(weight)


def contrast(values, labels, weight, p, m):
    """softplus of the two sums of the two-way loss, each value as often as its weight."""
    t_n, t_p = p["neg_temperature"], p["pos_temperature"]
    negative = [v + t_n * m.log(w) for v, is_one, w in zip(values, labels, weight) if not is_one and w > 0]
    positive = [-v + t_p * m.log(w) for v, is_one, w in zip(values, labels, weight) if is_one and w > 0]
    if not (negative and positive):
        return 0
    return -log_sigmoid(-log_sum(negative, m, t_n) - log_sum(positive, m, t_p), m)


def two_way(z, y, weight, p, m):
    """Two-way loss of a batch."""
    labelled = [(row, labels, w) for row, labels, w in zip(z, y, weight) if any(labels) and w > 0]
    rows = [w * contrast(row, labels, [1] * len(row), p, m) for row, labels, w in labelled]
    seen = [
        (column, labels)
        for column, labels in zip(zip(*z), zip(*y))
        if any(w > 0 and is_one for w, is_one in zip(weight, labels))
    ]
    columns = [contrast(column, labels, weight, p, m) for column, labels in seen]
    return m.fsum(rows) / m.fsum(w for _, _, w in labelled) + m.fsum(columns) / len(columns)


def sigmoid_f1(z, y, weight, p, m):
    """SigmoidF1 of a batch."""
    total = 0
    for column, labels in zip(zip(*z), zip(*y)):
        cells = [(w, sigmoid(v, m), is_one) for v, is_one, w in zip(column, labels, weight)]
        tp = m.fsum(w * prob for w, prob, is_one in cells if is_one)
        fp = m.fsum(w * prob for w, prob, is_one in cells if not is_one)
        fn = m.fsum(w * (1 - prob) for w, prob, is_one in cells if is_one)
        total += 1 - (2 * tp / (2 * tp + fp + fn) if tp + fp + fn > 0 else 0)
    return total


def elementwise_loss(logits, targets, counts, n_samples, p, base="focal"):
    """Loss of each element; p the parameters of a loss object, base and mode included."""
    w = weights(targets, counts, n_samples, p)
    base = p.get("base", base)
    gamma = p.get("gamma", 0.0) if base == "focal" else 0.0
    alpha = p.get("alpha") if base == "focal" else None
    out = np.empty(np.shape(logits))
    for k, i in np.ndindex(out.shape):
        z, y, n = float(logits[k][i]), int(targets[k][i]), counts[i]
        if "A" in p:
            pos_weight = 2 / propensity(n, n_samples, p["A"], p["B"]) - 1
        else:
            pos_weight = positive_weight(p["pos_weight"], n, n_samples)
        if "hill" in p or "clip" in p:
            out[k, i] = p["scale"] * (pos_weight if y else 1.0) * asymmetric(z, y, p)
            continue
        if base == "softmax":
            powers = [math.exp(v - max(logits[k])) for v in logits[k]]
            # 1 - p is the share of the others: subtracting from 1 would leave rounding where p is near 1.
            share = powers[i] if y else math.fsum(powers[:i] + powers[i + 1 :])
            out[k, i] = p["scale"] * w[k, i] * -math.log(share / math.fsum(powers))
            continue
        if base == "squared_hinge":
            lacking = max(0.0, 1 - z if y else 1 + z)
            out[k, i] = p["scale"] * w[k, i] * (pos_weight if y else 1.0) * lacking**2
            continue
        k_neg, neg_weight = 1.0, 1.0
        z -= p.get("tau", 0.0) * math.log(n_samples / n - 1)
        if "neg_scale" in p:
            z -= p["kappa"] * math.log(n_samples / n - 1)
            k_neg = p["neg_scale"]
            neg_weight = p["neg_weight"] if p.get("neg_weight") is not None else 1 / k_neg
        if y:
            log_p, q = log_sigmoid(z), sigmoid(-z)
            factor = pos_weight * (1 if alpha is None else alpha)
        else:
            log_p, q = log_sigmoid(-k_neg * z), sigmoid(k_neg * z)
            factor = neg_weight * (1 if alpha is None else 1 - alpha)
        out[k, i] = p["scale"] * factor * w[k, i] * q**gamma * -log_p
    return out
