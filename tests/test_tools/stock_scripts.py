"""The scripts that the three libraries install, run as a user would."""
import importlib
import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]

# One after the other in one process, as their imports take longest.
_DRIVER = """
import json, runpy, sys
for sys.argv in json.loads(sys.argv[1]):
    runpy.run_path(sys.argv[0], run_name='__main__')
"""


def tool(library, name):
    """The path of train.py or test.py of a library."""
    package = Path(importlib.import_module(library).__file__).parent
    return package / '.mim' / 'tools' / name


def run(folder, *args, ends_with=0):
    """Run a script of Python in a folder; return all that it printed."""
    env = dict(os.environ, PYTHONPATH=str(ROOT), OMP_NUM_THREADS='1')
    done = subprocess.run(
        [sys.executable, *map(str, args)], cwd=folder, env=env,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        timeout=900)
    assert done.returncode == ends_with, done.stdout[-3000:]
    return done.stdout


def run_in_turn(folder, *commands):
    """Run several, each a list of a script and its arguments."""
    driver = Path(folder, 'driver.py')
    driver.write_text(_DRIVER)
    return run(folder, driver,
               json.dumps([list(map(str, argv)) for argv in commands]))
