#!/usr/bin/env bash
# Trains with several processes, one a GPU; without GPUs they use gloo.
# Usage: tools/dist_train.sh CONFIG PROCESSES [arguments of train.py]
set -euo pipefail

CONFIG=$1
PROCESSES=$2
HERE=$(dirname "${BASH_SOURCE[0]}")

PYTHONPATH="$HERE/..${PYTHONPATH:+:$PYTHONPATH}" \
exec "${PYTHON:-python}" -m torch.distributed.run \
    --nnodes="${NNODES:-1}" \
    --node_rank="${NODE_RANK:-0}" \
    --master_addr="${MASTER_ADDR:-127.0.0.1}" \
    --master_port="${PORT:-29500}" \
    --nproc_per_node="$PROCESSES" \
    "$HERE/train.py" "$CONFIG" --launcher pytorch "${@:3}"
