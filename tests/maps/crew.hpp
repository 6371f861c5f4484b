// Several workers at once: the threads of this process, or processes of their own.
#pragma once

#include <gtest/gtest.h>
#include <support/child.hpp>

#include <chrono>
#include <string>
#include <thread>
#include <vector>

namespace test_maps {

enum class workers { threads, processes };

inline std::string name_of(workers kind) {
  return kind == workers::threads ? "Threads" : "Processes";
}

// Runs body(id) for ids 0 … count - 1 side by side and waits for all. A failed expectation or an
// exception in any of them fails the test.
template <class Body>
void run_together(workers kind, int count, Body body,
                  std::chrono::milliseconds limit = std::chrono::minutes(4)) {
  if (kind == workers::threads) {
    std::vector<std::thread> threads;
    for (int id = 0; id < count; ++id)
      threads.emplace_back([&body, id] { body(id); });
    for (std::thread& thread : threads)
      thread.join();
    return;
  }
  std::vector<test_support::child> children;
  for (int id = 0; id < count; ++id)
    children.emplace_back([&body, id] { body(id); });
  for (test_support::child& one : children)
    EXPECT_EQ(one.wait(limit), 0);
}

}  // namespace test_maps
