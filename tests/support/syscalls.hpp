// Counts the system calls a piece of code makes, by tracing a child that runs it.
#pragma once

#include <support/child.hpp>

#include <functional>
#include <map>

namespace test_support {

// Marks the stretch that counts. The marks are system calls themselves, and are not counted.
class syscall_marks {
 public:
  void begin() const;
  void end() const;
};

struct syscall_count {
  long total = 0;
  std::map<long, long> by_number;  // system call number → how often, to name the culprit
  bool marked = false;             // both marks were passed: otherwise the count says nothing
  outcome ended;
};

// Runs the body in a traced child. Only the child's main thread is counted. Between the marks the
// child runs at full speed as long as it makes no system call.
syscall_count count_syscalls(const std::function<void(const syscall_marks&)>& body);

}  // namespace test_support
