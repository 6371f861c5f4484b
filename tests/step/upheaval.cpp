#include "upheaval.hpp"

#include <stdexcept>

namespace step_tests {
namespace {

calls stores(flavour kind, int first, int last) {
  calls all;
  for (int i = first; i < last; ++i)
    all.push_back({"store", key_of(kind, i), value_of(kind, i)});
  return all;
}

// From slot to block and back, to nothing, and there again.
calls update_it(const stage& on) {
  const flavour kind = on.what().kind;
  return {{"exchange", key_read(on), value_of(kind, 101)},
          {"exchange", key_read(on), value_of(kind, 102)},
          {"exchange", key_read(on), value_of(kind, 105)},
          {"erase", key_read(on)},
          {"store", key_read(on), value_of(kind, 107)},
          {"erase", key_read(on)},
          {"load_or_store", key_read(on), value_of(kind, 108)}};
}

// Its slot and its block become other keys', and the tables others; what was promoted is so twice.
calls replace_it(const stage& on) {
  const flavour kind = on.what().kind;
  calls all{{"erase", key_read(on)}, {"erase", key_of(kind, 4)}};
  all = all + calls{{"promote"}, {"compact"}} + stores(kind, 300, 330) + calls{{"promote"}};
  all = all + calls{{"store", key_read(on), value_of(kind, 102)}};
  return all + calls{{"erase", key_of(kind, 300)}, {"compact"}, {"sweep"}} + stores(kind, 330, 340);
}

// All keys stay where they are, and every table is another one than before, with a standby too.
calls grow_it(const stage& on) {
  const flavour kind = on.what().kind;
  return calls{{"prepare_standby"}} + stores(kind, 300, 310) +
         calls{{"promote"}, {"exchange", key_read(on), value_of(kind, 102)}} +
         stores(kind, 310, 380) + calls{{"promote"}} + stores(kind, 380, 382) +
         calls{{"promote"}, {"prepare_standby"}};
}

calls clear_it(const stage& on) {
  const flavour kind = on.what().kind;
  const calls all{{"clear"}, {"compact"}, {"sweep"}, {"gather_some"}, {"give_back"}};
  return all + stores(kind, 400, 420) + calls{{"store", key_read(on), value_of(kind, 101)}};
}

// Values move, and the memory that they leave goes.
calls gather_it(const stage& on) {
  const flavour kind = on.what().kind;
  return calls{{"gather_some"}, {"give_back"}} + stores(kind, 300, 304) +
         calls{{"gather_some"}, {"exchange", key_read(on), value_of(kind, 102)}, {"give_back"}};
}

}  // namespace

std::string key_read(const stage& on) {
  const call& run = on.what().run;
  return !run.key.empty()    ? run.key
         : !run.keys.empty() ? run.keys.front()
                             : key_of(on.what().kind, 3);
}

const std::vector<upheaval>& upheavals() {
  static const std::vector<upheaval> all{{"Updated", update_it},
                                         {"Replaced", replace_it},
                                         {"Grown", grow_it},
                                         {"Cleared", clear_it},
                                         {"Gathered", gather_it}};
  return all;
}

const upheaval& upheaval_called(const std::string& name) {
  for (const upheaval& each : upheavals())
    if (each.name == name) return each;
  throw std::out_of_range("no upheaval is called " + name);
}

}  // namespace step_tests
