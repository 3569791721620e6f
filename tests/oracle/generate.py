#!/usr/bin/env python3
"""Makes small_net.safetensors: what PyTorch says of a small EfficientNetV2.

Debian: apt install python3-torch python3-torchvision, then /usr/bin/python3 generate.py.
Everything is double precision; names and layouts are torchvision's.

    input, labels                   one batch
    initial.NAME                    parameters and statistics before anything
    eval_logits                     inference with them
    logits, loss, gradient.NAME     of the first training step
    running.NAME                    batch norm statistics after it
    adamw.NAME, losses.adamw        after ten steps on the same batch, and the ten losses
    rmsprop.NAME, losses.rmsprop    likewise
"""
import copy
import functools
import json
import pathlib
import sys

import torch
import torchvision
from torchvision.models.efficientnet import EfficientNet, FusedMBConvConfig, MBConvConfig

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "scripts"))
import safetensors_file  # noqa: E402

TABLE = [  # kernel and stride, expansion, channels, repeats
    FusedMBConvConfig(1, 3, 1, 8, 8, 2),
    FusedMBConvConfig(4, 3, 2, 8, 16, 2),
    MBConvConfig(4, 5, 2, 16, 16, 2),
]
ADAMW = dict(lr=2e-3, betas=(0.9, 0.999), eps=1e-3, weight_decay=0.05)
RMSPROP = dict(lr=2e-3, rho=0.9, momentum=0.9, eps=1e-3, weight_decay=1e-3)
STEPS, SMOOTHING = 10, 0.1


def network():
    net = EfficientNet(TABLE, dropout=0.0, stochastic_depth_prob=0.0, num_classes=10,
                       norm_layer=functools.partial(torch.nn.BatchNorm2d, eps=1e-3, momentum=0.1),
                       last_channel=48)
    net.features[0][0] = torch.nn.Conv2d(1, 8, 3, stride=2, padding=1, bias=False)
    net = net.double()
    for name, tensor in net.state_dict().items():
        noise = torch.rand(tensor.shape, dtype=torch.float64) * 2 - 1
        if name.endswith("running_var"):
            tensor.copy_(1 + 0.5 * noise)
        elif name.endswith("running_mean"):
            tensor.copy_(0.3 * noise)
        elif tensor.dim() == 1 and name.endswith("weight"):  # gamma
            tensor.copy_(1 + 0.3 * noise)
        elif tensor.dim() == 1:  # beta, biases
            tensor.copy_(0.2 * noise)
    return net


def loss_of(logits, labels):
    return torch.nn.functional.cross_entropy(logits, labels, label_smoothing=SMOOTHING)


def train(net, batch, labels, update):
    net.train()
    losses = []
    for _ in range(STEPS):
        net.zero_grad()
        loss = loss_of(net(batch), labels)
        loss.backward()
        losses.append(loss.detach())
        update()
    return torch.stack(losses)


def adamw(net):
    decay = [p for p in net.parameters() if p.dim() > 1]
    rest = [p for p in net.parameters() if p.dim() == 1]
    return torch.optim.AdamW([dict(params=decay), dict(params=rest, weight_decay=0.0)], **ADAMW).step


def rmsprop(net):
    """The paper's: epsilon inside the root, rate inside the momentum, mean square from 1."""
    o = RMSPROP
    state = {p: (torch.ones_like(p), torch.zeros_like(p)) for p in net.parameters()}

    @torch.no_grad()
    def step():
        for p, (square, momentum) in state.items():
            g = p.grad + (o["weight_decay"] * p if p.dim() > 1 else 0)
            square.mul_(o["rho"]).add_(g * g, alpha=1 - o["rho"])
            momentum.mul_(o["momentum"]).add_(o["lr"] * g / torch.sqrt(square + o["eps"]))
            p.sub_(momentum)

    return step


def write(path, tensors, metadata):
    kinds = {torch.float64: "F64", torch.int64: "I64"}
    safetensors_file.write(path, {name: (kinds[t.dtype], t.shape, t.contiguous().numpy().tobytes())
                                  for name, t in tensors.items()}, metadata)


def main():
    torch.manual_seed(2021)
    torch.set_num_threads(1)
    start = network()
    batch = torch.rand(6, 1, 15, 15, dtype=torch.float64) * 2 - 1
    labels = torch.tensor([3, 1, 4, 1, 5, 9])
    out = {"input": batch, "labels": labels}

    def keep(prefix, tensors):
        for name, tensor in tensors:
            if not name.endswith("num_batches_tracked"):
                out[f"{prefix}.{name}"] = tensor.detach().clone()

    keep("initial", start.state_dict().items())
    out["eval_logits"] = copy.deepcopy(start).eval()(batch).detach()

    first = copy.deepcopy(start).train()
    logits = first(batch)
    loss = loss_of(logits, labels)
    loss.backward()
    out["logits"], out["loss"] = logits.detach(), loss.detach()
    keep("gradient", ((n, p.grad) for n, p in first.named_parameters()))
    keep("running", ((n, b) for n, b in first.named_buffers()))

    for name, make in (("adamw", adamw), ("rmsprop", rmsprop)):
        net = copy.deepcopy(start)
        out[f"losses.{name}"] = train(net, batch, labels, make(net))
        keep(name, net.named_parameters())

    count = sum(p.numel() for p in start.parameters())
    table = [dict(block=row.block.__name__, expansion=row.expand_ratio, kernel=row.kernel,
                  stride=row.stride, channels=[row.input_channels, row.out_channels],
                  repeats=row.num_layers) for row in TABLE]
    metadata = {"torch": torch.__version__, "torchvision": torchvision.__version__,
                "parameters": str(count), "steps": str(STEPS), "table": json.dumps(table),
                "stem": json.dumps(dict(kernel=3, stride=2, channels=[1, 8])),
                "head": "48", "batch_norm": json.dumps(dict(eps=1e-3, momentum=0.1)),
                "adamw": json.dumps(ADAMW), "rmsprop": json.dumps(RMSPROP),
                "label_smoothing": str(SMOOTHING)}
    write(pathlib.Path(__file__).with_name("small_net.safetensors"), out, metadata)
    print(count, "parameters", {n: tuple(t.shape) for n, t in out.items() if n.startswith("initial")})


if __name__ == "__main__":
    main()
