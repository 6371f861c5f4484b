#pragma once

// Errors, for users: `twinmap::error`, `twinmap::errc`, and their category.

#include <twinmap/platform/error.hpp>
