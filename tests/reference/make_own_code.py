"""Makes own-code.json: losses, update rules and layers written by hand, trained by PyTorch's autograd in float64.

    pip install torch==2.13.0 && python tests/reference/make_own_code.py

210 combinations of seven losses, six rules and five layers, each the middle of linear(3 → 4) · tanh · layer · linear(4 → 3),
ten samples in batches of 4, 4 and 2, two epochs in the set's order. The gradients that tests/own-code-reference.test.ts
writes by hand come from autograd here. Kept are the loss of every step and two sums over the weights.
"""

import json
import pathlib

import torch
from torch.nn.functional import one_hot

torch.set_default_dtype(torch.float64)


def stream(seed):
    state = seed
    while True:
        state = state * 16807 % 2147483647
        yield state / 2147483647


def filled(shape, seed, scale):
    numbers = stream(seed)
    values = [(next(numbers) - 0.5) * scale for _ in range(torch.Size(shape).numel())]
    return torch.tensor(values).reshape(shape)


def cross_entropy(z, t):
    return -(t * torch.log_softmax(z, 1)).sum(1)


def huber(y, t):
    d = (y - t).abs()
    return torch.where(d < 0.5, d * d / 2, 0.5 * (d - 0.25)).sum(1)


def hinge(z, labels):
    own = z.gather(1, labels[:, None])
    margins = (z - own + 1).clamp(min=0)
    return margins.sum(1) - 1


def focal(z, labels):
    log_p = torch.log_softmax(z, 1).gather(1, labels[:, None])[:, 0]
    return -((1 - log_p.exp()) ** 2) * log_p


CLASS_WEIGHTS = torch.tensor([1.0, 2.0, 0.5])
# each gives the losses of the samples, [N]
LOSSES = {
    "absolute": lambda z, l: (z - one_hot(l, 3)).abs().sum(1),
    "huber": lambda z, l: huber(z, one_hot(l, 3)),
    "smoothed": lambda z, l: cross_entropy(z, 0.9 * one_hot(l, 3) + 0.1 / 3),
    "weighted": lambda z, l: CLASS_WEIGHTS[l] * cross_entropy(z, one_hot(l, 3).double()),
    "hinge": hinge,
    "squaredSum": lambda z, l: ((z - one_hot(l, 3)) ** 2).sum(1) / 2,
    "focal": focal,
}
SUMMED = {"squaredSum"}


def softsign(w, g, s, t):
    w -= 0.02 * g / (g.abs() + 0.01)


def clipped(w, g, s, t):
    w -= 0.1 * g.clamp(-0.05, 0.05)


def averaged(w, g, s, t):
    s[0].mul_(0.9).add_(0.1 * g)
    w -= 0.2 * s[0]


def own_adagrad(w, g, s, t):
    s[0].add_(g * g)
    w -= 0.05 * g / (s[0].sqrt() + 1e-8)


def lasso(w, g, s, t):
    w -= 0.05 * (g + 0.1 * w.sign())


def own_adam(w, g, s, t):
    s[0].mul_(0.8).add_(0.2 * g)
    s[1].mul_(0.9).add_(0.1 * g * g)
    w -= 0.02 * (s[0] / (1 - 0.8**t)) / ((s[1] / (1 - 0.9**t)).sqrt() + 1e-3)


RULES = {"softsign": softsign, "clipped": clipped, "averaged": averaged, "adagrad": own_adagrad, "lasso": lasso, "adam": own_adam}

# each gives parameters and a function of them
LAYERS = {
    "scale": ([filled([4], 31, 1) + 1], lambda x, w: x * w),
    "affine": ([filled([4], 32, 1) + 1, filled([4], 33, 1)], lambda x, w, b: x * w + b),
    "softplus": ([], lambda x: torch.nn.functional.softplus(x)),
    "swish": ([filled([1], 34, 1) + 1], lambda x, beta: x * torch.sigmoid(beta * x)),
    "centred": ([], lambda x: x - x.mean(1, keepdim=True)),
}


def augmented(x):
    return torch.where(x[:, :1] > 0, x * 1.1, x - 0.1)


def train(loss_name, rule_name, layer_name, augment):
    parameters, layer = LAYERS[layer_name]
    middle = [p.clone() for p in parameters]
    params = [filled([4, 3], 21, 2), filled([4], 22, 0.4), *middle, filled([3, 4], 23, 2), filled([3], 24, 0.4)]
    params = [p.clone().requires_grad_() for p in params]
    slots = [[torch.zeros_like(p) for _ in range(2)] for p in params]
    x, labels = filled([10, 3], 11, 3), torch.tensor([(7 * i + 2) % 3 for i in range(10)])
    losses = []
    for step in range(1, 7):
        at = (step - 1) % 3 * 4
        inputs = augmented(x[at : at + 4]) if augment else x[at : at + 4]
        hidden = layer(torch.tanh(inputs @ params[0].T + params[1]), *params[2:-2])
        each = LOSSES[loss_name](hidden @ params[-2].T + params[-1], labels[at : at + 4])
        loss = each.sum() if loss_name in SUMMED else each.mean()
        losses.append(loss.item())
        gradients = torch.autograd.grad(loss, params)
        with torch.no_grad():
            for p, g, s in zip(params, gradients, slots):
                RULES[rule_name](p, g, s, step)
    flat = torch.cat([p.detach().reshape(-1) for p in params])
    position = torch.arange(1, flat.numel() + 1)
    return {"losses": losses, "sum": flat.sum().item(), "weighted": (flat * position).sum().item()}


results = {}
for i, loss_name in enumerate(LOSSES):
    for j, rule_name in enumerate(RULES):
        for k, layer_name in enumerate(LAYERS):
            results[f"{loss_name} {rule_name} {layer_name}"] = train(loss_name, rule_name, layer_name, (i + j + k) % 2 == 1)
path = pathlib.Path(__file__).with_name("own-code.json")
path.write_text("{\n" + ",\n".join(f"{json.dumps(k)}: {json.dumps(v)}" for k, v in results.items()) + "\n}\n")
print(len(results), "combinations")
