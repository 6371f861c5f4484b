// P7, at every single place: the n-th allocation or system call of each kind fails, for every n
// until the operation succeeds, and for every member. A failed operation says what was refused, has
// changed nothing, has leaked nothing, and succeeds the next time.
//
// Each scenario runs in a child, which begins again behind a point that ends it: so one crash hides
// no other.

#include <gtest/gtest.h>
#include <exhaustion/failing_calls.hpp>
#include <exhaustion/stage.hpp>
#include <support/child.hpp>
#include <support/shared_page.hpp>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <iterator>
#include <new>
#include <thread>

namespace exhaustion_test {
namespace {

// What the system refuses with in life. Interrupted calls are made again, and nobody notices.
constexpr failure failures[] = {
    {.which = call::allocation},
    {.which = call::open, .error = EMFILE},
    {.which = call::open, .error = ENFILE},
    {.which = call::fallocate, .error = ENOSPC},
    {.which = call::fallocate, .error = EINTR},
    {.which = call::ftruncate, .error = ENOSPC},
    {.which = call::mmap, .error = ENOMEM},
    {.which = call::madvise, .error = ENOMEM},
    {.which = call::lock, .error = ENOLCK},
    {.which = call::link, .error = ENOSPC},
    {.which = call::memory_file, .error = EMFILE},
    {.which = call::write, .error = ENOSPC},
    {.which = call::unlink, .error = EPERM},
    {.which = call::rename, .error = EPERM},
    {.which = call::change_mode, .error = EPERM},
    {.which = call::futex, .error = EINTR},
    {.which = call::look_at_lock, .error = ENOLCK},
};

// The thread that made the map has its lease; another one has never seen the handle.
enum class thread_kind { known, fresh };

struct point {
  thread_kind thread;
  failure what;
  long nth;
};

// What a failed operation threw, or nothing.
struct result {
  bool threw = false;
  bool allocation = false;  // std::bad_alloc
  std::error_code code{};
  std::string text{};
};

result attempt(const scenario& s, stage& at) {
  try {
    s.act(at);
    return {};
  } catch (const twinmap::error& e) {
    return {.threw = true, .code = e.code(), .text = e.what()};
  } catch (const std::bad_alloc& e) {
    return {.threw = true, .allocation = true, .text = e.what()};
  }
}

void expect_right_error(const stage& at, const failure& what, const result& got) {
  if (what.which == call::allocation) {
    EXPECT_TRUE(got.allocation) << got.text;
    return;
  }
  EXPECT_FALSE(got.allocation);
  EXPECT_NE(got.text.find("'" + at.name + "'"), std::string::npos) << got.text;
  // The examination of the platform looks at a lock of its own: nothing can run out there.
  if (what.which == call::look_at_lock && got.code == twinmap::errc::unsupported_platform) return;
  EXPECT_EQ(got.code, twinmap::code_of(what.error)) << got.text;
  EXPECT_NE(got.text.find_first_of("0123456789"), std::string::npos) << got.text;
  EXPECT_NE(what.error, EINTR) << got.text;
}

// The operation once with the failure and, if that made it fail, once without. False if the
// operation never came to the point.
bool try_point(const scenario& s, stage& at, const point& p) {
  const holdings before = at.held();
  auto files = at.files();
  arm(p.what, p.nth);
  const result got = attempt(s, at);
  const bool happened = disarm().failed;
  if (got.threw) {
    EXPECT_TRUE(happened) << got.text;
    expect_right_error(at, p.what, got);
    if (!at.files().contains(s.may_go)) files.erase(s.may_go);
    EXPECT_EQ(at.files(), files) << got.text;
    EXPECT_EQ(at.difference(), "") << got.text;
    // A thread that has got as far as its lease keeps that.
    if (p.thread == thread_kind::known) {
      EXPECT_EQ(at.held(), before) << got.text;
    }
    const result again = attempt(s, at);
    EXPECT_FALSE(again.threw) << "after " << got.text << ": " << again.text;
  }
  s.effect(at.expected);
  EXPECT_EQ(at.difference(), "");
  return happened;
}

bool run_point(const scenario& s, const point& p) {
  stage at;
  const holdings nothing = at.held();
  s.prepare(at);
  bool happened = false;
  const auto body = [&] { happened = try_point(s, at, p); };
  if (p.thread == thread_kind::known)
    body();
  else
    std::thread(body).join();
  at.map.reset();
  at.view.reset();
  EXPECT_EQ(at.held(), nothing);
  at.expect_sound();
  return happened;
}

// Where the child is, for the parent to see when it is gone.
struct progress {
  std::atomic<int> thread{0};
  std::atomic<std::size_t> failure{0};
  std::atomic<int> lasting{0};
  std::atomic<long> nth{1};
  std::atomic<long> points{0};
};

point point_of(const progress& now) {
  failure what = failures[now.failure];
  what.lasting = now.lasting != 0;
  return {static_cast<thread_kind>(now.thread.load()), what, now.nth};
}

// To the next kind of failure. False at the end.
bool next_kind(progress& now) {
  now.nth = 1;
  if (++now.lasting < 2) return true;
  now.lasting = 0;
  if (++now.failure < std::size(failures)) return true;
  now.failure = 0;
  return ++now.thread < 2;
}

std::string describe(const point& p) {
  return to_string(p.what, p.nth) + (p.thread == thread_kind::fresh ? ", in a fresh thread" : "");
}

// What the operation asks for where nothing fails.
calls_seen calls_of(const scenario& s, thread_kind thread) {
  stage at;
  s.prepare(at);
  calls_seen seen;
  const auto body = [&] {
    arm_nothing();
    const result got = attempt(s, at);
    seen = disarm();
    EXPECT_FALSE(got.threw) << got.text;
  };
  if (thread == thread_kind::known)
    body();
  else
    std::thread(body).join();
  return seen;
}

void run_from(const scenario& s, progress& now) {
  constexpr long most = 1000;
  std::array<calls_seen, 2> made{};
  for (const thread_kind thread : {thread_kind::known, thread_kind::fresh})
    made[static_cast<std::size_t>(thread)] = calls_of(s, thread);
  do {
    const auto kind = static_cast<std::size_t>(failures[now.failure].which);
    if (made[static_cast<std::size_t>(now.thread.load())].of[kind] == 0) continue;
    // A call that is interrupted each time may give up. Who may rename nothing at all in a
    // directory where he makes maps cannot take a name back.
    const bool at_random =
        failures[now.failure].error == EINTR || failures[now.failure].which == call::rename;
    if (now.lasting != 0 && at_random) continue;
    for (; now.nth <= most; ++now.nth) {
      const point p = point_of(now);
      SCOPED_TRACE(describe(p));
      if (!run_point(s, p)) break;
      ++now.points;
    }
    EXPECT_LE(now.nth, most) << "it never succeeded: " << describe(point_of(now));
  } while (next_kind(now));
}

class AFailingCall : public testing::TestWithParam<scenario> {};

TEST_P(AFailingCall, HasNoEffectAndLeavesNothing) {
  if (!calls_can_fail) GTEST_SKIP() << "a sanitizer has its own functions where ours would be";
  const test_support::shared_page<progress> now;
  constexpr int most_crashes = 20;
  for (int crashes = 0; crashes != most_crashes; ++crashes) {
    test_support::child worker([&] { run_from(GetParam(), *now); });
    const test_support::outcome ended = worker.wait();
    if (ended.signal == 0) {
      EXPECT_EQ(ended, 0);
      break;
    }
    ADD_FAILURE() << describe(point_of(*now)) << ": the process " << ended;
    ++now->nth;
  }
  RecordProperty("points", static_cast<int>(now->points));
  std::printf("%s: %ld points\n", GetParam().name.c_str(), now->points.load());
}

INSTANTIATE_TEST_SUITE_P(Of, AFailingCall, testing::ValuesIn(scenarios()),
                         [](const auto& one) { return one.param.name; });

}  // namespace
}  // namespace exhaustion_test
