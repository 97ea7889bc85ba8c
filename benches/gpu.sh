#!/bin/sh
# Judges the GPU engine on this machine with nothing but the built binary: devices, self-test,
# answers against the definition and against the CPU engine, the bench, and a sweep of what can be
# tuned. Ends in a short table; the full figures lie in files.
#
# usage: benches/gpu.sh [--quick] [--device I,..] [BINARY [FOLDER]]
#   BINARY  default target/release/kcorrset
#   FOLDER  for tables and figures, default gpu-figures; made where it is missing
#   --quick small tables, in minutes also on a software adapter
#   --device the GPUs to use; without it the first, and a software one where there is no other
#
# Exit code: 0 where all agreed, else 1 at the first disagreement or error.
set -eu

quick=""
device=""
while [ $# -gt 0 ]; do
    case "$1" in
        --quick) quick=yes ;;
        --device)
            [ $# -ge 2 ] || { echo "gpu.sh: --device needs a number" >&2; exit 1; }
            device="$2"
            shift
            ;;
        -*) echo "gpu.sh: unknown option $1" >&2; exit 1 ;;
        *) break ;;
    esac
    shift
done
binary="${1:-target/release/kcorrset}"
folder="${2:-gpu-figures}"
[ -x "$binary" ] || { echo "gpu.sh: $binary is no program; build it, or name one" >&2; exit 1; }
case "$binary" in */*) ;; *) binary="./$binary" ;; esac
mkdir -p "$folder"
summary="$folder/summary.txt"
: >"$summary"

# What is wrong, and the files that show it.
fail() {
    echo "gpu.sh: $1" >&2
    exit 1
}

# A line of the closing table, also while it goes on.
line() {
    printf '%-34s %s\n' "$1" "$2" | tee -a "$summary" >&2
}

# The value of a number on its own line of a pretty-printed JSON file.
number() {
    sed -n "s/^ *\"$2\": *\([-+0-9.eE]*\),*\$/\1/p" "$1" | head -n 1
}

# The results of a search, without what says where and how fast it ran.
results() {
    sed -n '/^  "results":/,$p' "$1"
}

# A table in the folder, made where it is not there yet.
table() {
    name="$1"
    shift
    [ -s "$folder/$name.csv" ] || "$binary" generate "$@" -o "$folder/$name.csv"
}

# 1. Devices.
"$binary" devices | tee "$folder/devices.txt"
"$binary" devices --format json >"$folder/devices.json"
grep -q '"index"' "$folder/devices.json" || fail "there is no GPU"
device="${device:-0}"
gpu="--engine gpu --device $device"
first="${device%%,*}"
name=$(sed -n "s/^$first: //p" "$folder/devices.txt")
line "device $device" "$name"

if [ "$quick" ]; then
    tag=quick- users=600 questions=24 answered=0.6 k=4 runs=1 sample=100
    deep=40 deep_sets=500000
    benched="--quick"
else
    tag="" users=60000 questions=200 answered=0.2 k=5 runs=3 sample=1000
    deep=7 deep_sets=1000000000000
    benched="--workload benchmark --workload complete --workload likert --workload k6 --workload k10"
fi

# 2. Known answers of each pipeline, and random sets and whole chunks against the definition, over
# every kind of table. The self-test of a pipeline comes before its first chunk; -v names it.
cross_users=$((users / 20 + 100))
table "${tag}cross-sparse" --users $cross_users --questions $((questions / 2)) --answered 0.25 --seed 1
table "${tag}cross-item" --users $cross_users --questions $((questions / 2)) --answered 0.5 \
    --model item-response --seed 2
table "${tag}cross-likert" --users $cross_users --questions $((questions / 2)) --answered 0.5 \
    --min-score 1 --max-score 6 --seed 3
table "${tag}cross-complete" --users $cross_users --questions $((questions / 2)) --answered 1 --seed 4
for kind in sparse item likert complete; do
    for size in 2 3 5; do
        log="$folder/${tag}verify-$kind-k$size"
        # shellcheck disable=SC2086 # a list of words
        "$binary" verify "$folder/${tag}cross-$kind.csv" -k $size --sample $sample $gpu -v \
            >"$log.txt" 2>"$log.log" || {
            cat "$log.txt" "$log.log" >&2
            fail "$kind, K = $size: the GPU and the definition differ: $log.txt"
        }
        grep -q 'self-test passed' "$log.log" || fail "no self-test was run: $log.log"
    done
    line "verify $kind, K 2 3 5" "agrees"
done

# 3. The benchmark's search on both engines, byte for byte; and the same at other sizes of a set.
search() {
    out="$1"
    least="$2"
    shift 2
    "$binary" search "$@" --format json --min-users "$least" -o "$out.json" -v 2>"$out.log" || {
        cat "$out.log" >&2
        fail "a search failed: $out.log"
    }
}
table "${tag}benchmark" --users $users --questions $questions --answered $answered
for size in 2 3 $k; do
    data="$folder/${tag}benchmark.csv"
    search "$folder/${tag}cpu-k$size" 10 "$data" -k "$size" --engine cpu
    # shellcheck disable=SC2086 # a list of words
    search "$folder/${tag}gpu-k$size" 10 "$data" -k "$size" $gpu
    for on in cpu gpu; do
        results "$folder/${tag}$on-k$size.json" >"$folder/${tag}$on-k$size.results"
        grep -q '"place":1,' "$folder/${tag}$on-k$size.results" || fail "K = $size: no result on $on"
    done
    cmp "$folder/${tag}cpu-k$size.results" "$folder/${tag}gpu-k$size.results" >&2 ||
        fail "K = $size: the GPU's results are not the CPU's, byte for byte"
    busy=$(sed -n 's/.*busy_share="\([^"]*\)".*/\1/p' "$folder/${tag}gpu-k$size.log" | head -n 1)
    line "benchmark, K = $size, results equal" \
        "gpu $(number "$folder/${tag}gpu-k$size.json" elapsed_s) s (busy ${busy:-unknown}), cpu $(
            number "$folder/${tag}cpu-k$size.json" elapsed_s
        ) s"
done

# A part of a deep search, where prefixes run out of users and the levels pipeline prunes; and all of
# one with more than 2^64 sets, on the table of the quick run.
table quick-benchmark --users 600 --questions 24 --answered 0.6
table quick-deep --users 300 --questions 120 --answered 0.27 --seed 3
deep_search() {
    name="$1"
    least="$2"
    shift 2
    search "$folder/$name-cpu" "$least" "$@" --engine cpu
    # shellcheck disable=SC2086 # a list of words
    search "$folder/$name-gpu" "$least" "$@" $gpu
    for on in cpu gpu; do
        results "$folder/$name-$on.json" >"$folder/$name-$on.results"
    done
    cmp "$folder/$name-cpu.results" "$folder/$name-gpu.results" >&2 ||
        fail "$name: the GPU's results are not the CPU's, byte for byte"
    grep -q 'pipeline="levels"' "$folder/$name-gpu.log" || fail "$name: another pipeline ran"
    line "$name, results equal" "gpu $(number "$folder/$name-gpu.json" elapsed_s) s, cpu $(
        number "$folder/$name-cpu.json" elapsed_s
    ) s"
}
deep_search "${tag}deep-k8" $deep "$folder/${tag}benchmark.csv" -k 8 --skip 1000 --limit $deep_sets
deep_search "${tag}deep-k32" 12 "$folder/quick-deep.csv" -k 32

# 4. The bench: CPU engine, each GPU, the published algorithm. A search that is slow is cut, and the
# figures say to how many sets.
# shellcheck disable=SC2086 # lists of words
"$binary" bench cpu gpu --device $device --runs $runs $benched --format json \
    >"$folder/${tag}bench.json"
line "bench, $runs runs" "$folder/${tag}bench.json"

# 5. The sweep: the length of a dispatch.
for profile in 1 2 3 4; do
    best=""
    run=0
    while [ $run -lt $((runs)) ]; do
        run=$((run + 1))
        out="$folder/${tag}sweep-$profile-$run"
        # shellcheck disable=SC2086 # a list of words
        search "$out" 10 "$folder/${tag}benchmark.csv" -k $k $gpu --profile $profile
        results "$out.json" >"$out.results"
        cmp "$out.results" "$folder/${tag}cpu-k$k.results" >&2 ||
            fail "--profile $profile: other results than the CPU's"
        best="$best $(number "$out.json" elapsed_s)"
    done
    busy=$(sed -n 's/.*busy_share="\([^"]*\)".*/\1/p' "$out.log" | head -n 1)
    line "K = $k, --profile $profile" "$best s (busy ${busy:-unknown})"
done

echo
echo "All agreed. Figures and tables: $folder"
cat "$summary"
