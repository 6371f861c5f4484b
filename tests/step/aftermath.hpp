// What must hold once a process has been stopped in the middle of a call, for ever or for a while.
#pragma once

#include <step/stage.hpp>
#include <twinmap/protocol/handle.hpp>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace step_tests {

// What may stand under each key: absent or a value.
using possibilities = std::map<std::string, std::vector<std::optional<std::string>>>;

// The call is done or not done, of a clear key by key; done if it had returned.
possibilities either_way(const stage& on, bool returned);

// The files are as the stopped one left them, and that one is no more. `survivor` was attached
// before it came, and nobody else is. Fails the test if anything stands that may not, if what was
// seen is not seen any more, if an insert has to wait, or if memory stays away.
void settle(const stage& on, actor* survivor, const possibilities& may_stand);

// What the library itself sees of the map. Read-only.
std::unique_ptr<twinmap::protocol::handle> inside_of(const stage& on);

}  // namespace step_tests
