#pragma once

// What a checker found, and whether it stands. While others write a look at the map is no snapshot:
// a slot may be handed out between the walk over the tables and the look at the slot. So what is
// found has its evidence, and only what two looks find by the same evidence stands.

#include <twinmap/protocol/admin.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace twinmap::protocol {

struct finding {
  std::string what;
  /// A word that is another one by the next look if anybody has changed what this is about: the
  /// slot's with its version, say.
  std::uint64_t evidence;
  bool of_tables;  ///< speaks of what read and dirty name: void if these have been replaced
                   ///< meanwhile
  friend bool operator==(const finding&, const finding&) = default;
};

class findings {
 public:
  /// Keeps the first thousand: garbage can have any number of faults.
  void add(std::string what, std::uint64_t evidence);
  void add_of_tables(std::string what, std::uint64_t evidence);
  /// Whether more of them would be dropped.
  [[nodiscard]] bool enough() const noexcept { return more_; }
  [[nodiscard]] bool none() const noexcept { return all_.empty(); }

  void drop_those_of_tables();
  /// Keeps what an earlier look has found too.
  void keep_those_in(const findings& earlier);
  [[nodiscard]] std::vector<std::string> texts() const;

 private:
  static constexpr std::size_t most = 1000;
  void add(finding what);
  std::vector<finding> all_;
  bool more_ = false;  ///< there were, which were not kept
};

}  // namespace twinmap::protocol
