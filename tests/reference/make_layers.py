"""Makes layers.json: layers, activations and pools by PyTorch in float64: y for a given x, and the gradients of sum(r * y).

    pip install torch==2.13.0 && python tests/reference/make_layers.py

Inputs, parameters and r come from `filled`, a generator of six lines that the test has too.
"""

import json
import pathlib

import torch
from torch import nn
from torch.nn import functional as F

torch.set_default_dtype(torch.float64)


def filled(shape, seed, scale=3.0):
    size = torch.Size(shape).numel()
    state, values = seed, []
    for _ in range(size):
        state = state * 16807 % 2147483647
        values.append((state / 2147483647 - 0.5) * scale)
    return torch.tensor(values).reshape(shape)


class Last(nn.Module):
    """The last state of a recurrent layer, whose second bias is 0."""

    def __init__(self, layer, returns="last"):
        super().__init__()
        self.layer, self.returns = layer, returns

    def forward(self, x):
        y, _ = self.layer(x)
        return y[:, -1] if self.returns == "last" else y


class HardSigmoid(nn.Module):
    """By its formula: nn.Hardsigmoid's gradient multiplies by the float32 nearest to 1/6 in float64, too."""

    def forward(self, x):
        return (x / 6 + 0.5).clamp(0, 1)


# name: (constructor in gradbook, options), PyTorch module, shape of x
CASES = [
    ("conv2d", {"in": 2, "out": 3, "kernel": [3, 2], "dilation": 2, "pad": 1}, nn.Conv2d(2, 3, (3, 2), dilation=2, padding=1), [2, 2, 7, 6]),
    ("conv2d", {"in": 4, "out": 6, "kernel": 3, "groups": 2, "stride": 2}, nn.Conv2d(4, 6, 3, groups=2, stride=2), [2, 4, 7, 6]),
    ("conv2d", {"in": 3, "out": 3, "kernel": 3, "groups": 3, "pad": 1, "bias": False}, nn.Conv2d(3, 3, 3, groups=3, padding=1, bias=False), [2, 3, 5, 4]),
    ("conv2d", {"in": 4, "out": 2, "kernel": [2, 3], "groups": 2, "dilation": [1, 2], "stride": [2, 1], "pad": [1, 2]}, nn.Conv2d(4, 2, (2, 3), groups=2, dilation=(1, 2), stride=(2, 1), padding=(1, 2)), [3, 4, 5, 6]),
    ("conv1d", {"in": 2, "out": 3, "kernel": 3, "pad": 1}, nn.Conv1d(2, 3, 3, padding=1), [2, 2, 9]),
    ("conv1d", {"in": 4, "out": 6, "kernel": 3, "dilation": 2, "groups": 2, "stride": 2}, nn.Conv1d(4, 6, 3, dilation=2, groups=2, stride=2), [2, 4, 11]),
    ("convTranspose2d", {"in": 2, "out": 3, "kernel": 2, "stride": 2}, nn.ConvTranspose2d(2, 3, 2, stride=2), [2, 2, 3, 4]),
    ("convTranspose2d", {"in": 3, "out": 2, "kernel": [3, 4], "stride": [2, 3], "pad": 1, "outputPad": [1, 2]}, nn.ConvTranspose2d(3, 2, (3, 4), stride=(2, 3), padding=1, output_padding=(1, 2)), [2, 3, 3, 2]),
    ("convTranspose2d", {"in": 2, "out": 1, "kernel": 3, "bias": False}, nn.ConvTranspose2d(2, 1, 3, bias=False), [1, 2, 2, 2]),
    ("avgPool2d", {"kernel": 3, "stride": 2, "pad": 1, "countPad": False}, nn.AvgPool2d(3, 2, 1, count_include_pad=False), [2, 2, 6, 7]),
    ("avgPool2d", {"kernel": 3, "stride": 2, "pad": 1, "ceil": True}, nn.AvgPool2d(3, 2, 1, ceil_mode=True), [2, 2, 6, 7]),
    ("avgPool2d", {"kernel": [3, 2], "stride": 2, "pad": [1, 0], "ceil": True, "countPad": False}, nn.AvgPool2d((3, 2), 2, (1, 0), ceil_mode=True, count_include_pad=False), [2, 2, 6, 7]),
    ("maxPool2d", {"kernel": 3, "stride": 2, "ceil": True}, nn.MaxPool2d(3, 2, ceil_mode=True), [2, 2, 6, 7]),
    ("maxPool2d", {"kernel": 2, "stride": 3, "pad": 1, "ceil": True}, nn.MaxPool2d(2, 3, 1, ceil_mode=True), [2, 2, 6, 7]),
    ("maxPool1d", {"kernel": 3, "stride": 2, "pad": 1}, nn.MaxPool1d(3, 2, 1), [2, 3, 8]),
    ("maxPool1d", {"kernel": 2, "stride": 2, "ceil": True}, nn.MaxPool1d(2, 2, ceil_mode=True), [2, 3, 7]),
    ("avgPool1d", {"kernel": 3, "stride": 2, "pad": 1}, nn.AvgPool1d(3, 2, 1), [2, 3, 8]),
    ("avgPool1d", {"kernel": 3, "pad": 1, "ceil": True, "countPad": False}, nn.AvgPool1d(3, 3, 1, ceil_mode=True, count_include_pad=False), [2, 3, 8]),
    ("globalAvgPool2d", None, nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten()), [2, 3, 4, 5]),
    ("layerNorm", {"shape": 5}, nn.LayerNorm(5), [2, 4, 5]),
    ("layerNorm", {"shape": [3, 4, 5], "eps": 0.01}, nn.LayerNorm([3, 4, 5], eps=0.01), [2, 3, 4, 5]),
    ("groupNorm", {"features": 6, "groups": 3}, nn.GroupNorm(3, 6), [2, 6, 3, 4]),
    ("groupNorm", {"features": 4, "groups": 1, "eps": 0.001}, nn.GroupNorm(1, 4, eps=0.001), [3, 4]),
    ("instanceNorm2d", {"features": 3}, nn.InstanceNorm2d(3, affine=True), [2, 3, 4, 5]),
    ("prelu", None, nn.PReLU(), [2, 3, 4]),
    ("prelu", {"features": 3, "slope": 0.1}, nn.PReLU(3, init=0.1), [2, 3, 4]),
    ("silu", None, nn.SiLU(), [4, 9]),
    ("elu", None, nn.ELU(), [4, 9]),
    ("elu", {"alpha": 0.7}, nn.ELU(0.7), [4, 9]),
    ("softplus", None, nn.Softplus(), [4, 9]),
    ("hardSigmoid", None, HardSigmoid(), [4, 9]),
    ("hardTanh", None, nn.Hardtanh(), [4, 9]),
    ("hardSwish", None, nn.Hardswish(), [4, 9]),
    ("rnn", {"in": 3, "hidden": 4}, Last(nn.RNN(3, 4, batch_first=True)), [2, 5, 3]),
    ("rnn", {"in": 3, "hidden": 4, "returns": "all"}, Last(nn.RNN(3, 4, batch_first=True), "all"), [2, 5, 3]),
    ("lstm", {"in": 3, "hidden": 4}, Last(nn.LSTM(3, 4, batch_first=True)), [2, 5, 3]),
    ("lstm", {"in": 3, "hidden": 2, "returns": "all"}, Last(nn.LSTM(3, 2, batch_first=True), "all"), [3, 4, 3]),
]

NAMES = {"weight": "weight", "bias": "bias", "layer.weight_ih_l0": "weightInput", "layer.weight_hh_l0": "weightHidden", "layer.bias_ih_l0": "bias"}


def run(name, options, module, shape):
    scale = 12.0 if name.startswith("hard") else 3.0
    x = filled(shape, 11, scale).requires_grad_()
    parameters = {}
    for i, (key, parameter) in enumerate(module.named_parameters()):
        if key == "layer.bias_hh_l0":
            nn.init.zeros_(parameter)
            continue
        parameters[NAMES[key]] = parameter
        with torch.no_grad():
            parameter.copy_(filled(parameter.shape, 23 + i))
    y = module(x)
    (y * filled(y.shape, 97)).sum().backward()
    flat = lambda t: t.detach().flatten().tolist()
    return {
        "layer": name,
        "options": options,
        "x": shape,
        "scale": scale,
        "parameters": {key: list(p.shape) for key, p in parameters.items()},
        "y": {"shape": list(y.shape), "data": flat(y)},
        "dx": flat(x.grad),
        "grads": {key: flat(p.grad) for key, p in parameters.items()},
    }


def embedding():
    module = nn.Embedding(5, 3)
    x = torch.tensor([[0, 4, 4], [2, 0, 1]])
    with torch.no_grad():
        module.weight.copy_(filled([5, 3], 23))
    y = module(x)
    (y * filled(y.shape, 97)).sum().backward()
    return {"y": y.detach().flatten().tolist(), "grad": module.weight.grad.flatten().tolist()}


here = pathlib.Path(__file__).parent
cases = [run(*case) for case in CASES]
(here / "layers.json").write_text(json.dumps({"torch": torch.__version__, "cases": cases, "embedding": embedding()}) + "\n")
print(len(cases), "cases")
