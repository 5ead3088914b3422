"""Makes statistics.json: Student's t, confidence intervals, Welch's and McNemar's tests as SciPy computes them.

    pip install scipy==1.17.1 && python tests/reference/make_statistics.py
"""

import json
import pathlib

import numpy as np
import scipy
from scipy import stats

DEGREES = [1, 2, 3, 4, 5, 9, 12.7, 30, 120, 1000]
QUANTILES = [0.55, 0.75, 0.9, 0.95, 0.975, 0.995, 0.9995, 0.025]
TS = [0.01, 0.5, 1, 2, 4.5, 12, 40]

SAMPLES = [
    [0.4612, 0.4587, 0.4655],
    [0.53, 0.5334],
    [90.1, 91.4, 88.9, 90.6, 91.0],
    [0.1, 0.1, 0.1001, 0.0999],
]
PAIRS = [
    ([0.4612, 0.4587, 0.4655], [0.4701, 0.4699, 0.4655]),
    ([90.1, 91.4, 88.9, 90.6, 91.0], [85.2, 84.9, 88.0]),
    ([1.0, 2.0, 3.0], [1.1, 2.2, 2.8, 1.9]),
    ([0.5, 0.5], [0.7, 0.9]),
]
# images that only the first, and only the second classifier has right
DISAGREEMENTS = [(0, 0), (0, 1), (0, 5), (0, 6), (3, 12), (12, 3), (10, 10), (48, 71), (510, 600), (2210, 2400), (1500, 1000)]


def interval(values):
    low, high = stats.t.interval(0.95, len(values) - 1, loc=np.mean(values), scale=stats.sem(values))
    return {"values": values, "mean": float(np.mean(values)), "low": float(low), "high": float(high)}


def welch(a, b):
    result = stats.ttest_ind(a, b, equal_var=False)
    ends = result.confidence_interval(0.95)
    return {"a": a, "b": b, "p": float(result.pvalue), "low": float(ends.low), "high": float(ends.high)}


def mcnemar(first, second):
    p = 1.0 if first + second == 0 else stats.binomtest(first, first + second, 0.5).pvalue
    return {"onlyFirst": first, "onlySecond": second, "p": float(p)}


made = {
    "made with": f"scipy {scipy.__version__}",
    "quantiles": [[p, v, float(stats.t.ppf(p, v))] for p in QUANTILES for v in DEGREES],
    "tails": [[t, v, float(2 * stats.t.sf(t, v))] for t in TS for v in DEGREES],
    "intervals": [interval(values) for values in SAMPLES],
    "welch": [welch(a, b) for a, b in PAIRS],
    "mcnemar": [mcnemar(a, b) for a, b in DISAGREEMENTS],
}
path = pathlib.Path(__file__).with_name("statistics.json")
path.write_text(json.dumps(made, indent=1) + "\n")
print(path)
