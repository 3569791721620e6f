#!/usr/bin/env python3
"""Trains the network `tiny` or S on MNIST or Fashion-MNIST with PyTorch, as effv2 does it, and says
how good it is as it goes: a JSON line for each test, and one with the sums at the end.

    pytorch_mnist.py FOLDER --epochs X [--model tiny|s] [--images N] [--tests N] [--seed N]
                     [--threads N] [--test-every STEPS] [--steps N] [--size PIXELS]
                     [--mean X] [--deviation X]

The same table, start, AdamW, schedule, smoothed labels, stochastic depth, dropout and random shifts;
other random numbers. PyTorch at its best on a CPU: channels_last, flushed denormals, pictures
shifted by one call for a batch, OpenMP's OpenBLAS, an allocator that keeps its memory. Seconds are
of the training loop, without the tests.
"""

import argparse
import gzip
import json
import math
import os
import pathlib
import signal
import statistics
import sys
import time
import typing

SETTINGS = {
    'LD_LIBRARY_PATH': '/usr/lib/x86_64-linux-gnu/openblas-openmp',
    'MALLOC_TRIM_THRESHOLD_': '10000000000',
    'MALLOC_MMAP_THRESHOLD_': '10000000000',
}
if any(os.environ.get(name) != value for name, value in SETTINGS.items()):
    for name in ('OPENBLAS_CORETYPE', 'OPENBLAS_L2_SIZE'):
        os.environ.pop(name, None)
    os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, **SETTINGS})

import numpy
import torch
import torch.nn.functional as F
from torchvision.models.efficientnet import EfficientNet, FusedMBConvConfig, MBConvConfig

CLASSES, DECAY, SMOOTHING = 10, 0.02, 0.1
FUSED, MB = FusedMBConvConfig, MBConvConfig


class Plan(typing.NamedTuple):
    """A network's table, and how it is trained."""
    stages: list  # (expand, kernel, stride, in, out, repeats)
    stem: int
    head: int
    batch: int
    rate: float
    warmup_epochs: float
    drop: float  # of the classifier's inputs, and of the last block
    shift: float  # pixels


PLANS = {
    'tiny': Plan([FUSED(1, 3, 1, 16, 16, 1), FUSED(4, 3, 2, 16, 24, 2), MB(4, 3, 2, 24, 48, 2),
                  MB(4, 3, 1, 48, 64, 3)],
                 stem=16, head=256, batch=128, rate=3e-3, warmup_epochs=0.5, drop=0.1, shift=2.0),
    # For an epoch or so: no regularisation but smoothed labels and shifts.
    's': Plan([FUSED(1, 3, 1, 24, 24, 2), FUSED(4, 3, 2, 24, 48, 4), FUSED(4, 3, 2, 48, 64, 4),
               MB(4, 3, 2, 64, 128, 6), MB(6, 3, 1, 128, 160, 9), MB(6, 3, 2, 160, 256, 15)],
              stem=24, head=1280, batch=128, rate=6e-3, warmup_epochs=0.043, drop=0.0, shift=2.0),
}


def read_idx(folder, name, count):
    """The first `count` entries of an IDX file, plain or compressed; 0: all."""
    path = pathlib.Path(folder) / name
    raw = path.read_bytes() if path.exists() else gzip.open(f'{path}.gz').read()
    rank = raw[3]
    shape = numpy.frombuffer(raw, '>u4', rank, 4)
    values = numpy.frombuffer(raw, numpy.uint8, offset=4 + 4 * rank).reshape(shape)
    return values[:count] if count > 0 else values


def read_set(options, part, count):
    """Pictures (N, 1, height, width) in [0, 1] and labels."""
    pictures = read_idx(options.folder, f'{part}-images-idx3-ubyte', count)
    labels = read_idx(options.folder, f'{part}-labels-idx1-ubyte', count)
    pictures = torch.from_numpy(pictures.astype(numpy.float32) / 255.0)[:, None]
    if options.size > 0:
        pictures = F.interpolate(pictures, (options.size, options.size), mode='bilinear',
                                 align_corners=False, antialias=True)
    return pictures, torch.from_numpy(labels.astype(numpy.int64))


def network(plan):
    """effv2's table of that name, with its start: branches that begin as nothing, a classifier
    without an opinion, depthwise filters drawn by their own fan-out."""
    norm = lambda channels: torch.nn.BatchNorm2d(channels, eps=1e-3)
    model = EfficientNet(plan.stages, dropout=plan.drop, stochastic_depth_prob=plan.drop,
                         num_classes=CLASSES, norm_layer=norm, last_channel=plan.head)
    model.features[0][0] = torch.nn.Conv2d(1, plan.stem, 3, 2, 1, bias=False)
    with torch.no_grad():
        for module in model.modules():
            if isinstance(module, torch.nn.Conv2d):
                fan_out = module.weight[0, 0].numel() * module.out_channels // module.groups
                module.weight.normal_(0.0, math.sqrt(2.0 / fan_out))
            if getattr(module, 'use_res_connect', False):
                [m for m in module.modules()
                 if isinstance(m, torch.nn.BatchNorm2d)][-1].weight.zero_()
        model.classifier[1].weight.mul_(0.1)
    return model.to(memory_format=torch.channels_last)


def shifted(pictures, most):
    """Each moved by up to `most` pixels either way, black where there was nothing."""
    if most == 0.0:
        return pictures
    count, _, height, width = pictures.shape
    places = torch.eye(2, 3).repeat(count, 1, 1)
    places[:, :, 2] = (2.0 * torch.rand(count, 2) - 1.0) * most * 2.0 / torch.tensor(
        [float(width), float(height)])
    grid = F.affine_grid(places, pictures.shape, align_corners=False)
    return F.grid_sample(pictures, grid, align_corners=False)


def rate_at(step, peak, warmup, total):
    if step < warmup:
        return peak * (step + 1) / warmup
    return peak * 0.5 * (1.0 + math.cos(math.pi * (step - warmup) / max(1, total - warmup)))


def groups_of(model):
    """Weight decay leaves out biases and batch norm."""
    parameters = list(model.parameters())
    return [{'params': [p for p in parameters if p.ndim > 1], 'weight_decay': DECAY},
            {'params': [p for p in parameters if p.ndim <= 1], 'weight_decay': 0.0}]


def test(model, pictures, labels, normalize):
    model.eval()
    correct, loss = 0, 0.0
    with torch.no_grad():
        for x, y in zip(pictures.split(256), labels.split(256)):
            logits = model(normalize(x))
            correct += (logits.argmax(1) == y).sum().item()
            loss += F.cross_entropy(logits, y, reduction='sum').item()
    model.train()
    return {'accuracy': correct / len(labels), 'loss': loss / len(labels)}


def train(options):
    pictures, labels = read_set(options, 'train', options.images)
    test_set = read_set(options, 't10k', options.tests)
    normalize = lambda x: ((x - options.mean) / options.deviation).contiguous(
        memory_format=torch.channels_last)
    plan = PLANS[options.model]
    model = network(plan).train()
    optimizer = torch.optim.AdamW(groups_of(model), lr=plan.rate)
    loss_of = torch.nn.CrossEntropyLoss(label_smoothing=SMOOTHING)
    epoch_steps = len(labels) // plan.batch
    total = round(epoch_steps * options.epochs)
    warmup = round(plan.warmup_epochs * epoch_steps)
    last = min(total, options.steps) if options.steps > 0 else total
    seconds, times, result = 0.0, [], {}
    for step in range(last):
        begin = time.perf_counter()
        at = step % epoch_steps
        if at == 0:
            order = torch.randperm(len(labels))
        chosen = order[at * plan.batch:(at + 1) * plan.batch]
        for group in optimizer.param_groups:
            group['lr'] = rate_at(step, plan.rate, warmup, total)
        optimizer.zero_grad(set_to_none=True)
        inputs = normalize(shifted(pictures[chosen], plan.shift))
        loss_of(model(inputs), labels[chosen]).backward()
        optimizer.step()
        times.append(time.perf_counter() - begin)
        seconds += times[-1]
        if (options.test_every > 0 and (step + 1) % options.test_every == 0) or step + 1 == last:
            result = test(model, *test_set, normalize)
            print(json.dumps({'step': step + 1, 'seconds': seconds, **result}), flush=True)
    print(json.dumps({'done': True, 'steps': last, 'total_steps': total, 'seconds': seconds,
                      'step_ms': 1e3 * statistics.median(times),
                      'parameters': sum(p.numel() for p in model.parameters()), **result}))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('folder')
    parser.add_argument('--epochs', type=float, required=True)
    parser.add_argument('--model', choices=PLANS, default='tiny')
    parser.add_argument('--images', type=int, default=0)
    parser.add_argument('--tests', type=int, default=0)
    parser.add_argument('--seed', type=int, default=1)
    parser.add_argument('--threads', type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument('--test-every', type=int, default=0)
    parser.add_argument('--steps', type=int, default=0)
    parser.add_argument('--size', type=int, default=0)
    parser.add_argument('--mean', type=float, default=0.1307)
    parser.add_argument('--deviation', type=float, default=0.3081)
    options = parser.parse_args()
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    torch.manual_seed(options.seed)
    torch.set_num_threads(options.threads)
    torch.set_flush_denormal(True)
    train(options)


main()
