// Shell patterns over any bytes.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace twinmap::cli {

/// `*` is any run of characters, `?` any one, `[a-z]` and `[!a-z]` one of a set, `\` takes the next
/// as it is. A character is a code point, or a byte that is part of none. Unlike fnmatch it knows
/// neither locales nor an end of text: a key may hold a zero byte.
class glob {
 public:
  explicit glob(std::string_view pattern);

  bool matches(std::string_view text) const;

 private:
  enum class kind : std::uint8_t { literal, any_one, any_run, set };
  struct range {
    std::uint32_t first;
    std::uint32_t last;
  };
  struct element {
    kind what = kind::literal;
    std::uint32_t character = 0;
    bool inverted = false;
    std::vector<range> ranges = {};

    bool accepts(std::uint32_t character) const;
  };

  std::vector<element> elements_;
};

}  // namespace twinmap::cli
