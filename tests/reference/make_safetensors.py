"""Makes the files in safetensors/ with Python's safetensors and PyTorch: what others write, for the readers and the writer.

    pip install torch==2.13.0 safetensors numpy && python tests/reference/make_safetensors.py
"""

import json
import pathlib

import numpy as np
import torch
from safetensors.numpy import save_file
from safetensors.torch import save_file as save_torch

here = pathlib.Path(__file__).parent / "safetensors"
here.mkdir(exist_ok=True)


def count(n, start):
    return start + np.arange(n) / 4


save_file(
    {
        "b.weight": count(6, -1).astype(np.float32).reshape(2, 3),
        "a": count(4, 2),
        "ä/10": count(2, 5).astype(np.float32).reshape(1, 2),
        "empty": np.zeros((0, 3), np.float32),
    },
    here / "tensors.safetensors",
    {"written by": "gradbook"},
)

half = torch.tensor([0.0, 1.0, -2.5, 65504.0, 6.104e-5, 5.96e-8, -0.333, 1024.5, 3.0])
types = {
    "f64": torch.tensor([0.1, -1e300], dtype=torch.float64),
    "f32": torch.tensor([0.1, -1e30], dtype=torch.float32),
    "f16": half.half(),
    "bf16": torch.tensor([0.0, 1.0, -2.5, 3e38, 1e-40, -0.333]).bfloat16(),
    "i64": torch.tensor([-(2**53) + 1, 7]),
    "i32": torch.tensor([-(2**31), 7], dtype=torch.int32),
    "i16": torch.tensor([-(2**15), 7], dtype=torch.int16),
    "i8": torch.tensor([-128, 7], dtype=torch.int8),
    "u8": torch.tensor([255, 7], dtype=torch.uint8),
    "u16": torch.tensor([65535, 7], dtype=torch.uint16),
    "u32": torch.tensor([2**32 - 1, 7], dtype=torch.uint32),
    "bool": torch.tensor([True, False]),
}
save_torch(types, here / "types.safetensors")
(here / "types.json").write_text(json.dumps({name: t.double().tolist() for name, t in types.items()}) + "\n")

torch.manual_seed(3)
net = torch.nn.Sequential(
    torch.nn.Conv2d(1, 3, 3, padding=1),
    torch.nn.BatchNorm2d(3),
    torch.nn.ReLU(),
    torch.nn.MaxPool2d(2),
    torch.nn.Flatten(),
    torch.nn.Linear(48, 4),
)
net(torch.randn(20, 1, 8, 8) * 2 + 1)  # so that the running statistics are not those of the beginning
net.eval()
x = torch.randn(2, 1, 8, 8)
save_torch(net.state_dict(), here / "torch.safetensors")
y = net.double()(x.double())
(here / "torch.json").write_text(json.dumps({"x": x.double().flatten().tolist(), "y": y.flatten().tolist()}) + "\n")
