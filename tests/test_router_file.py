"""A router file with a right checksum and any content is refused, or routes every query."""

import copy
import io
import json
import stat
import sys
import warnings
import zipfile
from dataclasses import replace

import numpy as np
import pytest
from attack import count
from conftest import make_world
from refusals import refuses
from test_bad_input import parts_of, rewritten, zipped

import cascal
from cascal.artefact import ArtefactError, checksum
from cascal.explain import explain
from cascal.scores import ScoreRouter, fit_score_router

VALUES = (
    *(None, True, 0, 1, -1, 3, 1e308, -1e308, 10**30, 0.5, -0.5, 1e-320, "", "x", "a" * 5000),
    *([], {}, [1], {"a": 1}, [None], [["a"]], ["m", "m"]),
)
NUMBERS = (np.nan, np.inf, -np.inf, -1, 1e300, 2**62, -(2**62), 0, 7, 5e-324)
DTYPES = ("f4", "f2", "i8", "i4", "u8", "c16", "U8", "?")
QUERIES = np.vstack([np.eye(4), -np.eye(4), np.full((1, 4), 0.5)])


@pytest.fixture(scope="module")
def by_votes(tmp_path_factory):
    """Header and arrays of a router by votes."""
    votes, vectors, _ = make_world(30, n_models=4, n_tasks=2, dimension=4, seed=1)
    path = tmp_path_factory.mktemp("votes") / "r.cascal"
    router = cascal.fit(votes, vectors, n_jobs=1).router()
    replace(router, costs=np.arange(1.0, 5.0)).save(path)
    return parts_of(path.read_bytes())


@pytest.fixture(scope="module")
def by_scores(tmp_path_factory):
    """Header and arrays of a router by scores."""
    rng = np.random.default_rng(0)
    vectors = cascal.Embeddings.from_array(
        [f"q{n}" for n in range(200)], rng.normal(size=(200, 4)), "test"
    )
    path = tmp_path_factory.mktemp("scores") / "r.cascal"
    fit_score_router(rng.random((200, 3)), vectors, ("a", "b", "c")).save(path)
    return parts_of(path.read_bytes())


def places_in(value, above=()):
    """The way to every value inside a header."""
    inside = value.items() if isinstance(value, dict) else enumerate(value)
    for key, one in inside:
        yield (*above, key)
        if isinstance(one, dict | list):
            yield from places_in(one, (*above, key))


def with_other_header(header, rng):
    """One value of a header taken away, repeated or replaced."""
    places = list(places_in(header))
    *way, last = places[rng.integers(len(places))]
    place = header
    for key in way:
        place = place[key]
    what = rng.integers(4)
    if what == 0:
        del place[last]
    elif what == 1 and isinstance(place[last], list):
        place[last] = place[last] + place[last][:1]
    else:
        place[last] = copy.deepcopy(VALUES[rng.integers(len(VALUES))])


def with_other_array(arrays, rng):
    """One array taken away, or of another kind, shape or content."""
    name = sorted(arrays)[rng.integers(len(arrays))]
    array, what = arrays[name], rng.integers(10)
    if what == 0:
        del arrays[name]
        return
    changes = {
        1: lambda: array[:-1],
        2: lambda: np.concatenate([array, array[:1]]),
        3: lambda: array.T,
        4: lambda: array[..., None],
        5: lambda: array.ravel(),
        6: lambda: array * (1e200, -1, 0, 1e-200, 2)[rng.integers(5)],
        7: lambda: array.astype(DTYPES[rng.integers(len(DTYPES))]),
    }
    arrays[name] = changes.get(what, lambda: with_other_number(array, rng))()


def with_other_number(array, rng):
    changed = array.astype(np.float64)
    changed.reshape(-1)[rng.integers(max(1, changed.size)) :][:1] = NUMBERS[
        rng.integers(len(NUMBERS))
    ]
    return changed.astype(array.dtype)


def mutants(header, arrays, n):
    """So many headers with arrays, each changed in one or two places."""
    rng = np.random.default_rng(7)
    for _ in range(n):
        other, changed = copy.deepcopy(header), dict(arrays)
        with warnings.catch_warnings(action="ignore"):
            for _ in range(rng.integers(1, 3)):
                if rng.random() < 0.5 and other:
                    with_other_header(other, rng)
                elif changed:
                    with_other_array(changed, rng)
        yield {k: v for k, v in other.items() if not k.startswith("format")}, changed


@pytest.mark.skipif(sys.platform == "win32", reason="files have other rights there")
def test_a_router_is_readable_by_its_owner_only(by_votes, tmp_path):
    path = rewritten(tmp_path / "r.cascal", *by_votes)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.attack
def test_any_router_by_votes_is_refused_or_routes(by_votes, tmp_path):
    n_loaded = n_refused = 0
    for header, arrays in mutants(*by_votes, count(full=2_500, sample=250)):
        path = rewritten(tmp_path / "r.cascal", header, arrays)
        try:
            router = cascal.Router.load(path)
        except ArtefactError:
            n_refused += 1
            continue
        routes = router.route(QUERIES)
        assert np.isfinite(routes.scores).all()
        assert np.isfinite(routes.distance).all()
        json.dumps(explain(router, QUERIES[-1]).to_dict(), allow_nan=False)
        n_loaded += 1
    assert n_refused > 2 * n_loaded > 0


@pytest.mark.attack
def test_any_router_by_scores_is_refused_or_routes(by_scores, tmp_path):
    n_loaded = n_refused = 0
    for header, arrays in mutants(*by_scores, count(full=500, sample=100)):
        path = rewritten(tmp_path / "r.cascal", header, arrays)
        try:
            router = ScoreRouter.load(path)
        except ArtefactError:
            n_refused += 1
            continue
        assert np.isfinite(router.order(QUERIES)[1]).all()
        n_loaded += 1
    assert n_refused > n_loaded > 0


@pytest.mark.parametrize(
    ("name", "change", "said"),
    [
        ("order", lambda array: array * 0, "order"),
        ("assignment", lambda array: array + 2, "assignment"),
        ("cluster_task", lambda array: array * 0, "'task 1'"),
        ("scores", lambda array: array[:, :-1], "(2, 3)"),
        ("overall", lambda array: array * np.nan, "overall"),
        ("centroids", lambda array: array * 2, "centroids"),
        ("support", lambda array: array * 1.0, "float64"),
        ("costs", lambda array: -array, "costs"),
    ],
)
def test_what_is_wrong_is_named(by_votes, tmp_path, name, change, said):
    header, arrays = by_votes
    path = rewritten(tmp_path / "r.cascal", header, {**arrays, name: change(arrays[name])})
    with refuses("damaged-file", "r.cascal", said, kind=ArtefactError):
        cascal.Router.load(path)


def test_an_array_that_claims_a_size_it_has_not_is_refused_before_it_is_made(by_votes, tmp_path):
    """Its header names 2**40 numbers: numpy would ask for 8 TB before it reads any."""
    header, arrays = by_votes
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    hollow = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        hollow, {"descr": "<f8", "fortran_order": False, "shape": (2**40,)}
    )
    with zipfile.ZipFile(buffer) as whole, zipfile.ZipFile(io.BytesIO(), "w") as changed:
        for name in whole.namelist():
            is_hollow = name == "support.npy"
            changed.writestr(name, hollow.getvalue() if is_hollow else whole.read(name))
        stored = changed.fp
    body = stored.getvalue()
    header = {**header, "checksum": checksum(header, body)}
    path = zipped(tmp_path / "r.cascal", header, body)
    with refuses("damaged-file", "r.cascal", kind=ArtefactError):
        cascal.Router.load(path)
