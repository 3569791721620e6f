#!/usr/bin/env bash
# finetune.sh FINETUNE UNPACK_IDX PREDICT INSPECT EXPORT_ONNX: pictures out of an IDX file, the network
# for digits taught other classes with them, the result used; bad input is refused.
set -euo pipefail
program=$1 unpack=$2 predict=$3 inspect=$4 export_onnx=$5
source "$(dirname "${BASH_SOURCE[0]}")/support.sh"
data=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../examples/data" && pwd)

"$unpack" "$data"/mnist-sample/t10k-{images-idx3,labels-idx1}-ubyte.gz "$work/digits" 30 >"$work/out"
grep -q '^300 pictures of 10 classes in' "$work/out" || fail "unpack_idx: $(cat "$work/out")"
# Other classes than the network knows: loops.
mkdir -p "$work/pictures/one" "$work/pictures/none"
for digit in 0 6 9; do cp "$work/digits/$digit"/*.png "$work/pictures/one"; done
for digit in 1 2 5; do cp "$work/digits/$digit"/*.png "$work/pictures/none"; done

"$program" "$work/pictures" "$work/loops.safetensors" --epochs 6 --seed 1 --report "$work/loops.html" \
  >"$work/out"
[[ $(tail -n 1 "$work/out") =~ ^test\ accuracy\ [0-9.]+\ %\ \(([0-9]+)/36\) ]] || fail "$(cat "$work/out")"
((BASH_REMATCH[1] >= 33)) || fail "not learned: $(tail -n 1 "$work/out")"
"$predict" --model "$work/loops.safetensors" --top 1 "$work/digits/0" | grep -c ': one ' >"$work/out"
(($(cat "$work/out") >= 27)) || fail "predict: $(cat "$work/out") of 30 zeros have a loop"

grep -q '<h2>Confusion</h2>' "$work/loops.html" || fail 'no report'

# Frozen: the body is what it was (its norms and ranges, to the digits shown).
"$program" "$work/pictures" "$work/frozen.safetensors" --epochs 1 --freeze >"$work/out"
body() { "$inspect" "$1" | grep '^features'; }
diff <(body "$data/mnist_tiny.safetensors") <(body "$work/frozen.safetensors") || fail 'the body moved'
diff <(body "$work/loops.safetensors") <(body "$work/frozen.safetensors") >/dev/null &&
  fail 'the body did not move without --freeze'

"$export_onnx" "$work/loops.safetensors" "$work/loops.onnx" >"$work/out"
grep -q 'images (N, 1, 28, 28) -> logits (N, 2)' "$work/out" || fail "export_onnx: $(cat "$work/out")"
"$inspect" "$work/loops.safetensors" | grep '^effv2.class_names *none|one$' >/dev/null || fail 'class names'

refuses
refuses "$work/nowhere" "$work/x.safetensors"
refuses "$work/pictures" "$work/x.safetensors" --weights "$work/loops.onnx"
refuses "$work/pictures" "$work/x.safetensors" --size -1
refuses "$work/pictures" "$work/no/such/folder/x.safetensors" --epochs 1
refuses "$work/pictures" "$work/x.safetensors" --report "$work/no/such/folder/x.html"
refuses "$work/pictures" "$work/x.safetensors" --report "$work/digits/../x.safetensors"
refuses "$work/pictures" "$work/x.safetensors" --weights "$work/loops.safetensors" --report "$work/loops.safetensors"
refuses "$work/pictures" "$work/x.safetensors" --seed 9223372036854775808
refuses "$work/pictures" "$work/pictures" --epochs 1
! grep -q '^epoch' "$work/out" || fail 'trained before it was known where to write'
[[ ! -e $work/x.safetensors ]] || fail 'something was written'
program=$inspect
refuses
refuses "$work/loops.onnx"
program=$export_onnx
refuses "$work/loops.safetensors"
refuses "$work/nothing" "$work/x.onnx"
refuses "$work/loops.safetensors" "$work/x.onnx" 28 -3
cp "$work/loops.safetensors" "$work/before"
refuses "$work/loops.safetensors" "$work/digits/../loops.safetensors"
cmp "$work/loops.safetensors" "$work/before" || fail 'the network was written over'
program=$unpack
for count in many 2x 0; do
  refuses "$data"/mnist-sample/t10k-{images-idx3,labels-idx1}-ubyte.gz "$work/x" $count
done
refuses "$work/loops.onnx" "$work/loops.onnx" "$work/x"
