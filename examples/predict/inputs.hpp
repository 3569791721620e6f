// Where pictures come from: files, folders, IDX files, standard input.
#pragma once

#include <cstdint>
#include <effv2/core/tensor.hpp>
#include <exception>
#include <functional>
#include <string>

/// A picture (H, W, C) and what to call it.
using OnPicture =
    std::function<void(const std::string& name, const effv2::Tensor<std::uint8_t>& picture)>;
using OnError = std::function<void(const std::exception& error)>;

/// Calls on_picture for everything that `input` is: a PNG, JPEG, BMP or PGM file; a folder of them,
/// in the order of their names; an IDX file of images, plain or gzip; "-", one picture from
/// standard input. What cannot be read goes to on_error, and the next one is taken.
void for_each_picture(const std::string& input, int channels, const OnPicture& on_picture,
                      const OnError& on_error);
