#!/usr/bin/env python3
"""Makes augment.safetensors: what PIL's ImageOps and ImageEnhance make of small pictures.

Debian: apt install python3-pil python3-numpy, then /usr/bin/python3 generate_augment.py.

    PICTURE                   gray (12, 10, 1), color (12, 10, 3) or large (32, 30, 1), 0 ... 255
    PICTURE.OPERATION.mM      after the operation at magnitude M, with the paper's levels
"""
import pathlib
import sys

import numpy
from PIL import Image, ImageEnhance, ImageOps

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "scripts"))
import safetensors_file  # noqa: E402

rng = numpy.random.default_rng(2021)
rows, columns = numpy.mgrid[0:12, 0:10]
smooth = 128 + 70 * numpy.sin(rows / 3.0) + 40 * numpy.cos(columns / 2.0)
color = numpy.stack([smooth, 255 - smooth, smooth / 2 + 40], axis=2) + rng.normal(0, 12, (12, 10, 3))
pictures = {
    "color": numpy.clip(color, 3, 250).astype(numpy.uint8),
    "gray": numpy.clip(color[:, :, :1], 20, 200).astype(numpy.uint8),
}


def factor(m):
    return 0.18 * m + 0.1


def solarize_add(image, m):
    values = numpy.asarray(image).astype(int)
    return Image.fromarray(
        numpy.where(values < 128, numpy.clip(values + int(11 * m), 0, 255), values).astype(numpy.uint8))


OPERATIONS = {
    "auto_contrast": lambda i, m: ImageOps.autocontrast(i),
    "equalize": lambda i, m: ImageOps.equalize(i),
    "invert": lambda i, m: ImageOps.invert(i),
    "posterize": lambda i, m: ImageOps.posterize(i, max(1, min(8, int(0.4 * m)))),
    "solarize": lambda i, m: ImageOps.solarize(i, int(25.6 * m)),
    "solarize_add": solarize_add,
    "color": lambda i, m: ImageEnhance.Color(i).enhance(factor(m)),
    "contrast": lambda i, m: ImageEnhance.Contrast(i).enhance(factor(m)),
    "brightness": lambda i, m: ImageEnhance.Brightness(i).enhance(factor(m)),
    "sharpness": lambda i, m: ImageEnhance.Sharpness(i).enhance(factor(m)),
}

tensors = {}
for name, pixels in pictures.items():
    tensors[name] = pixels.astype(numpy.float64)
    image = Image.fromarray(pixels.squeeze())
    for operation, apply in OPERATIONS.items():
        for magnitude in (2, 5, 9):
            result = numpy.asarray(apply(image, magnitude)).astype(numpy.float64)
            tensors[f"{name}.{operation}.m{magnitude}"] = result.reshape(pixels.shape)

# Equalize does nothing to pictures of less than 510 pixels.
pixels = numpy.clip(rng.normal(90, 40, (32, 30)), 0, 255).astype(numpy.uint8)
tensors["large"] = pixels.astype(numpy.float64)[:, :, None]
tensors["large.equalize.m5"] = numpy.asarray(
    ImageOps.equalize(Image.fromarray(pixels))).astype(numpy.float64)[:, :, None]

safetensors_file.write(
    pathlib.Path(__file__).parent / "augment.safetensors",
    {name: ("F64", values.shape, values.tobytes()) for name, values in tensors.items()})
