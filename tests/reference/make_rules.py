"""Makes rules.json: update rules, clipping and learning rates by PyTorch in float64.

    pip install torch==2.13.0 && python tests/reference/make_rules.py

A rule moves four weights by eight steps of given gradients; a schedule gives the rates of a run.
"""

import json
import pathlib

import torch

torch.set_default_dtype(torch.float64)


def filled(size, seed, scale=3.0):
    state, values = seed, []
    for _ in range(size):
        state = state * 16807 % 2147483647
        values.append((state / 2147483647 - 0.5) * scale)
    return torch.tensor(values)


O = torch.optim
RULES = [
    ("sgd", {"lr": 0.1, "momentum": 0.9, "dampening": 0.3}, lambda p: O.SGD(p, 0.1, momentum=0.9, dampening=0.3)),
    ("sgd", {"lr": 0.1, "momentum": 0.9, "dampening": 0.3, "weightDecay": 0.2}, lambda p: O.SGD(p, 0.1, momentum=0.9, dampening=0.3, weight_decay=0.2)),
    ("rmsprop", {"lr": 0.01, "rho": 0.9, "momentum": 0.8}, lambda p: O.RMSprop(p, 0.01, alpha=0.9, momentum=0.8)),
    ("rmsprop", {"lr": 0.01, "rho": 0.9, "centered": True}, lambda p: O.RMSprop(p, 0.01, alpha=0.9, centered=True)),
    ("rmsprop", {"lr": 0.01, "rho": 0.95, "centered": True, "momentum": 0.5, "weightDecay": 0.1}, lambda p: O.RMSprop(p, 0.01, alpha=0.95, centered=True, momentum=0.5, weight_decay=0.1)),
    ("adam", {"lr": 0.02, "amsgrad": True}, lambda p: O.Adam(p, 0.02, amsgrad=True)),
    ("adamw", {"lr": 0.02, "amsgrad": True, "weightDecay": 0.3}, lambda p: O.AdamW(p, 0.02, amsgrad=True, weight_decay=0.3)),
    ("adadelta", {}, lambda p: O.Adadelta(p, 1.0)),
    ("adadelta", {"lr": 0.5, "rho": 0.8, "eps": 0.001, "weightDecay": 0.1}, lambda p: O.Adadelta(p, 0.5, rho=0.8, eps=0.001, weight_decay=0.1)),
    ("adagrad", {"lr": 0.1, "lrDecay": 0.5, "eps": 1e-10}, lambda p: O.Adagrad(p, 0.1, lr_decay=0.5)),
]


def run(name, options, make, l1=0.0):
    w = filled(4, 5).requires_grad_()
    rule = make([w])
    for step in range(8):
        # the last two are small: a maximum has to be remembered
        g = filled(4, 100 + step, 3.0 if step < 6 else 0.1)
        w.grad = g + l1 * torch.sign(w.detach())
        rule.step()
    return {"rule": name, "options": options, "w": w.detach().tolist()}


def rates(make, steps, losses=None):
    w = torch.zeros(1).requires_grad_()
    rule = O.SGD([w], 0.1)
    schedule = make(rule)
    found = []
    for step in range(steps):
        found.append(rule.param_groups[0]["lr"])
        rule.step()
        schedule.step() if losses is None else schedule.step(losses[step + 1])
    return found


def clipped(norm):
    a, b = filled(5, 7).requires_grad_(), filled(3, 8).requires_grad_()
    a.grad, b.grad = filled(5, 9), filled(3, 10)
    size = torch.nn.utils.clip_grad_norm_([a, b], norm)
    return {"norm": norm, "size": size.item(), "a": a.grad.tolist(), "b": b.grad.tolist()}


S = O.lr_scheduler
LOSSES = [1.0, 0.9, 0.95, 0.9, 0.89999, 0.92, 0.91, 0.5, 0.5, 0.6, 0.5, 0.7, 0.4, 0.4, 0.4, 0.4]
reference = {
    "torch": torch.__version__,
    "rules": [run(*one) for one in RULES]
    + [run("sgd", {"lr": 0.1, "momentum": 0.5, "l1": 0.2}, lambda p: O.SGD(p, 0.1, momentum=0.5), 0.2)]
    + [run("adam", {"lr": 0.02, "l1": 0.2}, lambda p: O.Adam(p, 0.02), 0.2)],
    "clip": [clipped(1.0), clipped(100.0)],
    "cosineDecay": rates(lambda o: S.CosineAnnealingLR(o, 20), 20),
    "cosineDecayTo": rates(lambda o: S.CosineAnnealingLR(o, 20, eta_min=0.02), 20),
    "oneCycle": rates(lambda o: S.OneCycleLR(o, 0.1, total_steps=20, cycle_momentum=False), 19),
    "losses": LOSSES,
    "plateau": rates(lambda o: S.ReduceLROnPlateau(o, factor=0.5, patience=2), 15, LOSSES),
}
(pathlib.Path(__file__).parent / "rules.json").write_text(json.dumps(reference) + "\n")
