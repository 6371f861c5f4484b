// What one process has seen of the keys: what was seen is never un-seen.
#pragma once

#include <array>
#include <string>

#include "book.hpp"

namespace soak {

class sight {
 public:
  explicit sight(book& shared) : book_(shared) {}

  // The token of a value seen under a key; complains of what nobody can have stored there, and of a
  // value that its writer had replaced before another one that was seen earlier.
  std::optional<token> look(std::uint64_t key, const std::optional<std::string>& value) {
    const std::optional<token> seen = token_of(value);
    if (!seen) {
      book_.complain("a torn value of " + std::to_string(value->size()) + " bytes under key " +
                     std::to_string(key));
      return std::nullopt;
    }
    if (seen->bits == 0) return seen;
    if (!book_.issued(*seen, key)) {
      book_.complain("key " + std::to_string(key) + " has a value of token " +
                     std::to_string(seen->bits) + ", which nobody stored there");
      return std::nullopt;
    }
    std::uint64_t& last = last_of(key, seen->writer());
    if (seen->count() < last)
      book_.complain("key " + std::to_string(key) + " went back from value " +
                     std::to_string(last) + " of its writer to value " +
                     std::to_string(seen->count()));
    last = std::max(last, seen->count());
    return seen;
  }

 private:
  std::uint64_t& last_of(std::uint64_t key, std::size_t writer) {
    const std::uint64_t owner = key >> 40;
    if (owner == shared_owner) return shared_[key % shared_keys][writer];
    own_cell& cell = own_[owner % writers][key % places];
    if (cell.key != key) cell = {key, 0};
    return cell.last;
  }

  struct own_cell {
    std::uint64_t key = 0;
    std::uint64_t last = 0;
  };
  book& book_;
  std::array<std::array<own_cell, places>, writers> own_{};
  std::array<std::array<std::uint64_t, writers>, shared_keys> shared_{};
};

}  // namespace soak
