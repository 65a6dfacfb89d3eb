"""Learn from texts that have tags, and tag new ones.

The texts come as a table: CSV as spreadsheets write it, JSON lines, or Parquet. One column holds the texts, and for
training another one the tags, as in "billing;login". Nothing leaves this machine.

  skbalance fit tickets.csv --text body --tags labels --report tickets.html
  skbalance predict tags.skops new.csv --text body --output tagged.csv

"skbalance fit --help" says more of "fit", and so on. A command ends with 0 if all went well, with 1 if a file is not as
it should be, with 2 if the command itself is not, and with 130 if you stopped it with Ctrl-C.
"""

import argparse
import contextlib
import heapq
import inspect
import itertools
import os
import sys
import time
import warnings
from argparse import Namespace
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from operator import itemgetter
from pathlib import Path
from typing import Any

import skbalance
from skbalance._files import whole_file
from skbalance._lazy import import_optional
from skbalance.cli._models import load_model, save_model
from skbalance.cli._tables import Row, Table, open_output, open_table

# Texts that are tagged at a time.
_CHUNK = 5000
# Fewer texts are no training data.
_LEAST_TEXTS = 10
# Best tags that are shown with a doubtful text.
_BEST = 3


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command ``skbalance``.

    Parameters
    ----------
    argv : sequence of str, default=None
        Its arguments; None takes those of the process.

    Returns
    -------
    status : int
        0, or 1 if a file is not as it should be, or 130 if it was interrupted; what is wrong is said in a line on the
        standard error. Arguments that are wrong end the process with 2.

    Examples
    --------
    >>> from skbalance.cli import main
    >>> main(["predict", "missing.skops", "texts.csv"])
    1
    """
    options = _parser().parse_args(argv)
    try:
        with notes():
            options.run(options)
            sys.stdout.flush()
    except KeyboardInterrupt:
        print("skbalance: stopped; no file was written.", file=sys.stderr)
        return 130
    except BrokenPipeError:  # who read the output wants no more of it
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except (ImportError, OSError, TypeError, ValueError) as error:
        name, reason = getattr(error, "filename", None), getattr(error, "strerror", None)
        print(f"skbalance: {f'{name}: {reason}' if name is not None and reason else error}", file=sys.stderr)
        return 1
    return 0


def fit(options: Namespace) -> None:
    """Train a model on texts with tags, and try it.

    A model is trained without a fifth of the rows and tried on these: the F1 that is printed is what to expect of new
    texts. Then one is trained on all rows and written into a file, which runs no code when it is read. (A name that
    ends in .joblib makes a file that does: read only your own.)

    With --min-precision 0.9 a tag is applied only where nine in ten of its texts will be right.

    example:
      skbalance fit tickets.csv --text body --tags labels --sep ";" --report tickets.html
    """
    if options.report and Path(options.report).resolve() == Path(options.output).resolve():
        raise ValueError(f"{options.report} cannot be both the model, --output, and the page, --report.")
    with contextlib.ExitStack() as stack:  # what cannot be written is known before anything is trained
        file = stack.enter_context(whole_file(options.output))
        page = stack.enter_context(whole_file(options.report)) if options.report else None
        texts, tags = _texts_and_tags(options)
        _check_tags(options, tags)
        counts = Counter(tag for row in tags for tag in set(row))
        rare = sum(count <= 8 for count in counts.values())
        print(f"{len(texts)} texts, {len(counts)} tags, {rare} of them with at most 8 texts.", flush=True)
        if options.test_size:
            _try(options, texts, tags, sorted(counts))
        start = time.perf_counter()
        model = _fitted(options, texts, tags)
        if options.min_precision is not None:
            print(model.promises_)
        save_model(model, file, options.output)
        if page:
            page.write(model.report(texts=texts).html.encode())
    seconds, size = time.perf_counter() - start, Path(options.output).stat().st_size / 1e6
    print(f"Trained on all rows in {seconds:.0f} s. Written: {options.output}, {size:.1f} MB.")


def predict(options: Namespace) -> None:
    """Tag new texts.

    The table is written with one column more, "predicted". It may be larger than the memory. What is written is CSV, or
    JSON lines if the name ends in .jsonl.

    example:
      skbalance predict tags.skops new.csv --text body --output tagged.csv
    """
    added = ["predicted", "best"] if options.top else ["predicted"]
    with _table(options) as table, open_output(options.output, table, added, options.sep) as write:
        model = load_model(options.model, options.embedder)
        for row, answer in _asked(table, lambda texts: _tagged(model, texts, options.top)):
            write(row.cells | (answer or {column: [] for column in added}))


def review(options: Namespace) -> None:
    """Find the texts that are worth a look.

    Those whose predicted tags are most in doubt are written, the most doubtful first, with how many wrong or missing
    tags to expect, the tags that are predicted, and the best three with their scores. If the model was trained with
    --min-precision, "unsure" are the tags that are probably right, and not sure enough to be predicted.

    example:
      skbalance review tags.skops new.csv --text body --number 50 --output look.csv
    """
    with _table(options) as table:
        model = load_model(options.model, options.embedder)
        doubts = (pair for pair in _asked(table, model.doubt) if pair[0].text)
        worst = heapq.nlargest(options.number, doubts, key=itemgetter(1))
    texts = [row.text for row, _ in worst]
    answers = _tagged(model, texts, _BEST) if texts else []
    added = ["doubt", "predicted", "best"]
    if hasattr(model, "promises_"):
        added.append("unsure")
        unsure = dict(model.to_review(texts)) if texts else {}
        answers = [answer | {"unsure": unsure.get(number, [])} for number, answer in enumerate(answers)]
    with open_output(options.output, table, added, options.sep) as write:
        for (row, doubt), answer in zip(worst, answers):
            write(row.cells | {"doubt": f"{doubt:.3f}"} | answer)


def issues(options: Namespace) -> None:
    """Find training texts with wrong or missing tags.

    The table is the one that the model was trained on. Its rows with a tag that is probably wrong, or without one that
    is probably right, are written with that tag, the probability that the text has it, and the words that speak for it;
    what is most probable comes first. With --rare only tags with fewer than 35 texts are looked at.

    example:
      skbalance issues tags.skops tickets.csv --text body --tags labels --output doubtful.csv
    """
    table, rows = _read_tagged(options)
    model = load_model(options.model, options.embedder)
    found = model.label_issues(options.number, rare=options.rare, texts=[row.text for row in rows])
    found = found.to_dict("records") if hasattr(found, "to_dict") else found
    if any((issue["tag"] in rows[issue["row"]].tags) != issue["given"] for issue in found):
        raise ValueError(f"{options.file} is not the table that {options.model} was trained on: tags differ.")
    with open_output(options.output, table, ["issue", "doubtful_tag", "probability", "words"], options.sep) as write:
        for issue in found[: options.number]:
            more = {"issue": "wrong" if issue["given"] else "missing", "doubtful_tag": issue["tag"]}
            more |= {"probability": f"{issue['probability']:.3f}", "words": issue["words"]}
            write(rows[issue["row"]].cells | more)


def report(options: Namespace) -> None:
    """Make a page that shows how well a model does.

    It opens in any browser. With a table it shows what the model does with texts whose tags are known, tag by tag: take
    texts that it was not trained on. Without one it shows what was found when it was trained, without the texts.

    example:
      skbalance report tags.skops checked.csv --text body --tags labels --output report.html
    """
    with whole_file(options.output) as page:
        given = () if options.file is None else _texts_and_tags(options)
        page.write(load_model(options.model, options.embedder).report(None, *given).html.encode())


def serve(options: Namespace) -> None:
    """Answer requests of other programs.

    POST {"texts": ["..."]} over HTTP to /tags, and {"tags": [["..."]]} comes back. It needs uvicorn:
    pip install "skbalance[serve]".

    example:
      skbalance serve tags.skops --port 8000
    """
    uvicorn = import_optional("uvicorn", "skbalance serve needs uvicorn: pip install 'skbalance[serve]'.")
    from skbalance.cli._service import make_app

    app = make_app(load_model(options.model, options.embedder))
    print(f"Texts go to http://{options.host}:{options.port}/tags; Ctrl-C ends it.", file=sys.stderr, flush=True)
    uvicorn.run(app, host=options.host, port=options.port, log_level="warning", lifespan="off")


@contextlib.contextmanager
def notes(where: str = "") -> Iterator[None]:
    """Each warning becomes a line on the standard error."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", UserWarning)
        try:
            yield
        finally:
            for message in dict.fromkeys(str(warning.message) for warning in caught):
                print(f"Note: {where}{message}", file=sys.stderr)


def _table(options: Namespace) -> contextlib.AbstractContextManager[Table]:
    text, tags = options.text or ["text"], getattr(options, "tags", None)
    return open_table(options.file, text, tags, options.sep, options.delimiter, options.encoding)


def _read_tagged(options: Namespace) -> tuple[Table, list[Row]]:
    """A table, and those of its rows that have a text."""
    with _table(options) as table:
        rows = list(table.rows)
    used = [row for row in rows if row.text]
    if not used:
        raise ValueError(f"{options.file} has {len(rows)} rows, and no text in any of them.")
    if len(used) < len(rows):
        print(f"Note: {len(rows) - len(used)} rows without a text are left out.", file=sys.stderr)
    return table, used


def _texts_and_tags(options: Namespace) -> tuple[list[str], list[list[str]]]:
    _, rows = _read_tagged(options)
    return [row.text for row in rows], [row.tags for row in rows]


def _check_tags(options: Namespace, tags: list[list[str]]) -> None:
    if len(tags) < _LEAST_TEXTS:
        raise ValueError(f"{options.file} has {len(tags)} texts; at least {_LEAST_TEXTS} are needed to learn from.")
    if all(set(row) == set(tags[0]) for row in tags):
        raise ValueError(f"Every text of {options.file} has the same tags, {tags[0]}; there is nothing to tell apart.")


def _asked(table: Table, ask: Callable[[list[str]], Iterable]) -> Iterator[tuple[Row, Any]]:
    """Rows with what a model says of their texts; of those without a text, None."""
    while chunk := list(itertools.islice(table.rows, _CHUNK)):
        texts = [row.text for row in chunk if row.text]
        with notes(f"from {chunk[0].place} on: "):
            answers = iter(list(ask(texts)) if texts else ())
        for row in chunk:
            yield row, next(answers) if row.text else None


def _tagged(model: Any, texts: list[str], top: int) -> list[dict[str, list[str]]]:
    """For each text its tags, and the best with their scores."""
    answers = [{"predicted": list(tags)} for tags in model.predict(texts)]
    if top:
        for answer, best in zip(answers, model.predict_topk(texts, min(top, len(model.classes_)))):
            answer["best"] = [f"{tag} {score:.2f}" for tag, score in best]
    return answers


def _fitted(options: Namespace, texts: list[str], tags: list[list[str]], **settings: Any) -> Any:
    from skbalance.text import SentenceEmbedder, TagClassifier

    settings["embedder"] = options.embedder and SentenceEmbedder(options.embedder)
    settings |= {"min_precision": options.min_precision, "confidence": options.confidence}
    model = TagClassifier(n_jobs=options.jobs, random_state=0, verbose=1, **settings)
    with contextlib.redirect_stdout(sys.stderr):  # says how long it will take
        return model.fit(texts, tags)


def _try(options: Namespace, texts: list[str], tags: list[list[str]], classes: list[str]) -> None:
    """Print the F1 on rows that are held out of a model that is trained on the others."""
    from sklearn.metrics import f1_score, precision_recall_fscore_support

    from skbalance.metrics import group_f1_score
    from skbalance.model_selection import multilabel_train_test_split

    texts_train, texts_test, tags_train, tags_test = multilabel_train_test_split(
        texts, tags, test_size=options.test_size, random_state=0
    )
    model = _fitted(options, texts_train, tags_train, classes=classes)
    y_train, y_test, predicted = map(model.tag_indicator, (tags_train, tags_test, model.predict(texts_test)))
    right, found, micro, _ = precision_recall_fscore_support(y_test, predicted, average="micro", zero_division=0)
    scores = {"micro": micro, "macro": f1_score(y_test, predicted, average="macro", zero_division=0)}
    scores |= group_f1_score(y_test, predicted, label_counts=y_train.sum(axis=0).A1)
    shown = ", ".join(f"{name} {score:.3f}" for name, score in scores.items() if score == score)
    print(f"F1 on {options.test_size:.0%} of the rows, which were held out: {shown}.")
    print(f"Of the predicted tags {right:.0%} are right, and {found:.0%} of the right ones are found.", flush=True)


def _parser() -> argparse.ArgumentParser:
    as_written = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser("skbalance", description=__doc__, formatter_class=as_written)
    parser.add_argument("--version", action="version", version=skbalance.__version__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")
    for run, output, arguments in _COMMANDS:
        summary, _, description = str(inspect.getdoc(run)).partition("\n")
        command = commands.add_parser(run.__name__, help=summary, description=description, formatter_class=as_written)
        for argument in arguments:
            command.add_argument(argument.strip("[]"), **_ARGUMENTS[argument])
        command.set_defaults(run=run, output=output)
    return parser


def _kind(name: str, read: Callable, allowed: Callable) -> Callable:
    """What reads an argument; messages call it by its name."""

    def kind(text):
        value = read(text)
        if not allowed(value):
            raise ValueError
        return value

    kind.__name__ = name
    return kind


count = _kind("count", int, lambda number: number >= 1)
share = _kind("share", float, lambda number: 0 <= number < 1)
folder = _kind("folder", str, os.path.isdir)
separator = _kind("separator", str, bool)
character = _kind("character", lambda text: {"\\t": "\t", "tab": "\t"}.get(text, text), lambda text: len(text) == 1)
_DEFAULT = " (default: %(default)s)"
_ARGUMENTS: dict[str, dict] = {
    "model": {"help": "a file that `skbalance fit` has written"},
    "file": {"help": "the table of texts; - reads the standard input"},
    "[file]": {"nargs": "?", "help": "a table of texts and their tags"},
    "--text": {"metavar": "COLUMN", "action": "append", "help": "column of the texts (default: text); may be repeated"},
    "--tags": {"metavar": "COLUMN", "default": "tags", "help": "column of the tags" + _DEFAULT},
    "--sep": {"type": separator, "default": ";", "help": "what stands between two tags" + _DEFAULT},
    "--delimiter": {"type": character, "help": "what stands between two fields of CSV (default: found out)"},
    "--encoding": {"help": "encoding of the file (default: UTF-8, or as its byte order mark tells)"},
    "--embedder": {
        "metavar": "FOLDER",
        "type": folder,
        "help": "of a sentence encoder, whose features stand beside words",
    },
    "--output": {"metavar": "FILE", "help": "what to write" + _DEFAULT},
    "--report": {"metavar": "FILE", "help": "also write a page that shows how well the model does"},
    "--test-size": {"type": share, "default": 0.2, "help": "share of the rows to try it on; 0 for none" + _DEFAULT},
    "--min-precision": {"type": share, "metavar": "SHARE", "help": "of a tag's texts that must be right, as 0.9"},
    "--confidence": {"type": share, "default": 0.9, "help": "with which --min-precision holds" + _DEFAULT},
    "--jobs": {"type": count, "help": "processes to train with (default: 1)"},
    "--top": {"type": count, "default": 0, "metavar": "K", "help": "also write the K best tags, with their scores"},
    "--number": {"type": count, "default": 100, "help": "rows to write" + _DEFAULT},
    "--rare": {"action": "store_true", "help": "look at rare tags only"},
    "--host": {"default": "127.0.0.1", "help": "address to listen on" + _DEFAULT},
    "--port": {"type": int, "default": 8000, "help": "port to listen on" + _DEFAULT},
}
_SOURCE = ("file", "--text", "--sep", "--delimiter", "--encoding", "--embedder", "--output")
# The commands, where each writes, and which arguments it takes.
_COMMANDS: list[tuple[Callable, str | None, tuple]] = [
    (fit, "tags.skops", (*_SOURCE, "--tags", "--report", "--test-size", "--min-precision", "--confidence", "--jobs")),
    (predict, "-", ("model", *_SOURCE, "--top")),
    (review, "-", ("model", *_SOURCE, "--number")),
    (issues, "-", ("model", *_SOURCE, "--tags", "--number", "--rare")),
    (report, "report.html", ("model", "[file]", *_SOURCE[1:], "--tags")),
    (serve, None, ("model", "--embedder", "--host", "--port")),
]
