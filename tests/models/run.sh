#!/bin/bash
# Checks the models in this directory with spin: each model holds, and each known mistake that it can be told to make is
# found: a model that finds nothing when it is broken proves nothing.
#   run.sh [--long]     --long adds the larger configurations (minutes)
# Exits 0 if all is as it should be, 1 if not, 77 if spin or a C compiler is missing (1 in CI, where that is a hole).
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
for tool in spin gcc; do
  command -v "$tool" >/dev/null && continue
  echo "models: there is no $tool (Debian: apt install $tool)" >&2
  case ${CI:-} in '' | 0 | false) exit 77 ;; *) exit 1 ;; esac
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failures=0

# explore MODEL DEFINES...: runs the verifier; its report is in $work/report.
explore() {
  local model=$1
  shift
  (
    cd "$work"
    rm -f pan*
    spin -a "$@" "$here/$model" >generated 2>&1
    gcc -O2 -w -DSAFETY -DCOLLAPSE -DMEMLIM=2000 -o pan pan.c
    ./pan -m1000000 -w22 >report 2>&1
  )
}

states() { sed -n 's/^ *\([0-9.e+]*\) states, stored.*/\1/p' "$work/report"; }

cut_off='max search depth too small|out of memory|reached -DMEMLIM'

# Complete means: the search was neither cut off by its depth nor by its memory.
holds() {
  explore "$@" || true
  if grep -q 'errors: 0' "$work/report" && ! grep -qE "$cut_off" "$work/report"; then
    echo "ok      $*: holds in $(states) states"
  else
    echo "FAILED  $*"
    grep -E 'pan:|errors:|depth|memory' "$work/report" || true
    failures=$((failures + 1))
  fi
}

finds() {
  explore "$@" || true
  if grep -q 'errors: 1' "$work/report" && grep -qE 'assertion violated|invalid end state' "$work/report"; then
    echo "ok      $*: found after $(states) states"
  else
    echo "FAILED  $*: the mistake was not found"
    failures=$((failures + 1))
  fi
}

holds mutex.pml -DDEATHS=0
holds mutex.pml -DDEATHS=1
holds mutex.pml -DDEATHS=2 -DCONTENDERS=2 -DPASSES=2
finds mutex.pml -DDEATHS=1 -DMISTAKE_NO_INCARNATION
finds mutex.pml -DDEATHS=2 -DMISTAKE_TAKE_WITHOUT_CAS
finds mutex.pml -DDEATHS=0 -DMISTAKE_UNLOCK_NO_WAKE
finds mutex.pml -DDEATHS=1 -DMISTAKE_TAKE_OVER_DROPS_BIT
finds mutex.pml -DDEATHS=0 -DMISTAKE_WOKEN_TAKES_BARE
if [ "${1:-}" = --long ]; then
  holds mutex.pml -DDEATHS=1 -DPASSES=2
fi
exit $((failures > 0))
