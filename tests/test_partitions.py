"""Predictions over partitions: of pandas, of Arrow, and of Dask's collections, on threads and on a cluster."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import dask
import dask.array as da
import dask.bag as db
import dask.dataframe as dd
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
import scipy.sparse as sp
from distributed import Client, LocalCluster
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.exceptions import NotFittedError
from sklearn.feature_extraction.text import HashingVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from skbalance import BalancedMultiLabelClassifier, TagClassifier, TunedThresholdMultiLabelClassifierCV
from skbalance.partitions import predict_frame

TEXTS = ["wheat and corn prices", "crude oil", "wheat harvest", "oil and gas", "corn", "gas prices"] * 5
TAGS = [["wheat", "corn"], ["crude"], ["wheat"], ["crude", "gas"], ["corn"], ["gas"]] * 5
INDEX = np.arange(100, 400, 10)
Y = np.array([["corn" in row, "crude" in row, "gas" in row, "wheat" in row] for row in TAGS]).astype(int)
LABELS = [sorted(["corn", "crude", "gas", "wheat"].index(tag) for tag in row) for row in TAGS]


class CountedClassifier(BalancedMultiLabelClassifier):
    """A classifier that counts how often it is pickled in this process."""

    n_pickled = 0

    def __reduce_ex__(self, protocol):
        type(self).n_pickled += 1
        return super().__reduce_ex__(protocol)


class DeadlyOnce(TransformerMixin, BaseEstimator):
    """Hand the features on; the first to predict the marked row kills its process, as running out of memory does."""

    def __init__(self, marker=None):
        self.marker = marker

    def fit(self, X, y=None):
        return self

    def transform(self, X):
        if "tea" not in list(X):
            return X
        try:
            with Path(self.marker).open("x") as file:
                file.write(str(os.getpid()))
        except FileExistsError:
            return X
        os.kill(os.getpid(), signal.SIGKILL)

    def __sklearn_is_fitted__(self):
        return True


@pytest.fixture(scope="module")
def tags():
    return TagClassifier(random_state=0).fit(TEXTS, TAGS)


@pytest.fixture(scope="module")
def linear():
    return make_pipeline(TfidfVectorizer(), BalancedMultiLabelClassifier()).fit(TEXTS, Y)


@pytest.fixture(scope="module")
def tuned():
    classifier = TunedThresholdMultiLabelClassifierCV(BalancedMultiLabelClassifier(), cv=3, random_state=0)
    return make_pipeline(TfidfVectorizer(), classifier).fit(TEXTS, sp.csr_matrix(Y))


@pytest.fixture
def client():
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address=None) as cluster,
        Client(cluster) as client,
    ):
        yield client


def rows_of(frame):
    return {name: frame[name].tolist() for name in frame.columns}


def same(found, expected):
    pd.testing.assert_frame_equal(found.reset_index(drop=True), expected.reset_index(drop=True))


def test_tags_of_every_kind_of_partition(tags):
    series = pd.Series(TEXTS, INDEX)
    expected = {"tags": [list(row) for row in tags.predict(TEXTS)]}
    assert expected["tags"] == [sorted(row) for row in TAGS]
    table = pa.table({"text": TEXTS})
    for part in (
        TEXTS,
        np.array(TEXTS, dtype=object),
        series,
        series.to_frame(),
        table,
        table["text"],
        pl.Series(TEXTS),
    ):
        assert rows_of(predict_frame(part, tags)) == expected
    for part in (*table.to_batches(), pl.DataFrame({"text": TEXTS}), series.astype("string[pyarrow]"), iter(TEXTS)):
        assert rows_of(predict_frame(part, tags)) == expected
    assert predict_frame(series, tags).index.tolist() == INDEX.tolist()
    assert predict_frame(TEXTS, tags).index.tolist() == list(range(len(TEXTS)))


def test_best_tags_and_doubt(tags):
    best, pairs = predict_frame(TEXTS, tags, "predict_topk", k=2), tags.predict_topk(TEXTS, 2)
    assert [list(zip(*row)) for row in zip(best["tags"], best["scores"])] == pairs
    np.testing.assert_array_equal(predict_frame(TEXTS, tags, "doubt")["doubt"], tags.doubt(TEXTS))


def test_labels_of_an_indicator(linear, tuned):
    dense, sparse = predict_frame(TEXTS, linear), predict_frame(TEXTS, tuned)
    assert rows_of(dense) == {"labels": LABELS}
    assert rows_of(sparse) == {"labels": LABELS}
    assert dense.dtypes.equals(sparse.dtypes)


def test_best_labels_have_the_highest_score_first(linear, tuned):
    proba, best = linear.predict_proba(TEXTS), predict_frame(TEXTS, linear, "predict_topk", k=3)
    assert best["labels"].tolist() == np.argsort(-proba, axis=1, kind="stable")[:, :3].tolist()
    np.testing.assert_allclose(best["scores"].tolist(), -np.sort(-proba, axis=1)[:, :3])
    words, classifier = tuned
    labels, scores = classifier.predict_topk(words.transform(TEXTS), 3)
    expected = {"labels": labels.tolist(), "scores": scores.tolist()}
    assert rows_of(predict_frame(TEXTS, tuned, "predict_topk", k=3)) == expected
    expected = {"doubt": classifier.doubt(words.transform(TEXTS)).tolist()}
    assert rows_of(predict_frame(TEXTS, tuned, "doubt")) == expected


def test_searches_and_features(linear):
    words = linear[0].transform(TEXTS)
    search = GridSearchCV(linear, {"balancedmultilabelclassifier__alpha": ["auto"]}, cv=2).fit(TEXTS, Y)
    same(predict_frame(TEXTS, search, "predict_topk", k=2), predict_frame(words, linear[1], "predict_topk", k=2))
    single = words.astype(np.float32)
    classifier = BalancedMultiLabelClassifier().fit(single, Y)
    assert classifier.predict_topk(single, 2).dtype == np.float32
    best = predict_frame(sp.csr_array(single), classifier, "predict_topk", k=2)
    assert best["scores"].dtype.pyarrow_dtype == pa.list_(pa.float64())


@pytest.mark.parametrize("classes", [["no", "yes"], [1, 2, 3], [False, True], [0.0, 1.0]])
def test_classes(classes):
    X, y = np.random.default_rng(0).random((30, 4)), np.array(classes)[np.arange(30) % len(classes)]
    model = BalancedMultiLabelClassifier().fit(X, y)
    assert rows_of(predict_frame(X, model)) == {"label": model.predict(X).tolist()}
    same(predict_frame(X[:0], model), predict_frame(X, model)[:0])


@pytest.mark.parametrize("name", ["tags", "linear", "tuned"])
@pytest.mark.parametrize(("method", "k"), [("predict", None), ("predict_topk", 2), ("doubt", None)])
def test_an_empty_partition_has_the_columns_and_types_of_the_others(name, method, k, request):
    model = request.getfixturevalue(name)
    if name == "linear" and method == "doubt":
        with pytest.raises(ValueError, match="BalancedMultiLabelClassifier has no doubt"):
            predict_frame([], model, method)
        return
    some = predict_frame(TEXTS, model, method, k=k)
    for part in ([], pd.Series([], dtype=str), np.array([]), pa.table({"text": pa.array([], pa.string())})):
        same(predict_frame(part, model, method, k=k), some[:0])
    # A text without a known word may be without a tag.
    assert predict_frame(TEXTS[:3], model, method, k=k).dtypes.equals(some.dtypes)


def test_tags_in_strings_and_numbers_as_tags():
    joined = TagClassifier(sep=";", random_state=0).fit(TEXTS, [";".join(row) for row in TAGS])
    assert rows_of(predict_frame(TEXTS[:2], joined)) == {"tags": ["corn;wheat", "crude"]}
    same(predict_frame([], joined), predict_frame(TEXTS, joined)[:0])
    assert predict_frame(TEXTS[:1], joined, "predict_topk", k=1)["tags"].tolist() == [["corn"]]
    numbers = TagClassifier(random_state=0).fit(TEXTS, [[10 * label for label in row] for row in LABELS])
    assert rows_of(predict_frame(TEXTS[:2], numbers)) == {"tags": [[0, 30], [10]]}
    same(predict_frame([], numbers), predict_frame(TEXTS, numbers)[:0])


def test_frames_become_tables_of_arrow_and_files(tags, tmp_path):
    table = pa.Table.from_pandas(predict_frame(TEXTS, tags, "predict_topk", k=1), preserve_index=False)
    assert table.schema.field("tags").type == pa.list_(pa.string())
    lazy = predict_frame(dd.from_pandas(pd.Series(TEXTS), npartitions=3), tags)
    lazy.to_parquet(tmp_path, write_index=False)
    assert rows_of(pd.read_parquet(tmp_path, dtype_backend="pyarrow"))["tags"] == [sorted(row) for row in TAGS]


def test_batches_of_files(tags, tmp_path):
    pq.write_table(pa.table({"id": INDEX, "text": TEXTS}), tmp_path / "texts.parquet")
    none, writer = pa.RecordBatch.from_pydict({"id": pa.array([], pa.int64()), "text": pa.array([], pa.string())}), None
    for batch in [none, *ds.dataset(tmp_path).to_batches(columns=["id", "text"], batch_size=7)]:
        found = pa.Table.from_pandas(predict_frame(batch["text"], tags), preserve_index=False)
        found = found.append_column("id", batch["id"]).replace_schema_metadata()
        writer = writer or pq.ParquetWriter(tmp_path / "tagged", found.schema)
        writer.write_table(found)
    writer.close()
    tagged = pd.read_parquet(tmp_path / "tagged").sort_values("id")
    assert tagged["id"].tolist() == INDEX.tolist()
    assert list(map(list, tagged["tags"])) == [sorted(row) for row in TAGS]


def test_frames_and_series_of_dask(tags):
    frame = pd.DataFrame({"text": TEXTS, "id": range(30)}, INDEX)
    lazy = dd.from_pandas(frame, npartitions=4)
    lazy = dd.concat([lazy, lazy.partitions[3][lazy.partitions[3]["id"] < 0]])  # the last partition is empty
    found = predict_frame(lazy["text"], tags, "predict_topk", k=2)
    assert isinstance(found, dd.DataFrame)
    assert found.npartitions == lazy.npartitions == 5
    expected = predict_frame(frame["text"], tags, "predict_topk", k=2)
    pd.testing.assert_series_equal(found.dtypes, expected.dtypes)
    pd.testing.assert_frame_equal(found.compute(scheduler="threads"), expected)
    same(predict_frame(lazy[["text"]], tags, "predict_topk", k=2).compute(scheduler="sync"), expected)
    both = lazy.assign(tags=found["tags"]).compute(scheduler="sync")
    assert both["tags"].tolist() == expected["tags"].tolist()
    assert both["id"].tolist() == list(range(30))


def test_arrays_bags_and_delayed_of_dask(tags, linear):
    expected, empty = predict_frame(TEXTS, tags), dask.delayed(list)([])
    for texts, n_partitions in (
        (da.from_array(np.array(TEXTS, dtype=object), chunks=7), 5),
        (db.from_sequence(TEXTS, npartitions=3), 3),
        (db.from_sequence(TEXTS, npartitions=3).map(str.upper), 3),
        ([dask.delayed(TEXTS[:10]), empty, dask.delayed(TEXTS[10:])], 3),
        (dask.delayed(TEXTS), 1),
    ):
        found = predict_frame(texts, tags)
        assert found.npartitions == n_partitions
        same(found.compute(scheduler="sync"), expected)
    words = linear[0].transform(TEXTS)
    features = da.from_array(words.toarray(), chunks=(9, 2))
    same(predict_frame(features, linear[1]).compute(scheduler="sync"), predict_frame(words, linear[1]))
    rows = da.from_array(words.toarray(), chunks=(9, -1)).map_blocks(sp.csr_matrix)
    same(predict_frame(rows, linear[1]).compute(scheduler="sync"), predict_frame(words, linear[1]))


def test_features_of_another_width(linear):
    features = linear[0].transform(TEXTS)
    for lazy in (da.from_array(features.toarray()[:, :-1], chunks=(9, -1)), dask.delayed(features[:, :-1])):
        with pytest.raises(ValueError, match="X has 7 features, but BalancedMultiLabelClassifier is expecting 8"):
            predict_frame(lazy, linear[1]).compute(scheduler="sync")


def test_what_is_refused(tags, linear):
    for bad, match in (
        (lambda: predict_frame(TEXTS, tags, "explain"), "method must be one of"),
        (lambda: predict_frame(TEXTS, tags, "predict_topk"), "needs it; got k=None for 'predict_topk'"),
        (lambda: predict_frame(TEXTS, tags, k=2), "needs it; got k=2 for 'predict'"),
        (lambda: predict_frame([], tags, "predict_topk", k=5), "number of tags, 4; got 5"),
        (lambda: predict_frame(TEXTS, linear, "predict_topk", k=0), "number of labels, 4; got 0"),
        (lambda: predict_frame(db.from_sequence(TEXTS), linear, "predict_topk", k=True), "got True"),
        (lambda: predict_frame(pd.DataFrame({"text": TEXTS}), linear), r"1 predictions for 30 rows.*X\[\"text\"\]"),
    ):
        with pytest.raises(ValueError, match=match):
            bad()
    with pytest.raises(TypeError, match="a classifier of skbalance, or a pipeline or search that ends in one; got Log"):
        predict_frame(TEXTS, make_pipeline(TfidfVectorizer(), LogisticRegression().fit([[0], [1]], [0, 1])))
    with pytest.raises(NotFittedError):
        predict_frame([], make_pipeline(TfidfVectorizer(), BalancedMultiLabelClassifier()))


def learn_block(model, X, y, params):
    model.partial_fit(X, y, **params)
    return model


def incremental(model, X, y, **params):
    """What dask-ml's `Incremental` makes of its estimator: a task for each block, which has the model of the last."""
    for rows, labels in zip(X.to_delayed(), y.to_delayed(), strict=True):
        model = dask.delayed(learn_block)(model, np.ravel(rows).tolist()[0], labels, params)
    return model.compute(scheduler="sync")


def test_features_block_after_block():
    words, hashed = db.from_sequence(TEXTS, npartitions=3), HashingVectorizer(n_features=2**8)
    features = words.map_partitions(lambda part: hashed.transform(list(part))).to_delayed()
    shape = (np.nan, 2**8)  # how many rows a partition has is not known
    X = da.concatenate([da.from_delayed(part, shape, meta=sp.csr_matrix((0, 2**8))) for part in features])
    y = dd.from_pandas(pd.DataFrame(Y), npartitions=3)
    model = incremental(clone(BalancedMultiLabelClassifier("squared_hinge")), X, y, classes=np.arange(4))
    by_hand = BalancedMultiLabelClassifier("squared_hinge")
    for start in range(0, 30, 10):
        by_hand.partial_fit(X=hashed.transform(TEXTS[start : start + 10]), y=Y[start : start + 10])
    np.testing.assert_array_equal(model.coef_, by_hand.coef_)
    np.testing.assert_array_equal(model.label_counts_, Y.sum(axis=0))
    assert predict_frame(X, model).compute(scheduler="sync")["labels"].tolist() == LABELS
    assert model.score(hashed.transform(TEXTS), Y) == 1


def test_texts_and_tags_block_after_block():
    rows = db.from_sequence([{"text": text, "tags": row} for text, row in zip(TEXTS, TAGS)], npartitions=3)
    pipeline = make_pipeline(HashingVectorizer(n_features=2**8), BalancedMultiLabelClassifier("squared_hinge"))
    model = TagClassifier(pipeline, classes=["corn", "crude", "gas", "wheat"])
    model = incremental(clone(model), rows.pluck("text"), rows.pluck("tags"))
    found = predict_frame(rows.pluck("text"), model).compute(scheduler="sync")
    assert found["tags"].tolist() == [sorted(row) for row in TAGS]


@pytest.mark.slow
def test_the_model_is_sent_once_however_many_partitions_there_are(client):
    X = pd.DataFrame(np.random.default_rng(0).random((60, 3)))
    model = CountedClassifier().fit(X.to_numpy(), np.eye(3, dtype=int)[np.arange(60) % 3])
    expected, counts = predict_frame(X.to_numpy(), model), []
    for n_partitions in (2, 20):
        parts = dd.from_pandas(X, npartitions=n_partitions, sort=True)
        for rows in (parts, parts.to_dask_array(lengths=True)):
            CountedClassifier.n_pickled = 0
            same(predict_frame(rows, model).compute(), expected)
            counts.append(CountedClassifier.n_pickled)
    assert len(set(counts)) == 1


@pytest.mark.slow
def test_predictions_survive_the_death_of_a_worker(client, linear, tmp_path):
    marker, texts = tmp_path / "died", [*TEXTS, "tea"]
    before = set(client.run(os.getpid).values())
    model = make_pipeline(DeadlyOnce(marker), linear)
    found = predict_frame(dd.from_pandas(pd.Series(texts), npartitions=8), model).compute()
    assert int(marker.read_text()) in before
    same(found, predict_frame(texts, linear))


@pytest.mark.slow
def test_a_worker_without_the_package_and_a_scheduler_that_is_gone(linear, tmp_path):
    (tmp_path / "sitecustomize.py").write_text("import sys\nsys.modules['skbalance'] = None\n")
    (tmp_path / "scheduler.py").write_text(
        "import asyncio, sys\n"
        "from distributed import Scheduler, Worker\n"
        "async def serve():\n"
        "    async with Scheduler(host='127.0.0.1', port=0, dashboard_address=None) as scheduler:\n"
        "        async with Worker(scheduler.address, nthreads=1, dashboard_address=None):\n"
        "            print(scheduler.address, flush=True)\n"
        "            await scheduler.finished()\n"
        "asyncio.run(serve())\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    command = [sys.executable, str(tmp_path / "scheduler.py")]
    texts = dd.from_pandas(pd.Series(TEXTS), npartitions=2)
    with (
        dask.config.set({"distributed.comm.timeouts.connect": "5s"}),
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process,
        Client(process.stdout.readline().strip(), timeout=60),
    ):
        with pytest.raises(ImportError, match="A worker cannot import skbalance; install there what"):
            predict_frame(texts, linear)
        process.kill()
        with pytest.raises(OSError, match=r"cannot reach the scheduler of its cluster.*tcp://127.0.0.1"):
            predict_frame(texts, linear)
