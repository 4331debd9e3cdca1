#!/usr/bin/env bash
# Sets the environment up where needed and runs the tests.
# Usage: tools/test.sh [arguments of pytest]
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
bash tools/setup_env.sh
exec .venv/bin/python -m pytest "$@"
