// Maps whose hash seed and uuid are the same in each run.
#pragma once

namespace garbage_tests {

// While one exists, getrandom(2) gives this program the same bytes again and again. Of one thread.
class fixed_randomness {
 public:
  fixed_randomness();
  fixed_randomness(const fixed_randomness&) = delete;
  fixed_randomness& operator=(const fixed_randomness&) = delete;
  ~fixed_randomness();
};

}  // namespace garbage_tests
