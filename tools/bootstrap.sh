#!/bin/sh
# Makes .venv (or mends it) and installs the project into it, editable, under the constraints.
#
#   tools/bootstrap.sh           what chat and solve need
#   tools/bootstrap.sh dev       and what tests and checks need
#
# VENV names another folder. CMAKE_ARGS (say, -DGGML_CUDA=on) reaches llama.cpp's build as it is.
set -eu

cd "$(dirname "$0")/.."
extra=${1:-}
venv=${VENV:-.venv}

if ! "$venv/bin/python" -m pip --version >/dev/null 2>&1; then
    python=$(sh tools/find-python.sh) || {
        echo "No Python 3.11 or newer with venv was found. Name one: make PYTHON=/path/to/python3" >&2
        exit 1
    }
    "$python" -m venv --clear "$venv"
fi

# Without Ninja, scikit-build falls back on make with a single job.
if [ -z "${CMAKE_BUILD_PARALLEL_LEVEL:-}" ]; then
    CMAKE_BUILD_PARALLEL_LEVEL=$(getconf _NPROCESSORS_ONLN)
    export CMAKE_BUILD_PARALLEL_LEVEL
fi
if ! "$venv/bin/python" -m pip show -q llama-cpp-python 2>/dev/null; then
    echo "Installing into $venv. The first time on a machine, this compiles llama.cpp:" \
        "some 8 minutes of CPU time, shared by $CMAKE_BUILD_PARALLEL_LEVEL cores."
fi
"$venv/bin/python" -m pip install -c constraints-cpu.txt -e ".${extra:+[$extra]}"
