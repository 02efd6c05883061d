"""The parts of a run directory, written by hand, so that every number of its report is known in advance."""

from s3ft.data import atomic, made
from s3ft.types import Candidate, Completion, Record, Verdict

SUMMARY = {
    "key": "k",
    "seconds": 2.0,
    "data": {
        "rows": 4,
        "duplicates": 1,
        "in_evaluation_split": 0,
        "gold": {"rejected": 1, "undecided": 0, "rejected_ids": ["a"]},
    },
    "rows": 4,
    "targets": 4,
    "composition": {"self": 0.5, "paraphrase": 0.25, "gold": 0.25, "dropped": 0.0},
    "filtered": {"paraphrase: copies the gold": 1},
    "rejected": {"self": 2},
    "undecided": {},
    "generated_tokens": 100,
    "nll_per_token": {"self": 0.1, "gold": 0.9},
    "nll_per_token_all": 0.3,
}


HOSTILE = "</script><script>alert(1)</script> & <b>1</b>"
OUTCOMES = {1: "right", 0: "cut"}


def samples(path, **sets):
    with atomic.whole(path) as file:
        for name, scores in sets.items():
            # Written backwards: arms must be paired by id, never by position.
            for number, score in reversed(list(enumerate(scores))):
                more = {}
                if name == "target":
                    said = {"completion": f"it is {score}", "correct": bool(score), "answer": str(score), "reason": ""}
                    more = {"outcome": OUTCOMES[score], "stratum": "ab"[number % 2], **said}
                atomic.write_line(file, {"set": name, "id": f"{number:02d}", "score": score, **more})
    made.write(path.with_name(path.name.replace(".samples.jsonl", ".json")), {"seconds": 1.0}, [path])


def history(recipe, rows):
    """Under s3ft, every second row's own answers were rejected."""
    for number, example in enumerate(rows):
        is_right = number % 2 == 0
        gold = Candidate("gold", Completion(example.gold), is_generated=False)
        own = Candidate("self", Completion("the 1"), Verdict(is_right, "1"), answers_prompt=True)
        other = Candidate("paraphrase", Completion(f"so {example.gold}"), Verdict(False, "2", "not equal"))
        yield (
            Record(example, [gold], [0])
            if recipe == "sft"
            else Record(example, [own] if is_right else [own, other, gold], [0 if is_right else 2])
        )
