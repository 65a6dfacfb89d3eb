"""What the benchmarks share: tables that grow row by row and resume, tasks on several processes, Markdown."""

import csv
import math
import os
import statistics
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path

from tqdm import tqdm

RESULTS = Path(__file__).parent / "results"


def _text(value):
    """A value as it stands in a file."""
    return f"{value:.5g}" if isinstance(value, float) else str(value)


class Table:
    """A CSV file in `benchmarks/results` that grows row by row; its first columns are the key of a row.

    Parameters
    ----------
    file : str
        Its name.
    fields : sequence of str
        Its columns. A file with other columns is rewritten, with empty cells for those that it lacks.
    n_keys : int or None, default=None
        Number of columns in the key; by default those up to "seed".
    """

    def __init__(self, file, fields, n_keys=None):
        self.path, self.fields = RESULTS / file, fields
        self.n_keys = fields.index("seed") + 1 if n_keys is None else n_keys
        self.rows = []
        if self.path.is_file():
            with self.path.open(newline="", encoding="utf-8") as stream:
                reader = csv.DictReader(stream)
                self.rows = [{name: row.get(name) or "" for name in fields} for row in reader]
            if reader.fieldnames != list(fields):
                self._rewrite()

    def key(self, row):
        """The key of a row, as text."""
        return tuple(row[name] for name in self.fields[: self.n_keys])

    def has(self, *key):
        """Whether a row is there already."""
        wanted = tuple(_text(part) for part in key)
        return any(self.key(row) == wanted for row in self.rows)

    def select(self, **where):
        """The rows with these values."""
        return [row for row in self.rows if all(row[name] == str(value) for name, value in where.items())]

    def add(self, *values):
        """Append a row, here and to the file."""
        row = {name: _text(value) for name, value in zip(self.fields, values)}
        self.rows.append(row)
        RESULTS.mkdir(exist_ok=True)
        new = not self.path.is_file()
        with self.path.open("a", newline="", encoding="utf-8") as stream:
            writer = csv.DictWriter(stream, self.fields, lineterminator="\n")
            if new:
                writer.writeheader()
            writer.writerow(row)

    def sort(self, *orders):
        """Put the rows in order of the values of the first columns, and rewrite the file where that changes it."""
        ranks = [{str(value): rank for rank, value in enumerate(order)} for order in orders]

        def rank(row):
            return [known.get(row[name], len(known)) for name, known in zip(self.fields, ranks)]

        ordered = sorted(self.rows, key=rank)
        if ordered != self.rows:
            self.rows = ordered
            self._rewrite()

    def summary(self, names, percent):
        """Mean and standard deviation over seeds, for each key."""
        groups = {}
        for row in self.rows:
            groups.setdefault(self.key(row)[:-1], []).append(row)
        for key, rows in groups.items():
            yield key, len(rows), [spread([float(row[name]) for row in rows], percent) for name in names]

    def _rewrite(self):
        with self.path.open("w", newline="", encoding="utf-8") as stream:
            writer = csv.DictWriter(stream, self.fields, lineterminator="\n")
            writer.writeheader()
            writer.writerows(self.rows)


def spread(values, percent):
    """Mean ± standard deviation as text."""
    if any(math.isnan(value) for value in values):
        return "–"
    factor, digits = (100, 1) if percent else (1, 4)
    deviation = statistics.stdev(values) if len(values) > 1 else 0.0
    return f"{factor * statistics.mean(values):.{digits}f} ± {factor * deviation:.{digits}f}"


def bare_means(cells, n_seeds):
    """Cells of means ± deviations, without the deviation of a single seed."""
    return [cell.split(" ±")[0] for cell in cells] if n_seeds == 1 else cells


def markdown_row(cells):
    """A row of a Markdown table."""
    return f"| {' | '.join(str(cell) for cell in cells)} |"


def markdown_table(head, rows):
    """Lines of a Markdown table."""
    return [markdown_row(head), "|" + "---|" * len(head), *map(markdown_row, rows)]


def write(file, lines):
    """Write lines into a file of `benchmarks/results`."""
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / file).write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"wrote {(RESULTS / file).relative_to(Path(__file__).parents[1])}")


def add_options(parser, *files):
    """Give a parser the options that every benchmark has; `files` are the CSV files that ``--fresh`` deletes."""
    parser.add_argument("--jobs", type=int, default=min(2, os.cpu_count()), help="processes, one thread each")
    parser.add_argument("--fresh", action="store_true", help=f"start anew: delete {' and '.join(files)} first")
    parser.add_argument("--tables", action="store_true", help="run nothing, write the tables from the CSV files")
    parser.set_defaults(files=files)


def parse(parser):
    """The arguments; with ``--fresh``, delete what was measured before."""
    arguments = parser.parse_args()
    if arguments.fresh and not arguments.tables:
        for file in arguments.files:
            (RESULTS / file).unlink(missing_ok=True)
    return arguments


def data_folder(parser):
    """The folder of the corpora."""
    if "SKBALANCE_DATA" not in os.environ:
        parser.error("set SKBALANCE_DATA to the folder of the corpora")
    return Path(os.environ["SKBALANCE_DATA"])


def run_tasks(function, tasks, *, jobs, label):
    """Results of a function for each of some tuples of arguments, as they come, with a progress bar.

    With more than one job they run in processes of one thread each, which keep what the function caches. The function
    has to be one of a module.
    """
    tasks = list(tasks)
    if not tasks:
        return
    with tqdm(total=len(tasks), desc=label, unit="task", smoothing=0) as bar:
        if jobs == 1:
            for task in tasks:
                yield function(*task)
                bar.update()
            return
        os.environ.setdefault("OMP_NUM_THREADS", "1")  # read by the processes when they start
        with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
            futures = [pool.submit(function, *task) for task in tasks]
            try:
                for future in as_completed(futures):
                    yield future.result()
                    bar.update()
            finally:
                pool.shutdown(wait=False, cancel_futures=True)
