"""Makes tsne.json: affinities, KL divergence, gradient, trustworthiness and whole maps as scikit-learn computes them.

    pip install scikit-learn==1.9.1 && python tests/reference/make_tsne.py

Features and maps come from a formula (Park–Miller's generator) that the TypeScript side computes as well.
"""

import json
import pathlib

import numpy as np
import sklearn
from sklearn.manifold import TSNE, trustworthiness
from sklearn.manifold._t_sne import _joint_probabilities, _kl_divergence
from sklearn.metrics import pairwise_distances
from sklearn.neighbors import NearestNeighbors


def stream(seed):
    state = seed
    while True:
        state = state * 16807 % 2147483647
        yield state / 2147483647


def filled(rows, columns, seed, scale):
    numbers = stream(seed)
    return np.array([[(next(numbers) - 0.5) * scale for _ in range(columns)] for _ in range(rows)])


def clusters(n, features, classes, seed):
    """Sample i belongs to class i mod classes; the last feature is dead."""
    centres = filled(classes, features, seed, 2.0)
    noise = filled(n, features, seed + 1, 1.5)
    x = np.array([centres[i % classes] for i in range(n)]) + noise
    x[:, -1] = 0
    return x


def scores():
    n, classes, perplexity = 40, 4, 8
    x, y = clusters(n, 6, classes, 11), filled(n, 2, 13, 6.0)
    labels = np.arange(n) % classes
    P = _joint_probabilities(pairwise_distances(x, metric="sqeuclidean"), perplexity, verbose=0)
    kl, gradient = _kl_divergence(y.ravel(), P, 1, n, 2)
    found = {}
    for k in (1, 5, 12):
        neighbours = NearestNeighbors(n_neighbors=k).fit(y).kneighbors(return_distance=False)
        found[str(k)] = {
            "trustworthiness": trustworthiness(x, y, n_neighbors=k),
            "purity": float(np.mean(labels[neighbours] == labels[:, None])),
        }
    return {
        "n": n, "features": 6, "classes": classes, "perplexity": perplexity,
        "P": P[:20].tolist(), "kl": float(kl), "gradient": gradient.tolist(), "neighbours": found,
    }


def whole_map(n, perplexity):
    """All 1000 iterations, like ours: no early end."""
    x = clusters(n, 12, 5, 21)
    model = TSNE(
        perplexity=perplexity, method="exact", random_state=0, min_grad_norm=0, n_iter_without_progress=10**9
    )
    y = model.fit_transform(x)
    return {
        "n": n, "features": 12, "classes": 5, "perplexity": perplexity,
        "kl": float(model.kl_divergence_), "trustworthiness": trustworthiness(x, y),
    }


result = {"scikit-learn": sklearn.__version__, "scores": scores(), "maps": [whole_map(100, 20), whole_map(300, 30)]}
path = pathlib.Path(__file__).with_name("tsne.json")
path.write_text(json.dumps(result, indent=1) + "\n")
print(f"{path.name}: {path.stat().st_size} bytes, scikit-learn {sklearn.__version__}")
