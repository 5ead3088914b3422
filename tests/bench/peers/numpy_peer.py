"""A network in NumPy as a student writes it: im2col, matrix products, one class a layer; GEMM by NumPy's own BLAS."""

import time

import numpy as np

from protocol import images_per_second, serve


def im2col(x, k, stride, pad):
    """x: [N, C, H, W] → [N·OH·OW, C·k·k]"""
    n, c, h, w = x.shape
    oh, ow = (h + 2 * pad - k) // stride + 1, (w + 2 * pad - k) // stride + 1
    padded = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    columns = np.empty((n, c, k, k, oh, ow), dtype=x.dtype)
    for u in range(k):
        for v in range(k):
            columns[:, :, u, v] = padded[:, :, u : u + stride * oh : stride, v : v + stride * ow : stride]
    return columns.transpose(0, 4, 5, 1, 2, 3).reshape(n * oh * ow, -1)


def col2im(columns, shape, k, stride, pad):
    n, c, h, w = shape
    oh, ow = (h + 2 * pad - k) // stride + 1, (w + 2 * pad - k) // stride + 1
    columns = columns.reshape(n, oh, ow, c, k, k).transpose(0, 3, 4, 5, 1, 2)
    padded = np.zeros((n, c, h + 2 * pad, w + 2 * pad), dtype=columns.dtype)
    for u in range(k):
        for v in range(k):
            padded[:, :, u : u + stride * oh : stride, v : v + stride * ow : stride] += columns[:, :, u, v]
    return padded[:, :, pad : pad + h, pad : pad + w]


class Conv2d:
    def __init__(self, spec, rng):
        self.k, self.pad = spec["kernel"], spec["pad"]
        fan_in = spec["in"] * self.k * self.k
        self.w = rng.standard_normal((spec["out"], fan_in), dtype=np.float32) * np.float32((2 / fan_in) ** 0.5)
        self.b = np.zeros(spec["out"], dtype=np.float32)

    def forward(self, x):
        self.shape = x.shape
        n, _, h, w = x.shape
        oh, ow = h + 2 * self.pad - self.k + 1, w + 2 * self.pad - self.k + 1
        self.columns = im2col(x, self.k, 1, self.pad)
        return (self.columns @ self.w.T + self.b).reshape(n, oh, ow, -1).transpose(0, 3, 1, 2)

    def backward(self, dy, first):
        dy = dy.transpose(0, 2, 3, 1).reshape(-1, self.w.shape[0])
        self.dw, self.db = dy.T @ self.columns, dy.sum(axis=0)
        return None if first else col2im(dy @ self.w, self.shape, self.k, 1, self.pad)


class Linear:
    def __init__(self, spec, rng):
        scale = np.float32((2 / spec["in"]) ** 0.5)
        self.w = rng.standard_normal((spec["out"], spec["in"]), dtype=np.float32) * scale
        self.b = np.zeros(spec["out"], dtype=np.float32)

    def forward(self, x):
        self.x = x
        return x @ self.w.T + self.b

    def backward(self, dy, first):
        self.dw, self.db = dy.T @ self.x, dy.sum(axis=0)
        return None if first else dy @ self.w


class Pool:
    def __init__(self, spec, rng):
        self.k, self.stride, self.pad, self.kind = spec["kernel"], spec["stride"], spec["pad"], spec["kind"]

    def forward(self, x):
        self.shape = n, c, h, w = x.shape
        oh, ow = ((size + 2 * self.pad - self.k) // self.stride + 1 for size in (h, w))
        columns = im2col(x.reshape(n * c, 1, h, w), self.k, self.stride, self.pad)
        if self.kind == "avgPool2d":
            y = columns.mean(axis=1)
        else:
            self.winner = columns.argmax(axis=1)
            y = columns[np.arange(len(columns)), self.winner]
        return y.reshape(n, c, oh, ow)

    def backward(self, dy, first):
        n, c, h, w = self.shape
        columns = np.zeros((dy.size, self.k * self.k), dtype=np.float32)
        if self.kind == "avgPool2d":
            columns[:] = dy.reshape(-1, 1) / np.float32(self.k * self.k)
        else:
            columns[np.arange(dy.size), self.winner] = dy.reshape(-1)
        return col2im(columns, (n * c, 1, h, w), self.k, self.stride, self.pad).reshape(self.shape)


class BatchNorm:
    def __init__(self, spec, rng):
        self.w = np.ones(spec["features"], dtype=np.float32)
        self.b = np.zeros(spec["features"], dtype=np.float32)

    def forward(self, x):
        mean, variance = x.mean(axis=(0, 2, 3), keepdims=True), x.var(axis=(0, 2, 3), keepdims=True)
        self.inverse = 1 / np.sqrt(variance + np.float32(1e-5))
        self.normal = (x - mean) * self.inverse
        return self.normal * self.w[:, None, None] + self.b[:, None, None]

    def backward(self, dy, first):
        self.db, self.dw = dy.sum(axis=(0, 2, 3)), (dy * self.normal).sum(axis=(0, 2, 3))
        m = np.float32(dy.size / dy.shape[1])
        inner = m * dy - self.db[:, None, None] - self.normal * self.dw[:, None, None]
        return self.w[:, None, None] * self.inverse / m * inner


class Activation:
    def __init__(self, spec, rng):
        self.kind, self.slope = spec["kind"], np.float32(spec.get("slope", 0))

    def forward(self, x):
        self.y = np.tanh(x) if self.kind == "tanh" else np.where(x > 0, x, self.slope * x)
        return self.y

    def backward(self, dy, first):
        return dy * (1 - self.y**2) if self.kind == "tanh" else np.where(self.y > 0, dy, self.slope * dy)


class Flatten:
    def __init__(self, spec, rng):
        pass

    def forward(self, x):
        self.shape = x.shape
        return x.reshape(len(x), -1)

    def backward(self, dy, first):
        return dy.reshape(self.shape)


LAYERS = {
    "conv2d": Conv2d, "linear": Linear, "maxPool2d": Pool, "avgPool2d": Pool, "batchNorm2d": BatchNorm,
    "relu": Activation, "leakyRelu": Activation, "tanh": Activation, "flatten": Flatten,
}


class Sgd:
    def __init__(self, spec):
        self.lr, self.momentum, self.decay = spec["lr"], spec["momentum"], spec["weightDecay"]
        self.velocity = {}

    def update(self, key, w, dw):
        v = self.momentum * self.velocity.get(key, 0) + dw + self.decay * w
        self.velocity[key] = v
        w -= self.lr * v


class Adam:
    def __init__(self, spec):
        self.lr, self.t, self.memory = spec["lr"], {}, {}

    def update(self, key, w, dw):
        m, v = self.memory.get(key, (0, 0))
        t = self.t[key] = self.t.get(key, 0) + 1
        m, v = 0.9 * m + 0.1 * dw, 0.999 * v + 0.001 * dw * dw
        self.memory[key] = m, v
        w -= self.lr * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)


def training_step(job):
    rng = np.random.default_rng(0)
    layers = [LAYERS[spec["kind"]](spec, rng) for spec in job["layers"]]
    update = (Adam if job["optimizer"]["kind"] == "adam" else Sgd)(job["optimizer"])
    batch = job["batch"]
    images = [rng.random((batch, *job["input"]), dtype=np.float32) for _ in range(4)]
    labels = [rng.integers(0, 10, batch) for _ in range(4)]
    turn = 0

    def step():
        nonlocal turn
        turn = (turn + 1) % 4
        y = images[turn]
        for layer in layers:
            y = layer.forward(y)
        e = np.exp(y - y.max(axis=1, keepdims=True))
        p = e / e.sum(axis=1, keepdims=True)
        p[np.arange(batch), labels[turn]] -= 1
        dy = p / np.float32(batch)
        for position in reversed(range(len(layers))):
            dy = layers[position].backward(dy, position == 0)
        for position, layer in enumerate(layers):
            if hasattr(layer, "w"):
                update.update((position, "w"), layer.w, layer.dw)
                update.update((position, "b"), layer.b, layer.db)

    return step


def gemm(size, seconds):
    rng = np.random.default_rng(0)
    a, b = rng.random((size, size), dtype=np.float32), rng.random((size, size), dtype=np.float32)
    c = np.empty_like(a)
    np.matmul(a, b, out=c)
    started, count = time.perf_counter(), 0
    while time.perf_counter() - started < seconds or count < 3:
        np.matmul(a, b, out=c)
        count += 1
    return {"gflops": 2 * size**3 * count / (time.perf_counter() - started) / 1e9}


steps = {}


def measure(job):
    if job["workload"] == "GEMM":
        return gemm(job["size"], job["seconds"])
    key = (job["workload"], job["batch"])
    if key not in steps:
        steps.clear()
        steps[key] = training_step(job)
    return images_per_second(steps[key], job["batch"], job["seconds"])


blas = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
serve(f"NumPy {np.__version__}, {blas['name']} {blas['version']}", measure)
