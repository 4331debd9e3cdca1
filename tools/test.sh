#!/usr/bin/env bash
# Sets the environment up where needed and runs the tests.
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
exec "$venv/bin/python" -m pytest "$@"
