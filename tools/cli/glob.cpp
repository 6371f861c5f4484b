#include <cli/encoding.hpp>
#include <cli/glob.hpp>

#include <algorithm>
#include <cstddef>
#include <optional>

namespace twinmap::cli {
namespace {

// Beyond all code points: bytes that belong to no well-formed character.
constexpr std::uint32_t lone_byte = 0x110000;

std::vector<std::uint32_t> characters_of(std::string_view bytes) {
  std::vector<std::uint32_t> characters;
  characters.reserve(bytes.size());
  while (!bytes.empty()) {
    const std::size_t length = std::max<std::size_t>(1, utf8_sequence(bytes));
    std::uint32_t character = static_cast<unsigned char>(bytes[0]);
    if (length > 1) {
      character &= 0x7Fu >> length;
      for (std::size_t i = 1; i < length; ++i)
        character = character << 6 | (static_cast<unsigned char>(bytes[i]) & 0x3Fu);
    } else if (character >= 0x80) {
      character += lone_byte;
    }
    characters.push_back(character);
    bytes.remove_prefix(length);
  }
  return characters;
}

}  // namespace

bool glob::element::accepts(std::uint32_t given) const {
  switch (what) {
    case kind::literal:
      return given == character;
    case kind::set:
      return inverted != std::any_of(ranges.begin(), ranges.end(), [given](const range& each) {
               return each.first <= given && given <= each.last;
             });
    default:
      return true;
  }
}

glob::glob(std::string_view pattern) {
  const std::vector<std::uint32_t> text = characters_of(pattern);
  // A set that never ends is no set: its bracket stands for itself, as in a shell.
  const auto set_at = [&text](std::size_t& at) -> std::optional<element> {
    element set{kind::set};
    std::size_t i = at + 1;
    set.inverted = i < text.size() && (text[i] == '!' || text[i] == '^');
    if (set.inverted) ++i;
    for (bool first = true; i < text.size() && (first || text[i] != ']'); first = false) {
      if (text[i] == '\\' && i + 1 < text.size()) ++i;
      range each{text[i], text[i]};
      if (i + 2 < text.size() && text[i + 1] == '-' && text[i + 2] != ']') {
        i += 2;
        if (text[i] == '\\' && i + 1 < text.size()) ++i;
        each.last = text[i];
      }
      set.ranges.push_back(each);
      ++i;
    }
    if (i >= text.size()) return std::nullopt;
    at = i;
    return set;
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '*') {
      if (elements_.empty() || elements_.back().what != kind::any_run)
        elements_.push_back({kind::any_run});
    } else if (text[i] == '?') {
      elements_.push_back({kind::any_one});
    } else if (std::optional<element> set; text[i] == '[' && (set = set_at(i))) {
      elements_.push_back(std::move(*set));
    } else {
      if (text[i] == '\\' && i + 1 < text.size()) ++i;
      elements_.push_back({kind::literal, text[i]});
    }
  }
}

bool glob::matches(std::string_view bytes) const {
  const std::vector<std::uint32_t> text = characters_of(bytes);
  std::size_t at = 0;
  std::size_t wanted = 0;
  // Where to go on if what follows the last * does not fit: only the last can be of help, so the
  // whole takes no more than (length of text) × (length of pattern) steps.
  std::optional<std::size_t> after_run;
  std::size_t run_end = 0;
  while (at < text.size()) {
    if (wanted < elements_.size() && elements_[wanted].what == kind::any_run) {
      after_run = ++wanted;
      run_end = at;
    } else if (wanted < elements_.size() && elements_[wanted].accepts(text[at])) {
      ++wanted;
      ++at;
    } else if (after_run) {
      wanted = *after_run;
      at = ++run_end;
    } else {
      return false;
    }
  }
  while (wanted < elements_.size() && elements_[wanted].what == kind::any_run)
    ++wanted;
  return wanted == elements_.size();
}

}  // namespace twinmap::cli
