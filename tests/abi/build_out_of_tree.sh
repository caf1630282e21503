#!/bin/sh
# build_out_of_tree.sh PREFIX OUT [NAME]: installs the SDK to PREFIX, and builds the template in it, renamed to
# NAME (badge), against that install alone. OUT/NAME is then a plugin folder that any host loads: its stream is NAMEs.
set -eu
prefix=$1
out=$2
name=${3:-badge}
root=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The SDK by itself: nothing of the host is configured, found or built.
cat >"$work/CMakeLists.txt" <<EOF
cmake_minimum_required(VERSION 3.25)
project(sluice-sdk-alone LANGUAGES CXX)
add_subdirectory("$root/sdk" sdk)
EOF
cmake -S "$work" -B "$work/sdk-build" -G Ninja -DCMAKE_INSTALL_PREFIX="$prefix" >/dev/null
cmake --install "$work/sdk-build" --component sdk >/dev/null

cp -r "$prefix/share/sluice/template" "$work/plugin"
grep -rl example "$work/plugin" | xargs sed -i "s/example/$name/g"
cmake -S "$work/plugin" -B "$work/build" -G Ninja -DCMAKE_BUILD_TYPE=Debug -DCMAKE_PREFIX_PATH="$prefix" \
  -DCMAKE_CXX_FLAGS="-Wall -Wextra -Wpedantic -Werror" >/dev/null
cmake --build "$work/build"
ctest --test-dir "$work/build" --output-on-failure
grep -q -- "$root" "$work/build/CMakeCache.txt" && grep -v "^CMAKE_\|PREFIX\|sluice-sdk_DIR" "$work/build/CMakeCache.txt" |
  grep -- "$root/sdk" && { echo "the plugin's build reaches into the source tree" >&2; exit 1; }

mkdir -p "$out"
rm -rf "${out:?}/$name"
cp -r "$work/build/plugins/$name" "$out/$name"
chmod -R go-w "$out/$name"
echo "built $out/$name"
