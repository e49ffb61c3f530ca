"""MiniLM for a server: single texts, each encoded alone, several at the same time.

`SentenceTransformer.encode` is made for long lists: of the 16 ms it takes for a question of 55
tokens on one core, 3 are Python's. The same network as one TorchScript graph, with its weights
laid out once, takes 13, and holds no lock meanwhile. One core a text is slower for the first text
than two (7 ms), but cores that wait for each other stand still where anything else runs: then two
took 40 to 160 ms, one took 19 as before.
"""

from __future__ import annotations

import logging
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

from cascal.datatypes import FloatArray
from cascal.encode.encoders import MINILM, BatchEncoder, Encoder, SentenceEncoder

if TYPE_CHECKING:
    import torch


class QuickEncoder(BatchEncoder):
    """The vectors of `encoder`, a BERT; threads that encode do not wait for each other.

    It makes torch compute on one core a thread, in the whole process.
    """

    batch = 8

    def __init__(self, encoder: SentenceEncoder) -> None:
        super().__init__(encoder.id, encoder.dimension)
        self._lock = nullcontext()
        self._encoder = encoder
        self._loading = threading.Lock()
        self._tokenizing = threading.Lock()  # a tokenizer keeps its padding in a field of its own
        self._graph: Any = None

    def _encode_batch(self, texts: list[str]) -> tuple[FloatArray, int]:
        import torch

        with self._loading:
            if self._graph is None:
                self._graph = self._traced()
        torch.set_num_threads(1)  # a thread that computes for the first time starts with more
        with self._tokenizing:
            tokens = self._tokens(texts)
            n_cut = self._encoder.count_cut(texts)
        with torch.inference_mode():
            return self._graph(*tokens).numpy(), n_cut

    def _tokens(self, texts: list[str]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        model = self._encoder.model()
        tokens = model.tokenizer(
            texts,
            padding=True,
            truncation=True,
            max_length=model.max_seq_length,
            return_tensors="pt",
        )
        return tokens["input_ids"], tokens["token_type_ids"], tokens["attention_mask"]

    def _traced(self) -> Any:  # noqa: ANN401 - a ScriptModule has no type of its own here
        """The network from tokens to unit vectors, as a graph for any number and length."""
        import torch

        class Flat(torch.nn.Module):
            def __init__(self, model: torch.nn.Module) -> None:
                super().__init__()
                self.model = model

            def forward(
                self, ids: torch.Tensor, types: torch.Tensor, mask: torch.Tensor
            ) -> torch.Tensor:
                inputs = {"input_ids": ids, "token_type_ids": types, "attention_mask": mask}
                return self.model(inputs)["sentence_embedding"]

        torch.set_num_threads(1)
        flat = Flat(self._encoder.model()).eval()
        if not hasattr(torch.jit, "trace"):  # deprecated; what follows it needs a C++ compiler
            return flat
        # Two lengths: with one alone the mask would be nothing but ones, and left out.
        example = self._tokens(["A text that is longer than the other.", "One more."])
        with torch.no_grad(), _silent():
            traced = torch.jit.trace(flat, example, check_trace=False)  # type: ignore[no-untyped-call]
            return torch.jit.freeze(traced)


@contextmanager
def _silent() -> Iterator[None]:
    """Without what tracing says of each module it passes; all of it is known."""
    loggers = [logging.getLogger(name) for name in ("transformers", "sentence_transformers")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


def quick(encoder: Encoder) -> Encoder:
    """A quicker encoder of the same vectors where there is one, which is for MiniLM."""
    if isinstance(encoder, SentenceEncoder) and encoder.id == MINILM:
        return QuickEncoder(encoder)
    return encoder
