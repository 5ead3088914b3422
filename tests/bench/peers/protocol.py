"""The conversation with the runner: one JSON job a line on standard input, one JSON answer a line on standard output."""

import json
import sys
import time


def serve(about, measure):
    """`measure(job)` returns a record; what it raises becomes the reason why the job cannot be done."""
    answer = sys.stdout
    sys.stdout = sys.stderr  # whatever a library prints is no answer
    print(json.dumps({"about": about}), file=answer, flush=True)
    for line in sys.stdin:
        try:
            result = measure(json.loads(line))
        except Exception as error:
            result = {"reason": f"{type(error).__name__}: {error}".strip().split("\n")[0][:200]}
        print(json.dumps(result), file=answer, flush=True)


def images_per_second(step, batch, seconds):
    """
    Steps for a while; the first ones, in which buffers are made and code is compiled, do not count. At least three of
    either, unless a step is so slow that one must do. 0 seconds: only the first ones.
    """
    run(step, seconds / 4)
    if seconds == 0:
        return {}
    steps, elapsed = run(step, seconds)
    return {"imagesPerSecond": steps * batch / elapsed}


def run(step, seconds):
    started = time.perf_counter()
    steps = 0
    while True:
        step()
        steps += 1
        elapsed = time.perf_counter() - started
        if elapsed >= seconds and (steps >= 3 or elapsed >= 2):
            return steps, elapsed
