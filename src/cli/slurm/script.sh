#!/bin/bash
# A search in @@parts@@ parts as a job array of Slurm, written by kcorrset @@version@@. Where sbatch works, type
#
#     bash FILE        with the name of this file
#
# It submits the array and, behind it, a job that submits anew the parts that are missing then, with itself behind
# them, and merges the parts where none is. It may be run again whenever nothing of it is under way: parts that are done
# stay done, and others go on from where they were.
#SBATCH --job-name=kcorrset
# A task whose node fails is begun again, and goes on from what it had saved.
#SBATCH --requeue
#SBATCH --open-mode=append
# A minute before its time is over a task is told to end: it saves what is done.
#SBATCH --signal=B:TERM@60
@@options@@
set -euo pipefail

program=@@program@@
home=@@home@@
folder=@@folder@@
result=@@result@@
parts=@@parts@@
# So many rounds in a row that bring nothing forward, and it gives up.
tries=3
asked=@@asked@@

say() { echo "kcorrset slurm: $*" >&2; }
fail() {
    say "$@"
    exit 2
}

# One part: nothing where it is done, else what is left of it. Signals reach the program itself, as exec gives it the
# place of this shell.
task() {
    local part=${SLURM_ARRAY_TASK_ID:?is set in tasks of an array}
    local session="$folder/$part.session"
    say "part $part/$parts, job ${SLURM_JOB_ID-}, on ${SLURMD_NODENAME:-$(hostname)}"
    cd -- "$home"
    if [ -e "$folder/$part.part" ]; then
        say "part $part/$parts is done"
    elif [ -e "$session" ] || [ -e "$session.before" ]; then
        say "part $part/$parts goes on from what was saved"
        exec "$program" resume "$session"@@engine@@
    else
        # Some parts that are done spare this one work; no result depends on which.
        shopt -s nullglob
        set -- "$folder"/[0-9]*.part
        [ $# -eq 0 ] || set -- --floor-from "${@:1:50}"
        exec "$program" search @@search@@@@engine@@ \
            --part "$part/$parts" --session "$session" -o "$folder/$part.part" "$@"
    fi
}

# The parts that are still to be done, as sbatch takes them: 3,7-9. Fails where those that are there do not belong
# together.
missing() {
    local left status=0
    cd -- "$folder" || return
    set -- [0-9]*.part
    if [ ! -e "$1" ]; then
        echo "1-$parts"
        return
    fi
    left=$("$program" merge --missing "$@") || status=$?
    [ "$status" -le 1 ] || return "$status"
    awk -F / '
        function put() { line = line comma first (first == last ? "" : "-" last); comma = "," }
        NF && first && $1 == last + 1 { last = $1; next }
        NF { if (first) put(); first = last = $1 }
        END { if (first) put(); print line }
    ' <<<"$left"
}

# Changes with every part that is done and every piece of one that is saved.
state() {
    cd -- "$folder" || return
    shopt -s nullglob
    cksum /dev/null [0-9]*.part [0-9]*.session 2>&1 | cksum | tr ' ' -
}

# Submits the parts $1 and the job behind them, with the number $2 of rounds that brought nothing forward.
submit() {
    local before array behind
    before=$(state)
    array=$(sbatch --parsable --output="$logs/%A_%a.log" --array="$1" "$0" task) ||
        fail "sbatch refused the array: nothing is under way; run this script again where sbatch works"
    array=${array%%;*}
    echo "$array" >"$folder/jobs"
    behind=$(sbatch --parsable --output="$logs/%j.log" --dependency="afterany:$array" \
        "$0" behind "$2" "$before") ||
        fail "the array is under way as job $array, and sbatch refused the job behind it: run this script again when" \
            "the array has ended"
    behind=${behind%%;*}
    echo "$array $behind" >"$folder/jobs"
    say "submitted: parts $1 of $parts as job $array, and job $behind behind them"
}

# The parts, merged.
merge() {
    cd -- "$folder"
    "$program" merge [0-9]*.part@@form@@ -o "$result"
    say "all $parts parts are merged: $result"
}

# Behind the array: merges, or submits what is missing.
behind() {
    local fruitless=$1 before=$2 left
    left=$(missing)
    if [ -z "$left" ]; then
        merge
        return
    fi
    fruitless=$((fruitless + 1))
    [ "$(state)" = "$before" ] || fruitless=0
    if [ "$fruitless" -ge "$tries" ]; then
        fail "parts $left of $parts are missing, and $tries rounds brought nothing forward: the logs in $folder/logs" \
            "say why; when that is mended, run this script again"
    fi
    submit "$left" "$fruitless"
}

# As typed: refuses what is under way, or another search in this folder.
begin() {
    local jobs left
    [ -f "$0" ] || fail "save this script as a file, and run that"
    mkdir -p -- "$folder/logs"
    if [ -e "$folder/asked" ]; then
        [ "$(cat -- "$folder/asked")" = "$asked" ] ||
            fail "$folder: is of another search, which stands in $folder/asked: name another by --folder"
    else
        printf '%s\n' "$asked" >"$folder/asked"
    fi
    if [ -s "$folder/jobs" ]; then
        jobs=$(cat -- "$folder/jobs")
        [ -z "$(squeue --noheader --jobs="${jobs// /,}" 2>/dev/null)" ] ||
            fail "it is under way already: wait for its end, or stop it by scancel $jobs"
    fi
    left=$(missing)
    if [ -z "$left" ]; then
        merge
    else
        submit "$left" 0
    fi
}

# sbatch takes a % in the name of a log for a pattern, unless there are two.
logs=${folder//%/%%}/logs
case ${1-begin} in
    begin | task | behind) "${@:-begin}" ;;
    *) fail "$1: is no part of this script; run it without arguments" ;;
esac
