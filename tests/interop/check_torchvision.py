#!/usr/bin/env python3
"""check_torchvision.py TOOL MODEL SIZE [PICTURES]: weights to this library and back, against torchvision.

Gives a torchvision model random weights and batch norm statistics, writes them as safetensors, has
TOOL (load_torchvision) load them, answer pictures and write the weights again; then compares the
logits and loads what came back. Exits with 77 where torchvision is missing.
"""
import json
import pathlib
import struct
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "scripts"))
import safetensors_file  # noqa: E402

try:
    import torch
    import torchvision
except ImportError:
    print("skipped: no torchvision on this machine")
    sys.exit(77)

NAMES = {"s": "efficientnet_v2_s", "m": "efficientnet_v2_m", "l": "efficientnet_v2_l",
         **{f"v1-b{i}": f"efficientnet_b{i}" for i in range(8)}}
TYPES = {torch.float32: "F32", torch.int64: "I64"}
TOLERANCE = 1e-4


def write(path, tensors):
    safetensors_file.write(path, {name: (TYPES[t.dtype], t.shape,
                                         t.detach().contiguous().numpy().tobytes())
                                  for name, t in tensors.items()})


def read(path):
    raw = path.read_bytes()
    length, = struct.unpack("<Q", raw[:8])
    kinds = {"F32": torch.float32, "I64": torch.int64}
    tensors = {}
    for name, entry in json.loads(raw[8:8 + length]).items():
        if name == "__metadata__":
            continue
        begin, end = (8 + length + offset for offset in entry["data_offsets"])
        flat = torch.frombuffer(bytearray(raw[begin:end]), dtype=kinds[entry["dtype"]]) \
            if end > begin else torch.empty(0)
        tensors[name] = flat.reshape(entry["shape"])
    return tensors


def network(name):
    torch.manual_seed(1)
    net = getattr(torchvision.models, NAMES[name])(weights=None)
    for module in net.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(module.weight, 0.5, 1.5)
            torch.nn.init.normal_(module.bias, 0.0, 0.2)
            torch.nn.init.normal_(module.running_mean, 0.0, 0.2)
            torch.nn.init.uniform_(module.running_var, 0.5, 1.5)
    return net.eval()


def main():
    tool, name, size = sys.argv[1], sys.argv[2], int(sys.argv[3])
    pictures = int(sys.argv[4]) if len(sys.argv) > 4 else 4
    net = network(name)
    x = torch.randn(pictures, 3, size, size)
    with torch.no_grad():
        expected = net(x)
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        write(folder / "weights.safetensors", net.state_dict())
        write(folder / "pictures.safetensors", {"pictures": x.permute(0, 2, 3, 1).contiguous()})
        subprocess.run([tool, name, folder], check=True)
        logits = read(folder / "logits.safetensors")["logits"]
        back = read(folder / "back.safetensors")
    error = ((logits - expected).abs().max() / expected.abs().max()).item()
    same_top = (logits.argmax(1) == expected.argmax(1)).all().item()
    for key, value in net.state_dict().items():
        assert key.endswith("num_batches_tracked") or torch.equal(back[key], value), key
    assert set(back) == set(net.state_dict()), set(back) ^ set(net.state_dict())
    print(f"{NAMES[name]} at {size}: largest difference {error:.1e} of the largest logit, "
          f"{'the same' if same_top else 'ANOTHER'} answer to {pictures} pictures")
    sys.exit(0 if error <= TOLERANCE and same_top else 1)


main()
