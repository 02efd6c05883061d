"""Prompts off the task: the benchmarks' own or, where a run has none, general ones."""

from __future__ import annotations

from s3ft.backends.cache import Store
from s3ft.config import EvaluateConfig
from s3ft.digest import digest
from s3ft.evaluate import benchmarks

GENERAL = (
    "Explain in two sentences why the sky is blue.",
    "Write a polite email that moves a meeting from Tuesday to Thursday.",
    "What is the difference between weather and climate?",
    "Give three tips for falling asleep faster.",
    "Translate into French: Where is the nearest train station?",
    "Write a Python function that reverses a string.",
    "Name the capitals of Japan, Kenya and Peru.",
    "Summarise the plot of Romeo and Juliet in one paragraph.",
    "What should I check before buying a used car?",
    "Write a haiku about winter.",
    "How does a refrigerator keep food cold?",
    "List the ingredients of a simple tomato sauce.",
    "Who wrote The Origin of Species, and what is it about?",
    "Convert 68 degrees Fahrenheit to Celsius.",
    "Is it safe to eat raw eggs? Answer briefly.",
    "Correct the grammar: He don't know nothing about it.",
    "What does HTTP status code 404 mean?",
    "Suggest a name for a small bakery and say why it fits.",
    "Explain compound interest to a twelve-year-old.",
    "Which is heavier, a kilogram of feathers or a kilogram of iron?",
    "Write a SQL query that counts the orders of each customer.",
    "Describe the water cycle step by step.",
    "What are two arguments for and two against school uniforms?",
    "Rewrite in plain words: The committee deferred adjudication pending further deliberation.",
    "How many minutes are there in a week?",
    "What is the boiling point of water at sea level?",
    "Give an example of a metaphor and explain it.",
    "Tell me a short joke about a dog.",
    "What happened in Berlin in November 1989?",
    "Continue the story: The door was open, but nobody was at home.",
    "How do vaccines work?",
    "Turn this into a bulleted list: milk, bread, apples and rice.",
    "Which planets of the solar system have rings?",
    "What would you ask in an interview for a nurse?",
    "Explain the difference between a virus and a bacterium.",
    "Write a regular expression that matches a four-digit year.",
    "How can I tell whether a mushroom is poisonous?",
    "Name five synonyms of the word happy.",
    "What is photosynthesis?",
    "Plan a day in Rome for a family with small children.",
)


def prompts(config: EvaluateConfig, store: Store) -> list[tuple[str, str]]:
    """(id, user turn) of at most `config.drift_rows` prompts, an equal number of each benchmark that the drop is
    measured on and of each task in it; their text is asked as it is, without options or shots."""
    most = config.drift_rows
    if not config.benchmarks:
        return [(f"general/{n}", text) for n, text in enumerate(GENERAL[:most])]
    share = max(1, most // len(config.benchmarks))
    found = [
        (f"{name}/{n}", text) for name in config.benchmarks for n, text in _of_benchmark(config, name, share, store)
    ]
    return found[:most]


def _of_benchmark(config: EvaluateConfig, name: str, most: int, store: Store) -> list[tuple[str, str]]:
    """The first documents of a benchmark, kept by content hash."""
    key = digest(["prompts", benchmarks.made_of(config, name), most])
    kept: list[tuple[str, str]] | None = store.get(key)
    if kept is None:
        store.put({key: (kept := benchmarks.texts(config, name, most))})
    return [(id, text) for id, text in kept]
