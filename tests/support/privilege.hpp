// What a test may do on this machine, and what happens when it may not: skipped with the reason at
// a developer's desk, a failure in CI (environment CI set), where a test that silently does not run
// is a hole.
#pragma once

#include <gtest/gtest.h>

#include <string>

namespace test_support {

enum class privilege {
  mount_namespace,  // unshare(CLONE_NEWNS) and mount
  pid_namespace,    // unshare(CLONE_NEWPID)
  change_user,      // setuid to somebody else
  ptrace,           // trace an own child
};

// Empty if the process may, else the reason, ready to print. Tried for real in a child, not guessed
// from the uid.
std::string why_not(privilege wanted);

// The environment variable CI is set to something other than "", "0" and "false".
bool in_ci();

// TWINMAP_LONG is set: tests run their long form.
bool long_form();

// Compiled with a sanitizer: what is measured then is mostly the sanitizer.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool sanitized = true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
inline constexpr bool sanitized = true;
#else
inline constexpr bool sanitized = false;
#endif
#else
inline constexpr bool sanitized = false;
#endif

// The number of rounds: `usual`, or `in_long_form` when the long form is asked for.
template <class Number>
Number rounds(Number usual, Number in_long_form) {
  return long_form() ? in_long_form : usual;
}

}  // namespace test_support

// Leaves the test when the reason is not empty. A macro because skipping must return from the test
// itself.
#define TWINMAP_SKIP_UNLESS_EMPTY(reason)                                             \
  do {                                                                                \
    const std::string twinmap_reason = (reason);                                      \
    if (!twinmap_reason.empty() && ::test_support::in_ci()) FAIL() << twinmap_reason; \
    if (!twinmap_reason.empty()) GTEST_SKIP() << twinmap_reason;                      \
  } while (false)

// At the top of a test: TWINMAP_REQUIRE_PRIVILEGE(pid_namespace);
#define TWINMAP_REQUIRE_PRIVILEGE(what) \
  TWINMAP_SKIP_UNLESS_EMPTY(::test_support::why_not(::test_support::privilege::what))
