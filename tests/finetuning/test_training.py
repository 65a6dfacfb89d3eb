"""Training by skorch: passes, schedule, early stopping, and going on after a kill."""

import numpy as np
import pytest
import torch

from skbalance.finetuning import fingerprint
from skbalance.finetuning._tokens import Tokens, TrainingTexts
from skbalance.finetuning._training import Run
from tests.finetuning.trainings import Training, count_steps, kill_at


def test_it_is_a_plain_loop_of_torch(encoder_folder):
    """The same batches through a loop without skorch give the same weights."""
    training, plain = Training(encoder_folder, dropout=False), Training(encoder_folder, dropout=False)
    run = training.run()
    model = plain.model.train()
    names = dict(model.named_parameters())
    optimizer = torch.optim.AdamW(
        [
            {
                "params": [parameter],
                "weight_decay": 0.01 if parameter.ndim > 1 else 0.0,
                "rate": 0.1 if name.startswith("head") else 3e-3,
            }
            for name, parameter in names.items()
        ]
    )
    lengths, steps, losses = plain.data.tokens.lengths, 8, []
    for step in range(steps):
        if step % 4 == 0:
            random_state = np.random.RandomState([3, step // 4])
            order = random_state.permutation(60)
            order = order[np.argsort(lengths[order], kind="stable")]
            batches = [order[i : i + 16] for i in range(0, 60, 16)]
            shuffled = [batches[i] for i in random_state.permutation(4)]
        rows = shuffled[step % 4]
        weight = torch.from_numpy(plain.data.weight[rows])
        logits = model(*plain.data.tokens.padded(rows, "cpu"))
        loss = plain.criterion(logits, torch.from_numpy(plain.data.y[rows].toarray())) @ weight / weight.sum()
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        factor = 1.0 if step == 0 else (steps - step) / (steps - 1)
        for group in optimizer.param_groups:
            group["lr"] = factor * group["rate"]
        optimizer.step()
        losses.append((loss.item(), float(weight.sum())))
    for name, tensor in training.weights().items():
        torch.testing.assert_close(tensor, plain.weights()[name], rtol=1e-3, atol=1e-5)
    first = np.average([loss for loss, _ in losses[:4]], weights=[weight for _, weight in losses[:4]])
    assert run.loss_curve[0] == pytest.approx(first, rel=1e-4)


def test_losses_of_a_whole_batch_are_given_the_weights(encoder_folder):
    training, given = Training(encoder_folder, max_iter=1), []
    forward = training.criterion.forward
    training.criterion.forward = lambda logits, pairs, weight: given.append(weight) or forward(logits, pairs, weight)
    training.run()
    np.testing.assert_allclose(np.sort(np.concatenate(given)), training.data.weight, rtol=1e-6)


def test_several_passes_are_one_batch(encoder_folder):
    whole, split = (Training(encoder_folder, dropout=False, max_tokens=n) for n in (None, 40))
    assert len(list(zip(whole.run().loss_curve, split.run().loss_curve))) == 2
    for name, tensor in whole.weights().items():
        torch.testing.assert_close(split.weights()[name], tensor, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("killed_at", [3, 6])
def test_going_on_after_a_kill(killed_at, encoder_folder, tmp_path, monkeypatch):
    """Within the first epoch, and within the second; dropout and all."""
    expected = Training(encoder_folder)
    curve = expected.run().loss_curve
    with monkeypatch.context() as patch:
        kill_at(patch, killed_at)
        killed = Training(encoder_folder)
        with pytest.raises(KeyboardInterrupt):
            killed.run(checkpoints=killed.checkpoints(tmp_path))
    again, steps = Training(encoder_folder), count_steps(monkeypatch)
    run = again.run(checkpoints=again.checkpoints(tmp_path))
    assert steps == list(range(killed_at, 9))  # the step that was lost is done again
    assert run.loss_curve == curve
    for name, tensor in expected.weights().items():
        assert torch.equal(again.weights()[name], tensor)


def test_early_stopping_goes_on_after_a_kill(encoder_folder, tmp_path):
    options = {"max_iter": 9, "n_iter_no_change": 2}
    whole = Training(encoder_folder, **options)
    run, kept = whole.run_scored([1.0, 4.0, 2.0, 3.0])
    assert run.validation_scores == [1.0, 4.0, 2.0, 3.0]
    killed = Training(encoder_folder, **options)
    with pytest.raises(KeyboardInterrupt):
        killed.run_scored([1.0, 4.0, 2.0], checkpoints=killed.checkpoints(tmp_path))
    again = Training(encoder_folder, **options)
    run, _ = again.run_scored([3.0], checkpoints=again.checkpoints(tmp_path))
    assert run.validation_scores == [1.0, 4.0, 2.0, 3.0]
    for stopped in (again, whole):
        assert torch.equal(stopped.model.head.weight, kept[1])
        assert (stopped.model.head.weight - kept[3]).abs().max() > 1e-3


def test_what_tells_trainings_apart(encoder_folder, deep_encoder_folder):
    training = Training(encoder_folder)
    model, data, options = training.model, training.data, {"max_iter": 2}

    def some(rows):
        return TrainingTexts(Tokens([data.tokens.ids[row] for row in rows]), data.y[rows], data.weight[rows])

    names = [
        fingerprint(model, data, None, 3, options),
        fingerprint(model, data, None, 4, options),
        fingerprint(model, some(np.arange(59)), None, 3, options),
        fingerprint(model, some(np.arange(60)[::-1]), None, 3, options),
        fingerprint(model, data, some(np.arange(2)), 3, options),
        fingerprint(model, data, None, 3, {"max_iter": 3}),
        fingerprint(Training(deep_encoder_folder).model, data, None, 3, options),
    ]
    dropout = Training(encoder_folder).model
    dropout.files = dropout.files | {"config.json": dropout.files["config.json"].replace(b"0.1", b"0.2")}
    module = Training(encoder_folder).model
    module.encoder.embeddings.dropout.p = 0.2
    names += [fingerprint(model, data, None, 3, options) for model in (dropout, module)]
    assert len(set(names)) == 9
    same = Training(encoder_folder)
    assert fingerprint(same.model, same.data, None, 3, options) == names[0]


def test_stale():
    run = Run(0, 8)
    for score, stale in ((1.0, False), (2.0, False), (1.5, False), (2.0, True)):
        run.validation_scores.append(score)
        assert run.stale(2) is stale
