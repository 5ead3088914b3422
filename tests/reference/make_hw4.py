"""Makes hw4.json: the hw4 network, its loss, gradients and optimizer steps as PyTorch computes them in float64.

    pip install torch==2.13.0 && python tests/reference/make_hw4.py

Weights and images come from a formula (Park–Miller's generator) that the TypeScript side computes as well, so that the
file holds only results: of each tensor some elements, its sum, its sum of squares and its sum weighted by position.
"""

import json
import math
import pathlib

import torch

torch.set_default_dtype(torch.float64)


def stream(seed):
    state = seed
    while True:
        state = state * 16807 % 2147483647
        yield state / 2147483647


def filled(shape, seed, scale):
    numbers = stream(seed)
    size = math.prod(shape)
    return torch.tensor([(next(numbers) - 0.5) * scale for _ in range(size)]).reshape(shape)


def build():
    model = torch.nn.Sequential(
        torch.nn.Conv2d(1, 4, 5, padding=2), torch.nn.ReLU(), torch.nn.MaxPool2d(2),
        torch.nn.Conv2d(4, 4, 5, padding=2), torch.nn.ReLU(), torch.nn.MaxPool2d(2),
        torch.nn.Flatten(), torch.nn.Linear(196, 49), torch.nn.ReLU(), torch.nn.Linear(49, 10),
    )
    with torch.no_grad():
        for index, parameter in enumerate(model.parameters()):
            fan_in = parameter[0].numel() if parameter.dim() > 1 else 1
            scale = math.sqrt(12 / fan_in) if parameter.dim() > 1 else 0.2
            parameter.copy_(filled(parameter.shape, 100 + index, scale))
    return model


def images():
    # two thirds of the pixels are 0, as on digits: max-pool windows with ties
    numbers = stream(7)
    values = []
    for _ in range(BATCH * 28 * 28):
        u = next(numbers)
        values.append(0.0 if u < 0.66 else u)
    return torch.tensor(values).reshape(BATCH, 1, 28, 28)


def digest(tensor):
    flat = tensor.detach().reshape(-1)
    step = max(1, flat.numel() // 20)
    position = torch.arange(1, flat.numel() + 1)
    return {
        "every": step,
        "elements": flat[::step].tolist(),
        "sum": flat.sum().item(),
        "squares": (flat * flat).sum().item(),
        "weighted": (flat * position).sum().item() / flat.numel(),
    }


BATCH = 6
LABELS = [3, 0, 9, 1, 1, 7]
OPTIMIZERS = {
    "sgd": lambda p: torch.optim.SGD(p, lr=0.01),
    "momentum": lambda p: torch.optim.SGD(p, lr=0.01, momentum=0.9),
    "nesterov": lambda p: torch.optim.SGD(p, lr=0.01, momentum=0.9, nesterov=True),
    "sgdDecay": lambda p: torch.optim.SGD(p, lr=0.01, momentum=0.9, weight_decay=0.1),
    "rmsprop": lambda p: torch.optim.RMSprop(p, lr=0.001, alpha=0.9, eps=1e-8),
    "adam": lambda p: torch.optim.Adam(p, lr=0.001, weight_decay=0.1),
    "adamw": lambda p: torch.optim.AdamW(p, lr=0.001, weight_decay=0.1),
    "adagrad": lambda p: torch.optim.Adagrad(p, lr=0.01, weight_decay=0.1),
}

x, labels = images(), torch.tensor(LABELS)
result = {"torch": torch.__version__.split("+")[0], "labels": LABELS, "reductions": {}, "steps": {}}
for reduction in ("mean", "sum"):
    model = build()
    inputs = x.clone().requires_grad_()
    logits = model(inputs)
    loss = torch.nn.functional.cross_entropy(logits, labels, reduction=reduction)
    loss.backward()
    result["logits"] = logits.tolist()
    result["reductions"][reduction] = {
        "loss": loss.item(),
        "input": digest(inputs.grad),
        "gradients": [digest(p.grad) for p in model.parameters()],
    }
for kind, target in (("mse", torch.nn.functional.one_hot(labels, 10).double()),):
    model = build()
    loss = torch.nn.functional.mse_loss(model(x), target)
    loss.backward()
    result["reductions"][kind] = {"loss": loss.item(), "gradients": [digest(p.grad) for p in model.parameters()]}
for name, make in OPTIMIZERS.items():
    model = build()
    optimizer = make(model.parameters())
    after = {}
    for step in (1, 2, 3):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(x), labels).backward()
        optimizer.step()
        if step != 2:
            after[str(step)] = [digest(p) for p in model.parameters()]
    result["steps"][name] = after

path = pathlib.Path(__file__).with_name("hw4.json")
path.write_text(json.dumps(result, indent=1) + "\n")
print(f"{path.name}: {path.stat().st_size} bytes, torch {torch.__version__}")
