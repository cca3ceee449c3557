// The server-side scripts of redis_store: each does one thing atomically on the keys of one hash slot or, for batches
// of counters, on rows that can be split by slot. None computes with 64-bit numbers: Lua has no exact ones.
#pragma once

#include <string_view>

namespace holdfast::redis_scripts {

// KEYS: counter, record, ... per row. ARGV: holdfast:keys, then writer, generation, state, exists ("0"/"1"), new state,
// new generation, difference per row. Answers {"m"}, {"x", generation, state, exists} or {"r", reason} per row.
inline constexpr std::string_view merge = R"(
local answers = {}
for i = 1, #KEYS / 2 do
  local key, record, a = KEYS[2 * i - 1], KEYS[2 * i], 7 * (i - 1) + 1
  local writer, generation, state, exists = ARGV[a + 1], ARGV[a + 2], ARGV[a + 3], ARGV[a + 4]
  local fields = redis.pcall('HMGET', record, 'generation', writer)
  if fields.err then
    answers[i] = {'r', fields.err}
  else
    local found_generation, found_state = fields[1] or '', fields[2] or ''
    local found_exists = tostring(redis.call('EXISTS', key))
    if found_generation ~= generation or found_state ~= state or (generation == '' and found_exists ~= exists) then
      answers[i] = {'x', found_generation, found_state, found_exists}
    else
      local added = true
      if ARGV[a + 7] ~= '0' then
        added = redis.pcall('INCRBY', key, ARGV[a + 7])
      end
      if type(added) == 'table' and added.err then
        answers[i] = {'r', added.err}
      else
        if generation == '' then
          redis.call('HSET', record, 'generation', ARGV[a + 6], writer, ARGV[a + 5])
          redis.call('SADD', ARGV[1], key)
        else
          redis.call('HSET', record, writer, ARGV[a + 5])
        end
        answers[i] = {'m'}
      end
    end
  end
end
return answers
)";

// KEYS: counter, record, ... per row. ARGV: per row the number of writers, then the writers. Answers {value or false,
// state or false, ...} per row; a value that is no text is the empty string.
inline constexpr std::string_view read_counters = R"(
local answers, a = {}, 1
for i = 1, #KEYS / 2 do
  local value = redis.pcall('GET', KEYS[2 * i - 1])
  if type(value) == 'table' then value = '' end
  local answer, count = {value}, tonumber(ARGV[a])
  for w = 1, count do
    local state = redis.pcall('HGET', KEYS[2 * i], ARGV[a + w])
    if type(state) == 'table' then state = false end
    answer[w + 1] = state
  end
  a = a + 1 + count
  answers[i] = answer
end
return answers
)";

// KEYS[1], ARGV[1]: becomes the larger integer. Both are Unix seconds or the like: far below 2^53.
inline constexpr std::string_view raise = R"(
local stored = redis.pcall('GET', KEYS[1])
local number = type(stored) == 'string' and tonumber(stored) or nil
if not number or number < tonumber(ARGV[1]) then
  redis.call('SET', KEYS[1], ARGV[1])
end
return 1
)";

// KEYS: lease. ARGV: holder, ttl in ms. Answers {granted, token, ms left}. The token lives on in a hash without expiry and
// is the server's time in microseconds at least, so that it never goes back with the store.
inline constexpr std::string_view lease = R"(
local time = redis.call('TIME')
local now_ms = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local held = redis.call('HMGET', KEYS[1], 'holder', 'until', 'token')
local token, ends = tonumber(held[3] or '0'), tonumber(held[2] or '0')
local alive = held[1] and held[1] ~= '' and ends > now_ms
if alive and held[1] ~= ARGV[1] then
  return {0, string.format('%.0f', token), ends - now_ms}
end
if not alive then
  token = math.max(token + 1, tonumber(time[1]) * 1000000 + tonumber(time[2]))
end
redis.call('HSET', KEYS[1], 'holder', ARGV[1], 'until', string.format('%.0f', now_ms + tonumber(ARGV[2])), 'token',
           string.format('%.0f', token))
return {1, string.format('%.0f', token), tonumber(ARGV[2])}
)";

inline constexpr std::string_view return_lease = R"(
if redis.call('HGET', KEYS[1], 'holder') == ARGV[1] then
  redis.call('HSET', KEYS[1], 'holder', '', 'until', '0')
end
return 1
)";

// KEYS: key, its fence. ARGV: order (two numbers of 20 digits, comparable as text), value, ttl in ms or "". Answers 1,
// or 0 where the fence has seen a newer order.
inline constexpr std::string_view fenced_set = R"(
local seen = redis.pcall('GET', KEYS[2])
if type(seen) == 'string' and seen > ARGV[1] then
  return 0
end
redis.call('SET', KEYS[2], ARGV[1])
if ARGV[3] == '' then
  redis.call('SET', KEYS[1], ARGV[2])
else
  redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
end
return 1
)";

} // namespace holdfast::redis_scripts
