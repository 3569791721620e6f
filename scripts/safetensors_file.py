"""Writes safetensors with Python alone."""
import json
import os
import struct


def write(path, tensors, metadata=None):
    """tensors: name -> (type as "F32", shape, bytes), written in this order."""
    header, position = {}, 0
    if metadata is not None:
        header["__metadata__"] = metadata
    for name, (kind, shape, raw) in tensors.items():
        header[name] = {"dtype": kind, "shape": list(shape),
                        "data_offsets": [position, position + len(raw)]}
        position += len(raw)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    part = f"{path}.part"
    with open(part, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for _, _, raw in tensors.values():
            file.write(raw)
    os.replace(part, path)
