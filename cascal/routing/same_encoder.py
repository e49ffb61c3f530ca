"""Vectors are read by the encoder that a router was fitted with, and by no other."""

from __future__ import annotations

from typing import Protocol

from cascal.datatypes import CascalError, Embeddings, FloatArray
from cascal.number_format import counted


class EncoderMismatch(CascalError):
    """Vectors of another encoder or dimension than the router's."""


class FittedOnVectors(Protocol):
    """Anything that reads the vectors of one encoder."""

    @property
    def encoder(self) -> str:
        """Id of the encoder."""

    @property
    def dimension(self) -> int:
        """Number of dimensions of its vectors."""


def check_encoder(encoder_id: str, wanted: str) -> None:
    """Refuse another encoder than the one a router was fitted with: `EncoderMismatch`."""
    if encoder_id != wanted:
        raise EncoderMismatch(
            f"The encoder {encoder_id!r} is not the one this router was fitted with ({wanted!r}). "
            "Name that one, or fit again.",
            code="other-encoder",
        )


def check_vectors(router: FittedOnVectors, vectors: Embeddings | FloatArray) -> None:
    """Refuse vectors (Q, D) of another encoder or dimension than the router's: `EncoderMismatch`.

    A bare array is taken to come from the router's encoder.
    """
    if isinstance(vectors, Embeddings):
        check_encoder(vectors.encoder, router.encoder)
        vectors = vectors.vectors
    if vectors.shape[1] != router.dimension:
        raise EncoderMismatch(
            f"The vectors have {counted(vectors.shape[1], 'dimension')}, this router needs "
            f"{router.dimension} (encoder {router.encoder!r}).",
            code="other-encoder",
        )
