// A victim's segment as a hostile or broken peer has it: spoilt at will, and put back as it was.
#pragma once

#include "anatomy.hpp"
#include "damage.hpp"
#include "victims.hpp"

#include <support/names.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace garbage_tests {

// Words that edits changed, by place.
using tally = std::array<std::uint64_t, place_count>;

class image {
 public:
  // Makes the map. Its files vanish with this object.
  explicit image(std::uint8_t victim);
  image(const image&) = delete;
  image& operator=(const image&) = delete;
  ~image();

  const victim& what() const { return victims()[number_]; }
  const test_support::scoped_name& name() const { return name_; }
  std::uint64_t size() const { return pristine_.size(); }

  // `what` must be for this victim, and the image as it was.
  void spoil(const damage& what, tally& words);
  // One edit more, of a map that others use meanwhile: all but the length of the file.
  void spoil_further(const edit& one, tally& words);
  // Whatever has become of it.
  void restore();

  // Whether what nobody has to write is as it was after `spoil`: constants, and what is between
  // the regions.
  bool kept_its_bounds() const;

 private:
  void put(place where, std::uint32_t offset, std::uint64_t word, tally& words);
  void put_row(const edit& one, tally& words);
  void cut(std::uint64_t value, tally& words);
  bool has_header() const;
  void seal_constant();

  std::uint8_t number_;
  test_support::scoped_name name_;
  int file_;
  std::byte* base_;
  std::vector<std::byte> pristine_;
  std::unique_ptr<anatomy> anatomy_;
  twinmap::storage::header_constant spoilt_constant_{};
  bool forged_ = false;  // the header says that the regions lie elsewhere
  bool cut_ = false;
};

}  // namespace garbage_tests
