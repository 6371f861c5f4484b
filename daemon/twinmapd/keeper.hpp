// What a map's writers need of its caretaker: somebody who notices when one is dead.
#pragma once

#include <twinmap/admin.hpp>
#include <twinmapd/promoter.hpp>

namespace twinmapd {

class keeper {
 public:
  /// Looks after the writers if it is time. When to come again; time_point::max() if there are
  /// none. Throws twinmap::error.
  time_point pass(twinmap::caretaker& hold, const twinmap::care_state& seen, time_point now);

  /// Whether dead writers have left something: a sweep takes it back.
  bool sweep_due() const { return dead_; }
  void swept() { dead_ = false; }

 private:
  time_point next_{};
  bool dead_ = false;
};

/// The next whole second: maps that are looked at once a second are looked at together.
time_point next_second(time_point now);

}  // namespace twinmapd
