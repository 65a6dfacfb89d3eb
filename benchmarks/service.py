"""What it costs to serve a `TagClassifier` over HTTP, with `skbalance serve`.

Run ``python benchmarks/service.py tags.skops texts.csv``; needs ``pip install uvicorn``, and neither torch nor skorch.
The model is one that `skbalance fit` has written, and the texts are the first column of the CSV file. The service
runs as a process of its own, on one thread. Clients send a text each, again as soon as the answer is there. The table
is written to `benchmarks/results/service.md`; ``--fresh`` measures anew, ``--tables`` only writes.
"""

import argparse
import csv
import http.client
import json
import os
import socket
import subprocess
import sys
import threading
import time
from itertools import cycle, islice
from pathlib import Path

import numpy as np
from tables import Table, add_options, markdown_table, parse, write

CLIENTS = (1, 8, 64)
SECONDS = 10
FIELDS = ("clients", "median_ms", "p95_ms", "texts_a_second", "start_s", "memory_mib", "file_mb")


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def ask(connection, texts):
    connection.request("POST", "/tags", json.dumps({"texts": texts}), {"Content-Type": "application/json"})
    response = connection.getresponse()
    body = response.read()
    if response.status != 200:
        raise RuntimeError(f"the service answered {response.status}: {body[:200]!r}")
    return json.loads(body)["tags"]


def start_service(model, port):
    """The process, and seconds until it answered."""
    command = [sys.executable, "-m", "skbalance", "serve", str(model), "--port", str(port)]
    started = time.perf_counter()
    process = subprocess.Popen(command, env={**os.environ, "OMP_NUM_THREADS": "1"})
    while process.poll() is None:
        try:
            ask(http.client.HTTPConnection("127.0.0.1", port), ["first"])
            return process, time.perf_counter() - started
        except ConnectionRefusedError:
            time.sleep(0.02)
    raise RuntimeError("the service has ended")


def load(port, texts, n_clients):
    """Seconds of each answer while so many clients ask."""
    taken, until = [], time.perf_counter() + SECONDS

    def client(number):
        connection = http.client.HTTPConnection("127.0.0.1", port)
        for text in islice(cycle(texts), number, None, n_clients):
            start = time.perf_counter()
            if start > until:
                return
            ask(connection, [text])
            taken.append(time.perf_counter() - start)

    threads = [threading.Thread(target=client, args=(number,)) for number in range(n_clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return np.array(taken)


def peak_memory(process):
    """In MiB; the kernel of Linux knows."""
    status = Path(f"/proc/{process.pid}/status").read_text(encoding="utf-8")
    return int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1]) / 1024


def measure(model, file, table):
    with open(file, newline="", encoding="utf-8") as stream:
        texts = [row[0] for row in islice(csv.reader(stream), 1, 2001)]
    port = free_port()
    process, start_s = start_service(model, port)
    try:
        for n_clients in CLIENTS:
            taken = load(port, texts, n_clients)
            median, p95 = (1000 * float(value) for value in np.quantile(taken, (0.5, 0.95)))
            memory, size = peak_memory(process), Path(model).stat().st_size / 1e6
            table.add(n_clients, median, p95, len(taken) / SECONDS, start_s, memory, size)
    finally:
        process.terminate()
        process.wait()


def markdown(table):
    rows = [
        [row["clients"], *(f"{float(row[name]):.0f}" for name in ("median_ms", "p95_ms", "texts_a_second"))]
        for row in table.rows
    ]
    note = "Clients that send one text at a time; milliseconds until the answer."
    head = ("clients", "median, ms", "95th of a hundred, ms", "texts a second")
    lines = ["# Service", "", note, "", *markdown_table(head, rows)]
    if table.rows:
        last = table.rows[-1]
        sizes = [f"{float(last['file_mb']):.1f}", f"{float(last['start_s']):.1f}", f"{float(last['memory_mib']):.0f}"]
        lines += ["", "## Process", "", *markdown_table(("file, MB", "start, s", "peak memory, MiB"), [sizes])]
    return lines


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", nargs="?", help="a file of `skbalance fit`")
    parser.add_argument("texts", nargs="?", help="a CSV file whose first column holds texts")
    add_options(parser, "service.csv")
    arguments = parse(parser)
    table = Table("service.csv", FIELDS, n_keys=1)
    if not arguments.tables:
        if arguments.model is None or arguments.texts is None:
            parser.error("name the file of a model and a CSV file of texts")
        if not table.rows:
            measure(arguments.model, arguments.texts, table)
    write("service.md", markdown(table))


if __name__ == "__main__":
    main()
