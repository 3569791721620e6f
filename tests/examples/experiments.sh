#!/usr/bin/env bash
# experiments.sh PROGRAM: an experiment that is killed and goes on leaves what one that was left alone
# leaves; what does not belong together is refused.
set -euo pipefail
program=$1
source "$(dirname "${BASH_SOURCE[0]}")/support.sh"
unset EFFV2_MNIST_DIR EFFV2_FASHION_DIR
sample=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../examples/data/mnist-sample" && pwd)
quick=(--quick --mnist "$sample" --fashion "$sample" --images 256)

# same_runs JOURNAL JOURNAL: but for the times.
same_runs() {
  runs() { sed -E 's/"(seconds|step_ms|inference_us[_0-9]*)":[^,}]*//g' "$1"; }
  diff <(runs "$1") <(runs "$2") || fail "$1 and $2 differ"
}

# Two configurations by two kinds of columns, all the kinds of claims.
"$program" fixres "${quick[@]}" --out "$work/alone" >"$work/out"
grep -q '^16 runs to do ... about' "$work/out" || fail "no estimate in $(cat "$work/out")"
[[ $(wc -l <"$work/alone/fixres.jsonl") == 17 ]] || fail 'expected 16 runs and what they share'
for key in experiment data configuration seed accuracy_24 loss_32 seconds step_ms steps parameters \
  multiply_adds; do
  tail -n 1 "$work/alone/fixres.jsonl" | grep -q "\"$key\":" || fail "no $key in the journal"
done
[[ $(sed -n 's/.*"\(configuration\)":"\([^"]*\)".*/\2/p' "$work/alone/fixres.jsonl" | sed -n '1p;9p' |
  sort -u | wc -l) == 2 ]] || fail 'the second seed begins with the same configuration'
page=$work/alone/fixres.md
grep -q 'quick' "$page" || fail 'the page does not say that it is of a quick run'
head -n 5 "$page" | grep -q '^\*\*The paper:\*\*' || fail 'the page does not begin with the claim'
for text in '^## MNIST' '^## Fashion-MNIST' '^!\[.*(fixres.svg)' '| 24 px, cropped |' '\*\*within the noise\*\*' \
  '^Machine: ' '^scripts/experiment fixres'; do
  grep -q -- "$text" "$page" || fail "the page has no $text"
done
python3 - "$work/alone/fixres" <<'PYTHON' || fail 'damaged .json or .svg'
import json, sys, xml.dom.minidom
page = json.load(open(sys.argv[1] + '.json'))
xml.dom.minidom.parse(sys.argv[1] + '.svg')
assert [d['name'] for d in page['data']] == ['MNIST', 'Fashion-MNIST']
entry = page['data'][0]['configurations'][0]['accuracy_28']
assert len(entry['values']) == 2 and abs(entry['mean'] - sum(entry['values']) / 2) < 1e-12
assert all(c['verdict'] in ('seen', 'within the noise', 'not seen') for c in page['data'][1]['claims'])
PYTHON

# Killed twice, the second time in the middle of a line.
for lines in 4 9; do
  "$program" fixres "${quick[@]}" --out "$work/killed" >/dev/null 2>&1 &
  job=$!
  for _ in $(seq 600); do
    [[ $(cat "$work/killed/fixres.jsonl" 2>/dev/null | wc -l) -ge $lines ]] && break
    sleep 0.02
  done
  kill -9 $job 2>/dev/null || fail "done before it was killed"
  wait $job 2>/dev/null || true
done
[[ ! -e $work/killed/fixres.md ]] || fail 'a page of an experiment that is not done'
printf '{"experiment":"fixres","data":"MNI' >>"$work/killed/fixres.jsonl"
"$program" fixres "${quick[@]}" --out "$work/killed" >"$work/out"
grep -q 'some runs are done already' "$work/out" || fail 'everything again'
same_runs "$work/alone/fixres.jsonl" "$work/killed/fixres.jsonl"

# Nothing left to do: the pages alone. One seed more: its runs alone.
"$program" fixres "${quick[@]}" --out "$work/killed" >"$work/out"
! grep -q 'runs to do' "$work/out" || fail "runs that were done: $(cat "$work/out")"
"$program" fixres "${quick[@]}" --seeds 3 --out "$work/killed" >"$work/out"
grep -q '^8 runs to do' "$work/out" || fail "expected 8 runs: $(cat "$work/out")"

# Ctrl-C.
: >"$work/out"  # what an earlier run has said is no sign of this one
set -m
"$program" progressive "${quick[@]}" --seeds 50 --out "$work/cut" >"$work/out" &
job=$!
set +m
for _ in $(seq 600); do
  grep -q ' 3/' "$work/out" && break
  sleep 0.02
done
kill -INT $job
code=0
wait $job || code=$?
((code == 130)) || fail "Ctrl-C: expected exit code 130, got $code"
grep -q 'goes on from there' "$work/out" || fail 'the way on is not told'
tail -c 1 "$work/cut/progressive.jsonl" | cmp -s - <(echo) || fail 'Ctrl-C: half a line'

# A search, killed within its candidates: it goes on with them, and with the layers' times.
"$program" search "${quick[@]}" --seeds 1 --candidates 4 --out "$work/search" >"$work/out"
[[ $(ls "$work/search/search") == "$(printf '%s\n' {Fashion-MNIST,MNIST}-{evolution,random}-1.jsonl)" ]] ||
  fail "journals of searches: $(ls "$work/search/search")"
[[ $(head -qn 1 "$work"/search/search/*.jsonl | sed 's/.*"layer_times"//' | sort -u | wc -l) == 1 ]] ||
  fail 'searches predict by different times'
found() { sed -E 's/,"(step_time|seconds)":.*//' "$1"/search/MNIST-evolution-1.jsonl | sed 1d; }
mkdir -p "$work/again/search"  # where that search is all there is to do
grep -v '"MNIST","configuration":"evolution"' "$work/search/search.jsonl" >"$work/again/search.jsonl"
cp "$work/search/search/MNIST-random-1.jsonl" "$work/again/search"  # with the times
"$program" search "${quick[@]}" --seeds 1 --candidates 4 --out "$work/again" >/dev/null 2>&1 &
job=$!
for _ in $(seq 600); do
  [[ $(cat "$work/again/search/MNIST-evolution-1.jsonl" 2>/dev/null | wc -l) -ge 3 ]] && break
  sleep 0.02
done
kill -9 $job 2>/dev/null || fail 'the search was done before it was killed'
wait $job 2>/dev/null || true
"$program" search "${quick[@]}" --seeds 1 --candidates 4 --out "$work/again" >"$work/out"
grep -q '^1 runs to do' "$work/out" || fail "more than a search: $(cat "$work/out")"
diff <(found "$work/search") <(found "$work/again") || fail 'a killed search found something else'
[[ $(found "$work/again" | wc -l) == 4 ]] || fail 'expected four candidates'
grep -q '^| evolution |' "$work/again/search.md" || fail 'no row of the search on its page'

# What does not belong together.
cp "$work/alone/fixres.jsonl" "$work/before"
refuses fixres "${quick[@]}" --epochs 2 --out "$work/alone"
grep -q 'epochs 1.*epochs 2' "$work/error" || fail "the difference is not told: $(cat "$work/error")"
refuses fixres "${quick[@]}" --images 384 --out "$work/alone"
cmp "$work/before" "$work/alone/fixres.jsonl" || fail 'a refused run changed the journal'
mkdir "$work/other"
cp "$work/alone/fixres.jsonl" "$work/other/progressive.jsonl"
refuses progressive "${quick[@]}" --out "$work/other"
grep -q 'of the experiment fixres' "$work/error" || fail "unclear: $(cat "$work/error")"
echo 'no journal' >"$work/other/fixres.jsonl"
refuses fixres "${quick[@]}" --out "$work/other"
[[ $(cat "$work/other/fixres.jsonl") == 'no journal' ]] || fail "another's file was changed"
refuses nonsense "${quick[@]}"
refuses fixres --nonsense
refuses fixres --mnist "$work/nowhere" --out "$work/other"
echo 'experiments keep their promises'
