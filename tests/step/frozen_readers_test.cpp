// R1 to R5, P1, P6, P8: a reader stands still at any place of a lookup while all that it looks at
// is changed, moved and given away. It never returns a wrong value or another key's, and never
// faults.

#include <gtest/gtest.h>
#include <step/frozen.hpp>
#include <step/upheaval.hpp>

#include <string>

namespace step_tests {
namespace {

class FrozenReader : public testing::TestWithParam<std::size_t> {};

TEST_P(FrozenReader, IsNeverWrong) {
  if (!can_step) GTEST_SKIP() << "stepping takes x86's trap flag, and no sanitizer";
  const stage on(lookups()[GetParam()]);
  const survey found = make_survey(on);
  ASSERT_FALSE(HasFailure());
  constexpr std::size_t some = 5;
  // Nobody's steps are counted: a reader writes nothing that others could wait for.
  for (const upheaval& each : upheavals())
    freeze_everywhere(std::string("freeze reader: ") + each.name, found, some,
                      {.on = on, .meanwhile = each.made(on)}, false);
}

INSTANTIATE_TEST_SUITE_P(In, FrozenReader, testing::Range(std::size_t{0}, lookups().size()),
                         [](const auto& each) { return lookups()[each.param].name(); });

}  // namespace
}  // namespace step_tests
