#!/usr/bin/env bash
# check_peer.sh PROGRAM: the network that PyTorch trains beside ours is the same, and learns.
# Exits with 77 where PyTorch is missing.
set -euo pipefail
program=$1
/usr/bin/python3 -c 'import torchvision' 2>/dev/null || exit 77
source "$(dirname "${BASH_SOURCE[0]}")/../examples/support.sh"
sample=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../examples/data/mnist-sample" && pwd)

"$program" pytorch --quick --mnist "$sample" --fashion "$sample" --seeds 1 --epochs 6 --images 1280 \
  --out "$work/it's" >"$work/out"
/usr/bin/python3 - "$work/it's/pytorch.jsonl" <<'PYTHON' || fail 'the peer is another one'
import json, sys
runs = [json.loads(line) for line in open(sys.argv[1])][1:]
assert len(runs) == 4, runs
assert {run['configuration'] for run in runs} == {'effv2', 'PyTorch'}
assert {run['parameters'] for run in runs} == {209848}, runs
assert {run['steps'] for run in runs} == {60}, runs
assert all(run['loss'] < 2.0 and run['accuracy'] > 0.3 for run in runs), runs
PYTHON
echo 'the same network in PyTorch'
