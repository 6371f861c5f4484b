#include "tbb_concurrent_hash_map.hpp"

#include "../driver.hpp"

int main(int argc, char** argv) {
  return bench::run_rival<bench::tbb_concurrent_hash_map>(argc, argv);
}
