"""The reading of what a text states: every rule, and texts as models write them.

Its laws stand in test_answers.py.
"""

import pytest
from answer_texts import CHOICES as CHOICE_TEXTS
from answer_texts import FREE as FREE_TEXTS
from answer_texts import HARD_CHOICES, HARD_FREE

from cascal import answers
from cascal.answers import Reading
from cascal.answers import read_answer as read
from cascal.answers.normal import normalise_answer
from cascal.answers.statements import CHOSEN, RIGHT, SO, STATED


def read_answer(text: str, n_options: int) -> Reading:
    return read(text, n_options, "stated")


CHOICES = [
    ("B", "B", "whole_text"),
    (" (c). ", "C", "whole_text"),
    ("**D**", "D", "whole_text"),
    ('I pick {"answer": "C"}', "C", "json_answer"),
    ('{"reason": "x", "answer": "B. Rome"}', "B", "json_answer"),
    (r"so \boxed{A}? No: \boxed{\text{D}}", "D", "boxed"),
    ("The answer is (B).", "B", "answer_is"),
    ("the answer is C because A is wrong", "C", "answer_is"),
    ("The correct answer is: **D**", "D", "answer_is"),
    ("The answer is option A", "A", "answer_is"),
    ("The answer is (b), I think", "B", "answer_is"),
    (r"The answer is $\textbf{C}$, not D", "C", "answer_is"),
    ("So the answer: D", "D", "answer_is"),
    ("Not A.\n**Answer:** (C) Rome", "C", "answer_is"),
    ("<answer>C</answer>", "C", "answer_tag"),
    ("So we get it\n#### B", "B", "hashes"),
    ("Whatever it costs, **B. Rome** then", "B", "bold"),
    ("B) Plan A and plan C", "B", "leading_letter"),
    ("Prediction: B", "B", "labelled"),
    ("The answer is C. difficile, so B.", "B", "as_option"),
    ("A: wrong\nB: wrong\nC: correct\nD: wrong", "C", "marked"),
    ("A is right", "A", "concludes"),
    ("Hard to say.\n\n(C)", "C", "last_line"),
]


@pytest.mark.parametrize(("text", "answer", "rule"), CHOICES)
def test_each_rule_reads_its_text(text, answer, rule):
    assert read_answer(text, 4) == answers.Reading(answer, rule, "ok")


def test_every_rule_is_tested():
    assert {name for name, _ in answers.STATED_CHOICE_RULES} == {rule for _, _, rule in CHOICES}


@pytest.mark.parametrize(("text", "n_options", "answer"), [*CHOICE_TEXTS, *HARD_CHOICES])
def test_a_choice_is_read_as_a_careful_reader_reads_it(text, n_options, answer):
    assert (read_answer(text, n_options).answer or "") == answer


@pytest.mark.parametrize(("text", "answer"), FREE_TEXTS)
def test_a_free_answer_is_read_as_a_careful_reader_reads_it(text, answer):
    assert (read_answer(text, 0).answer or "") == answer


@pytest.mark.parametrize(("text", "answer"), HARD_FREE)
def test_a_free_answer_is_the_same_as_what_a_careful_reader_reads(text, answer):
    assert normalise_answer(read_answer(text, 0).answer or "") == normalise_answer(answer)


def test_a_lone_capital_is_guessed_upstream_only():
    text = "First A,\nthen C it must be"
    assert read(text, 4, "upstream") == Reading("C", "lone_capital", "ok")
    assert read_answer(text, 4).answer is None


def test_more_than_ten_options_are_read_up_to_z():
    assert read_answer("after all it is M.", 13).answer == "M"
    assert read_answer("after all it is M.", 10).status == "unreadable"


@pytest.mark.parametrize(
    ("text", "answer", "rule"),
    [
        (r"thus \boxed{\frac{1}{2}}.", r"\frac{1}{2}", "boxed"),
        ("so\n#### 1,234", "1,234", "hashes"),
        ('{"answer": 12}', "12", "json_answer"),
        ("The answer is 3.14. Done.", "3.14", "answer_phrase"),
        ("**Answer:** Rome\nbecause", "Rome", "answer_phrase"),
        ("Rome", "Rome", "whole_text"),
        ("two\nlines", None, None),
        ("x" * 201, None, None),
    ],
)
def test_free_answers_are_read_as_text(text, answer, rule):
    reading = read_answer(text, 0)
    assert (reading.answer, reading.rule) == (answer, rule)
    assert reading.status == ("ok" if answer else "unreadable")


@pytest.mark.parametrize(
    "text",
    [
        "The answer is (E) and (D).",
        "**Answer:** D,E",
        "D; E",
        "The answer is D, E, and D.",
        r"\boxed{D, E}",
        '{"answer": "E/D"}',
    ],
)
def test_several_letters_are_one_answer_written_in_order(text):
    assert read_answer(text, 0).answer == "D,E"


@pytest.mark.parametrize("text", ["D or E", "D&E Ltd", "A, a", "D", "DNA, RNA", "I and you"])
def test_other_free_answers_stay_as_they_are(text):
    assert read_answer(text, 0).answer == text


@pytest.mark.parametrize("dress", [str, str.upper, lambda text: text.replace(" ", "\n")])
def test_words_that_are_looked_for_first_hide_no_match(dress):
    texts = [dress(text) for text, *_ in CHOICE_TEXTS]
    for worded in (*STATED, *CHOSEN, *RIGHT, SO):
        for text in texts:
            found = [one.span() for one in worded.find(text)]
            assert found == [one.span() for one in worded.pattern.finditer(text)], text


ABROAD = (
    "Die Antwort ist|Die Lösung lautet|Het antwoord is|La réponse est|La respuesta es"
    "|La risposta è|A resposta é|Odpowiedź to|Odpověď je|Cevap:|YANIT:|Svaret är|Vastaus on"
    "|A válasz:|Răspunsul este|Правильный ответ:|Відповідь:|Отговорът:|Ο ΑΠΆΝΤΗΣΗ είναι"
    "|Jawaban adalah|Đáp án là|Câu trả lời:|התשובה היא|الإجابة:|उत्तर:|উত্তর:|คำตอบคือ"
    "|La bonne option est|L'option correcte est|La opción correcta es|A opção correta é"
    "|Opzione corretta:|De juiste keuze is|Prawidłowa opcja to|Правильный вариант:|Gabarito:"
    "|Das Ergebnis ist|Le résultat est|El resultado es|Il risultato è|Het resultaat is|Wynik:"
    "|Sonuç:|Результат:|结果是|결과는|答案是|答え：|正解は|정답은|답은|The anſwer is|The result is"
)


@pytest.mark.parametrize("phrase", ABROAD.split("|"))
def test_a_text_beyond_ascii_is_read_in_every_language(phrase):
    assert read_answer(f"≈ 7.\n{phrase} 42", 0).answer == "42"
