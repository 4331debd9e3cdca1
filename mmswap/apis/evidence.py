"""What is on record of a forgetting, and what must not lie beside it."""
import json
from pathlib import Path
from typing import Any, Dict, Iterator, List, Mapping, Optional, Union

from torch import Tensor

from mmswap.apis.audit.models import data_config
from mmswap.apis.audit.records import fingerprint_of, write_json
from mmswap.apis.audit.run import choose_tests
from mmswap.apis.audit.subjects import SubjectReader
from mmswap.apis.audit.tables import PROMISE
from mmswap.apis.checkpoint import read_checkpoint
from mmswap.apis.config import load_config
from mmswap.apis.publish import private_keys
from mmswap.class_table import ClassTable
from mmswap.export.runtime import SUFFIX, OnnxFile
from mmswap.models.fingerprints import check_base, hash_states
from mmswap.registry import AUDITS
from mmswap.version import __version__

FORMAT = 1
RECORD = 'forgetting.json'
_WEIGHTS = ('.pth', '.pt', '.ckpt', '.bin', '.safetensors')
_PROTOTYPES = 'prototypes.safetensors'
_DESTROY = (
    'the base model, in any format',
    'every checkpoint of a phase: it holds the adapter and the base model',
    'the folder adapter of every phase, with its matrices, rows and '
    'prototypes',
    'models that were merged before the forgetting',
    'images and labels of the forgotten classes, from which they can be '
    'learned again',
)
_NEVER_TESTED = (
    'that given images have left no trace in the weights',
    'attacks with more images, more steps or another recipe than those of '
    'the tests',
)


def write_record(config: Union[str, Path],
                 checkpoint: Union[str, Path],
                 merged: Union[str, Path],
                 audit: Union[str, Path, None] = None,
                 trust: bool = False) -> Path:
    """Write ``forgetting.json`` beside a merged model.

    Args:
        config: Config file of the phase that forgot.
        checkpoint: What the phase wrote, by which the base is known.
        merged: The merged checkpoint.
        audit: ``audit.json`` of this model. Defaults to None, no audit: all
            is on record as not tested.
        trust: Unpickle whatever is in a checkpoint. That can run any code.

    Returns:
        The path of the record.

    Raises:
        ValueError: If the config forgets nothing, the audit is one of
            another model, or the merged model is of another base.
    """
    cfg = load_config(config)
    table = ClassTable.from_cfg(cfg.model.classes)
    if not table.forget:
        raise ValueError('classes.forget must name a class for a record of '
                         f'its forgetting, got none in {config}')
    reader = SubjectReader(cfg, trust)
    subject = reader.subject(checkpoint)
    base = subject.base_weights
    audited = _read_audit(audit, subject.fingerprint)
    read = read_checkpoint(merged, trust)
    state = read['state_dict']
    check_base(f'the merged model {merged}',
               (read.get('meta') or {}).get('base_hash'), reader.base_hash)
    results = audited.get('results', [])
    tested = {result['test'] for result in results}
    path = Path(merged).with_name(RECORD)
    write_json(path, dict(
        format=FORMAT,
        mmswap=__version__,
        promise=PROMISE.format(', '.join(table.forget)),
        classes={key: list(names) for key, names in table.as_dict().items()},
        sha256=dict(
            merged=hash_states(state), merged_half=hash_states(_half(state)),
            base=base and hash_states(base),
            base_half=base and hash_states(_half(base)),
            config=fingerprint_of(cfg.to_dict().get('model'),
                                  data_config(cfg))),
        seeds=dict(
            phase=(cfg.get('randomness') or {}).get('seed'),
            audit=(audited.get('settings') or {}).get('seed')),
        tests=results,
        not_tested=[*(name for name in _all_tests() if name not in tested),
                    *_NEVER_TESTED],
        destroy=list(_DESTROY)))
    return path


def _all_tests() -> List[str]:
    choose_tests(())  # Registers them.
    return list(AUDITS.module_dict)


def _read_audit(path: Union[str, Path, None],
                fingerprint: str) -> Dict[str, Any]:
    if path is None:
        return {}
    audit = json.loads(Path(path).read_text())
    found = [each['sha256'] for each in audit['models']
             if each['role'] == 'subject']
    if found != [fingerprint]:
        raise ValueError('audit must be that of the checkpoint, got one of '
                         f'another model in {path}')
    return audit


def _half(state: Mapping[str, Tensor]) -> Dict[str, Tensor]:
    return {key: value.half() if value.is_floating_point() else value
            for key, value in state.items()}


def check_folder(folder: Union[str, Path]) -> List[str]:
    """Find what undoes a forgetting in a folder that is to be handed out.

    By content: whatever a file is called, the keys of an adapter or of a
    phase are found in it, and the base model by its hash, in full or half
    precision, or as an ONNX file that was made from it.

    Args:
        folder: The folder. Its ``forgetting.json`` tells the base model;
            without one only adapters and phases are found.

    Returns:
        A line for each file that must not be there; empty if there is none.

    Raises:
        NotADirectoryError: If there is no such folder.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise NotADirectoryError(f'FOLDER must be a folder, got {folder}')
    record = folder / RECORD
    hashes: Dict[str, Any] = {}
    if record.is_file():
        hashes = json.loads(record.read_text())['sha256']
    base = {hashes.get('base'), hashes.get('base_half')} - {None}
    found = []
    for path in sorted(folder.rglob('*')):
        if path.suffix in _WEIGHTS and path.is_file():
            why = _why_not(path, base)
        elif path.suffix == SUFFIX:
            why = _why_not_onnx(path, base)
        else:
            continue
        if why is not None:
            found.append(f'{path.relative_to(folder)}: {why}')
    return found


def _why_not(path: Path, base: Any) -> Optional[str]:
    """Why a file of weights must not be handed out; None if it may."""
    if path.name == _PROTOTYPES:
        return 'prototypes, which bring a class back'
    try:
        checkpoint = read_checkpoint(path)
    except (ValueError, RuntimeError, OSError) as error:
        return f'cannot be read, so that it is not known what it is ({error})'
    for state in _states(checkpoint):
        if any('lora_' in key for key in state):
            return 'an adapter, the difference that the forgetting made'
        if private_keys(state):
            return 'a phase checkpoint, or part of one'
        plain = {key: value for key, value in state.items()
                 if isinstance(value, Tensor)}
        if {hash_states(plain), hash_states(_half(plain))} & base:
            return 'the base model, which has the classes'
    return None


def _why_not_onnx(path: Path, base: Any) -> Optional[str]:
    """The same of an ONNX file, by the weights that it was made from."""
    try:
        weights = OnnxFile(path).metadata.get('weights')
    except (ModuleNotFoundError, ValueError) as error:
        return f'cannot be read, so that it is not known what it is ({error})'
    return 'the base model, which has the classes' if weights in base else None


def _states(checkpoint: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for key in ('state_dict', 'ema_state_dict'):
        if isinstance(checkpoint.get(key), Mapping):
            yield checkpoint[key]
