#include <effv2/train/model_card.hpp>

#include "../catch.hpp"

namespace effv2::model_card_test {

TEST_CASE("a card says how the pictures of a training looked", "[model_card]") {
  data::Dataset set;
  set.images = Tensor<std::uint8_t>({2, 9, 9, 1});
  set.class_names = {"left", "right"};
  train::FitOptions options;
  options.data.mean = {0.25}, options.data.deviation = {0.5};
  const io::ModelCard card = train::model_card(options, set);
  CHECK(card == io::ModelCard{{"left", "right"}, 9, {0.25}, {0.5}});
  options.data.image_size = 12;
  CHECK(train::model_card(options, set).image_size == 12);
  options.data.image_size = 0;
  set.images = Tensor<std::uint8_t>({2, 9, 7, 1});
  CHECK(train::model_card(options, set).image_size == PictureSize(9, 7));
}

}  // namespace effv2::model_card_test
