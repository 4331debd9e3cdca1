#!/usr/bin/env bash
# Sets the environment up where needed and swaps the shipped detector.
# Usage: tools/demo.sh [arguments of tools/demo.py]
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
bash tools/setup_env.sh
exec .venv/bin/python tools/demo.py "$@"
