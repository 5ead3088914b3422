"""PyTorch on the CPU. Modes: eager; fused (fused optimizer, channels_last); compile (torch.compile of the model, fused)."""

import warnings

import torch
from torch import nn

from protocol import images_per_second, serve

warnings.filterwarnings("ignore")


def layer(spec):
    kind = spec["kind"]
    if kind == "conv2d":
        return nn.Conv2d(spec["in"], spec["out"], spec["kernel"], padding=spec["pad"])
    if kind == "linear":
        return nn.Linear(spec["in"], spec["out"])
    if kind == "maxPool2d":
        return nn.MaxPool2d(spec["kernel"], spec["stride"], spec["pad"])
    if kind == "avgPool2d":
        return nn.AvgPool2d(spec["kernel"], spec["stride"], spec["pad"])
    if kind == "batchNorm2d":
        return nn.BatchNorm2d(spec["features"])
    if kind == "leakyRelu":
        return nn.LeakyReLU(spec["slope"])
    return {"relu": nn.ReLU, "tanh": nn.Tanh, "flatten": nn.Flatten}[kind]()


def optimizer(parameters, spec, fused):
    options = {"fused": True} if fused else {}
    if spec["kind"] == "adam":
        return torch.optim.Adam(parameters, lr=spec["lr"], **options)
    return torch.optim.SGD(
        parameters, lr=spec["lr"], momentum=spec["momentum"], weight_decay=spec["weightDecay"], **options
    )


def training_step(job):
    torch.manual_seed(0)
    model = nn.Sequential(*[layer(spec) for spec in job["layers"]])
    fused = job["mode"] != "eager"
    # batches lie ready in memory; four of them, so that no step sees the one before
    batches = [torch.rand(job["batch"], *job["input"]) for _ in range(4)]
    labels = [torch.randint(0, 10, (job["batch"],)) for _ in range(4)]
    if fused and any(spec["kind"] == "conv2d" for spec in job["layers"]):
        model = model.to(memory_format=torch.channels_last)
        batches = [x.to(memory_format=torch.channels_last) for x in batches]
    update = optimizer(model.parameters(), job["optimizer"], fused)
    forward = model
    if job["mode"] == "compile":
        # without it the next batch size would compile for sizes that vary, and the ninth model not at all
        torch._dynamo.reset()
        forward = torch.compile(model, dynamic=False)
    turn = 0

    def step():
        nonlocal turn
        turn = (turn + 1) % 4
        update.zero_grad()
        nn.functional.cross_entropy(forward(batches[turn]), labels[turn]).backward()
        update.step()

    return step


steps = {}


def measure(job):
    torch.set_num_threads(job["threads"])
    key = (job["workload"], job["batch"], job["mode"], job["threads"])
    if key not in steps:
        for old in [old for old in steps if old[:2] != key[:2]]:
            del steps[old]
        steps[key] = training_step(job)
    return images_per_second(steps[key], job["batch"], job["seconds"])


serve(f"PyTorch {torch.__version__}", measure)
