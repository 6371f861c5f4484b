# Which programs answer which questions, and how each is run. Sourced by bench/run.

# A line for each group of questions: the group, and the contestants with a program for it. A program that the build
# lacks is an error: nothing is left out silently.
declare -A programs=(
  [maps]='twinmap=bench_twinmap twinmap_huge=bench_twinmap_huge absl=bench_absl unordered_map=bench_unordered_map
    unordered_map_mutex=bench_unordered_map_mutex tbb=bench_tbb boost=bench_boost lmdb=bench_lmdb go=syncmap'
  [golist]='twinmap=bench_go_list go=golist'
  [shapes]='twinmap=bench_shapes_twinmap absl=bench_shapes_absl unordered_map=bench_shapes_unordered_map
    tbb=bench_shapes_tbb boost=bench_shapes_boost lmdb=bench_shapes_lmdb memcached=bench_shapes_memcached
    redis=bench_shapes_redis go=shapes'
  [beside]='twinmap=bench_beside_twinmap absl=bench_beside_absl unordered_map=bench_beside_unordered_map
    tbb=bench_beside_tbb boost=bench_beside_boost lmdb=bench_beside_lmdb go=beside'
)
groups=(maps golist beside shapes)
contestants=(twinmap twinmap_huge absl unordered_map unordered_map_mutex tbb boost lmdb go memcached redis)

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

# Sets options to what the program of a contestant is told.
options_of() {
  local group=$1 contestant=$2 size=$3 round=$4
  options=()
  case $group in
    maps)
      options=(--sizes="$size")
      # Inserts vary little and take minutes where the map is large.
      ((quick)) || ((size > 4000000 && round > 1)) && options+=(--no-inserts) ;;
    golist) ((!quick)) || options=(--ms-per-benchmark=100 --workers=2) ;;
    shapes)
      ((!quick)) || options=(--quick)
      # Of the sizes only servers know: as many entries with 64-bit keys and values.
      [[ $contestant != @(memcached|redis) ]] || options+=(--sizes="$(joined "${server_sizes[@]}")") ;;
    beside)
      ((!quick)) || options=(--quick)
      # Each of its questions has sizes of its own, unless they were chosen or do not fit.
      ((!sizes_chosen)) || options+=(--sizes="$(joined "${sizes[@]}")") ;;
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

# In seconds of this script, if there is one: what still runs then is ended, and what took longer in an earlier round than
# there is time left is not started.
deadline=

# Runs the program of a contestant once and leaves what it says in the directory of the round. Returns 1 if there
# was no time for it.
measure() {
  local group=$1 contestant=$2 size=$3 round=$4 status=0 program output options limit=()
  program=$(program_of "$group" "$contestant")
  output=$figures/round-$round/$group.$contestant.$size.json
  [[ ! -t 2 ]] || printf '\r\033[Kround %d of %d: %s of %s, %s' "$round" "$rounds" "$group" "$contestant" "$size" >&2
  options_of "$group" "$contestant" "$size" "$round"
  [[ -z $deadline ]] || limit=(timeout $((deadline - SECONDS)))
  if [[ $program == bench_* ]]; then
    supervise "${limit[@]}" "$build/bench/$program" "${options[@]}" --directory="$work" \
      --benchmark_out="$output" --benchmark_out_format=json >/dev/null 2>"$figures/messages" || status=$?
  else
    supervise "${limit[@]}" "$build/bench/$program" "${options[@]/#--/-}" >"$output" 2>"$figures/messages" || status=$?
  fi
  if [[ -n $deadline ]] && ((status == 124)); then
    rm -f "$output"
    return 1
  fi
  ((status == 0)) || { cat "$figures/messages" >&2; fail "$program failed at size $size"; }
}

# A line for each run of a program: round, group, contestant, size.
plan() {
  local round group size contestant
  for ((round = 1; round <= rounds; ++round)); do
    for group in "${chosen_groups[@]}"; do
      # Of these a quick run only has the time to ask once.
      [[ $group != @(shapes|beside) ]] || ((!quick || round == 1)) || continue
      for size in $(sizes_of "$group"); do
        for contestant in "${chosen_contestants[@]}"; do
          [[ -z $(program_of "$group" "$contestant") ]] || echo "$round $group $contestant $size"
        done
      done
    done
  done
}

measure_all() {
  local round group contestant size what started left_out=0
  local -A took=()
  # Ending a program and writing the tables takes a moment, too.
  [[ -z $minutes ]] || deadline=$((SECONDS + 60 * minutes - 10))
  while read -r -u 3 round group contestant size; do
    what="$group $contestant $size"
    if [[ -n $deadline ]] && ((SECONDS + ${took[$what]:-0} >= deadline)); then
      left_out=$((left_out + 1))
      continue
    fi
    mkdir -p "$figures/round-$round"
    started=$SECONDS
    measure "$group" "$contestant" "$size" "$round" || left_out=$((left_out + 1))
    took[$what]=$((SECONDS - started))
    echo "${took[$what]} s: round $round, $what" >>"$figures/times"
  done 3< <(plan)
  [[ ! -t 2 ]] || printf '\r\033[K' >&2
  ((left_out == 0)) || echo "Ended after $minutes minutes of measuring: $left_out runs of a program were left out."
}
