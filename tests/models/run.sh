#!/bin/bash
# Checks the models in this directory with spin: each model holds, and each known mistake that it can be told to make is
# found: a model that finds nothing when it is broken proves nothing.
#   run.sh [--long] [MODEL...]     only these models; --long adds the larger configurations (minutes)
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
declare -A broken found looked_for
long=
if [ "${1:-}" = --long ]; then
  long=1
  shift
fi
[ $# -ne 0 ] || set -- mutex leases slots words misses tables standby clear blocks chunks orders
chosen=("$@")
chosen() { [[ " ${chosen[*]} " == *" ${1%.pml} "* ]]; }

# explore SEARCH MODEL DEFINES...: runs the verifier, $depth steps deep; its report is in $work/report.
explore() {
  local search=$1 model=$2
  shift 2
  (
    cd "$work"
    rm -f pan*
    spin -a "$@" "$here/$model" >generated 2>&1
    gcc $optimise -w -DSAFETY -DCOLLAPSE $search -DMEMLIM=2000 -o pan pan.c
    nice ./pan -m"${depth:-3000000}" -w22 >report 2>&1
  )
}

states() { sed -n 's/^ *\([0-9.e+]*\) states, stored.*/\1/p' "$work/report"; }

# Most mistakes are found in a moment, which is not worth a compiler's efforts.
optimise=-O2

cut_off='max search depth too small|out of memory|reached -DMEMLIM'

# Complete means: the search was neither cut off by its depth nor by its memory.
holds() {
  chosen "$1" || return 0
  explore '' "$@" || true
  if grep -q 'errors: 0' "$work/report" && ! grep -qE "$cut_off" "$work/report"; then
    echo "ok      $*: holds in $(states) states"
  else
    echo "FAILED  $*"
    grep -E 'pan:|errors:|depth|memory' "$work/report" || true
    broken[$1]=1
    failures=$((failures + 1))
  fi
}

# finds [--near] MODEL DEFINES...: --near searches breadth first, which is quicker where a short way leads to the mistake.
finds() {
  local search=''
  if [ "$1" = --near ]; then
    search=-DBFS
    shift
  fi
  chosen "$1" || return 0
  local optimise=-O0
  looked_for[$1]=$((${looked_for[$1]:-0} + 1))
  explore "$search" "$@" || true
  if grep -q 'errors: 1' "$work/report" && grep -qE 'assertion violated|invalid end state' "$work/report"; then
    echo "ok      $*: found after $(states) states"
    found[$1]=$((${found[$1]:-0} + 1))
  else
    echo "FAILED  $*: the mistake was not found"
    grep -E 'pan:|errors:|depth|memory' "$work/report" || true
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

holds slots.pml
for mistake in KEY_BEFORE_WORD WORD_ONCE VERSION_RESET; do
  finds slots.pml -DMISTAKE_$mistake
done
for mistake in TOMBSTONE_FIRST LIVE_FIRST MISS_UNPROVEN; do
  finds --near slots.pml -DMISTAKE_$mistake
done

holds words.pml
holds words.pml -DNUMBERS_FIRST
for mistake in TAG_FIRST LIVE_FIRST BURIED_FIRST NUMBER_CLEARED; do
  finds words.pml -DMISTAKE_$mistake
done

# Either re-check would do where the other is; but what a root says comes back, and the epoch does not.
for path in '' -DHOME; do
  holds misses.pml $path
  holds misses.pml $path -DNO_ROOT_CHECK
  for mistake in NO_CHECK NO_EPOCH_CHECK; do
    finds misses.pml $path -DMISTAKE_$mistake
  done
done
for mistake in EMPTIED MOVED ROOT_FIRST; do
  finds misses.pml -DMISTAKE_$mistake
done
finds misses.pml -DNO_ROOT_CHECK -DMISTAKE_EPOCH_LATE

holds clear.pml
holds clear.pml -DFOR_EACH
for mistake in BIRTH_IGNORED BIRTH_BEFORE_WORD DRAWN_LATE LIMIT_LATE; do
  finds clear.pml -DMISTAKE_$mistake
done
for mistake in BIRTH_IGNORED BIRTH_BEFORE_WORD LIMIT_LATE; do
  finds clear.pml -DFOR_EACH -DMISTAKE_$mistake
done

holds leases.pml
holds leases.pml -DDEATHS=0 -DCLOSES=1
holds leases.pml -DFORK
for mistake in NO_INCARNATION PROBED_THROUGH_LEASE TAKEN_WITHOUT_LOCK STAMPS_ANEW STAMP_BEFORE_COUNTER; do
  finds leases.pml -DMISTAKE_$mistake
done
for mistake in ANCHOR_UNCHECKED ANCHOR_CHECKED_ONCE; do
  finds leases.pml -DDEATHS=0 -DCLOSES=1 -DMISTAKE_$mistake
done
for mistake in CHILD_GOES_ON CHILD_KEEPS_PROOF; do
  finds leases.pml -DFORK -DMISTAKE_$mistake
done

holds tables.pml
depth=9000000 holds tables.pml -DGROW -DNO_STANDBY
finds --near tables.pml -DGROW -DMISTAKE_RELEASED_BEFORE_GROWN
finds tables.pml -DNO_DEATHS -DMISTAKE_LIVE_BEFORE_DIRTY_WORD
for mistake in AMENDED_FIRST NOT_AMENDED DIRTY_ROOT_FIRST REVIVED_LEFT_BEHIND FIX_UP_FORGETS_INTENT FIX_UP_FORGETS_ROOTS; do
  finds --near tables.pml -DMISTAKE_$mistake
done

holds blocks.pml -DCHANGES=2
holds blocks.pml -DREADER
holds blocks.pml -DMOVES -DCHANGES=2
finds blocks.pml -DMISTAKE_LIVING_SWEPT
finds blocks.pml -DREADER -DMISTAKE_WORD_NOT_AGAIN
for mistake in NO_STAMP SCAN_FIRST MARK_LIVE_STORES PAIR_READ_LATE LIVE_BEFORE_PUBLISHED; do
  finds blocks.pml -DDEATHS=0 -DMISTAKE_$mistake
done
finds blocks.pml -DREADER -DMISTAKE_STAMP_ONCE
finds blocks.pml -DMOVES -DDEATHS=0 -DMISTAKE_MOVE_LOOKS_AGAIN

holds standby.pml
for mistake in NOT_MARKED CLEARED_AFTER_COPY MARKS_IGNORED READY_UNASKED REMOVAL_UNNOTICED FIX_UP_KEEPS_IT RELEASED_UNDER_WAY; do
  finds standby.pml -DMISTAKE_$mistake
done

holds chunks.pml
holds chunks.pml -DREADER
for mistake in NO_COMMIT NO_CLAIM MARK_AFTER_PUNCH CLEAR_BEFORE_COMMIT SWEEP_CLEARS; do
  finds --near chunks.pml -DMISTAKE_$mistake
done
finds --near chunks.pml -DREADER -DMISTAKE_STAMP_STAYS

# A program of orders.pml, and the accesses whose order it cannot do without.
ordered() {
  local program=$1 optimise=-O0
  shift
  holds orders.pml -D$program
  for access in "$@"; do
    finds orders.pml -D$program -DMISTAKE_WEAK_$access
  done
}
ordered PUBLISH PUBLISHER LOOKER
ordered WORD PUBLISHER LOOKER
ordered SLOT PUBLISHER LOOKER WRITER SECOND_LOOK
ordered PAIR LOOKER SECOND
ordered BLOCK PUBLISHER WRITER SECOND_LOOK LAST_LOOK
ordered MISS WRITER SECOND_LOOK
ordered MARK PUBLISHER LOOKER
ordered KEYS CHANGE LOAD
ordered NEW_KEY FIRST_LOAD
holds orders.pml -DMISS -DNO_ROOT_CHECK
holds orders.pml -DMISS -DNO_EPOCH_CHECK
finds orders.pml -DMISS -DNO_ROOT_CHECK -DNO_EPOCH_CHECK
holds orders.pml -DKEYS -DBY_THE_BOOK
finds orders.pml -DNEW_KEY -DBY_THE_BOOK

if [ -n "$long" ]; then
  holds mutex.pml -DDEATHS=1 -DPASSES=2
  holds misses.pml -DTO_THE_END
  holds leases.pml -DDEATHS=2
  holds leases.pml -DCLOSES=1
fi
for model in "${chosen[@]}"; do
  name=$model.pml
  verdict=$([ -z "${broken[$name]:-}" ] && echo passes || echo FAILS)
  echo "$model: $verdict, mistakes found: ${found[$name]:-0} of ${looked_for[$name]:-0}"
  [ "${looked_for[$name]:-0}" -ne 0 ] || failures=$((failures + 1))
done
exit $((failures > 0))
