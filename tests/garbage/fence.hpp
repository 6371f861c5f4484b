// Sees to it that beside the mapping of a map there is nothing that could be read or written.
#pragma once

#include <cstddef>

namespace garbage_tests {

// A place for one mapping of a file of `size` bytes, with nothing but inaccessible pages on both
// sides, as far as any offset in a segment may lead.
class fence {
 public:
  explicit fence(std::size_t size);
  fence(const fence&) = delete;
  fence& operator=(const fence&) = delete;
  ~fence() = default;  // the pages stay: others may have come to lie between them

  // The next mapping of that size, as the library asks for it, will come to lie inside.
  void open();
  // Closes what the mapping at `base` (null: none was made) leaves open. False if it lies
  // elsewhere, or something has come to lie beside it.
  bool close_around(const void* base);
  // After the mapping is gone: nobody else takes its place.
  void shut();

 private:
  void build();
  bool in_gap(const std::byte* found) const;

  std::size_t size_;
  std::size_t room_;
  std::byte* gap_ = nullptr;
  std::byte* mapping_ = nullptr;  // that lies in it
  bool whole_ = false;            // nothing but our pages is there
  bool closed_ = false;           // nothing but our pages and the mapping
};

}  // namespace garbage_tests
