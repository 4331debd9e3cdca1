"""Files of a work dir."""
import json


def write_json(path, value):
    """Write a json file, and the folder that it is in."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value))
