#!/usr/bin/env bash
# report.sh REPORT MNIST_TRAIN: the report of a run that is made anew is the one that the run left, also
# where it was evaluated on other pictures or at another size; what is no run is refused.
set -euo pipefail
program=$1 train=$2
source "$(dirname "${BASH_SOURCE[0]}")/support.sh"
unset EFFV2_MNIST_DIR
sample=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../examples/data/mnist-sample" && pwd)
run=("$train" --model tiny --batch 64 --quiet)

"${run[@]}" --data "$sample" --steps 40 --out "$work/run" >"$work/out"
cp "$work/run/report.html" "$work/first.html"
rm "$work/run/report.html"
"$program" "$work/run" >"$work/out"
cmp "$work/run/report.html" "$work/first.html" || fail 'another report than the run left'
grep -qE '^.*/run/report.html: test accuracy [0-9.]+ %$' "$work/out" || fail "$(cat "$work/out")"

# In stages, evaluated at another size on pictures that were held out.
"${run[@]}" --data "$sample" --steps 12 --stages 3 --size 20 --hold-out 800 --out "$work/dials" >/dev/null
"$program" "$work/dials" --out "$work/again.html" --threads 1 >/dev/null
cmp "$work/dials/report.html" "$work/again.html" || fail 'in stages: another report'
grep -q 'of 800 pictures' "$work/again.html" || fail 'not the pictures that were held out'
grep -q '20 × 20 × 1' "$work/again.html" || fail 'another size'

# The data have moved.
cp -r "$sample" "$work/data"
sed "s|$sample|$work/nowhere|" "$work/run/run.json" >"$work/moved.json"
mv "$work/moved.json" "$work/run/run.json"
refuses "$work/run"
"$program" "$work/run" --data "$work/data" --out "$work/again.html" >/dev/null
diff <(sed "s|$sample|$work/nowhere|" "$work/first.html") "$work/again.html" ||
  fail 'moved data: another report'

# A line that a crash has cut off is none.
head -c -20 "$work/run/metrics.jsonl" >"$work/cut.jsonl"
mv "$work/cut.jsonl" "$work/run/metrics.jsonl"
"$program" "$work/run" --data "$work/data" --out "$work/again.html" >/dev/null

refuses
refuses "$work/nowhere"
grep -q 'mnist_train --out' "$work/error" || fail 'what is expected is not told'
refuses "$work/run" --data "$work/data" --out "$work/run/../run/model.safetensors"
refuses "$work/run" --data "$work/data" --out "$work/no/such/folder/x.html"
echo '{"title": 3}' >"$work/run/run.json"
refuses "$work/run" --data "$work/data"
grep -q 'run.json' "$work/error" || fail 'the file is not named'
rm "$work/dials/model.safetensors"
refuses "$work/dials"
echo 'report makes what the run left'
