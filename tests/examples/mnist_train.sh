#!/usr/bin/env bash
# mnist_train.sh PROGRAM: what the example promises to those who call it: last line, records, exit
# codes, Ctrl-C.
set -euo pipefail

program=$1
source "$(dirname "${BASH_SOURCE[0]}")/support.sh"
unset EFFV2_MNIST_DIR
sample=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../examples/data/mnist-sample" && pwd)
quick=(--model tiny --data "$sample" --threads 2)

# refuses_run ARGUMENTS...: refuses, and nothing is written.
refuses_run() {
  refuses --out "$work/refused" "$@"
  [[ ! -e $work/refused ]] || fail "$*: something was written"
}

line='^test accuracy [0-9.]+ % \([0-9]+/2000\)$'

"$program" "${quick[@]}" --steps 60 --out "$work/run" >"$work/out"
tail -n 1 "$work/out" | grep -qE "$line" || fail "the last line is $(tail -n 1 "$work/out")"
grep -q 'confusion' "$work/out" || fail 'no confusion matrix'
metrics=$work/run/metrics.jsonl
[[ $(grep -c '"kind": "step"' "$metrics") == 2 ]] || fail 'expected records of steps 50 and 60'
for key in step epoch loss train_accuracy learning_rate images_per_s seconds; do
  head -n 1 "$metrics" | grep -q "\"$key\": " || fail "no $key in $(head -n 1 "$metrics")"
done
grep '"kind": "epoch"' "$metrics" | grep -q '"test_accuracy": ' || fail 'no record of an epoch'

output=$("$program" "${quick[@]}" --steps 2 --quiet)
[[ $output =~ ^test\ accuracy ]] || fail "--quiet printed $output"
again=$("$program" "${quick[@]}" --steps 2 --quiet --threads 1)
[[ $output == "$again" ]] || fail "one thread: $again, two: $output"

refuses_run "${quick[@]}" --nonsense
refuses_run --data "$sample" --model xxl
refuses_run "${quick[@]}" --steps 3 --epochs 3
refuses_run "${quick[@]}" --drop-path 1.5
refuses_run "${quick[@]}" --batch 9000
refuses_run --model tiny --data "$work/nowhere"
mkdir "$work/damaged"
cp "$sample"/*.gz "$work/damaged"
head -c 1000 "$sample/train-images-idx3-ubyte.gz" >"$work/damaged/train-images-idx3-ubyte.gz"
refuses_run --model tiny --data "$work/damaged"

# Ctrl-C: the step is finished and the result so far is shown. A job of a script ignores SIGINT unless
# the shell gives it a process group of its own.
set -m
"$program" "${quick[@]}" --steps 1000000 >"$work/out" &
job=$!
set +m
for _ in $(seq 300); do
  grep -q 'step 1/' "$work/out" && break
  sleep 0.1
done
kill -INT "$job"
code=0
wait "$job" || code=$?
((code == 130)) || fail "Ctrl-C: expected exit code 130, got $code"
tail -n 1 "$work/out" | grep -qE "$line" || fail 'Ctrl-C: no result'
echo 'mnist_train keeps its promises'
