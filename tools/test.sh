#!/usr/bin/env bash
# Sets the environment up where needed and runs the tests, two files at a
# time with a thread each.
# Usage: tools/test.sh [--fast] [--stack onedl|openmmlab] [pytest's arguments]
#
# --fast leaves out the tests that are marked slow: two and a half minutes on
# two cores instead of nearly half an hour, and something of every module.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
stack=onedl
fast=
while [ $# -gt 0 ]; do
    case $1 in
        --fast) fast=yes; shift ;;
        --stack) [ $# -ge 2 ] || break; stack=$2; shift 2 ;;
        *) break ;;
    esac
done
# Before the other arguments, so that a -m among them goes before this one.
[ -z "$fast" ] || set -- -m 'not slow' "$@"
venv=.venv
[ "$stack" = onedl ] || venv=.venv-$stack
bash tools/setup_env.sh --stack "$stack" --venv "$venv"
export OMP_NUM_THREADS=${OMP_NUM_THREADS:-1}
exec "$venv/bin/python" -m pytest -n 2 --dist loadfile \
    --no-loadscope-reorder "$@"
