// P6: garbage in the segment makes no reader crash, hang or read outside the mapping, and nobody
// write outside it; and no lookup, no check and no tool takes long over it. 10,000 images; in the
// long form 100,000. TWINMAP_IMAGE=n does the n-th alone.

#include "trial.hpp"

#include <gtest/gtest.h>
#include <support/privilege.hpp>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <optional>

namespace garbage_tests {
namespace {

std::optional<std::uint64_t> only_image() {
  const char* chosen = std::getenv("TWINMAP_IMAGE");
  if (chosen == nullptr) return std::nullopt;
  return std::strtoull(chosen, nullptr, 10);
}

std::uint64_t sum(const tally& all, bool vital) {
  std::uint64_t result = 0;
  for (std::size_t i = 0; i != place_count; ++i)
    if (!vital || is_vital(static_cast<place>(i))) result += all[i];
  return result;
}

void report(std::string_view victim, const call_record& record) {
  std::cout << victim << ": " << record.images << " images, " << record.refused
            << " of them refused; " << record.calls << " calls, " << record.errors
            << " errors; vital: " << sum(record.edits, true) << " of " << sum(record.edits, false)
            << " edits, " << sum(record.words, true) << " of " << sum(record.words, false)
            << " words; the longest call: " << record.longest_call.data() << ", "
            << record.longest_ns / 1000 << " us of processor time (image " << record.longest_image
            << ")\n";
}

// Alone: processor time is the less certain the more the machine does.
class SpoiltImagesAlone : public testing::TestWithParam<std::uint8_t> {};

TEST_P(SpoiltImagesAlone, HarmNobody) {
  trial images(GetParam());
  const std::uint64_t all = victims().size();
  if (const auto number = only_image()) {
    if (*number % all != GetParam()) GTEST_SKIP() << "not of this victim";
    images.run(*number / all, 1);
  } else {
    const std::uint64_t wanted = test_support::sanitized ? 3'000 : 10'000;
    images.run(0, test_support::rounds<std::uint64_t>(wanted, 10 * wanted) / all + 1);
    const call_record& record = images.record();
    // What the figures stand on.
    EXPECT_GE(sum(record.edits, true) * 2, sum(record.edits, false));
    EXPECT_GE(sum(record.words, true) * 2, sum(record.words, false));
    const auto valid_looking = record.harms[static_cast<std::size_t>(harm::link)] +
                               record.harms[static_cast<std::size_t>(harm::copy)];
    EXPECT_GE(valid_looking * 3, sum(record.edits, false));
    EXPECT_LE(record.refused * 4, record.images.load());
    EXPECT_LE(record.unfenced * 100, record.images.load());
  }
  report(victims()[GetParam()].name, images.record());
  for (const std::string& failure : images.failures())
    ADD_FAILURE() << failure;
}

std::string name_of_victim(const testing::TestParamInfo<std::uint8_t>& each) {
  return std::string(victims()[each.param].name);
}

INSTANTIATE_TEST_SUITE_P(Of, SpoiltImagesAlone,
                         testing::Range(std::uint8_t{0},
                                        static_cast<std::uint8_t>(victims().size())),
                         name_of_victim);

// What was found once, and mended, is looked for in each run.
class KnownDamage : public testing::TestWithParam<std::filesystem::path> {};

std::vector<std::filesystem::path> corpus() {
  std::vector<std::filesystem::path> files;
  for (const auto& each : std::filesystem::directory_iterator(TWINMAP_TEST_DATA "/corpus"))
    files.push_back(each.path());
  std::sort(files.begin(), files.end());
  return files;
}

TEST_P(KnownDamage, HarmsNobody) {
  std::ifstream in(GetParam());
  const damage what = read_damage(std::string(std::istreambuf_iterator<char>(in), {}));
  trial image(what.victim);
  image.run(what);
  for (const std::string& failure : image.failures())
    ADD_FAILURE() << failure;
}

INSTANTIATE_TEST_SUITE_P(Corpus, KnownDamage, testing::ValuesIn(corpus()),
                         [](const auto& each) { return each.param.stem().string(); });

}  // namespace
}  // namespace garbage_tests
