#!/usr/bin/env bash
# kill.sh MNIST_TRAIN [KILLS]: a run that is killed at random moments and resumed, on one thread and on
# two by turns, leaves the bytes of a run that was left alone.
set -euo pipefail
program=$1 kills=${2:-12}
source "$(dirname "${BASH_SOURCE[0]}")/support.sh"
unset EFFV2_MNIST_DIR
sample=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../examples/data/mnist-sample" && pwd)
# A run for about five kills: they come after 0.3 to 0.8 s, of which it takes 0.2 to start. Hence many
# runs where there are many kills; a seed each.
run=(--model tiny --data "$sample" --batch 64 --epochs 2)

killed=0 resumed=0 runs=0 seed=0
while ((killed < kills)); do
  ((seed < kills)) || fail "$seed runs and only $killed kills: this machine is too fast"
  seed=$((seed + 1))
  rm -rf "$work/alone" "$work/killed"
  "$program" "${run[@]}" --seed $seed --out "$work/alone" >/dev/null
  while :; do
    "$program" "${run[@]}" --seed $seed --out "$work/killed" --checkpoint-every 3 --resume \
      --threads $((1 + RANDOM % 2)) >"$work/out" 2>"$work/error" &
    job=$!
    ((killed < kills)) && (
      sleep 0.$((300 + RANDOM % 500))
      kill -9 $job 2>/dev/null
    ) &
    code=0
    wait $job 2>/dev/null || code=$?
    wait || true
    ! grep -q '^resumed after step' "$work/out" || resumed=$((resumed + 1))
    # A damaged checkpoint would be a warning, a failure to resume an error.
    [[ ! -s $work/error ]] || fail "kill $killed: $(cat "$work/error")"
    ((code != 0)) || break
    ((code == 137)) || fail "kill $killed: exit code $code"
    killed=$((killed + 1))
  done
  runs=$((runs + 1))
  cmp "$work/alone/model.safetensors" "$work/killed/model.safetensors" ||
    fail "seed $seed: other weights than without kills"
  # The records are those of a run that was left alone, but for the time.
  records() { sed -E 's/"(images_per_s|seconds)": [^,}]*//g' "$1/metrics.jsonl"; }
  diff <(records "$work/alone") <(records "$work/killed") || fail "seed $seed: other records"
done
((2 * resumed >= kills)) || fail "$kills kills, but only $resumed times there was something to resume"
echo "$killed kills, $resumed times resumed, $runs runs: the same bytes each"
