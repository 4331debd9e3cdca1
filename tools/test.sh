#!/usr/bin/env bash
# Sets the environment up where needed and runs the tests, two files at a
# time with a thread each.
# Usage: tools/test.sh [--stack onedl|openmmlab] [arguments of pytest]
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
stack=onedl
if [ "${1:-}" = --stack ] && [ $# -ge 2 ]; then
    stack=$2
    shift 2
fi
venv=.venv
[ "$stack" = onedl ] || venv=.venv-$stack
bash tools/setup_env.sh --stack "$stack" --venv "$venv"
export OMP_NUM_THREADS=${OMP_NUM_THREADS:-1}
exec "$venv/bin/python" -m pytest -n 2 --dist loadfile \
    --no-loadscope-reorder "$@"
