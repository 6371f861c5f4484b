// What --corrupt does: damages one record behind the library's back.
#pragma once

#include <demo_program/data_set.hpp>

#include <string>

namespace demo {

/// Flips one byte of the value of a record that nobody writes, through a mapping of its own of the
/// segment's file. Returns the record's key. Throws if it could not be done.
std::string corrupt_a_record(const stage& at, const std::string& segment_file);

}  // namespace demo
