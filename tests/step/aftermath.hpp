// What must hold once a process has been killed in the middle of a call.
#pragma once

#include <step/stage.hpp>

namespace step_tests {

// The files are as the dead one left them. `survivor` was attached before that one came, and
// nobody else is. `returned`: the call had. Fails the test if anything that returned is lost, if
// the call is done by half, if what was seen is not seen any more, if an insert has to wait, or if
// memory stays away.
void settle(const stage& on, actor* survivor, bool returned);

}  // namespace step_tests
