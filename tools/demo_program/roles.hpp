// What each child process does. None of them shares anything with the others but the map's name and
// the board.
#pragma once

#include <demo_program/board.hpp>
#include <demo_program/data_set.hpp>

namespace demo {

/// Makes the map and stores every record and the hot keys.
void load_records(const stage& at);

/// Looks keys up at random and checks each record until told to stop.
void run_reader(const stage& at, board& shared, process_line& line, bool read_only);

/// Updates records, hammers the hot keys, inserts new keys and erases old ones.
void run_writer(const stage& at, board& shared, process_line& line);

/// The same work without a pause, saying before each call what it is about to do; ends by SIGKILL.
void run_victim(const stage& at, board& shared, process_line& line);

}  // namespace demo
