#!/usr/bin/env bash
# predict.sh PREDICT MNIST_TRAIN: a network that was just trained answers pictures of its digits,
# light on dark or dark on light alike; bad files are refused.
set -euo pipefail
program=$1 train=$2
source "$(dirname "${BASH_SOURCE[0]}")/support.sh"

"$train" --model tiny --steps 150 --seed 1 --quiet --out "$work" >/dev/null
# A one: a bar of 6 x 40 in a picture of 50 x 60.
bar() { # INK PAPER
  printf 'P5 50 60 255\n'
  for y in {1..60}; do
    for x in {1..50}; do
      if ((y > 10 && y <= 50 && x > 22 && x <= 28)); then printf %s "$1"; else printf %s "$2"; fi
    done
  done
}
bar z ' ' >"$work/light.pgm"
bar ' ' z >"$work/dark.pgm"
"$program" "$work/model.safetensors" "$work/light.pgm" "$work/dark.pgm" >"$work/answers"
[[ $(cut -d: -f2 "$work/answers" | sort -u | wc -l) == 1 ]] || fail "polarity: $(cat "$work/answers")"
grep -q 'light.pgm: 1 ' "$work/answers" || fail "a one is none: $(cat "$work/answers")"

refuses
refuses "$work/nothing.safetensors" "$work/light.pgm"
refuses "$work/light.pgm" "$work/light.pgm"
refuses "$work/model.safetensors" "$work/nothing.png"
