// The same ordeal with damage that a fuzzer thinks of. tests/garbage/run builds and feeds it.

#include "ordeal.hpp"

#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <map>
#include <string>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace garbage_tests {
namespace {

// What is kept in the corpus is text.
damage read_input(std::span<const std::uint8_t> input) {
  const std::string_view text(reinterpret_cast<const char*>(input.data()), input.size());
  if (!text.starts_with("# ")) return unpacked(input);
  try {
    return read_damage(text);
  } catch (const std::exception&) {
    return unpacked(input);
  }
}

struct patient {
  explicit patient(std::uint8_t victim) : spoilt(victim), around(spoilt.size()) {}
  image spoilt;
  fence around;
};

patient& patient_of(std::uint8_t victim) {
  static std::map<std::uint8_t, patient> all;
  return all.try_emplace(victim, victim).first->second;
}

}  // namespace
}  // namespace garbage_tests

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace garbage_tests;
  static call_record record{};
  static call_log log(record);
  const damage what = read_input({data, size});
  patient& one = patient_of(what.victim);
  endure(one.spoilt, what, size, one.around, log);
  if (record.found == 0) return 0;
  std::cerr << record.findings[0].call.data() << ' ' << record.findings[0].what.data() << '\n'
            << written(what);
  std::abort();
}
