#!/usr/bin/env bash
# Sets the environment up where needed and swaps the shipped detector.
# Usage: tools/demo.sh [arguments of tools/demo.py]
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
bash tools/setup_env.sh
# Else a thread that waits for another takes its core; beside one more busy
# process a step took 9 s, with this 0.5 s.
export OMP_WAIT_POLICY=${OMP_WAIT_POLICY:-passive}
exec .venv/bin/python tools/demo.py "$@"
