"""A fit by many machines: the vectors stay where they are, centroids and sums come back.

    vectors = VectorFolder.of(Path("mine.parquet/vectors"), votes, encoder="all-MiniLM-L6-v2")
    with connect("tcp://10.0.0.1:8786") as crew:
        router = fit_folder(votes, vectors, crew=crew).router()

The work list is a folder of Parquet files, one part a task, that every machine reads under the same
path. Who does what, and again where a worker is lost, is Dask's business; there is no scheduler of
our own. Without a crew the same steps run here, with the same result to the last bit.
"""

from __future__ import annotations

from cascal.machines.crew import Crew, Here, connect
from cascal.machines.fitting import FolderFit, fit_folder
from cascal.machines.folder import VectorFolder

__all__ = ["Crew", "FolderFit", "Here", "VectorFolder", "connect", "fit_folder"]
