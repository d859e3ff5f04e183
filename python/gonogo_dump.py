"""Writes what a DataLoader yields to a folder, for `gonogo batches` to audit.

Copy this file next to your training script; it needs nothing but torch, and where batches are plain lists not
even that.

    from gonogo_dump import dump
    dump(trainer, "dump/", batches=50)            # a transformers, TRL, ... Trainer: its training DataLoader
    dump(loader, "dump/", batches=50)             # a DataLoader, or anything that yields dicts
    dump(loader, "dump/", tokenizer=tokenizer)    # where the loader's collator knows no tokenizer

then

    gonogo batches dump/ -m MODEL --against config.yaml

Random numbers drawn on the way are given back, so that the run after it is as without it. In a distributed run
each rank writes its own batches into the same folder.

The format, version 1
---------------------
A folder with one file a batch, `batch-00000.safetensors`, ...; of rank 1 `rank1-batch-00000.safetensors`. A file is
safetensors as its documentation has it: eight bytes little-endian with the length of the header, the header as JSON
(name -> dtype, shape, data_offsets, and `__metadata__` with texts), the data little-endian.

Tensors have the names the batch gives them. Read are `input_ids` and `labels` [rows, tokens], `attention_mask`
[rows, tokens], or [rows, 1, tokens, tokens] or [rows, tokens, tokens] (bool: true is seen; numbers: 1 is seen; with
negative numbers among them what is added to scores: 0 is seen), `position_ids` [rows, tokens], `cu_seq_lens_q` or
`cu_seqlens` [documents + 1], `seq_idx` [rows, tokens], `seq_lengths` [rows, documents], and where there are no labels
`completion_mask` [rows, tokens]. Other tensors of numbers are not written, but named in `left_out`.

`__metadata__`, each a text and each optional but the first: `gonogo_dump` (1), `batch`, `rank`, `world_size`,
`batch_size` (rows a device is given), `epoch_batches`, `drop_last`, `gradient_accumulation_steps`, `pad_token`,
`pad_token_id`, `eos_token`, `eos_token_id`, `bos_token`, `bos_token_id`, `padding_side`, `vocab_size` (rows of the
model's embedding), `pad_to_multiple_of`, `max_length`, `packing`, `packing_strategy`, `padding_free`,
`attn_implementation`, `trainer`, `collator`, `tokenizer`, the versions of `torch`, `transformers`, `trl`, ..., and
`left_out`.

With `format="jsonl"`, and where batches hold no tensors, it is one file, `batches.jsonl`: a line
`{"gonogo_dump": {metadata}}`, then a line a batch, `{"input_ids": [[...], ...], "labels": [[...], ...], ...}`.
"""

import json
import os
import random
import struct
import sys

VERSION = 1

# Columns that are audited; others are named and left out.
COLUMNS = ("input_ids", "labels", "attention_mask", "position_ids", "completion_mask", "cu_seq_lens_q", "cu_seqlens",
           "cu_seq_lens_k", "seq_idx", "seq_lengths")
DTYPES = {"bool": "BOOL", "uint8": "U8", "int8": "I8", "int16": "I16", "int32": "I32", "int64": "I64",
          "float16": "F16", "bfloat16": "BF16", "float32": "F32", "float64": "F64"}
LIBRARIES = ("torch", "transformers", "trl", "accelerate", "peft", "datasets", "axolotl", "llamafactory", "unsloth")


def dump(source, folder, batches=50, tokenizer=None, format="safetensors"):
    """Writes the first `batches` batches of `source` into `folder` and returns how many there were.

    `source` is a Trainer, a DataLoader, or any iterable of dicts. `format` is "safetensors" or "jsonl".
    """
    if format not in ("safetensors", "jsonl"):
        raise ValueError(f"format is {format!r}; it is 'safetensors' or 'jsonl'")
    trainer = source if hasattr(source, "get_train_dataloader") else None
    state = _random_state()
    loader = trainer.get_train_dataloader() if trainer is not None else source
    about = _about(trainer, loader, tokenizer)
    rank = int(about.get("rank", 0))
    os.makedirs(folder, exist_ok=True)
    _make_room(folder, rank)
    lines, count = None, 0
    try:
        for batch in loader:
            if count == batches:
                break
            columns, left_out = _columns(batch)
            if format == "jsonl" or not any(_is_tensor(column) for column in columns.values()):
                if lines is None:
                    path = os.path.join(folder, f"rank{rank}-batches.jsonl" if rank else "batches.jsonl")
                    lines = open(path, "w", encoding="utf-8")
                    lines.write(json.dumps({"gonogo_dump": {**about, **left_out}}) + "\n")
                lines.write(json.dumps({name: _plain(column) for name, column in columns.items()}) + "\n")
            else:
                name = f"batch-{count:05}.safetensors"
                path = os.path.join(folder, f"rank{rank}-{name}" if rank else name)
                _write(path, columns, {**about, **left_out, "batch": str(count)})
            count += 1
    finally:
        if lines is not None:
            lines.close()
        _restore(state)
    if count == 0:
        raise ValueError("the loader yields no batch")
    return count


def _make_room(folder, rank):
    """Batches of an earlier dump would be taken for this one's."""
    own = f"rank{rank}-batch" if rank else "batch"
    for name in os.listdir(folder):
        if name.startswith(own) and name.endswith((".safetensors", ".jsonl")):
            os.remove(os.path.join(folder, name))


def _is_tensor(value):
    return hasattr(value, "detach") and hasattr(value, "dtype")


def _plain(value):
    if hasattr(value, "detach"):
        value = value.detach().cpu()
    return value.tolist() if hasattr(value, "tolist") else value


def _columns(batch):
    """What of a batch is written, and the names of the rest."""
    if not hasattr(batch, "items"):
        raise TypeError(f"a batch is {type(batch).__name__}, not a dict: yield dicts with input_ids and labels")
    tensors = any(_is_tensor(value) for value in batch.values())
    kept, left = {}, []
    for name, value in batch.items():
        if value is None or isinstance(value, (bool, int, float, str)):
            continue
        column = _as_tensor(value) if name in COLUMNS and tensors and not _is_tensor(value) else value
        if name in COLUMNS and (_is_tensor(column) or isinstance(column, (list, tuple)) or hasattr(column, "tolist")):
            kept[name] = column
        else:
            shape = f" {list(value.shape)}" if hasattr(value, "shape") else ""
            left.append(f"{name} ({type(value).__name__}{shape})")
    return kept, {"left_out": ", ".join(left)} if left else {}


def _as_tensor(value):
    """Lists beside tensors; what is ragged stays as it is and is left out."""
    import torch
    try:
        return torch.as_tensor(value)
    except (ValueError, TypeError):
        return None


def _write(path, columns, about):
    """A file of safetensors, under another name until it is whole."""
    import torch
    header, blobs, offset = {"__metadata__": about}, [], 0
    for name, tensor in columns.items():
        tensor = tensor.detach().cpu().contiguous()
        blob = _bytes(tensor, torch)
        kind = DTYPES.get(str(tensor.dtype).removeprefix("torch."))
        if kind is None:
            about["left_out"] = ", ".join(filter(None, [about.get("left_out"), f"{name} ({tensor.dtype})"]))
            continue
        header[name] = {"dtype": kind, "shape": list(tensor.shape), "data_offsets": [offset, offset + len(blob)]}
        blobs.append(blob)
        offset += len(blob)
    head = json.dumps(header, ensure_ascii=True, separators=(",", ":")).encode()
    head += b" " * (-len(head) % 8)
    with open(path + ".part", "wb") as out:
        out.write(struct.pack("<Q", len(head)))
        out.write(head)
        for blob in blobs:
            out.write(blob)
    os.replace(path + ".part", path)


def _bytes(tensor, torch):
    if tensor.numel() == 0:
        return b""
    raw = tensor.reshape(-1).view(torch.uint8)
    try:
        blob = raw.numpy().tobytes()
    except RuntimeError:  # no numpy
        blob = bytes(raw.tolist())
    size = tensor.element_size()
    if sys.byteorder == "big" and size > 1:
        blob = b"".join(blob[at:at + size][::-1] for at in range(0, len(blob), size))
    return blob


def _about(trainer, loader, tokenizer):
    """What is known of how the batches are made, as texts."""
    args, model = getattr(trainer, "args", None), getattr(trainer, "model", None)
    collator = getattr(trainer, "data_collator", None) or getattr(loader, "collate_fn", None)
    tokenizer = (tokenizer or getattr(trainer, "processing_class", None) or getattr(collator, "tokenizer", None)
                 or getattr(collator, "processing_class", None))
    tokenizer = getattr(tokenizer, "tokenizer", None) or tokenizer  # of a processor
    about = {"gonogo_dump": str(VERSION)}

    def put(name, value):
        if isinstance(value, bool):
            about[name] = "true" if value else "false"
        elif isinstance(value, (str, int)):
            about[name] = str(value)

    put("rank", getattr(args, "process_index", None) or int(os.environ.get("RANK", 0)))
    put("world_size", getattr(args, "world_size", None) or int(os.environ.get("WORLD_SIZE", 1)))
    put("batch_size", getattr(args, "train_batch_size", None) or getattr(loader, "batch_size", None))
    put("gradient_accumulation_steps", getattr(args, "gradient_accumulation_steps", None))
    put("drop_last", getattr(loader, "drop_last", None))
    try:
        put("epoch_batches", len(loader))
    except TypeError:
        pass  # an iterable without a length
    for name in ("pad_token", "eos_token", "bos_token", "pad_token_id", "eos_token_id", "bos_token_id", "padding_side"):
        put(name, getattr(tokenizer, name, None))
    put("pad_token_id", getattr(collator, "pad_token_id", None))
    put("tokenizer", getattr(tokenizer, "name_or_path", None))
    put("pad_to_multiple_of", getattr(collator, "pad_to_multiple_of", None))
    for name in ("max_length", "packing", "packing_strategy"):
        put(name, getattr(args, name, None))
    put("padding_free", getattr(trainer, "padding_free", None) or getattr(collator, "padding_free", None)
        or type(collator).__name__ == "DataCollatorWithFlattening")
    config = getattr(model, "config", None)
    put("attn_implementation", getattr(config, "_attn_implementation", None))
    try:
        put("vocab_size", model.get_input_embeddings().weight.shape[0])
    except AttributeError:
        pass  # no model, or one that has no such method
    for name, thing in (("trainer", trainer), ("collator", collator)):
        if thing is not None:
            put(name, getattr(thing, "__name__", None) or type(thing).__name__)
    for name in LIBRARIES:
        put(name, getattr(sys.modules.get(name), "__version__", None))
    return about


def _random_state():
    torch, numpy = sys.modules.get("torch"), sys.modules.get("numpy")
    return (random.getstate(), torch and torch.get_rng_state(), numpy and numpy.random.get_state())


def _restore(state):
    python, torch_state, numpy_state = state
    random.setstate(python)
    if torch_state is not None:
        sys.modules["torch"].set_rng_state(torch_state)
    if numpy_state is not None:
        sys.modules["numpy"].random.set_state(numpy_state)
