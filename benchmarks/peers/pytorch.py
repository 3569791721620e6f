#!/usr/bin/env python3
"""One measurement of PyTorch, as fast as its users can make it run on a CPU; prints one JSON line.

    pytorch.py train MODEL SIZE BATCH THREADS [--channels N] [--classes N] [--expert]
    pytorch.py infer MODEL SIZE BATCH THREADS [--channels N] [--classes N]

Training is forward, cross-entropy with label smoothing, backward and AdamW. Tensors are
channels_last and denormals are flushed; inference is the better of jit.freeze and
optimize_for_inference. The caller chooses the BLAS (LD_LIBRARY_PATH) and the allocator's settings.
"""

import argparse
import json
import resource
import statistics
import time

import torch
import torch.nn.functional as F
import torchvision
from torchvision.models.efficientnet import EfficientNet, FusedMBConvConfig, MBConvConfig


def b0(classes):
    """EfficientNetV2-B0, which torchvision has no name for."""
    fused, mb = FusedMBConvConfig, MBConvConfig
    stages = [
        fused(1, 3, 1, 32, 16, 1), fused(4, 3, 2, 16, 32, 2), fused(4, 3, 2, 32, 48, 2),
        mb(4, 3, 2, 48, 96, 3), mb(6, 3, 1, 96, 112, 5), mb(6, 3, 2, 112, 192, 8),
    ]
    norm = lambda channels: torch.nn.BatchNorm2d(channels, eps=1e-3)
    return EfficientNet(stages, dropout=0.2, last_channel=1280, num_classes=classes,
                        norm_layer=norm)


class ExpertConv2d(torch.nn.Conv2d):
    """What an expert does by hand: at 1 x 1 pixels a convolution is a matrix product, and a
    depthwise one sees only its centre tap."""

    def forward(self, x):
        if x.shape[2] == 1 and x.shape[3] == 1 and self.stride == (1, 1):
            centre = self.weight[:, :, self.kernel_size[0] // 2, self.kernel_size[1] // 2]
            rows = x.flatten(1)
            if self.groups == 1:
                return F.linear(rows, centre, self.bias)[:, :, None, None]
            return (rows * centre[:, 0])[:, :, None, None]
        return super().forward(x)


def build(options):
    if options.model == 'b0':
        model = b0(options.classes)
    else:
        model = getattr(torchvision.models, 'efficientnet_v2_' + options.model)(
            num_classes=options.classes)
    first = model.features[0][0]
    model.features[0][0] = torch.nn.Conv2d(options.channels, first.out_channels, 3, 2, 1,
                                           bias=False)
    if options.expert:
        for module in model.modules():
            if type(module) is torch.nn.Conv2d:
                module.__class__ = ExpertConv2d
    return model.to(memory_format=torch.channels_last)


def median_time(step, options):
    """Median seconds of a step, after a warm-up, over about `options.seconds`."""
    for _ in range(options.warmup):
        step()
    times, end = [], time.perf_counter() + options.seconds
    while len(times) < 3 or time.perf_counter() < end:
        begin = time.perf_counter()
        step()
        times.append(time.perf_counter() - begin)
    return statistics.median(times)


def train(options):
    model = build(options).train()
    x = torch.randn(options.batch, options.channels, options.size, options.size).to(
        memory_format=torch.channels_last)
    labels = torch.randint(0, options.classes, (options.batch,))
    loss = torch.nn.CrossEntropyLoss(label_smoothing=0.1)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, weight_decay=0.02,
                                  foreach=options.foreach)

    def step():
        optimizer.zero_grad(set_to_none=True)
        loss(model(x), labels).backward()
        optimizer.step()

    return median_time(step, options)


def infer(options):
    model = build(options).eval()
    x = torch.randn(options.batch, options.channels, options.size, options.size).to(
        memory_format=torch.channels_last)
    with torch.no_grad():
        frozen = torch.jit.freeze(torch.jit.trace(model, x))
        best = median_time(lambda: frozen(x), options)
        optimized = torch.jit.optimize_for_inference(frozen)
        return min(best, median_time(lambda: optimized(x), options))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('mode', choices=['train', 'infer'])
    parser.add_argument('model')
    parser.add_argument('size', type=int)
    parser.add_argument('batch', type=int)
    parser.add_argument('threads', type=int)
    parser.add_argument('--channels', type=int, default=1)
    parser.add_argument('--classes', type=int, default=10)
    parser.add_argument('--expert', action='store_true')
    parser.add_argument('--foreach', action='store_true')
    parser.add_argument('--seconds', type=float, default=4.0)
    parser.add_argument('--warmup', type=int, default=3)
    options = parser.parse_args()
    torch.manual_seed(1)
    torch.set_num_threads(options.threads)
    torch.set_flush_denormal(True)
    seconds = train(options) if options.mode == 'train' else infer(options)
    rss = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({'value': options.batch / seconds, 'rss_mib': rss,
                      'version': torch.__version__}))


main()
