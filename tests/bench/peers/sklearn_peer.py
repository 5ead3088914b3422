"""scikit-learn's t-SNE: method "exact" or "barnes_hut", its own defaults, all iterations."""

import time
import warnings

import numpy as np
import sklearn
from sklearn.manifold import TSNE

from protocol import serve

warnings.filterwarnings("ignore")


def measure(job):
    x = np.array(job["features"])
    model = TSNE(
        perplexity=job["perplexity"], method=job["method"], max_iter=job["iterations"],
        random_state=0, min_grad_norm=0, n_iter_without_progress=10**9,
    )
    started = time.perf_counter()
    points = model.fit_transform(x)
    return {"took": time.perf_counter() - started, "points": points.tolist()}


serve(f"scikit-learn {sklearn.__version__}", measure)
