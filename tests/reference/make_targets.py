"""Makes targets.json: the library's losses on classes and on numbers, trained by PyTorch in float64.

    pip install torch==2.13.0 && python tests/reference/make_targets.py

linear(3 → 4) · tanh · linear(4 → K), ten samples in batches of 4, 4 and 2, two epochs of gradient descent in the set's order.
Kept are the loss of every step and two sums over the weights.
"""

import json
import pathlib

import torch
from torch.nn import functional as F

torch.set_default_dtype(torch.float64)


def filled(shape, seed, scale):
    size = torch.Size(shape).numel()
    state, values = seed, []
    for _ in range(size):
        state = state * 16807 % 2147483647
        values.append((state / 2147483647 - 0.5) * scale)
    return torch.tensor(values).reshape(shape)


def targets(kind, outputs):
    if kind == "classes":
        return torch.tensor([(7 * i + 2) % 3 for i in range(10)])
    numbers = filled([10, outputs], 41, 3)
    if kind == "answers":
        return (numbers > 0).double()
    if kind == "probabilities":
        return torch.softmax(2 * numbers, 1)
    return numbers


def hinge(z, labels):
    return ((z - z.gather(1, labels[:, None]) + 0.8).clamp(min=0).sum(1) - 0.8).mean()


def one_hot(t):
    return F.one_hot(t, 3).double()


WEIGHTS = torch.tensor([1.0, 2.0, 0.5])
# name: target, outputs, loss of a batch
LOSSES = {
    "mse numbers": ("numbers", 2, F.mse_loss),
    "mse one number": ("numbers", 1, F.mse_loss),
    "mse sum numbers": ("numbers", 2, lambda y, t: F.mse_loss(y, t, reduction="sum")),
    "euclidean numbers": ("numbers", 2, lambda y, t: ((y - t) ** 2).sum(1).mean() / 2),
    "mae numbers": ("numbers", 2, F.l1_loss),
    "mae classes": ("classes", 3, lambda y, t: F.l1_loss(y, one_hot(t))),
    "huber numbers": ("numbers", 2, lambda y, t: F.huber_loss(y, t, delta=0.7)),
    "huber sum numbers": ("numbers", 2, lambda y, t: F.huber_loss(y, t, delta=0.7, reduction="sum")),
    "huber classes": ("classes", 3, lambda y, t: F.huber_loss(y, one_hot(t), delta=0.7)),
    "binaryCrossEntropy one answer": ("answers", 1, F.binary_cross_entropy_with_logits),
    "binaryCrossEntropy answers": ("answers", 5, F.binary_cross_entropy_with_logits),
    "binaryCrossEntropy classes": ("classes", 3, lambda y, t: F.binary_cross_entropy_with_logits(y, one_hot(t))),
    "softmaxCrossEntropy probabilities": ("probabilities", 3, F.cross_entropy),
    "softmaxCrossEntropy smoothed": ("classes", 3, lambda z, t: F.cross_entropy(z, t, label_smoothing=0.1)),
    "softmaxCrossEntropy weighted": ("classes", 3, lambda z, t: F.cross_entropy(z, t, WEIGHTS, reduction="sum") / len(t)),
    "klDivergenceLoss probabilities": ("probabilities", 3, lambda z, t: F.kl_div(F.log_softmax(z, 1), t, reduction="batchmean")),
    "hinge classes": ("classes", 3, hinge),
    "nll classes": ("classes", 3, F.nll_loss),
}


def train(kind, outputs, loss_of):
    params = [filled([4, 3], 21, 2), filled([4], 22, 0.4), filled([outputs, 4], 23, 2), filled([outputs], 24, 0.4)]
    params = [p.requires_grad_() for p in params]
    x, t = filled([10, 3], 11, 3), targets(kind, outputs)
    losses = []
    for step in range(6):
        at = step % 3 * 4
        y = torch.tanh(x[at : at + 4] @ params[0].T + params[1]) @ params[2].T + params[3]
        loss = loss_of(y, t[at : at + 4])
        losses.append(loss.item())
        gradients = torch.autograd.grad(loss, params)
        with torch.no_grad():
            for p, g in zip(params, gradients):
                p -= 0.1 * g
    flat = torch.cat([p.detach().reshape(-1) for p in params])
    position = torch.arange(1, flat.numel() + 1)
    return {"losses": losses, "sum": flat.sum().item(), "weighted": (flat * position).sum().item()}


results = {name: train(*row) for name, row in LOSSES.items()}
path = pathlib.Path(__file__).with_name("targets.json")
path.write_text("{\n" + ",\n".join(f"{json.dumps(k)}: {json.dumps(v)}" for k, v in results.items()) + "\n}\n")
print(len(results), "losses")
