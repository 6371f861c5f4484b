// What was called and how it ended, in memory that outlives who called: of a crash, the last call.
#pragma once

#include "image.hpp"

#include <twinmap/error.hpp>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <string>
#include <string_view>

namespace garbage_tests {

using call_name = std::array<char, 48>;

// Something that must not be.
struct finding {
  std::uint64_t image;
  call_name call;
  std::array<char, 120> what;
};

// One writer; whoever shares the memory reads. Trivial, so that it can lie in shared pages.
struct call_record {
  std::atomic<std::uint64_t> image;  // that is being looked at
  std::atomic<std::uint64_t> calls;
  call_name call;                     // the last one
  std::atomic<std::uint64_t> images;  // done
  std::uint64_t refused;              // nobody could attach
  std::uint64_t errors;               // calls that said so
  std::uint64_t unfenced;             // mappings that lay elsewhere than was thought
  std::uint64_t most_retries;         // of one lookup
  std::uint64_t longest_ns;           // processor time of a call
  std::uint64_t longest_image;
  call_name longest_call;
  tally words;
  std::array<std::uint64_t, place_count> edits;
  std::array<std::uint64_t, harm_count> harms;
  std::uint32_t found;
  std::array<finding, 20> findings;
};

std::uint64_t processor_ns() noexcept;

class call_log {
 public:
  explicit call_log(call_record& record) : record_(record) {}

  // Calls f. Any twinmap::error will do: false. Any other exception is a finding, and so is more
  // processor time than the limit.
  template <class F>
  bool run(std::string_view call, F f) {
    begin(call);
    bool fine = false;
    const std::uint64_t start = processor_ns();
    try {
      f();
      fine = true;
    } catch (const twinmap::error&) {
      ++record_.errors;
    } catch (const std::exception& other) {
      find(std::string("threw ") + other.what());
    }
    end(processor_ns() - start);
    return fine;
  }
  // The same for each i below n, until some have failed.
  template <class F>
  void each(std::string_view call, std::uint64_t n, F f) {
    constexpr int enough = 2;
    int failed = 0;
    for (std::uint64_t i = 0; i != n && failed != enough; ++i)
      failed += run(call, [&] { f(i); }) ? 0 : 1;
  }

  void find(const std::string& what);
  call_record& record() { return record_; }

  // What a single call may take: 100 ms, and what a sanitizer or a compiler that does not optimise
  // makes of that. Twenty times as long for calls that change the map.
  static std::uint64_t limit_ns() noexcept;
  void let_calls_change_the_map(bool yes) { changing_ = yes; }

 private:
  void begin(std::string_view call);
  void end(std::uint64_t taken);

  call_record& record_;
  bool changing_ = false;
};

template <std::size_t size>
void copy_text(std::array<char, size>& to, std::string_view from) {
  const std::size_t length = from.substr(0, size - 1).copy(to.data(), size - 1);
  to[length] = '\0';
}

}  // namespace garbage_tests
