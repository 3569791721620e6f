#!/usr/bin/env bash
# picture_folder.sh PROGRAM: two classes that can be told apart are told apart; bad folders are
# refused.
set -euo pipefail
program=$1
source "$(dirname "${BASH_SOURCE[0]}")/support.sh"

# PGM pictures of 8 x 8: bright ones on the left half, or on the right.
bright=$(printf 'w%.0s' {1..4}) dark=$(printf '#%.0s' {1..4})
mkdir -p "$work/pictures/left" "$work/pictures/right"
for i in {1..40}; do
  for side in left right; do
    row=$bright$dark
    [[ $side == right ]] && row=$dark$bright
    { printf 'P5 8 8 255\n'; for y in {1..8}; do printf %s "$row"; done; } \
      >"$work/pictures/$side/$i.pgm"
  done
done
"$program" "$work/pictures" "$work/net.safetensors" 16 8 >"$work/out" || fail "it failed: $(cat "$work/out")"
grep -q '^64 pictures to learn from and 16 to test, of 2 classes$' "$work/out" || fail 'counts'
[[ $(grep -c 'recall 100.00 %' "$work/out") == 2 ]] || fail "not learned: $(cat "$work/out")"
grep -qa '"effv2.class_names":"left\\u000aright"' "$work/net.safetensors" || fail 'the classes have no names'
grep -qa '"effv2.image_size":"16"' "$work/net.safetensors" || fail 'the network has no size'

refuses
refuses "$work/pictures"
refuses "$work/nowhere" "$work/x.safetensors"
refuses "$work/pictures" "$work/x.safetensors" 32x 1
refuses "$work/pictures" "$work" 16 1
echo 'no picture' >"$work/pictures/left/1.pgm"
refuses "$work/pictures" "$work/x.safetensors" 16 1
grep -q 'left/1.pgm' "$work/error" || fail 'the error does not name the file'
