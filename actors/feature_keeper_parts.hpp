// Private to feature_keeper: feature_keeper.cpp brings subjects, feature_keeper_reads.cpp tells how features are used.
#pragma once

#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

#include "actors/feature_keeper.hpp"
#include "config/keys.hpp"

namespace holdfast::feature_keeper_parts {

using self_pointer = feature_keeper_actor::stateful_pointer<feature_keeper_state>;

caf::typed_response_promise<features_found> tell(self_pointer self, const features_wanted& wanted);

} // namespace holdfast::feature_keeper_parts
