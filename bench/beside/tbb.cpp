#include "../rivals/tbb_concurrent_hash_map.hpp"
#include "driver.hpp"

int main(int argc, char** argv) {
  return bench::beside::run_rival<bench::tbb_concurrent_hash_map>(argc, argv);
}
