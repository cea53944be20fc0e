#!/bin/sh
# Prints the first interpreter that can make the project's virtual environment.
#
#   tools/find-python.sh          $PYTHON if set, else python3, python3.13, 3.12, 3.11
#
# Exits 1 and prints nothing when none is Python 3.11 or newer with a working venv module.
set -eu

usable() {
    "$1" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

for candidate in ${PYTHON:-python3 python3.13 python3.12 python3.11}; do
    if usable "$candidate"; then
        command -v "$candidate"
        exit 0
    fi
done
exit 1
