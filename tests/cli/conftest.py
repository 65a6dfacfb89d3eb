"""A file of tickets, and the model that the command makes of it."""

import pytest

from skbalance.cli import main

TEXTS = ["wheat and corn", "wheat rises", "oil rises", "corn falls", "oil and gas", "gas falls"]
TAGS = [["wheat", "corn"], ["wheat"], ["oil"], ["corn"], ["oil", "gas"], ["gas"]]


@pytest.fixture(scope="session")
def tickets(tmp_path_factory):
    """With other names of columns than usual, quoted texts, an empty row and spaces around tags."""
    path = tmp_path_factory.mktemp("tickets") / "tickets.csv"
    rows = [f'"{text}, today",{" | ".join(tags)}' for text, tags in zip(TEXTS, TAGS)] * 10
    path.write_text("\n".join(["body,labels", *rows, ",wheat"]) + "\n")
    return str(path)


@pytest.fixture(scope="session")
def model(tickets, tmp_path_factory):
    path = str(tmp_path_factory.mktemp("model") / "tags.skops")
    assert main(["fit", tickets, "--text", "body", "--tags", "labels", "--sep", "|", "--output", path]) == 0
    return path
