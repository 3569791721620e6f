// draw_digits FOLDER: every digit in every TrueType font of the system, as FOLDER/DIGIT-FONT.pgm;
// four sizes, light on dark and dark on light by turns. Exits with 77 if there are no fonts.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <effv2/core/atomic_file.hpp>
#include <filesystem>
#include <string>
#include <vector>

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wunused-function"
#define STBTT_STATIC
#define STB_TRUETYPE_IMPLEMENTATION
#include <stb_truetype.h>
#pragma GCC diagnostic pop

namespace {

namespace fs = std::filesystem;

void draw(const stbtt_fontinfo& font, int digit, float size, bool is_dark,
          const std::string& path) {
  int width = 0, height = 0, left = 0, top = 0;
  unsigned char* glyph = stbtt_GetCodepointBitmap(&font, 0, stbtt_ScaleForPixelHeight(&font, size),
                                                  '0' + digit, &width, &height, &left, &top);
  if (glyph == nullptr) return;
  // Not in the middle, and on paper that is not quite white.
  const int across = 2 * width + 9, down = height + 17, x0 = width / 3 + 4, y0 = 11;
  std::string file = "P5 " + std::to_string(across) + ' ' + std::to_string(down) + " 255\n";
  for (int y = 0; y < down; ++y) {
    for (int x = 0; x < across; ++x) {
      const bool inside = x >= x0 && x < x0 + width && y >= y0 && y < y0 + height;
      const int ink = inside ? glyph[(y - y0) * width + x - x0] : 0;
      const int light = 10 + ink * 230 / 255;
      file += static_cast<char>(is_dark ? 250 - light : light);
    }
  }
  stbtt_FreeBitmap(glyph, nullptr);
  effv2::write_file(path, file);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  std::vector<std::string> fonts;
  std::error_code missing;
  for (fs::recursive_directory_iterator entry("/usr/share/fonts", missing), end;
       !missing && entry != end; entry.increment(missing)) {
    if (entry->path().extension() == ".ttf") fonts.push_back(entry->path().string());
  }
  std::sort(fonts.begin(), fonts.end());
  int number = 0;
  for (const std::string& path : fonts) {
    const std::vector<std::uint8_t> bytes = effv2::read_file(path);
    stbtt_fontinfo font;
    if (stbtt_InitFont(&font, bytes.data(), 0) == 0) continue;
    if (stbtt_FindGlyphIndex(&font, '7') == 0) continue;
    constexpr float sizes[] = {20.0F, 36.0F, 64.0F, 150.0F};
    for (int digit = 0; digit < 10; ++digit, ++number) {
      draw(font, digit, sizes[number % 4], number % 8 < 4,
           std::string(argv[1]) + '/' + std::to_string(digit) + '-' +
               fs::path(path).stem().string() + ".pgm");
    }
  }
  return number > 0 ? 0 : 77;
}
