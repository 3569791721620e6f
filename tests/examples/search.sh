#!/usr/bin/env bash
# search.sh SEARCH COMPILER: a search that is killed and resumed leaves the journal of one that was not,
# but for what is measured; Ctrl-C; the winner compiles; bad input is refused.
set -euo pipefail
program=$1 compiler=$2
source "$(dirname "${BASH_SOURCE[0]}")/support.sh"
unset EFFV2_MNIST_DIR
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
quick=(--data "$root/examples/data/mnist-sample" --images 96 --validation 100 --size 12 --epochs 1
  --batch 32 --candidates 12 --population 4 --tournament 2 --layers 0)

# What is not measured in every run.
lasting() { sed -E 's/,"step_time":.*\}/}/' "$1/journal.jsonl"; }
lines() { cat "$1/journal.jsonl" 2>/dev/null | wc -l; }

"$program" "${quick[@]}" --out "$work/whole" >"$work/out"
[[ $(lines "$work/whole") == 13 ]] || fail "$(lines "$work/whole") lines"
grep -q '^winner: [FM]1k' "$work/out" || fail "no winner: $(cat "$work/out")"
[[ $(grep -c '^12/12 ' "$work/out") == 1 ]] || fail 'progress'
command -v python3 >/dev/null && python3 - "$work/whole/journal.jsonl" <<'END'
import json, sys
first, *records = [json.loads(line) for line in open(sys.argv[1])]
assert first["format"] == "effv2-search-1" and len(first["layer_times"]) > 40
assert [r["index"] for r in records] == list(range(12))
assert len({r["candidate"] for r in records}) == 12
END

# The table as source: it compiles, and is the winner's.
key=$(sed -nE 's/^winner: ([^,]*),.*/\1/p' "$work/out")
cat >"$work/use.cpp" <<END
#include "whole/winner.hpp"
#include <cstdio>
int main() {
  static_assert(searched::winner.stage_count == 4 && searched::winner.head == 256);
  const char* between = "";
  for (const auto& row : searched::winner.stages()) {
    std::printf("%s%c%dk%de%d", between, row.kind == searched::F ? 'F' : 'M', row.repeats, row.kernel,
                row.expand);
    between = "-";
  }
}
END
"$compiler" -std=c++20 -Wall -Wextra -Werror -I "$root/include" "$work/use.cpp" -o "$work/use"
[[ $("$work/use") == "$key" ]] || fail "the winner is $key, its source says $("$work/use")"

# The same seed and the same times of layers: the same journal, on one thread as well.
same=(--step-times "$work/whole/journal.jsonl")
"$program" "${quick[@]}" "${same[@]}" --threads 1 --out "$work/again" >/dev/null
diff <(lasting "$work/whole") <(lasting "$work/again") || fail 'begun anew: another journal'

# Killed after every few candidates.
kills=0
for ((end = 2; end <= 11; end += 3)); do
  "$program" "${quick[@]}" "${same[@]}" --out "$work/killed" >/dev/null 2>&1 &
  job=$!
  while kill -0 $job 2>/dev/null && (($(lines "$work/killed") < end)); do sleep 0.01; done
  ! kill -9 $job 2>/dev/null || kills=$((kills + 1))
  wait $job 2>/dev/null || true
done
((kills >= 2)) || fail "only $kills kills"
printf '{"index":11,"candi' >>"$work/killed/journal.jsonl" # torn
"$program" "${quick[@]}" --out "$work/killed" >"$work/out"
grep -q '^going on after' "$work/out" || fail 'it began anew'
diff <(lasting "$work/whole") <(lasting "$work/killed") || fail 'killed and resumed: another journal'
cmp "$work/whole/winner.hpp" "$work/killed/winner.hpp" || fail 'killed and resumed: another winner'

# Ctrl-C. A job of a script ignores SIGINT unless the shell gives it a process group of its own.
set -m
"$program" "${quick[@]}" "${same[@]}" --candidates 500 --out "$work/cut" >"$work/out" &
job=$!
set +m
while kill -0 $job 2>/dev/null && (($(lines "$work/cut") < 3)); do sleep 0.01; done
kill -INT $job
code=0
wait $job || code=$?
((code == 130)) || fail "Ctrl-C: exit code $code"
grep -q '^winner: ' "$work/out" || fail 'Ctrl-C: no result so far'
tail -n 1 "$work/out" | grep -q '^stopped after' || fail "Ctrl-C: $(tail -n 1 "$work/out")"
lasting "$work/cut" >"$work/part"
diff "$work/part" <(lasting "$work/whole" | head -n "$(wc -l <"$work/part")") >/dev/null ||
  (($(wc -l <"$work/part") > 13)) || fail 'Ctrl-C: another journal'

refuses
refuses --out "$work/x" --nonsense
refuses --out "$work/x" --searcher best
refuses --out "$work/x" --backbone none
refuses --out "$work/x" --data "$work/nowhere"
refuses "${quick[@]}" --out "$work/x" --validation 9000
[[ ! -e $work/x ]] || fail 'something was written'
refuses "${quick[@]}" --out "$work/whole" --seed 2
grep -q 'this search has: seed 2' "$work/error" || fail 'the difference is not told'
sed 's/:0\.0/:0.1/' "$work/whole/journal.jsonl" >"$work/other.jsonl"
refuses "${quick[@]}" --out "$work/whole" --step-times "$work/other.jsonl"
# Times of other layers, in a folder that is none yet: it can be begun with the right ones.
refuses "${quick[@]}" --backbone b0 --out "$work/foreign" "${same[@]}"
[[ ! -s $work/foreign/journal.jsonl ]] || fail "times of other layers are in the journal"
echo 'damaged' >>"$work/again/journal.jsonl"
refuses "${quick[@]}" --out "$work/again"
echo "search keeps its promises, $kills kills"
