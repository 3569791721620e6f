#!/usr/bin/env python3
"""Makes layers.safetensors: what PyTorch says of single layers whose conventions are easy to miss.

Everything is double precision in PyTorch's layouts. README.md lists the cases. Of each case:

    CASE.input, CASE.weight, ...        what goes in
    CASE.output                         what comes out
    CASE.cotangent                      a random gradient of the output (none where it is a loss)
    CASE.gradient.input, ...            the gradients that follow from it
"""
import json
import pathlib
import sys

import torch
import torchvision
from torch.nn import functional as F

sys.dont_write_bytecode = True
from generate import write  # noqa: E402

EPSILON, MOMENTUM = 1e-3, 0.1
ADAMW = dict(lr=0.01, betas=(0.9, 0.999), eps=1e-3, weight_decay=0.05)
SGD = dict(lr=0.01, momentum=0.9, nesterov=True, weight_decay=0.02)
out = {}


def uniform(*shape, low=-1.0, high=1.0):
    return low + (high - low) * torch.rand(shape, dtype=torch.float64)


def case(name, function, **inputs):
    """Runs function(**inputs) and keeps everything; the gradients are of the floating inputs."""
    leaves = {n: t.clone().requires_grad_() if t.is_floating_point() else t
              for n, t in inputs.items()}
    result = function(**leaves)
    cotangent = uniform(*result.shape) if result.dim() else torch.ones_like(result)
    result.backward(cotangent)
    for n, t in inputs.items():
        out[f"{name}.{n}"] = t
    out[f"{name}.output"] = result.detach()
    if result.dim():
        out[f"{name}.cotangent"] = cotangent
    for n, t in leaves.items():
        if t.grad is not None:
            out[f"{name}.gradient.{n}"] = t.grad


def same(x, kernel, stride):
    """TensorFlow's SAME for one kernel and stride: the odd pixel at the bottom and right."""
    pads = []
    for size in (x.shape[3], x.shape[2]):  # F.pad begins with the last dimension
        total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
        pads += [total // 2, total - total // 2]
    return F.pad(x, pads)


def convolutions():
    for name, height, width in (("odd", 7, 9), ("even", 8, 10), ("mixed", 8, 7)):
        case(f"conv2d_same_{name}",
             lambda input, weight: F.conv2d(same(input, 3, 2), weight, stride=2),
             input=uniform(2, 3, height, width), weight=uniform(5, 3, 3, 3))
        case(f"depthwise_same_{name}",
             lambda input, weight: F.conv2d(same(input, 5, 2), weight, stride=2, groups=4),
             input=uniform(2, 4, height, width), weight=uniform(4, 1, 5, 5))
        case(f"conv2d_symmetric_{name}",
             lambda input, weight: F.conv2d(input, weight, stride=2, padding=1),
             input=uniform(2, 3, height, width), weight=uniform(5, 3, 3, 3))
        case(f"depthwise_symmetric_{name}",
             lambda input, weight: F.conv2d(input, weight, stride=2, padding=2, groups=4),
             input=uniform(2, 4, height, width), weight=uniform(4, 1, 5, 5))


def batch_norms():
    for name, training in (("train", True), ("eval", False)):
        mean, var = uniform(5), uniform(5, low=0.5, high=2.0)
        after = (mean.clone(), var.clone())
        case(f"batch_norm_{name}",
             lambda input, weight, bias: F.batch_norm(input, *after, weight, bias, training,
                                                      MOMENTUM, EPSILON),
             input=2 + 3 * uniform(3, 5, 2, 3), weight=uniform(5, low=0.5, high=1.5),
             bias=uniform(5))
        out[f"batch_norm_{name}.running_mean"], out[f"batch_norm_{name}.running_var"] = mean, var
        out[f"batch_norm_{name}.after.running_mean"] = after[0]
        out[f"batch_norm_{name}.after.running_var"] = after[1]


def elementwise():
    case("hardswish", F.hardswish, input=uniform(61, low=-5.0, high=5.0))
    case("hardswish_kinks", F.hardswish, input=torch.tensor([-3.0, 0.0, 3.0], dtype=torch.float64))
    case("silu", F.silu, input=torch.cat([uniform(61, low=-8.0, high=8.0), torch.tensor(
        [-745.0, -100.0, -40.0, 0.0, 40.0, 100.0, 745.0], dtype=torch.float64)]))


def poolings():
    for name, height, width in (("odd", 7, 9), ("even", 8, 10)):
        case(f"max_pool_{name}", lambda input: F.max_pool2d(input, 3, stride=2, padding=1),
             input=uniform(2, 3, height, width, low=-2.0, high=-1.0))  # padding with 0 would win
        case(f"avg_pool_{name}", lambda input: F.avg_pool2d(input, 3, stride=2, padding=1,
                                                            count_include_pad=False),
             input=uniform(2, 3, height, width, low=1.0, high=2.0))


def losses():
    labels = torch.tensor([3, 0, 9, 3, 5])
    case("cross_entropy_labels", lambda logits, labels: F.cross_entropy(
        logits, labels, label_smoothing=0.1), logits=4 * uniform(5, 10), labels=labels)
    soft = torch.softmax(2 * uniform(5, 10), dim=1)
    for name, smoothing in (("soft", 0.0), ("soft_smoothed", 0.1)):
        case(f"cross_entropy_{name}", lambda logits, targets: F.cross_entropy(
            logits, targets.detach(), label_smoothing=smoothing), logits=4 * uniform(5, 10),
            targets=soft)


def optimizers():
    """Three steps with given gradients; weight has decay, bias has none."""
    for name, kind, options in (("adamw", torch.optim.AdamW, ADAMW),
                                ("sgd_nesterov", torch.optim.SGD, SGD)):
        values = {"weight": uniform(4, 3), "bias": uniform(4)}
        parameters = {n: torch.nn.Parameter(v.clone()) for n, v in values.items()}
        optimizer = kind([dict(params=[parameters["weight"]]),
                          dict(params=[parameters["bias"]], weight_decay=0.0)], **options)
        for n, v in values.items():
            out[f"{name}.initial.{n}"] = v
            out[f"{name}.gradients.{n}"] = uniform(3, *v.shape)  # one for each step
        history = {n: [] for n in values}
        for step in range(3):
            for n, p in parameters.items():
                p.grad = out[f"{name}.gradients.{n}"][step].clone()
            optimizer.step()
            for n, p in parameters.items():
                history[n].append(p.detach().clone())
        for n, h in history.items():
            out[f"{name}.after.{n}"] = torch.stack(h)


def resizing():
    for source, target in ((28, 20), (16, 28)):
        case(f"bilinear_{source}_{target}", lambda input: F.interpolate(
            input, size=(target, target), mode="bilinear", align_corners=False, antialias=False),
            input=uniform(1, 2, source, source))


def main():
    torch.manual_seed(2021)
    torch.set_num_threads(1)
    for make in (convolutions, batch_norms, elementwise, poolings, losses, optimizers, resizing):
        make()
    metadata = {"torch": torch.__version__, "torchvision": torchvision.__version__,
                "batch_norm": json.dumps(dict(eps=EPSILON, momentum=MOMENTUM)),
                "adamw": json.dumps(ADAMW), "sgd_nesterov": json.dumps(SGD),
                "label_smoothing": "0.1"}
    write(pathlib.Path(__file__).with_name("layers.safetensors"), out, metadata)
    for name, tensor in out.items():
        print(name, tuple(tensor.shape))


if __name__ == "__main__":
    main()
