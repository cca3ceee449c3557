#define CAF_SUITE actors_main

#include "caf/test/unit_test_impl.hpp"
