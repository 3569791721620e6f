// What a network has to be like that the examples show pictures to.
#pragma once

#include <effv2/core/error.hpp>
#include <effv2/io/model_file.hpp>
#include <string>

/// Throws effv2::Error, which names the network's file, unless it takes grey or coloured pictures
/// and says how they are normalised.
inline void check_takes_pictures(const effv2::io::LoadedModel<float>& network,
                                 const std::string& file) {
  const auto channels = network.model.options.in_channels;
  EFFV2_CHECK(channels == 1 || channels == 3, effv2::ErrorCode::unsupported, file, " wants ",
              channels, " channels, pictures have 1 or 3");
  EFFV2_CHECK(!network.card.mean.empty(), effv2::ErrorCode::unsupported, file,
              " does not say how its pictures are normalised: it was saved without a card");
}
