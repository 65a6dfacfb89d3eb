"""An embedder that other processes can import, and that writes down what it encodes."""

from pathlib import Path

from skbalance.text import SentenceEmbedder


class CountingEmbedder(SentenceEmbedder):
    def _encode(self, loaded, texts, *save):
        with Path(self.cache_dir, "encoded.txt").open("a") as file:
            file.writelines(text + "\n" for text in texts)
        return super()._encode(loaded, texts, *save)
