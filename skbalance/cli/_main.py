"""Learn from texts that have tags, and tag new ones.

The texts come as a table: CSV as spreadsheets write it, JSON lines, or Parquet. One column holds the texts, and for
training another one the tags, as in "billing;login". Nothing leaves this machine.

  skbalance fit tickets.csv --text body --tags labels --report tickets.html
  skbalance predict tags.skops new.csv --text body --output tagged.csv

"skbalance fit --help" says more of "fit", and so on. A command ends with 0 if all went well, with 1 if a file is not as
it should be, with 2 if the command itself is not, and with 130 if you stopped it with Ctrl-C.
"""

from __future__ import annotations

import argparse
import inspect
import os
import sys
from collections.abc import Callable, Sequence

import skbalance
from skbalance.cli import _commands

_SOURCE = ("file", "--text", "--sep", "--delimiter", "--encoding", "--embedder", "--output")
# Which arguments each command takes, and where it writes.
_COMMANDS = {
    "fit": ((*_SOURCE, "--tags", "--report", "--test-size", "--min-precision", "--confidence", "--jobs"), "tags.skops"),
    "predict": (("model", *_SOURCE, "--top"), "-"),
    "review": (("model", *_SOURCE, "--number"), "-"),
    "issues": (("model", *_SOURCE, "--tags", "--number", "--rare"), "-"),
    "report": (("model", "[file]", *_SOURCE[1:], "--tags"), "report.html"),
    "serve": (("model", "--embedder", "--host", "--port"), None),
}


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
        with _commands.notes():
            getattr(_commands, options.command)(options)
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


def _parser() -> argparse.ArgumentParser:
    as_written = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser("skbalance", description=__doc__, formatter_class=as_written)
    parser.add_argument("--version", action="version", version=skbalance.__version__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")
    for name, (arguments, output) in _COMMANDS.items():
        summary, _, description = str(inspect.getdoc(getattr(_commands, name))).partition("\n")
        command = commands.add_parser(name, help=summary, description=description, formatter_class=as_written)
        for argument in arguments:
            command.add_argument(argument.strip("[]"), **_ARGUMENTS[argument])
        command.set_defaults(output=output)
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
