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
[[ $(grep -c '"kind": "step"' "$metrics") == 6 ]] || fail 'expected records of steps 10, 20 ... 60'
for key in step epoch loss train_accuracy learning_rate gradient_norm image_size images_per_s seconds; do
  head -n 1 "$metrics" | grep -q "\"$key\": " || fail "no $key in $(head -n 1 "$metrics")"
done
grep '"kind": "epoch"' "$metrics" | grep -q '"test_accuracy": ' || fail 'no record of an epoch'
accuracy=$(sed -n 's/^test accuracy \([0-9.]* %\) .*/\1/p' "$work/out")
grep -q "<dd>$accuracy</dd>" "$work/run/report.html" || fail "no $accuracy in the report"
grep -q '60 steps, 1 epoch, ' "$work/run/report.html" || fail 'the report has other steps'

output=$("$program" "${quick[@]}" --steps 2 --quiet)
[[ $output =~ ^test\ accuracy ]] || fail "--quiet printed $output"
again=$("$program" "${quick[@]}" --steps 2 --quiet --threads 1)
[[ $output == "$again" ]] || fail "one thread: $again, two: $output"

# A recipe sets what no flag does.
for recipe in fast best fashion sprint paper; do
  output=$("$program" --recipe $recipe "${quick[@]}" --steps 2 --evaluate epoch --out "$work/$recipe")
  grep -q "recipe $recipe" <<<"$output" || fail "$recipe: $output"
done
grep -q '"image_size": 20' "$work/fast/metrics.jsonl" || fail 'fast is not at 20 pixels'
grep -q '"image_size": 24' "$work/paper/metrics.jsonl" || fail 'paper has no stages'
grep -q 'shift 0.75 px, rotate 3.8' "$work/best/run.json" || fail 'best does not end with weak distortions'
grep -qa '"effv2.image_size":"20"' "$work/fast/model.safetensors" || fail 'the network is not for 20 pixels'
output=$("$program" --recipe best --recipe fast "${quick[@]}" --steps 1 --evaluate epoch)
grep -q 'recipe fast' <<<"$output" || fail 'of two recipes the last counts'
grep -q -- '--out DIR keeps' <<<"$output" || fail 'it is not told that nothing is kept'
refuses_run "${quick[@]}" --evaluate end --patience 2

# Pictures of clothes are known by their folder's name.
ln -s "$sample" "$work/fashion-sample"
"$program" --model tiny --data "$work/fashion-sample" --steps 1 --quiet --out "$work/clothes" >/dev/null
grep -qa '"effv2.class_names":"T-shirt/top' "$work/clothes/model.safetensors" || fail 'clothes are called digits'

# Twice the channels are nearly four times the parameters.
parameters() { "$program" "${quick[@]}" --steps 1 "$@" | sed -n 's/^model tiny: \([0-9]*\) .*/\1/p'; }
((10 * $(parameters --width 2) > 35 * $(parameters))) || fail '--width 2 is not twice as wide'

# Progressive learning with all its dials; the images held out take the test set's place.
dials=(--steps 8 --batch 16 --accumulate 2 --stages 4 --augment elastic --mixup 0.2 --erase 0.2
  --statistics 2 --evaluate end --hold-out 800 --quiet)
output=$("$program" "${quick[@]}" "${dials[@]}")
[[ $output =~ ^test\ accuracy.*/800\)$ ]] || fail "in stages, 800 held out: $output"
again=$("$program" "${quick[@]}" "${dials[@]}" --threads 1)
[[ $output == "$again" ]] || fail "in stages, one thread: $again, two: $output"
refuses_run "${quick[@]}" --hold-out 8000
refuses_run "${quick[@]}" --warmup 1e300
refuses_run "${quick[@]}" --stages 2 --last-augment 0.5
"$program" --recipe best "${quick[@]}" --stages 2 --steps 2 --quiet >/dev/null

# A folder is one run's at a time.
mkdir "$work/taken"
code=0
flock "$work/taken/.lock" "$program" "${quick[@]}" --steps 1 --out "$work/taken" >/dev/null \
  2>"$work/error" || code=$?
((code == 2)) || fail "a run in another's folder: code $code"
grep -q 'in use by another program' "$work/error" || fail "$(cat "$work/error")"
[[ $(ls "$work/taken") == '' ]] || fail 'a run wrote into the folder of another'

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

# course DIR: what a report tells of a run but for the time that it took.
course() {
  grep -o '<title>[A-Z][a-z]* of training and test.*' "$1/report.html"
  sed -n '/<h2>Confusion/,/<h2>Environment/p' "$1/report.html"
}

# A run that a signal ends shows its result so far, and goes on where it was.
#   stop_and_resume SIGNAL CODE [FLAG...]
# A job of a script ignores SIGINT unless the shell gives it a process group of its own.
stop_and_resume() {
  local signal=$1 expected=$2 job code=0 step
  shift 2
  local run=("${quick[@]}" --steps 150 --batch 64 "$@")
  rm -rf "$work/cut"
  : >"$work/out"  # what an earlier run has said is no sign of this one
  set -m
  "$program" "${run[@]}" --out "$work/cut" >"$work/out" &
  job=$!
  set +m
  for _ in $(seq 300); do
    grep -q 'step 1/' "$work/out" && break
    sleep 0.05
  done
  kill "-$signal" "$job"
  wait "$job" || code=$?
  ((code == expected)) || fail "$signal: expected exit code $expected, got $code"
  tail -n 1 "$work/out" | grep -qE "$line" || fail "$signal: no result"
  [[ ! -e $work/cut/model.safetensors ]] || fail "$signal: a model of a run that is not done"
  step=$(sed -n 's/^stopped after step \([0-9]*\);.*/\1/p' "$work/out")
  grep -qE "\b$step steps?, .* The run ended early: it was to have 150 steps" "$work/cut/report.html" ||
    fail "$signal: no report of $step steps"
  [[ $(ls "$work/cut/checkpoints") =~ ^step-[0-9]{8}.safetensors$ ]] || fail "$signal: no checkpoint"
  refuses "${run[@]}" --out "$work/cut"
  grep -q -- --resume "$work/error" || fail 'the way on is not told'
  refuses "${run[@]}" --lr 0.1 --out "$work/cut" --resume
  "$program" "${run[@]}" --threads 1 --out "$work/cut" --resume >"$work/out"
  grep -q '^resumed after step' "$work/out" || fail 'not resumed'
  grep -q '"begun"' "$work/cut/run.json" && grep -q "resumed after step $step\"" "$work/cut/run.json" ||
    fail 'the record does not know when it was begun and resumed'
  diff <(course "$work/whole") <(course "$work/cut") || fail "$signal: resumed: another report"
}
"$program" "${quick[@]}" --steps 150 --batch 64 --out "$work/whole" --resume >"$work/out"
stop_and_resume INT 130
cmp "$work/whole/model.safetensors" "$work/cut/model.safetensors" || fail 'resumed: other weights'
stop_and_resume TERM 143
cmp "$work/whole/model.safetensors" "$work/cut/model.safetensors" || fail 'resumed: other weights'
refuses "${quick[@]}" --steps 151 --batch 64 --out "$work/cut" --resume
grep -q 'steps 151' "$work/error" || fail 'the difference is not told'
refuses --model tiny --resume

# No room for a checkpoint: a warning, and training goes on.
(
  ulimit -f 1000
  "$program" "${quick[@]}" --steps 3 --out "$work/full" --quiet >"$work/out" 2>"$work/error"
)
grep -q '^warning: no checkpoint of step 3' "$work/error" || fail "no warning: $(cat "$work/error")"
[[ -z $(ls "$work/full/checkpoints") ]] || fail 'a torn checkpoint'
echo 'mnist_train keeps its promises'
