#!/usr/bin/env bash
# Compares what `kcorrset plan` expects with what searches then take: eight and more of different kinds, one line
# each with expected and measured seconds and their ratio. Arguments: names of searches, all without. KCORRSET names
# another program than the release build; RUNS how often each is planned and run (3), of which medians are printed.
set -euo pipefail
cd "$(dirname "$0")/.."
program=${KCORRSET:-target/release/kcorrset}
runs=${RUNS:-3}
tables=$(mktemp -d)
trap 'rm -r "$tables"' EXIT

# name | table: options of generate | options of the search | engine
searches='
sparse-3     | --seed 1                                                                     | -k 3 --min-users 10  | cpu
sparse-4     | --seed 1                                                                     | -k 4 --min-users 10  | cpu
sparse-5     | --seed 1                                                                     | -k 5 --min-users 10  | cpu
likert-4     | --seed 1 --min-score 1 --max-score 6                                         | -k 4 --min-users 10  | cpu
sparse-6-60  | --users 20000 --questions 60 --answered 0.4 --model item-response --seed 1   | -k 6 --min-users 30  | cpu
complete-5   | --users 4000 --answered 1 --seed 1                                           | -k 5                 | cpu
complete-9   | --users 2000 --questions 50 --answered 1 --model item-response --seed 1      | -k 9                 | cpu
gaps-6       | --users 3000 --questions 60 --answered 0.99 --model item-response --seed 1    | -k 6                 | cpu
deep-12      | --users 3000 --questions 100 --answered 0.3 --model item-response --seed 1   | -k 12 --min-users 10 | cpu
deep-10-rare | --users 20000 --questions 120 --answered 0.2 --seed 1                        | -k 10 --min-users 8  | cpu
gpu-5        | --users 4000 --questions 70 --answered 0.3 --seed 1                          | -k 5 --min-users 5   | gpu
gpu-complete | --users 2000 --questions 60 --answered 1 --model item-response --seed 1      | -k 6                 | gpu
gpu-deep     | --users 1500 --questions 80 --answered 0.3 --model item-response --seed 1    | -k 10 --min-users 10 | gpu
bound-10     | --users 4000 --questions 60 --answered 1 --model item-response --discrimination 0.5..2 --seed 1 | -k 10 | bound
'

median() { sort -g | awk '{ all[NR] = $1 } END { print all[int((NR + 1) / 2)] }'; }

printf '%-13s %-24s %12s %22s %12s %7s\n' search way expected between measured ratio
while IFS='|' read -r name table options engine; do
    name=${name// /}
    engine=${engine// /}
    [ -n "$name" ] || continue
    [ $# -eq 0 ] || [[ " $* " == *" $name "* ]] || continue
    file=$tables/$(md5sum <<<"$table" | cut -c1-8).json
    # shellcheck disable=SC2086 # options are words
    [ -e "$file" ] || "$program" generate $table -o "$file"
    : >"$tables/expected" && : >"$tables/measured"
    for _ in $(seq "$runs"); do
        # shellcheck disable=SC2086
        "$program" plan "$file" $options --engine "$engine" -q --format json >"$tables/plan" 2>/dev/null
        jq -r '.plans[0].engines[0].time.seconds // "untold"' "$tables/plan" >>"$tables/expected"
        # shellcheck disable=SC2086
        "$program" search "$file" $options --engine "$engine" -q --format json >"$tables/found" 2>/dev/null
        jq -r .elapsed_s "$tables/found" >>"$tables/measured"
    done
    between=$(jq -r '.plans[0].engines[0].time | "\(.low) \(.high)"' "$tables/plan")
    way=$(jq -r '.plans[0].engines[0].way | join(", ")' "$tables/plan")
    awk -v name="$name" -v way="$engine $way" -v e="$(median <"$tables/expected")" \
        -v between="$between" -v m="$(median <"$tables/measured")" 'BEGIN {
        if (e == "untold") { printf "%-13s %-24s %12s %22s %12.3f\n", name, way, e, "", m; exit }
        split(between, b, " ")
        printf "%-13s %-24s %12.3f %10.3f %11.3f %12.3f %7.2f\n", name, way, e, b[1], b[2], m, e / m }'
done <<<"$searches"
