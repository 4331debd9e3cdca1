"""Checkpoints as the models that an audit compares."""
import copy
from pathlib import Path
from typing import Any, Dict, Mapping, Optional, Union

from mmengine.config import Config
from torch import Tensor

from mmswap.apis.checkpoint import read_checkpoint
from mmswap.apis.merge import build_model, set_adapter
from mmswap.audit.subject import Subject
from mmswap.class_table import ClassTable
from mmswap.models import SwapModel
from mmswap.models.adapter_files import merge_adapter
from mmswap.models.adapters.groups import group_norms
from mmswap.models.adapters.lora import is_lora_key
from mmswap.models.checkpoints import base_hash, is_phase_checkpoint
from mmswap.models.classes.growth import build_grown
from mmswap.models.classes.order import reorder_classes
from mmswap.models.fingerprints import check_base

State = Dict[str, Tensor]


class SubjectReader:
    """Makes plain models of K + N classes of any kind of checkpoint.

    Args:
        cfg: The config of the phase that forgot.
        trust: Unpickle whatever is in a checkpoint. That can run any code.

    Attributes:
        base_hash: Fingerprint of the subject's base model, where it tells it.
    """

    def __init__(self, cfg: Config, trust: bool = False) -> None:
        self._cfg = cfg
        self._trust = trust
        self._table = ClassTable.from_cfg(cfg.model.classes)
        # The base model's weights, where the subject still has them.
        self._base: Optional[State] = None
        self.base_hash: Optional[str] = None

    def subject(self, path: Union[str, Path]) -> Subject:
        """The model that is audited.

        Args:
            path: A phase checkpoint, or a merged one.

        Raises:
            ValueError: If it cannot be read, or has other classes.
            RuntimeError: If it is no checkpoint of this model.
        """
        read = self._read(path)
        state = self._ordered(read, path)
        self.base_hash = (base_hash(state) if is_phase_checkpoint(state) else
                          (read.get('meta') or {}).get('base_hash'))
        has_adapter = any(map(is_lora_key, state))
        model = self._build(state)
        if not has_adapter or model.adapter_name is None:
            return self._plain('subject', 'subject', model)
        self._base = {
            key: value.clone()
            for key, value in model.base_state_dict().items()
        }
        norms = group_norms(model.model, model.adapter_name)
        adapter: Dict[str, Any] = dict(
            norms={key: round(float(norm), 4) for key, norm in norms.items()},
            changed=len(model.changed_groups), groups=len(model.groups))
        off = self._plain('base', 'base', self._build(self._base))
        plain = self._plain('subject', 'subject', model)
        return Subject(plain.name, plain.role, plain.model, plain.state,
                       off.state, adapter, self._base)

    def base(self, path: Union[str, Path, None]) -> Subject:
        """The base model: that of a file, or what the subject's adapter is on.

        Args:
            path: Its checkpoint; None for the subject's own.

        Raises:
            ValueError: If there is neither, or the file's is another base.
        """
        if path is not None:
            read = self._read(path)
            check_base('the audited model', self.base_hash,
                       base_hash(read['state_dict']))
            return self._plain('base', 'base', self._build(
                self._ordered(read, path)))
        if self._base is None:
            raise ValueError(
                'base must be given (--base) for a checkpoint without an '
                'adapter, as a merged one: without the base model there is '
                'nothing to compare with')
        return self._plain('base', 'base', self._build(self._base))

    def reference(self, name: str, role: str,
                  path: Union[str, Path]) -> Subject:
        """A model to compare with.

        Args:
            name: What it is called.
            role: Its role.
            path: Its checkpoint, of any kind.
        """
        return self._plain(name, role, self._build(
            self._ordered(self._read(path), path)))

    def _read(self, path: Union[str, Path]) -> Dict[str, Any]:
        return read_checkpoint(path, self._trust)

    def _ordered(self, checkpoint: Mapping[str, Any],
                 path: Union[str, Path]) -> State:
        """The state dict, its classes in the order of the class table."""
        state = dict(checkpoint['state_dict'])
        meta = checkpoint.get('meta') or {}
        names = tuple((meta.get('dataset_meta') or {}).get('classes') or ())
        ours = self._table
        if is_phase_checkpoint(state) or names in ((), ours.names,
                                                   ours.known, ours.base):
            return state
        if sorted(names) != sorted(ours.names):
            raise ValueError(
                f'checkpoint must have the classes {list(ours.names)}, got '
                f'{list(names)} in {path}')
        inner, model, _ = build_grown(self._cfg.model.model, ours)
        del inner
        reorder_classes(state, model, ClassTable(names, stuff=ours.stuff),
                        ours.names)
        return state

    def _build(self, state: State) -> SwapModel:
        cfg = copy.deepcopy(self._cfg)
        set_adapter(cfg.model, state)
        return build_model(cfg, state)

    @staticmethod
    def _plain(name: str, role: str, model: SwapModel) -> Subject:
        return Subject(name, role, model.inner_cfg,
                       merge_adapter(model).state_dict())
