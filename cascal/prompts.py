"""What we send: the prompts of answering and of generating, and the reader of a generated query.

`find_query` and `find_generation` recognise the prompts again; the simulated server lives by them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cascal.answers import normalise_answer
from cascal.datatypes import Query, Task, option_letter
from cascal.number_format import counted

N_OPTIONS = 4
"""How many options a generated query has."""

MAX_GENERATED = 40_000
"""Characters of a generator's reply; a longer one is not read."""

_MAX_STARTS = 40  # how many braces a JSON object is looked for at
_QUESTION, _OPTIONS = "Question:\n", "\n\nOptions:\n"
_CHOOSE = (
    "\n\nThink it through in a few sentences, then end with: The answer is (X). "
    "X is the letter of one option."
)
_CHOOSE_ALL = (
    "\n\nOne or several options are right. Think it through in a few sentences, then end with: "
    "The answer is X, Y. These are the letters of all right options."
)
_TELL = "\n\nThink it through in a few sentences, then end with: The answer is X."
_ANSWERING = "You answer examination questions. You always commit to exactly one answer."
_NAMING = "You name groups of examination questions. You reply with the name and nothing else."
_NAME = (
    "Name what sets this group apart, in two or three words, without the name of the subject, "
    "numbers, units or names of people. Do not answer the questions."
)
_GENERATING = (
    "You write examination questions for graduate students. You reply with one JSON object and "
    "nothing else."
)
_TASK_LINES = "Task: {task}\nDescription: {description}\nNumber: {number}"
_FOUND_LINES = re.compile(
    r"^Task: ([^\n]*)\nDescription: ([^\n]*)\nNumber: (\d{1,18})$", re.MULTILINE
)
_REQUIREMENTS = """Requirements:
- The question is at graduate level, can be answered without further material and has one right \
answer.
- Exactly four options, all different, one of them right, the others plausible mistakes.
- The number is the serial number of this question among many on the same task. Let it decide on \
a topic, a situation and figures of its own, so that no two questions are alike.

Reply with one JSON object:
{"question": "…", "options": ["…", "…", "…", "…"], "answer": "A"}
The answer is the letter (A, B, C or D) of the right option."""

GENERATION_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "question": {"type": "string"},
        "options": {
            "type": "array",
            "items": {"type": "string"},
            "minItems": N_OPTIONS,
            "maxItems": N_OPTIONS,
        },
        "answer": {"type": "string", "enum": [option_letter(place) for place in range(N_OPTIONS)]},
    },
    "required": ["question", "options", "answer"],
    "additionalProperties": False,
}
"""JSON schema of a generated query, for servers with (strict) structured output."""


@dataclass(frozen=True)
class Generated:
    """What a generator wrote: a question, its options and the letter of the marked one."""

    text: str
    options: tuple[str, ...]
    answer: str


def answer_messages(query: Query) -> list[dict[str, str]]:
    """The prompt that asks a model a query; its ending is what `read_answer` looks for first."""
    lines = [f"{option_letter(place)}. {one}" for place, one in enumerate(query.options)]
    choose = _CHOOSE if query.n_options else _CHOOSE_ALL
    asked = _OPTIONS + "\n".join(lines) + choose if lines else _TELL
    return _messages(_ANSWERING, f"{_QUESTION}{query.text}{asked}")


def naming_messages(task: str, texts: Sequence[str], others: Sequence[str]) -> list[dict[str, str]]:
    """The prompt that asks a model to name a cluster by some of its queries.

    others: names of the other clusters of the task, from which this one has to differ
    """
    parts = [f"These questions are one group of the subject {_one_line(task)}:"]
    parts += [f"{place}. {_one_line(text)}" for place, text in enumerate(texts, 1)]
    if others:
        parts.append(f"Other groups of the subject: {'; '.join(map(_one_line, others))}")
    parts.append(_NAME)
    return _messages(_NAMING, "\n".join(parts))


def generation_messages(
    task: Task, number: int, examples: Sequence[Query] = ()
) -> list[dict[str, str]]:
    """The prompt that asks a generator for one query of a task.

    `number` makes prompts of one task differ. Line breaks in a task's name or description become
    spaces, so that the three lines of the task can be found again. Examples show the form.
    """
    lines = _TASK_LINES.format(
        task=_one_line(task.name), description=_one_line(task.description), number=number
    )
    parts = ["Write one new multiple-choice question for this task.", lines, _REQUIREMENTS]
    if examples:
        shown = "\n".join(_written(example) for example in examples)
        parts.append(f"Examples of the form, none of which may be repeated:\n{shown}")
    return _messages(_GENERATING, "\n\n".join(parts))


def _messages(system: str, user: str) -> list[dict[str, str]]:
    return [{"role": "system", "content": system}, {"role": "user", "content": user}]


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _written(query: Query) -> str:
    content = {"question": query.text, "options": list(query.options), "answer": query.answer or ""}
    return json.dumps(content, ensure_ascii=False)


def find_query(messages: Sequence[Mapping[str, object]]) -> Query | None:
    """The query that `answer_messages` wrote into the last user message; None if there is none.

    Only text and options come back, exactly as they were, unless an option holds a line that looks
    like the next option ("B. …" on a line of its own in option A).
    """
    content = _last_user(messages)
    if not content.startswith(_QUESTION):
        return None
    if content.endswith(_TELL):
        return Query("", "", content[len(_QUESTION) : -len(_TELL)])
    choose = next((one for one in (_CHOOSE, _CHOOSE_ALL) if content.endswith(one)), "")
    text, found, block = content[len(_QUESTION) :].removesuffix(choose).rpartition(_OPTIONS)
    if not found or not choose or not block.startswith("A. "):
        return None
    options = tuple(_split_options(block))
    return Query("", "", text, options=options, several=choose == _CHOOSE_ALL)


def _split_options(block: str) -> Iterator[str]:
    start, place = len("A. "), 1
    while (end := block.find(mark := f"\n{option_letter(place)}. ", start)) >= 0:
        yield block[start:end]
        start, place = end + len(mark), place + 1
    yield block[start:]


def find_generation(messages: Sequence[Mapping[str, object]]) -> tuple[Task, int] | None:
    """Task and number that `generation_messages` wrote; None if the prompt is another one."""
    found = _FOUND_LINES.search(_last_user(messages))
    return None if found is None else (Task(found[1], found[2]), int(found[3]))


def _last_user(messages: Sequence[Mapping[str, object]]) -> str:
    users = [one.get("content") for one in messages if one.get("role") == "user"]
    return users[-1] if users and isinstance(users[-1], str) else ""


def read_generated(text: str) -> Generated | str:
    """Read a generated query, or say in a sentence what is wrong with the reply.

    The JSON object may stand in a fence or between other text; of several the last counts, and
    what stands before the last ``</think>`` is not read. Options may be a list or an object
    {letter: text}. The answer may be a letter, an option's text or an index counted from 0 (a
    number that is an option's text means that option).
    """
    if len(text) > MAX_GENERATED:
        return f"The reply has {len(text):,} characters; more than {MAX_GENERATED:,} are not read."
    written = _last_object(text.rpartition("</think>")[2])
    if written is None:
        return "The reply holds no JSON object with a question."
    question, options = written["question"], _options(written.get("options"))
    if not isinstance(question, str) or not question.strip():
        return "The question is empty or no text."
    if isinstance(options, str):
        return options
    answer = _answer(written.get("answer"), options)
    if answer is None:
        return f"The answer {str(written.get('answer'))[:60]!r} is not among the options."
    if not _is_unicode(question, *options):
        return "The question or an option holds half of a surrogate pair, which is no text."
    return Generated(question.strip(), tuple(options), option_letter(answer))


def _last_object(text: str) -> dict[str, Any] | None:
    """The last JSON object that has a question. Tries a bounded number of braces: linear time."""
    decoder, found, start = json.JSONDecoder(), None, text.find("{")
    for _ in range(_MAX_STARTS):
        if start < 0:
            break
        try:
            value, end = decoder.raw_decode(text, start)
        except (ValueError, RecursionError):
            value, end = None, start + 1
        if isinstance(value, dict) and "question" in value:
            found = value
        start = text.find("{", end)
    return found


def _options(written: object) -> list[str] | str:
    if isinstance(written, dict):
        letters = [option_letter(place) for place in range(len(written))]
        written = [written.get(letter) for letter in letters]
    if not isinstance(written, list) or len(written) != N_OPTIONS:
        count = (
            f"{counted(len(written), 'option')}"
            if isinstance(written, list)
            else "no list of options"
        )
        return f"The reply has {count}; a query needs {N_OPTIONS}."
    options = [_as_text(one) for one in written]
    if not all(options):
        return "An option is empty or no text."
    options = _without_letters(options)
    if len({normalise_answer(one) for one in options}) < N_OPTIONS:
        return "Two options are the same."
    return options


def _as_text(value: object) -> str:
    numeric = isinstance(value, int | float) and not isinstance(value, bool)
    return str(value).strip() if numeric or isinstance(value, str) else ""


def _without_letters(options: list[str]) -> list[str]:
    """Options without "A) ", "B) " … in front, if every one has its own letter."""
    bare = []
    for place, option in enumerate(options):
        mark = re.match(rf"\(?{option_letter(place)}[).:]\s{{1,9}}(?=\S)", option)
        if mark is None:
            return options
        bare.append(option[mark.end() :])
    return bare


def _answer(written: object, options: list[str]) -> int | None:
    """Index of the marked option: letter, then text, then index, then letter with text."""
    stated = _as_text(written)
    letters = [option_letter(place) for place in range(N_OPTIONS)]
    letter = stated.strip("().: ").upper()
    if letter in letters and len(stated) <= 4:
        return letters.index(letter)
    same = [normalise_answer(one) == normalise_answer(stated) for one in options]
    if stated and any(same):
        return same.index(True)
    if stated.isascii() and stated.isdecimal() and len(stated) == 1:
        return int(stated) if int(stated) < N_OPTIONS else None
    mark = re.match(r"(?i:option\s{1,3})?\(?([A-D])[).:]", stated)
    return letters.index(mark[1]) if mark else None


def _is_unicode(*texts: str) -> bool:
    try:
        "".join(texts).encode()
    except UnicodeEncodeError:
        return False
    return True
