"""The directive ``benchmark-table``: a table that a benchmark wrote, whole or the rows that are asked for.

.. code-block:: rst

    .. benchmark-table:: decisions.md
       :where: corpus=reuters; model=LinearSVC
       :drop: corpus, model

reads ``benchmarks/results/decisions.md``. Figures are never typed into a page, and so cannot drift from what was
measured. A file holds Markdown tables; the first whose columns fit is taken, or that under the heading ``:section:``.
"""

from pathlib import Path

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.util.docutils import SphinxDirective

RESULTS = Path(__file__).parents[2] / "benchmarks" / "results"


def read_tables(text):
    """Markdown tables of a text, each as the heading above it and a list of rows, the first one the head."""
    tables, inside, heading = [], False, ""
    for line in text.splitlines():
        if line.startswith("|"):
            row = [cell.strip() for cell in line.strip().strip("|").split("|")]
            if not inside:
                tables.append((heading, []))
            inside = True
            if not all(set(cell) <= set("-: ") for cell in row):
                tables[-1][1].append(row)
        else:
            inside = False
            if line.startswith("#"):
                heading = line.lstrip("# ")
    return tables


def select(table, where, drop):
    """Rows whose cells equal those of `where`, without the columns of `drop` and those that are empty."""
    head, *rows = table
    rows = [row for row in rows if all(row[head.index(name)] in values for name, values in where.items())]
    kept = [column for column, name in enumerate(head) if name not in drop and any(row[column] for row in rows)]
    return [[row[column] for column in kept] for row in [head, *rows]]


def build(rows):
    """Make a docutils table of a list of rows."""
    table = nodes.table(classes=["benchmark"])
    group = nodes.tgroup(cols=len(rows[0]))
    table += group
    group += [nodes.colspec(colwidth=1) for _ in rows[0]]
    head, body = nodes.thead(), nodes.tbody()
    group += [head, body]
    for number, cells in enumerate(rows):
        row = nodes.row()
        row += [nodes.entry("", nodes.paragraph("", cell)) for cell in cells]
        (body if number else head).append(row)
    return table


class BenchmarkTable(SphinxDirective):
    """Show a table of ``benchmarks/results``."""

    required_arguments = 1
    option_spec = dict.fromkeys(("section", "where", "drop"), directives.unchanged)

    def run(self):
        """Read, select, build."""
        path = RESULTS / self.arguments[0]
        self.env.note_dependency(str(path))
        if not path.is_file():
            raise self.error(f"no results in {path.name}: run the benchmark that writes it")
        pairs = [part.split("=", 1) for part in self.options.get("where", "").split(";") if part.strip()]
        where = {name.strip(): [value.strip() for value in values.split(",")] for name, values in pairs}
        drop = {name.strip() for name in self.options.get("drop", "").split(",")} - {""}
        section = self.options.get("section")
        for heading, table in read_tables(path.read_text(encoding="utf-8")):
            if section in (None, heading) and where.keys() | drop <= set(table[0]):
                rows = select(table, where, drop)
                if len(rows) > 1:
                    return [build(rows)]
        raise self.error(f"{path.name} has no table with rows where {where}")


def setup(app):
    """Register the directive."""
    app.add_directive("benchmark-table", BenchmarkTable)
    return {"parallel_read_safe": True}
