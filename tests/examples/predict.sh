#!/usr/bin/env bash
# predict.sh PREDICT DRAW_DIGITS: the network that comes with the examples reads digits that are not
# MNIST's, from all the places that pictures come from; bad files are refused.
set -euo pipefail
program=$1 draw=$2
source "$(dirname "${BASH_SOURCE[0]}")/support.sh"
data=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../examples/data" && pwd)

# A one: a bar, STROKE wide, in the middle of a picture.
bar() { # INK PAPER [WIDTH HEIGHT MARGIN STROKE]
  local ink=$1 paper=$2 width=${3-50} height=${4-60} margin=${5-10} stroke=${6-6} x y
  local left=$(((width - stroke) / 2))
  printf 'P5 %s %s 255\n' "$width" "$height"
  for ((y = 0; y < height; ++y)); do
    for ((x = 0; x < width; ++x)); do
      if ((y >= margin && y < height - margin && x >= left && x < left + stroke)); then
        printf %s "$ink"
      else
        printf %s "$paper"
      fi
    done
  done
}
mkdir "$work/bars"
bar z ' ' >"$work/bars/light.pgm"
bar ' ' z >"$work/bars/dark.pgm"
"$program" "$work/bars" >"$work/answers"
[[ $(cut -d: -f2 "$work/answers" | sort -u | wc -l) == 1 ]] || fail "polarity: $(cat "$work/answers")"
[[ $(sed -E 's/.*: (.) .*/\1/' "$work/answers") == $'1\n1' ]] || fail "$(cat "$work/answers")"
"$program" --json --top 1 - <"$work/bars/dark.pgm" >"$work/answers"
grep -qE '^\{"picture":"standard input","top":\[\{"class":"1","probability":0\.[0-9]+\}\]\}$' \
  "$work/answers" || fail "--json: $(cat "$work/answers")"

# The same bar in black on transparent paper.
base64 -d >"$work/transparent.png" <<'EOF'
iVBORw0KGgoAAAANSUhEUgAAADIAAAA8CAQAAACOPCFKAAAAMElEQVR42u3NMQ0AAAgEsfdvGlYG
BEDSOwFNJGmvxhAIBAKBQCAQCAQCgUBuI5J+181H7xEYe9e+AAAAAElFTkSuQmCC
EOF
"$program" --top 1 "$work/transparent.png" | grep -q ': 1 ' || fail 'a picture with an alpha channel'
# In grey on white, left of it a black that the file calls transparent.
base64 -d >"$work/keyed.png" <<'EOF'
iVBORw0KGgoAAAANSUhEUgAAADIAAAA8CAAAAAABXrYdAAAAAnRSTlMAB+j3WJsAAAAuSURBVHja
Y2DHCv7jAQyjWoa5lgYwGNUyqmVUy6iWUS2jWka1jAQtoy2lEaEFAM+XNtNIdZ/IAAAAAElFTkSu
QmCC
EOF
"$program" --top 1 "$work/keyed.png" >"$work/out"
grep -q ': 1 ' "$work/out" || fail 'a transparent colour'

# Dark on light of MNIST's own size.
bar ' ' z 28 28 4 3 >"$work/small.pgm"
"$program" --top 1 "$work/small.pgm" | grep -q ': 1 ' || fail 'dark on light at 28 pixels'

# Another network's pictures are digits only where that is said.
model=(--model "$data/mnist_tiny.safetensors" --top 1)
"$program" "${model[@]}" --digits "$work/bars/dark.pgm" >"$work/answers"
diff "$work/answers" <("$program" --top 1 "$work/bars/dark.pgm") || fail '--digits'
! diff -q "$work/answers" <("$program" "${model[@]}" "$work/bars/dark.pgm") >/dev/null ||
  fail 'a picture was changed unasked'

# MNIST's own, from an IDX file: the sample's test pictures.
images=$data/mnist-sample/t10k-images-idx3-ubyte.gz
"$program" --top 1 "$images" | sed -E 's/.*: (.) .*/\1/' >"$work/said"
gzip -dc "${images/images-idx3/labels-idx1}" | tail -c +9 | od -An -v -tu1 -w1 | tr -d ' ' >"$work/truth"
right=$(paste "$work/said" "$work/truth" | awk '$1 == $2' | wc -l)
echo "MNIST: $right of $(wc -l <"$work/truth")"
((right >= 1980)) || fail "$right digits of MNIST"

# The digits of every font of this system.
mkdir "$work/fonts"
code=0
"$draw" "$work/fonts" || code=$?
if ((code == 77)); then
  echo 'no fonts on this system'
else
  "$program" --top 1 "$work/fonts" | sed -E 's|.*/(.)-(.*).pgm: (.) .*|\1 \3 \2|' >"$work/said"
  right=$(awk '$1 == $2' "$work/said" | wc -l) all=$(wc -l <"$work/said")
  echo "fonts: $right of $all"
  awk '$1 != $2 { print "  a", $1, "of", $3, "was read as", $2 }' "$work/said"
  ((all >= 20 && right * 100 >= 80 * all)) || fail "fonts: $right of $all"
fi

refuses
refuses --nonsense
refuses --model "$work/nothing.safetensors" "$work/bars/light.pgm"
refuses --model "$work/bars/light.pgm" "$work/bars/light.pgm"
refuses "$work/nothing.png"
echo 'no picture' >"$work/bars/broken.png"
refuses "$work/bars/broken.png"
grep -q broken.png "$work/error" || fail 'the error does not name the file'
# One bad picture does not keep the others from being answered; what is none does not count.
echo 'text' >"$work/bars/notes.txt"
refuses "$work/bars"
[[ $(grep -c ': 1 ' "$work/out") == 2 ]] || fail "no answer beside a bad picture: $(cat "$work/out")"
