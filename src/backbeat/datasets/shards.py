"""A synthetic dataset in files: tar shards as WebDataset reads them, with a manifest, checksums and a datasheet.

A shard is a function of the manifest and its number. It is written under a temporary name, and moved to its place when
it is whole and its checksum lies beside it, so that a killed run goes on where it was: nothing is lost, made twice or
half there.
"""

import hashlib
import io
import json
import re
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from backbeat import audio
from backbeat.datasets.datasheet import datasheet
from backbeat.datasets.synthetic import BLOCK, MOST_ITEMS, SPLITS, Synthetic, indices_of
from backbeat.errors import DatasetError
from backbeat.executors import Executor, Failure, Local
from backbeat.files import replacing

ITEMS_PER_SHARD = 16 * BLOCK
_SCHEMA = 1
_MANIFEST, _DATASHEET = "manifest.json", "README.md"
_TEMPORARY = re.compile(r"\.[0-9a-f]{16}\.(tar|json|md)")
"""What `replacing` leaves where it is killed."""

Progress = Callable[[int, int], None]
"""Called with the items done and their number."""


@dataclass(frozen=True)
class Item:
    """A pair from a shard.

    Attributes:
        index: in the dataset.
        params: (P,).
        seed: of the noise.
        audio: (samples,), as it was rendered but for the 16 bits.
        sample_rate: in Hz.
    """

    index: int
    params: Float[Tensor, " parameters"]
    seed: int
    audio: Float[Tensor, " samples"]
    sample_rate: int


def write(
    dataset: Synthetic,
    folder: str | Path,
    count: int,
    *,
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Write the first `count` items of a dataset, or what is missing of them where they were begun.

    Args:
        dataset: what to write.
        folder: made where there is none; must hold nothing, or what an earlier call began.
        count: items.
        executor: where to render; none is this process. Every worker must see the folder.
        progress: told what is done.

    Returns:
        The manifest: what was asked for, and name, items, bytes and SHA-256 of each shard.

    Raises:
        DatasetError: where the folder holds another dataset or cannot be written to, or a value is not allowed.
    """
    folder = Path(folder)
    if not 1 <= count <= MOST_ITEMS:
        raise DatasetError(f"count: found {count}; must be from 1 to {MOST_ITEMS}")
    request = _request(dataset, count)
    _begin(folder, request)
    numbers = range(-(-count // ITEMS_PER_SHARD))
    records = {
        number: record for number in numbers if (record := _finished(folder, dataset, count, number)) is not None
    }
    done = sum(record["items"] for record in records.values())
    if progress is not None:
        progress(done, count)
    missing = [number for number in numbers if number not in records]
    write_shard = partial(_write_shard, dataset, folder.resolve(), count)
    for number, written in (executor or Local()).run(write_shard, missing):
        if isinstance(written, Failure):
            raise DatasetError(f"{folder}: {written.reason}")
        records[number] = written
        done += written["items"]
        if progress is not None:
            progress(done, count)
    manifest = {**request, "complete": True, "shards": [records[number] for number in numbers]}
    _write_text(folder / _DATASHEET, datasheet(manifest, dataset.plugin))
    _write_text(folder / _MANIFEST, _json(manifest))
    return manifest


def verify(folder: str | Path) -> list[str]:
    """What is wrong with a written dataset, a line each: missing, left over or altered shards, items not there once.

    Raises:
        DatasetError: where there is no manifest that can be read.
    """
    folder = Path(folder)
    manifest = _manifest(folder)
    if not manifest.get("complete"):
        return [f"{folder / _MANIFEST}: the dataset was not finished; write it again to go on"]
    problems, due_first = [], 0
    listed = {_MANIFEST, _DATASHEET}
    for record in manifest["shards"]:
        path = folder / record["name"]
        listed |= {path.name, _record_path(path).name}
        due = indices_of(manifest["split"], torch.arange(due_first, due_first + record["items"])).tolist()
        due_first += record["items"]
        if not path.is_file():
            problems.append(f"{path}: missing; it held {record['items']} items")
        elif (found := hashlib.sha256(path.read_bytes()).hexdigest()) != record["sha256"]:
            problems.append(f"{path}: found SHA-256 {found}; must be {record['sha256']}")
        elif [item.index for item in _items(path)] != due:
            problems.append(f"{path}: found other items than {due[0]} to {due[-1]}")
    if due_first != manifest["count"]:
        problems.append(f"{folder / _MANIFEST}: the shards hold {due_first} items; must be {manifest['count']}")
    others = (path for path in sorted(folder.iterdir()) if path.name not in listed)
    problems += [f"{path}: not of this dataset" for path in others if not _TEMPORARY.fullmatch(path.name)]
    return problems


def read(folder: str | Path) -> Iterator[Item]:
    """The items of a written dataset, in order.

    Raises:
        DatasetError: where there is none, or a shard cannot be read.
    """
    folder = Path(folder)
    manifest = _manifest(folder)
    if not manifest.get("complete"):
        raise DatasetError(f"{folder / _MANIFEST}: the dataset was not finished; write it again to go on")
    for record in manifest["shards"]:
        yield from _items(folder / record["name"])


def _request(dataset: Synthetic, count: int) -> dict[str, Any]:
    """What is written, as the manifest has it."""
    return {
        "schema": _SCHEMA,
        "backbeat": version("backbeat"),
        "plugin": dataset.plugin.name,
        "plugin_version": dataset.plugin.version,
        "options": dict(dataset.plugin.options),
        "distribution": dataset.distribution,
        "seed": dataset.seed,
        "split": dataset.split,
        "seconds": dataset.seconds,
        "sample_rate": dataset.sample_rate,
        "augmentation": None if dataset.augmentation is None else asdict(dataset.augmentation),
        "count": count,
        "params": dataset.plugin.table.entries(),
    }


def _begin(folder: Path, request: dict[str, Any]) -> None:
    """Write down what the folder is for, or check that it is for this; drop what a killed run left."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if (folder / _MANIFEST).exists():
            begun = _manifest(folder)
            for name, wanted in request.items():
                if begun.get(name) != wanted:
                    raise DatasetError(
                        f"{folder}: holds a dataset whose {name} is {_short(begun.get(name))}; found {_short(wanted)}"
                    )
        elif any(not _TEMPORARY.fullmatch(path.name) for path in folder.iterdir()):
            raise DatasetError(f"{folder}: holds other files; must be a new folder, or one of a dataset that was begun")
        else:
            _write_text(folder / _MANIFEST, _json({**request, "complete": False}))
        for left in folder.iterdir():
            if _TEMPORARY.fullmatch(left.name):
                left.unlink()
    except OSError as error:
        raise DatasetError(f"{folder}: not a folder that can be written to ({error.strerror})") from error


def _write_shard(dataset: Synthetic, folder: Path, count: int, number: int) -> dict[str, Any]:
    """Render and write one shard, and its record beside it."""
    path = _shard_path(folder, dataset, number)
    first = number * ITEMS_PER_SHARD
    last = min(count, first + ITEMS_PER_SHARD)
    try:
        with replacing(path) as temporary:
            with tarfile.open(temporary, "w", format=tarfile.USTAR_FORMAT) as shard:
                for start in range(first, last, BLOCK):
                    _add(shard, dataset, start, min(last, start + BLOCK))
            record = {"name": path.name, "items": last - first, **_fingerprint(temporary)}
            _write_text(_record_path(path), _json(record))
    except OSError as error:
        raise DatasetError(f"{path}: cannot be written ({error.strerror})") from error
    return record


def _add(shard: tarfile.TarFile, dataset: Synthetic, first: int, last: int) -> None:
    """Add the items of some positions: a FLAC and a JSON file each."""
    batch = dataset.at(torch.arange(first, last))
    scales = (batch.audio.abs().amax((1, 2)) / audio.FLAC_FULL_SCALE).clamp(min=1.0)
    sounds = batch.audio[:, 0] / scales.unsqueeze(-1)
    for row, index in enumerate(batch.indices.tolist()):
        facts = {
            "index": index,
            "seed": int(batch.seeds[row]),
            "scale": float(scales[row]),
            "params": batch.params[row].tolist(),
        }
        sound = audio.to_flac(sounds[row], dataset.sample_rate)
        for suffix, data in (("flac", sound), ("json", json.dumps(facts).encode())):
            member = tarfile.TarInfo(f"{index:010d}.{suffix}")
            member.size = len(data)
            shard.addfile(member, io.BytesIO(data))


def _finished(folder: Path, dataset: Synthetic, count: int, number: int) -> dict[str, Any] | None:
    """The record of a shard that is there, whole."""
    path = _shard_path(folder, dataset, number)
    try:
        record: dict[str, Any] = json.loads(_record_path(path).read_text(encoding="utf-8"))
        found = _fingerprint(path)
    except (OSError, ValueError):
        return None
    wanted = {"name": path.name, "items": min(ITEMS_PER_SHARD, count - number * ITEMS_PER_SHARD), **found}
    return record if record == wanted else None


def _items(path: Path) -> Iterator[Item]:
    try:
        with tarfile.open(path) as shard:
            members = {member.name: member for member in shard}
            for name, member in members.items():
                if not name.endswith(".json"):
                    continue
                facts = json.loads(_content(shard, member))
                sound = f"{Path(name).stem}.flac"
                samples, sample_rate = audio.from_flac(_content(shard, members[sound]), f"{path}: {sound}")
                params = torch.tensor(facts["params"], dtype=torch.float32)
                yield Item(facts["index"], params, facts["seed"], facts["scale"] * samples, sample_rate)
    except (OSError, tarfile.TarError, ValueError, KeyError) as error:
        raise DatasetError(f"{path}: not a shard that can be read ({error})") from error


def _content(shard: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    file = shard.extractfile(member)
    return b"" if file is None else file.read()


def _manifest(folder: Path) -> dict[str, Any]:
    path = folder / _MANIFEST
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise DatasetError(f"{path}: no manifest that can be read ({reason}); must be of a written dataset") from error
    if not isinstance(found, dict) or found.get("schema") != _SCHEMA or found.get("split") not in SPLITS:
        raise DatasetError(f"{path}: no manifest of schema {_SCHEMA}")
    return found


def _shard_path(folder: Path, dataset: Synthetic, number: int) -> Path:
    return folder / f"{dataset.plugin.name}-{dataset.split}-{number:06d}.tar"


def _record_path(shard: Path) -> Path:
    return shard.with_suffix(".json")


def _fingerprint(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        return {"bytes": path.stat().st_size, "sha256": hashlib.file_digest(file, "sha256").hexdigest()}


def _write_text(path: Path, text: str) -> None:
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def _json(document: object) -> str:
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}…"
