#!/bin/sh
# Makes sure the system has what pip cannot bring, before any long work begins.
#
#   tools/system-packages.sh demo    Python 3.11+, a C++ compiler, make, bubblewrap
#   tools/system-packages.sh test    the same, and tmux (the chat is tested in a real terminal)
#
# Nothing missing: silent, exit 0. As root with apt: installs what is missing. Elsewhere: prints
# the exact line for this system and exits 1. CMake and Ninja are not needed: pip brings CMake.
set -eu

here=$(dirname "$0")
purpose=${1:-demo}
os_release=${OS_RELEASE:-/etc/os-release}

has() { command -v "$1" >/dev/null 2>&1; }
has_compiler() { has "${CXX:-c++}" || has g++ || has clang++; }

# What is missing, by the names used in package_name below.
missing() {
    sh "$here/find-python.sh" >/dev/null || echo python
    has_compiler || echo compiler
    has make || echo make
    if [ "$(uname -s)" = Linux ]; then
        has bwrap || echo bubblewrap
    fi
    if [ "$purpose" = test ]; then
        has tmux || echo tmux
    fi
}

# The system's package manager; empty when it is none we know.
manager() {
    if [ "$(uname -s)" = Darwin ]; then
        echo brew
        return
    fi
    ids=$(sed -n 's/^ID\(_LIKE\)\{0,1\}=//p' "$os_release" 2>/dev/null | tr -d '"' | tr '\n' ' ')
    for id in $ids; do
        case $id in
            debian | ubuntu) echo apt-get; return ;;
            fedora | rhel | centos) echo dnf; return ;;
            arch) echo pacman; return ;;
            suse | opensuse*) echo zypper; return ;;
            alpine) echo apk; return ;;
        esac
    done
}

# The package of manager $1 that provides $2.
package_name() {
    case $1:$2 in
        apt-get:python) echo python3 python3-venv ;;
        pacman:python | brew:python) echo python ;;
        apk:python) echo python3 py3-pip ;;
        *:python) echo python3 ;;
        apt-get:compiler) echo g++ ;;
        dnf:compiler | zypper:compiler) echo gcc-c++ ;;
        pacman:compiler) echo gcc ;;
        apk:compiler) echo g++ musl-dev linux-headers ;;
        brew:compiler) echo llvm ;;
        *) echo "$2" ;;
    esac
}

packages() {
    for item in $2; do
        package_name "$1" "$item"
    done | tr '\n' ' ' | sed 's/ $//'
}

# The line a person types; $1 is the manager, $2 the packages.
install_line() {
    sudo=sudo
    [ "$(id -u)" = 0 ] && sudo=
    case $1 in
        apt-get) echo "$sudo apt-get install -y $2" ;;
        dnf) echo "$sudo dnf install -y $2" ;;
        pacman) echo "$sudo pacman -S --needed $2" ;;
        zypper) echo "$sudo zypper install -y $2" ;;
        apk) echo "$sudo apk add $2" ;;
        brew) echo "brew install $2" ;;
    esac | sed 's/^ //'
}

apt_install() {
    echo "Installing system packages: $*"
    DEBIAN_FRONTEND=noninteractive
    export DEBIAN_FRONTEND
    apt-get -q -o DPkg::Lock::Timeout=120 update
    apt-get -q -o DPkg::Lock::Timeout=120 install -y --no-install-recommends "$@"
}

# Prints what is missing ($1) and how to get it, and gives up.
refuse() {
    which=$(manager)
    # shellcheck disable=SC2086  # a list of words
    echo "Missing on this system:" $1 >&2
    if [ -n "$which" ]; then
        echo "Run: $(install_line "$which" "$(packages "$which" "$1")")" >&2
    else
        echo "Install them with your package manager (Python must be 3.11 or newer)." >&2
    fi
    exit 1
}

case $purpose in
    demo | test) ;;
    *) echo "usage: tools/system-packages.sh demo|test" >&2; exit 2 ;;
esac

lacking=$(missing)
[ -z "$lacking" ] && exit 0
if [ "$(id -u)" = 0 ] && [ "$(manager)" = apt-get ] && has apt-get; then
    # shellcheck disable=SC2046  # a list of words
    apt_install $(packages apt-get "$lacking") || refuse "$lacking"
    lacking=$(missing)
fi
[ -z "$lacking" ] || refuse "$lacking"
