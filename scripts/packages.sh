# Sourced by the other scripts: installs the Debian packages that are missing, and nothing where none is.
holdfast_build_packages="g++ cmake ninja-build pkg-config ccache mold libcaf-dev libhiredis-dev libcurl4-openssl-dev
  rapidjson-dev libsqlite3-dev libmicrohttpd-dev libspdlog-dev prometheus-cpp-dev zlib1g-dev"
holdfast_test_packages="libgtest-dev libbenchmark-dev libabsl-dev redis-server redis-tools clang libclang-rt-14-dev curl jq python3
  prometheus systemd mandoc zsh fish hunspell hunspell-en-us doxygen"

install_packages() {
  local missing=() package
  for package in "$@"; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
  done
  [ ${#missing[@]} -eq 0 ] && return 0
  local as_root=()
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || {
      echo "missing packages: ${missing[*]}; run as root or install sudo" >&2
      return 1
    }
    as_root=(sudo)
  fi
  echo "installing ${missing[*]}" >&2
  "${as_root[@]}" apt-get update -qq >&2 &&
    # No service is started by its installation: a test starts what it needs.
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive SYSTEMD_OFFLINE=1 RUNLEVEL=1 apt-get install -y -qq --no-install-recommends "${missing[@]}" >&2
}

# Same compiler output in every checkout of this tree: ccache may share it.
export CCACHE_BASEDIR="${CCACHE_BASEDIR:-$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)}" CCACHE_NOHASHDIR=1
