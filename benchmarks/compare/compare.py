#!/usr/bin/env python3
"""Runs effv2 and its peers in turn, A B A B, a fresh process each; called by scripts/bench.

    compare.py BUILD [--only NAME] [--pairs N] [--write-docs]

With --only the other entries of an earlier run are kept.
BUILD holds effv2_compare and the peers' programs. Writes build/bench/compare.json and prints a table;
--write-docs also writes docs/benchmarks.md and its chart. `ratio` says how many times faster
effv2 is (median over the pairs of the pair's own ratio, so that a drifting machine cancels).
"""

import argparse
import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
PEERS = ROOT / 'benchmarks/peers'
OPENBLAS = '/usr/lib/x86_64-linux-gnu/openblas-openmp'

# What must be reached is the project's own aim; see docs/benchmarks.md for what is.
ENTRIES = [
    # name, aim, unit, ours, peer's name, peer
    ('train-s-28-b128-t2', 4.0, 'images/s', 'train s 28 128 2', 'PyTorch', 'train s 28 128 2'),
    ('train-s-28-b128-t2-expert', 2.7, 'images/s', 'train s 28 128 2', 'PyTorch, rewritten',
     'train s 28 128 2 --expert'),
    ('train-s-28-b32-t2', 4.0, 'images/s', 'train s 28 32 2', 'PyTorch', 'train s 28 32 2'),
    ('train-s-28-b128-t1', 3.2, 'images/s', 'train s 28 128 1', 'PyTorch', 'train s 28 128 1'),
    ('train-b0-32-b128-t2', 4.0, 'images/s', 'train b0 32 128 2 3 10', 'PyTorch',
     'train b0 32 128 2 --channels 3'),
    ('train-s-128-b16-t2', 2.0, 'images/s', 'train s 128 16 2 3 1000', 'PyTorch',
     'train s 128 16 2 --channels 3 --classes 1000'),
    ('infer-s-28-b1-t1', 3.0, 'images/s', 'infer s 28 1 1', 'PyTorch', 'infer s 28 1 1'),
    ('infer-s-28-b256-t1', 2.3, 'images/s', 'infer s 28 256 1', 'PyTorch', 'infer s 28 256 1'),
    ('infer-s-224-b1-t2', 1.4, 'images/s', 'infer s 224 1 2 3 1000', 'PyTorch',
     'infer s 224 1 2 --channels 3 --classes 1000'),
    ('infer-s-384-b1-t2', 1.4, 'images/s', 'infer s 384 1 2 3 1000', 'PyTorch',
     'infer s 384 1 2 --channels 3 --classes 1000'),
    ('lenet-b64-t1', 1.3, 'images/CPU s', 'lenet 64', 'libtorch (C++)', 'lenet'),
    ('conv-forward-geomean', 0.80, 'GFLOP/s', 'conv forward', 'peak of multiply-adds', 'peak'),
    ('conv-data-geomean', 0.75, 'GFLOP/s', 'conv data', 'peak of multiply-adds', 'peak'),
    ('conv-weight-geomean', 0.75, 'GFLOP/s', 'conv weight', 'peak of multiply-adds', 'peak'),
    ('optimizer-adamw-s', 0.95, 'steps/s', 'adamw 2', 'a plain loop', 'adamw-loop 2'),
    ('thread-scaling-s-b128', 1.85, 'images/s', 'train s 28 128 2', 'one thread',
     'train s 28 128 1'),
]


def is_framework(peer_name):
    return peer_name.startswith(('PyTorch', 'libtorch'))


def peer_command(build, entry):
    kind, peer = entry[4], entry[5]
    if kind.startswith('PyTorch'):
        return ['/usr/bin/python3', str(PEERS / 'pytorch.py'), *peer.split()]
    if kind.startswith('libtorch'):
        return [str(build / 'libtorch_lenet')]
    return [str(build / 'effv2_compare'), *peer.split()]


def peer_environment():
    """The peers at their best: the OpenMP build of OpenBLAS, no presets, an allocator that keeps."""
    environment = dict(os.environ)
    for name in ('OPENBLAS_CORETYPE', 'OPENBLAS_L2_SIZE'):
        environment.pop(name, None)
    environment['LD_LIBRARY_PATH'] = OPENBLAS
    environment['MALLOC_TRIM_THRESHOLD_'] = environment['MALLOC_MMAP_THRESHOLD_'] = '10000000000'
    return environment


def run(command, environment=None):
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    lines = done.stdout.strip().splitlines()
    if done.returncode != 0 or not lines:
        sys.exit(f'compare: {" ".join(command)} failed:\n{done.stderr[-2000:]}')
    return json.loads(lines[-1])


def measure(build, entry, pairs):
    name, aim, unit, ours, peer_name, _ = entry
    our_command = [str(build / 'effv2_compare'), *ours.split()]
    their_command = peer_command(build, entry)
    environment = peer_environment() if is_framework(peer_name) else None
    a, b = [], []
    for _ in range(pairs):
        a.append(run(our_command))
        b.append(run(their_command, environment))
    ratios = [x['value'] / y['value'] for x, y in zip(a, b)]
    median = lambda runs, key: statistics.median(r[key] for r in runs)
    version = f'{peer_name} {b[0]["version"]}' if is_framework(peer_name) else peer_name
    return {'name': name, 'ours': median(a, 'value'), 'peer': median(b, 'value'), 'unit': unit,
            'ratio': statistics.median(ratios), 'ratio_min': min(ratios),
            'ratio_max': max(ratios), 'pairs': pairs, 'peer_name': version,
            'ours_rss_mib': median(a, 'rss_mib'), 'peer_rss_mib': median(b, 'rss_mib'), 'aim': aim}


def row(r, cells):
    return cells.format(name=r['name'], ours=r['ours'], peer=r['peer'], unit=r['unit'],
                        ratio=r['ratio'], low=r['ratio_min'], high=r['ratio_max'], aim=r['aim'],
                        a=r['ours_rss_mib'], b=r['peer_rss_mib'], peer_name=r['peer_name'])


def chart(results):
    """Horizontal bars of the ratios against other frameworks, readable on light and dark."""
    shown = [r for r in results if is_framework(r['peer_name'])]
    scale = 400 / max([r['ratio'] for r in shown] + [1.0])
    height = 26 * len(shown) + 50
    lines = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 720 {height}" '
             'font-family="sans-serif" font-size="13" fill="#808080">',
             '<text x="10" y="20">times faster than the peer (1 = equal), median of pairs</text>']
    for i, r in enumerate(shown):
        y = 36 + 26 * i
        lines.append(f'<text x="230" y="{y + 14}" text-anchor="end">{r["name"]}</text>'
                     f'<rect x="240" y="{y}" width="{r["ratio"] * scale:.1f}" height="18" '
                     'fill="#3a7bd5"/>'
                     f'<text x="{248 + r["ratio"] * scale:.1f}" y="{y + 14}">'
                     f'{r["ratio"]:.2f}</text>')
    one = 240 + scale
    lines.append(f'<line x1="{one:.1f}" y1="32" x2="{one:.1f}" y2="{height - 12}" '
                 'stroke="#d04040"/></svg>')
    return '\n'.join(lines) + '\n'


def machine():
    # Virtual machines are given names that many processors share; the number tells them apart.
    lines = [line.split(':', 1) for line in open('/proc/cpuinfo') if ':' in line]
    facts = {key.strip(): value.strip() for key, value in lines}
    model = facts.get('model name', platform.processor())
    if 'model' in facts:
        model += f' (model {facts["model"]})'
    compiler = subprocess.run(['c++', '--version'], capture_output=True,
                              text=True).stdout.splitlines()[0]
    return f'{model}, {os.cpu_count()} cores, {compiler}'


def write_docs(results):
    (ROOT / 'docs/benchmarks.svg').write_text(chart(results))
    text = ['# Benchmarks', '',
            'effv2 and its peers in turn (A B A B), a fresh process each, medians; made by',
            '`scripts/bench --compare --write-docs`. The peers are at their best: channels_last,',
            'flushed denormals, the OpenMP build of OpenBLAS, an allocator that keeps its memory;',
            'inference is the better of jit.freeze and optimize_for_inference. The ratio says how',
            'many times faster effv2 is, in brackets the lowest and highest of the pairs; memory is',
            "the whole process's peak in MiB. The aim is the project's own.", '',
            f'Machine: {machine()} (shared). Peers: '
            + ', '.join(sorted({r["peer_name"] for r in results
                                if is_framework(r["peer_name"])})) + '.',
            '', '![Ratios](benchmarks.svg)', '',
            '| name | effv2 | peer | unit | ratio | aim | memory | peer\'s |',
            '|---|---|---|---|---|---|---|---|']
    text += [row(r, '| `{name}` | {ours:.4g} | {peer:.4g} | {unit} | **{ratio:.2f}** '
                    '({low:.2f}-{high:.2f}) | {aim:.2f} | {a:.0f} | {b:.0f} |') for r in results]
    notes = ROOT / 'benchmarks/compare/notes.md'
    (ROOT / 'docs/benchmarks.md').write_text('\n'.join(text) + '\n\n' + notes.read_text())


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('build', type=pathlib.Path)
    parser.add_argument('--only')
    parser.add_argument('--pairs', type=int, default=5)
    parser.add_argument('--write-docs', action='store_true')
    options = parser.parse_args()
    entries = [e for e in ENTRIES if options.only in (None, e[0])]
    if not entries:
        sys.exit(f'compare: no entry {options.only}; there are: ' + ' '.join(e[0] for e in ENTRIES))
    results = []
    for entry in entries:
        results.append(measure(options.build, entry, options.pairs))
        print(row(results[-1], '{name:28} {ours:9.4g} : {peer:<9.4g} {unit:12} ratio {ratio:5.2f} '
                               '({low:.2f}-{high:.2f}), aim {aim:.2f}   memory {a:.0f} : {b:.0f} '
                               'MiB   {peer_name}'), flush=True)
    out = ROOT / 'build/bench/compare.json'
    out.parent.mkdir(parents=True, exist_ok=True)
    if options.only and out.exists():
        known = {r['name']: r for r in json.loads(out.read_text())}
        known.update({r['name']: r for r in results})
        results = [{**known[e[0]], 'aim': e[1]} for e in ENTRIES if e[0] in known]
    keys = ('name', 'ours', 'peer', 'unit', 'ratio', 'ratio_min', 'ratio_max', 'pairs',
            'peer_name', 'ours_rss_mib', 'peer_rss_mib')
    out.write_text(json.dumps([{k: r[k] for k in keys} for r in results], indent=1) + '\n')
    if options.write_docs:
        write_docs(results)


main()
