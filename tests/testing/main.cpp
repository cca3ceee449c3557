#define CAF_SUITE testing_main

#include "caf/test/unit_test_impl.hpp"
