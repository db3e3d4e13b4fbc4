"""Words cut out, counted, numbered, hashed: compared with Keras."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from keras.src.legacy.preprocessing import text as keras_text

from cornu.preprocessing import text

TEXTS = ["The cat sat on the mat.", "The dog sat on the log!", "Dogs and\tcats; cats and dogs.", ""]
NEW = ["The cat and the mouse", "a dog? a dog", "", ["The", "dog", "Mouse"]]

OPTIONS = [
    {},
    {"num_words": 5},
    {"num_words": 5, "oov_token": "<unk>"},
    {"oov_token": "cat"},
    {"lower": False},
    {"char_level": True},
    {"char_level": True, "num_words": 6, "oov_token": "_"},
    {"filters": "aeiou", "split": "o"},
    {"analyzer": lambda sentence: sentence.split("t")},
    {"num_words": 4, "document_count": 10},
]


@pytest.mark.parametrize(
    ("sentence", "options"),
    [
        ("Hello, World! it's", {}),
        ("Hello, World!", {"lower": False}),
        ("a-b--c", {"split": "-"}),
        ("a.b,c", {"filters": [".", ","], "split": "::"}),
        ("", {}),
    ],
)
def test_words_are_those_of_keras(sentence, options):
    assert text.text_to_word_sequence(sentence, **options) == keras_text.text_to_word_sequence(sentence, **options)


@pytest.mark.parametrize("function", ["md5", hash, len])
def test_hashed_words_are_those_of_keras(function):
    ours = text.hashing_trick(TEXTS[0], 50, function)
    assert ours == keras_text.hashing_trick(TEXTS[0], 50, function)
    assert all(1 <= number < 50 for number in ours)


def test_hashed_words_are_the_same_in_every_process():
    program = f"from cornu.preprocessing.text import one_hot; print(one_hot({TEXTS[0]!r}, 1000))"
    outputs = {
        subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, env=env).stdout
        for env in ({"PYTHONHASHSEED": "1"}, {"PYTHONHASHSEED": "2"})
    }
    assert outputs == {f"{text.one_hot(TEXTS[0], 1000)}\n"}


def test_an_unknown_hash_function():
    with pytest.raises(ValueError, match="md5"):
        text.hashing_trick("a", 5, "sha1")


def fitted(options, texts=TEXTS):
    pair = text.Tokenizer(**options), keras_text.Tokenizer(**options)
    for tokenizer in pair:
        tokenizer.fit_on_texts(texts)
    return pair


@pytest.mark.parametrize("options", OPTIONS)
def test_tokenizers_are_those_of_keras(options):
    ours, theirs = fitted(options)
    for name in ("word_counts", "word_docs", "word_index", "index_word", "index_docs", "document_count"):
        assert getattr(ours, name) == getattr(theirs, name), name
    assert list(ours.word_counts) == list(theirs.word_counts)
    sequences = ours.texts_to_sequences(NEW)
    assert sequences == theirs.texts_to_sequences(NEW)
    beyond = [*sequences, [1, 2, 999]]
    assert ours.sequences_to_texts(beyond) == theirs.sequences_to_texts(beyond)


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("mode", ["binary", "count", "freq", "tfidf"])
def test_matrices_are_those_of_keras(options, mode):
    ours, theirs = fitted(options)
    np.testing.assert_allclose(ours.texts_to_matrix(NEW, mode), theirs.texts_to_matrix(NEW, mode), rtol=1e-12)


@pytest.mark.parametrize("mode", ["binary", "count", "freq", "tfidf"])
def test_matrices_of_sequences_without_texts(mode):
    sequences = [[1, 1, 3], [3, 9], [], [2]]
    pair = text.Tokenizer(num_words=5), keras_text.Tokenizer(num_words=5)
    for tokenizer in pair:
        tokenizer.fit_on_sequences(sequences)
    ours, theirs = [tokenizer.sequences_to_matrix(sequences, mode) for tokenizer in pair]
    np.testing.assert_allclose(ours, theirs, rtol=1e-12)


@given(st.lists(st.text("abAB ,.\t", max_size=12), max_size=6), st.integers(0, 4), st.sampled_from([None, "b", "?"]))
def test_any_texts_give_what_keras_gives(texts, num_words, oov_token):
    ours, theirs = fitted({"num_words": num_words or None, "oov_token": oov_token}, texts)
    assert ours.word_index == theirs.word_index
    assert ours.texts_to_sequences(texts) == theirs.texts_to_sequences(texts)


def test_a_planted_error_is_seen():
    ours, theirs = fitted({"num_words": 5})
    ours.num_words = 6
    assert ours.texts_to_sequences(NEW) != theirs.texts_to_sequences(NEW)


def parsed(tokenizer):
    """A tokenizer's JSON, with what is JSON again inside of it."""
    whole = json.loads(tokenizer.to_json())
    counted = {"word_counts", "word_docs", "index_docs", "index_word", "word_index"}
    config = {name: json.loads(value) if name in counted else value for name, value in whole["config"].items()}
    return whole["class_name"], config


@pytest.mark.parametrize("options", [options for options in OPTIONS if "analyzer" not in options])
def test_json_goes_both_ways(options):
    ours, theirs = fitted(options)
    assert parsed(ours) == parsed(theirs)
    again = text.tokenizer_from_json(theirs.to_json())
    for tokenizer in (again, ours):
        tokenizer.fit_on_texts(["one more text"])
    assert parsed(again) == parsed(ours)


def test_a_tokenizer_can_be_pickled():
    ours, _ = fitted({"num_words": 5})
    assert pickle.loads(pickle.dumps(ours)).texts_to_sequences(NEW) == ours.texts_to_sequences(NEW)
    expected = ours.texts_to_sequences(NEW)
    del ours.analyzer  # as in those that Keras 2 pickled
    assert ours.texts_to_sequences(NEW) == expected


@pytest.mark.parametrize(
    ("tokenizer", "mode", "message"),
    [
        (text.Tokenizer(), "binary", "no texts were seen"),
        (text.Tokenizer(num_words=3), "tfidf", "no texts were seen"),
        (text.Tokenizer(num_words=3), "cuont", "Did you mean 'count'"),
    ],
)
def test_matrices_that_cannot_be(tokenizer, mode, message):
    with pytest.raises(ValueError, match=message):
        tokenizer.sequences_to_matrix([[1]], mode)
