#include "messages/symbols.hpp"

namespace holdfast {

symbols_reply reply_from(const published_symbols& published, boot_time now) {
  return {published.table, published.source, published.fetched_at, published.age(now), !published.fresh(now),
          published.version, fault::none};
}

} // namespace holdfast
