#!/usr/bin/env bash
# Makes the environment that mmswap is developed and tested in.
# Usage: tools/setup_env.sh [--stack onedl|openmmlab] [--venv DIR]
#
# A stack is a file of requirements/: onedl, the default, goes to .venv, and
# openmmlab, the original packages on torch 2.1, to .venv-openmmlab.
#
# The first run downloads the pinned packages (about five minutes) and
# compiles mmcv (about ten minutes on two cores). The compiled wheel is kept
# in a cache outside the checkout, ${MMSWAP_CACHE:-~/.cache/mmswap}, so that
# the next environment does without. An environment that is up to date starts
# at once; one that was interrupted is finished.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
stack=onedl
venv=
min_python=3.11  # The pinned versions need it; mmswap itself takes 3.8.

usage() {
    echo "Usage: tools/setup_env.sh [--stack onedl|openmmlab]" \
        "[--venv DIR]" >&2
    exit 2
}

while [ $# -gt 0 ]; do
    case $1 in
        --stack) [ $# -ge 2 ] || usage; stack=$2; shift 2 ;;
        --venv) [ $# -ge 2 ] || usage; venv=$2; shift 2 ;;
        *) usage ;;
    esac
done

reqs=$root/requirements
pins=$reqs/$stack.txt
# runtime.txt holds ranges for users, not the pins of an environment.
if [ "$stack" = runtime ] || ! grep -q '^torch==' "$pins" 2>/dev/null; then
    echo "--stack must be a file of requirements/ that pins torch, such as" \
        "onedl, got $stack" >&2
    exit 2
fi
if [ -z "$venv" ]; then
    venv=$root/.venv
    [ "$stack" = onedl ] || venv=$venv-$stack
fi
case $venv in /*) ;; *) venv=$PWD/$venv ;; esac

say() { echo "[setup $((SECONDS / 60))m$((SECONDS % 60))s] $*"; }

# What the environment was made from; equal to the stamp, nothing is to do.
wanted=$(cat "$reqs/build.txt" "$pins" "$reqs/tests.txt" "$reqs/lint.txt" \
    "$root/setup.py" "${BASH_SOURCE[0]}" | cksum)
wanted="$root $wanted"
stamp=$venv/.mmswap-setup
if [ -x "$venv/bin/python" ] && [ -f "$stamp" ] \
    && [ "$(cat "$stamp")" = "$wanted" ]; then
    exit 0
fi

python=${PYTHON:-python3}
if [ ! -x "$venv/bin/python" ] || ! "$venv/bin/python" -m pip --version \
    >/dev/null 2>&1; then
    max_python=$(sed -n 's/^# Newest Python: //p' "$pins")
    "$python" - "$min_python" "$max_python" <<'PY' || exit 1
import sys
least, most = (tuple(map(int, text.split('.'))) for text in sys.argv[1:])
if not least <= sys.version_info[:2] <= most:
    sys.exit(f'Python {sys.argv[1]} to {sys.argv[2]} is needed, got '
             f'{sys.version.split()[0]}; name another with PYTHON=...')
PY
    say "making the virtual environment $venv"
    "$python" -m venv "$venv"
fi
python=$venv/bin/python
pip() { "$python" -m pip --disable-pip-version-check "$@"; }

say "1/4 torch, a large download unless it is there (some minutes)"
grep -E '^(torch|torchvision|numpy|setuptools)==' "$pins" >"$venv/torch.txt"
pip install -q -r "$reqs/build.txt" -r "$venv/torch.txt"

mmcv=$(grep -E '^(onedl-)?mmcv==' "$pins")
if "$python" - "$mmcv" <<'PY' >/dev/null 2>&1
import importlib.metadata
import sys
name, _, version = sys.argv[1].partition('==')
if importlib.metadata.version(name) != version:
    sys.exit(1)
import mmcv.ops
PY
then
    say "2/4 $mmcv is there"
else
    # A wheel works with one Python and one torch, with or without CUDA.
    tag=$("$python" - <<'PY'
import sys
import torch
kind = 'cuda' if torch.cuda.is_available() else 'cpu'
print(f'cp{sys.version_info[0]}{sys.version_info[1]}-'
      f'torch{torch.__version__}-{kind}')
PY
    )
    cache=${MMSWAP_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/mmswap}
    wheels=$cache/wheels/$tag
    mkdir -p "$wheels"
    name=${mmcv%%==*}
    if ! ls "$wheels/${name//-/_}-${mmcv##*==}"-*.whl >/dev/null 2>&1; then
        say "2/4 $mmcv, compiled unless a wheel is found (10 minutes on two" \
            "cores)"
        part=$(mktemp -d "$wheels/part.XXXXXX")
        trap 'rm -rf "$part"' EXIT
        # ninja is the environment's; without it one core compiles.
        PATH=$venv/bin:$PATH CFLAGS="-g0 ${CFLAGS:-}" \
            MAX_JOBS=${MAX_JOBS:-$("$python" -c 'import os
print(os.cpu_count())')} \
            "$python" -m pip --disable-pip-version-check wheel -q --no-deps \
            --no-build-isolation --wheel-dir "$part" "$mmcv"
        mv "$part"/*.whl "$wheels"/
    else
        say "2/4 $mmcv from $wheels"
    fi
    pip install -q --no-deps --no-index --force-reinstall \
        --find-links "$wheels" "$mmcv"
fi

say "3/4 the other packages (two minutes)"
# All pins in one command, so that nothing moves torch.
pip install -q --no-build-isolation -r "$reqs/build.txt" -r "$pins" \
    -r "$reqs/tests.txt" -r "$reqs/lint.txt"

say "4/4 mmswap itself"
# setuptools warns of what an editable installation is.
PYTHONWARNINGS=ignore pip install -q --no-deps --no-build-isolation -e "$root"

# Last, so that an interrupted set-up is not taken for a finished one.
echo "$wanted" >"$stamp"
say "done"
