# Configure and build by preset. Sourced after common.sh.

# Objects are the same in every clone: the compiler cache looks at paths relative to this one.
export CCACHE_BASEDIR="$ROOT" CCACHE_NOHASHDIR=1

# configure PRESET   quick when nothing changed: CMake is asked only when there is no build.ninja yet,
# since Ninja re-runs it by itself when a CMake file changes.
configure() {
  local dir="build/$1"
  if [[ -f "$dir/build.ninja" && ! CMakePresets.json -nt "$dir/build.ninja" ]]; then return 0; fi
  say "configure $dir"
  mkdir -p "$dir"
  if ! cmake --preset "$1" >"$dir/configure.log" 2>&1; then
    tail -40 "$dir/configure.log" >&2
    die "cmake --preset $1 failed (whole output: $dir/configure.log); scripts/deps installs what is missing"
  fi
}

# build PRESET [TARGET...]
build() {
  local dir="build/$1"
  shift
  say "build $dir ${*:-(everything)}"
  local begun
  begun="$(date +%s%N)"
  # A person sees Ninja's own progress; a log gets the lines.
  if [[ -t 2 ]]; then
    ninja -C "$dir" -j "$(jobs_count)" "$@" >&2 || die "the build failed"
  elif ! ninja -C "$dir" -j "$(jobs_count)" "$@" >"$dir/build.log" 2>&1; then
    tail -60 "$dir/build.log" >&2
    die "the build failed (whole output: $dir/build.log)"
  fi
  say "built in $(seconds_since "$begun") s"
}
