# Sourced by the tests of examples, after `program` is set: a folder that goes with the test, and what
# a program has to do with bad input.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() {
  echo "$(basename "$program"): $1" >&2
  exit 1
}

# refuses ARGUMENTS...: exit code 2 and one line (perhaps with a list below it, set in), which stays in
# $work/error.
refuses() {
  local code=0
  "$program" "$@" >"$work/out" 2>"$work/error" || code=$?
  ((code == 2)) || fail "$*: expected exit code 2, got $code"
  [[ $(grep -cv '^  ' "$work/error") == 1 ]] || fail "$*: expected one line, got $(cat "$work/error")"
}
