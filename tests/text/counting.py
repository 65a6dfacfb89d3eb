"""An embedder that other processes can import, and that writes down what it encodes."""

from pathlib import Path

from skbalance.text import SentenceEmbedder


class CountingEmbedder(SentenceEmbedder):
    def _batches(self, loaded, texts):
        with Path(self.cache_dir, "encoded.txt").open("a") as file:
            for rows, vectors in super()._batches(loaded, texts):
                file.writelines(texts[row] + "\n" for row in rows)
                yield rows, vectors
