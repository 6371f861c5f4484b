# Which programs answer which questions, and how each is run. Sourced by bench/run.

# A line for each group of questions: the group, and the contestants with a program for it. A program that the build
# lacks is an error: nothing is left out silently.
declare -A programs=(
  [maps]='twinmap=bench_twinmap absl=bench_absl unordered_map=bench_unordered_map
    unordered_map_mutex=bench_unordered_map_mutex tbb=bench_tbb boost=bench_boost lmdb=bench_lmdb go=syncmap'
  [golist]='twinmap=bench_go_list go=golist'
)
groups=(maps golist)
contestants=(twinmap absl unordered_map unordered_map_mutex tbb boost lmdb go)

program_of() {
  local entry
  for entry in ${programs[$1]}; do
    [[ ${entry%%=*} != "$2" ]] || echo "${entry#*=}"
  done
}

# Fails if a program of the chosen groups and contestants was not built.
check_programs() {
  local group contestant program
  for group in "${chosen_groups[@]}"; do
    for contestant in "${chosen_contestants[@]}"; do
      program=$(program_of "$group" "$contestant")
      [[ -z $program || -x $build/bench/$program ]] || fail "the build has no $program, for $group of $contestant"
    done
  done
}

# The sizes at which a group is asked, one run of its programs each; "-" is one run in which the programs choose.
sizes_of() {
  case $1 in
    maps) echo "${sizes[*]}" ;;
    *) echo - ;;
  esac
}

# Sets options to what the programs of a group are told beyond their size.
options_of() {
  local group=$1 size=$2 round=$3
  options=()
  [[ $size == - ]] || options+=(--sizes="$size")
  case $group in
    # Inserts vary little and take minutes where the map is large.
    maps) ((quick)) || ((size > 4000000 && round > 1)) && options+=(--no-inserts) ;;
    golist) ((!quick)) || options+=(--ms-per-benchmark=100 --workers=2) ;;
  esac
  return 0
}

# In the background, since a shell that waits for a foreground program does not hear a signal.
running=
supervise() {
  local status=0
  "$@" &
  running=$!
  wait "$running" || status=$?
  running=
  return "$status"
}

# Runs the program of a contestant once and leaves what it says in the directory of the round.
measure() {
  local group=$1 contestant=$2 size=$3 round=$4 program output began=$SECONDS options
  program=$(program_of "$group" "$contestant")
  [[ -n $program ]] || return 0
  output=$figures/round-$round/$group.$contestant.$size.json
  [[ ! -t 2 ]] || printf '\r\033[Kround %d of %d: %s of %s, %s' "$round" "$rounds" "$group" "$contestant" "$size" >&2
  options_of "$group" "$size" "$round"
  if [[ $program == bench_* ]]; then
    supervise "$build/bench/$program" "${options[@]}" --directory="$work" \
      --benchmark_out="$output" --benchmark_out_format=json >/dev/null 2>"$figures/messages"
  else
    supervise "$build/bench/$program" "${options[@]/#--/-}" >"$output" 2>"$figures/messages"
  fi || { cat "$figures/messages" >&2; fail "$program failed at size $size"; }
  echo "$((SECONDS - began)) s: round $round, $group of $contestant, $size" >>"$figures/times"
}

measure_all() {
  local round group size contestant
  for ((round = 1; round <= rounds; ++round)); do
    mkdir "$figures/round-$round"
    for group in "${chosen_groups[@]}"; do
      for size in $(sizes_of "$group"); do
        for contestant in "${chosen_contestants[@]}"; do
          measure "$group" "$contestant" "$size" "$round"
        done
      done
    done
  done
  [[ ! -t 2 ]] || printf '\r\033[K' >&2
}
