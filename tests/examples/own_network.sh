#!/usr/bin/env bash
# own_network.sh PROGRAM: the example trains, and what it loads again answers as what it saved.
set -euo pipefail
program=$1
source "$(dirname "${BASH_SOURCE[0]}")/support.sh"

"$program" "$work/net.safetensors" | tee "$work/out"
trained=$(sed -n 's/^test accuracy \([0-9.]*\) %$/\1/p' "$work/out")
loaded=$(sed -n 's/^and \([0-9.]*\) % out of .*/\1/p' "$work/out")
[[ -n $trained && $trained == "$loaded" ]] || fail "trained: $trained %, loaded: $loaded %"
awk -v accuracy="$trained" 'BEGIN { exit !(accuracy > 95) }' || fail "only $trained %"
