#include <twinmap/protocol/findings.hpp>

#include <algorithm>
#include <utility>

namespace twinmap::protocol {

void findings::add(finding what) {
  more_ = more_ || all_.size() == most;
  if (!more_) all_.push_back(std::move(what));
}

void findings::add(std::string what, std::uint64_t evidence) {
  add({std::move(what), evidence, false});
}

void findings::add_of_tables(std::string what, std::uint64_t evidence) {
  add({std::move(what), evidence, true});
}

void findings::drop_those_of_tables() {
  std::erase_if(all_, [](const finding& each) { return each.of_tables; });
}

void findings::keep_those_in(const findings& earlier) {
  std::erase_if(all_, [&earlier](const finding& each) {
    return std::find(earlier.all_.begin(), earlier.all_.end(), each) == earlier.all_.end();
  });
}

std::vector<std::string> findings::texts() const {
  std::vector<std::string> all;
  for (const finding& each : all_)
    all.push_back(each.what);
  if (more_ && !all.empty()) all.push_back("… and more");
  return all;
}

}  // namespace twinmap::protocol
