#!/usr/bin/env bash
# mnist_train.sh PROGRAM: what the example promises to those who call it: last line, records, exit
# codes, Ctrl-C.
set -euo pipefail

program=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
unset EFFV2_MNIST_DIR
sample=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../examples/data/mnist-sample" && pwd)
quick=(--model tiny --data "$sample" --threads 2)

fail() {
  echo "mnist_train: $1" >&2
  exit 1
}

# refuses WHAT ARGUMENTS...: exit code 2, one line, nothing written.
refuses() {
  local what=$1 code=0
  shift
  "$program" --out "$work/refused" "$@" >"$work/out" 2>"$work/error" || code=$?
  ((code == 2)) || fail "$what: expected exit code 2, got $code"
  [[ $(wc -l <"$work/error") == 1 ]] || fail "$what: expected one line, got $(cat "$work/error")"
  [[ ! -e $work/refused ]] || fail "$what: something was written"
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

refuses 'an unknown flag' "${quick[@]}" --nonsense
refuses 'an unknown model' --data "$sample" --model xxl
refuses 'steps and epochs' "${quick[@]}" --steps 3 --epochs 3
refuses 'a rate out of range' "${quick[@]}" --drop-path 1.5
refuses 'a batch larger than the data' "${quick[@]}" --batch 9000
refuses 'missing data' --model tiny --data "$work/nowhere"
mkdir "$work/damaged"
cp "$sample"/*.gz "$work/damaged"
head -c 1000 "$sample/train-images-idx3-ubyte.gz" >"$work/damaged/train-images-idx3-ubyte.gz"
refuses 'damaged data' --model tiny --data "$work/damaged"

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
