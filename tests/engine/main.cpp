#define CAF_SUITE engine_main

#include "caf/test/unit_test_impl.hpp"
