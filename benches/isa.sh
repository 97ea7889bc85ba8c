#!/bin/sh
# Counts what a compiler for AMD GPUs makes of the GPU engine's kernels: registers, workgroup memory, workgroups
# held, instructions by loop. No GPU is needed: Mesa's RADV compiles for one that is not there. Takes a minute,
# and some more where nothing is built yet. Prints Markdown, for benches/RESULTS.md.
#
# usage: benches/isa.sh [FAMILY...]
#   FAMILY  as RADV names it: gfx1100 (navi31 in later releases), navi21, aldebaran (mi200); default: these.
#           Loops are counted for the first.
#
# Exit code: 0; 1 where something is missing, does not compile, or takes other workgroup memory than was planned.
set -eu
cd "$(dirname "$0")/.."

fail() {
    echo "isa.sh: $1" >&2
    exit 1
}

[ "$(uname -s)" = Linux ] || fail "Mesa's RADV runs on Linux only"
command -v cargo >/dev/null 2>&1 || fail "Rust is missing; scripts/setup says more"
PATH="$PATH:/sbin:/usr/sbin" ldconfig -p 2>/dev/null | grep -q 'libvulkan\.so\.1' ||
    fail "the Vulkan loader is missing; on Debian and Ubuntu: apt-get install libvulkan1"

# The only driver that is loaded.
driver="${VK_DRIVER_FILES:-}"
for folder in "${XDG_DATA_HOME:-$HOME/.local/share}" /etc /usr/local/share /usr/share; do
    for found in "$folder"/vulkan/icd.d/radeon_icd*.json; do
        [ -n "$driver" ] || [ ! -e "$found" ] || driver="$found"
    done
done
[ -n "$driver" ] || fail "Mesa's RADV is missing; on Debian and Ubuntu: apt-get install mesa-vulkan-drivers"
export VK_DRIVER_FILES="$driver" VK_ICD_FILENAMES="$driver"

[ $# -gt 0 ] || set -- gfx1100 navi21 aldebaran
echo "Commit $(git describe --always --dirty 2>/dev/null || echo unknown), by \`benches/isa.sh $*\`."
exec cargo bench -q --locked --profile dev --bench isa -- count "$@"
