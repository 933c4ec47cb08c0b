#!/usr/bin/python3
"""Records the PyTorch trajectories that VerifierTests replays: make_fixtures.py [OUT_DIR]

A developers' aid: the tests read the files that stand beside this script and need no Python. To make them anew, take
PyTorch 1.13 with onnx and numpy (Debian 12: python3-torch python3-onnx).

For each model NAME: NAME.onnx, opset 16, symbolic batch axis, PyTorch's parameter names. For each recipe:
NAME.RECIPE.npz, which holds
  input, target    the batches [steps, batch, ...]
  loss             the loss before each step [steps]
  grad/PARAMETER   the gradient at the first step
  final/PARAMETER  the weights after the last step
  ema/PARAMETER    the averaged weights after the last step
The trajectory is computed in float64 and stored in float32. The averaged weights begin as copies, follow
e = 0.9 e + 0.1 w after every optimizer step, and become the weights after every third step, so that the two differ at the end.
"""
import math
import pathlib
import sys

import numpy as np
import torch
from torch import nn
from torch.nn import functional

STEPS, DECAY, SWITCH_EVERY, WEIGHT_DECAY = 4, 0.9, 3, 0.01

RECIPES = {
    "sgd": lambda w: torch.optim.SGD(w, lr=0.05, weight_decay=WEIGHT_DECAY),
    "momentum": lambda w: torch.optim.SGD(w, lr=0.05, momentum=0.9, weight_decay=WEIGHT_DECAY),
    "nesterov": lambda w: torch.optim.SGD(w, lr=0.05, momentum=0.9, nesterov=True, weight_decay=WEIGHT_DECAY),
    "adam": lambda w: torch.optim.Adam(w, lr=1e-3, weight_decay=WEIGHT_DECAY),
    "adamw": lambda w: torch.optim.AdamW(w, lr=1e-3, weight_decay=WEIGHT_DECAY),
    "adagrad": lambda w: torch.optim.Adagrad(w, lr=1e-3, weight_decay=WEIGHT_DECAY),
    "rmsprop": lambda w: torch.optim.RMSprop(w, lr=1e-3, weight_decay=WEIGHT_DECAY),
    "nadam": lambda w: torch.optim.NAdam(w, lr=1e-3, weight_decay=WEIGHT_DECAY),
    "radam": lambda w: torch.optim.RAdam(w, lr=1e-3, weight_decay=WEIGHT_DECAY),
}

# These are recorded for two models, over more steps: RAdam begins to rectify after the fifth.
LONGER, LONG_STEPS = ("adagrad", "rmsprop", "nadam", "radam"), 50


def mlp():
    return nn.Sequential(nn.Linear(7, 12), nn.Tanh(), nn.Linear(12, 9), nn.Sigmoid(), nn.Linear(9, 4))


def convnet():
    return nn.Sequential(
        nn.Conv2d(1, 4, 3, padding=1, bias=False), nn.BatchNorm2d(4), nn.ReLU(),
        nn.Conv2d(4, 6, 3, padding=1, bias=False), nn.BatchNorm2d(6), nn.ReLU(),
        nn.MaxPool2d(2), nn.Flatten(), nn.Linear(6 * 3 * 3, 4))


class Mobile(nn.Module):
    """Depthwise, grouped and strided convolutions, the three kinds of pooling, ReLU6."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(2, 6, 3, stride=2, padding=1)
        self.depthwise = nn.Conv2d(6, 6, 3, padding=1, groups=6)
        self.grouped = nn.Conv2d(6, 8, 3, padding=2, dilation=2, groups=2)
        self.pointwise = nn.Conv2d(8, 8, 1)
        self.head = nn.Linear(8, 5)

    def forward(self, x):
        x = functional.relu6(self.stem(x) * 10)
        x = functional.max_pool2d(functional.relu6(self.depthwise(x) * 10), 3, stride=1, padding=1)
        x = functional.avg_pool2d(self.grouped(x), 2)
        return self.head(functional.adaptive_avg_pool2d(functional.relu6(self.pointwise(x)), 1).flatten(1))


class Transformer(nn.Module):
    """Embedding, one block of causal attention and GELU, layer normalisation; a class for each of the tokens."""

    def __init__(self, vocabulary=9, length=5, width=6, heads=2):
        super().__init__()
        self.heads = heads
        self.token = nn.Embedding(vocabulary, width)
        self.position = nn.Parameter(torch.randn(1, length, width) * 0.1)
        self.norm1, self.norm2, self.norm3 = nn.LayerNorm(width), nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.up, self.down = nn.Linear(width, 2 * width), nn.Linear(2 * width, width)
        self.head = nn.Linear(width, vocabulary, bias=False)
        self.register_buffer("mask", torch.full((length, length), -1e4).triu(1))

    def attention(self, x):
        n, t, d = x.shape
        q, k, v = (y.reshape(n, t, self.heads, d // self.heads).transpose(1, 2) for y in self.qkv(x).chunk(3, -1))
        scores = q @ k.transpose(-2, -1) / math.sqrt(d // self.heads) + self.mask
        return self.out((scores.softmax(-1) @ v).transpose(1, 2).reshape(n, t, d))

    def forward(self, tokens):
        x = self.token(tokens) + self.position
        x = x + self.attention(self.norm1(x))
        x = x + self.down(functional.gelu(self.up(self.norm2(x))))
        return self.head(self.norm3(x))


class Recurrent(nn.Module):
    """Two layers of LSTM in both directions, a GRU over them, and an RNN over that; a class for each sequence."""

    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(3, 4, num_layers=2, bidirectional=True, batch_first=True)
        self.gru = nn.GRU(8, 5, batch_first=True)
        self.rnn = nn.RNN(5, 6, batch_first=True)
        self.head = nn.Linear(6, 4)

    def forward(self, x):
        return self.head(self.rnn(self.gru(self.lstm(x)[0])[0])[1][0])


def images(channels, size):
    return lambda n, classes: (torch.rand(n, channels, size, size) * 2 - 1, torch.randint(classes, (n,)))


# name: (model, batch, batch size, classes, modes of batch normalisation)
MODELS = {
    "mlp": (mlp, lambda n, classes: (torch.randn(n, 7), torch.randint(classes, (n,))), 5, 4, ["frozen"]),
    "convnet": (convnet, images(1, 6), 4, 4, ["frozen", "train"]),
    "mobile": (Mobile, images(2, 8), 3, 5, ["frozen"]),
    "recurrent": (Recurrent, lambda n, classes: (torch.randn(n, 5, 3), torch.randint(classes, (n,))), 3, 4, ["frozen"]),
    "transformer": (Transformer, lambda n, classes: (torch.randint(9, (n, 5)), torch.randint(classes, (n, 5))), 3, 9, ["frozen"]),
}


def build(name):
    """The model with weights that differ everywhere: the exporter makes one initializer of two equal ones."""
    torch.manual_seed(7)
    net = MODELS[name][0]()
    with torch.no_grad():
        for tensor in net.state_dict().values():
            if tensor.is_floating_point() and tensor.dim() == 1:
                tensor.add_(torch.rand_like(tensor) * 0.2)
    return net


def export(name, path):
    _, batch, size, classes, _ = MODELS[name]
    torch.onnx.export(
        build(name).eval(), batch(size, classes)[0], str(path), opset_version=16, export_params=True,
        do_constant_folding=False, training=torch.onnx.TrainingMode.PRESERVE, input_names=["input"],
        output_names=["output"], dynamic_axes={"input": {0: "batch"}, "output": {0: "batch"}})


def record(name, mode, recipe, path):
    steps = LONG_STEPS if recipe in LONGER else STEPS
    _, batch, size, classes, _ = MODELS[name]
    net = build(name).double().train(mode == "train")
    torch.manual_seed(11)
    weights = dict(net.named_parameters())
    average = {k: w.detach().clone() for k, w in weights.items()}
    optimizer = RECIPES[recipe](list(weights.values()))
    inputs, targets, losses, arrays = [], [], [], {}
    for step in range(1, steps + 1):
        x, target = batch(size, classes)
        inputs.append(x.numpy())
        targets.append(target.numpy())
        output = net(x.double() if x.is_floating_point() else x)
        loss = functional.cross_entropy(output.reshape(-1, classes), target.reshape(-1))
        optimizer.zero_grad()
        loss.backward()
        losses.append(loss.item())
        if step == 1:
            arrays.update({f"grad/{k}": w.grad.float().numpy().copy() for k, w in weights.items()})
        optimizer.step()
        with torch.no_grad():
            for k, w in weights.items():
                average[k].mul_(DECAY).add_(w, alpha=1 - DECAY)
                if step % SWITCH_EVERY == 0:
                    w.copy_(average[k])
    arrays.update({f"final/{k}": w.detach().float().numpy() for k, w in weights.items()})
    arrays.update({f"ema/{k}": e.float().numpy() for k, e in average.items()})
    np.savez_compressed(path, input=np.stack(inputs), target=np.stack(targets), loss=np.array(losses), **arrays)


def main():
    folder = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else pathlib.Path(__file__).parent
    for name, (_, _, _, _, modes) in MODELS.items():
        export(name, folder / f"{name}.onnx")
        for mode in modes:
            for recipe in RECIPES:
                if recipe in LONGER and (name not in ("mlp", "transformer")):
                    continue
                record(name, mode, recipe, folder / f"{name}.{recipe}{'.train' if mode == 'train' else ''}.npz")


main()
