#include "lmdb.hpp"

#include "../driver.hpp"

int main(int argc, char** argv) {
  return bench::run_rival<bench::lmdb>(argc, argv);
}
