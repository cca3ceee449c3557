// The server-side scripts of redis_store: each does one thing atomically on the keys of one hash slot or, for batches
// of counters, on rows that can be split by slot. None computes with 64-bit numbers: Lua has no exact ones.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "actors/redis_scripts_rate_limit.hpp"

namespace holdfast::redis_scripts {

// KEYS: counter, record, ... per row. ARGV: holdfast:keys, holdfast:epoch, then writer, generation, state, exists
// ("0"/"1"), new state, new generation, difference per row. Answers {"m"}, {"x", generation, state, exists, whether
// holdfast:keys has it though there is no record} or {"r", reason} per row, and at the end the epoch ("" for none). A row is refused only for what it is itself; what the
// server cannot do for anybody (full, read-only, no permission) is the error of the whole batch, whose earlier rows may
// have been merged. No row is ever left half merged.
inline constexpr std::string_view merge = R"(
local function about_the_row(text)
  return text:find('^WRONGTYPE') or text:find('not an integer') or text:find('would overflow')
end
local function failed(reply)
  return type(reply) == 'table' and reply.err
end
local function take_back(key, existed, difference)
  if existed == 0 then
    redis.pcall('DEL', key)
  elseif difference == '-9223372036854775808' then
    redis.pcall('INCRBY', key, '9223372036854775807')
    redis.pcall('INCRBY', key, '1')
  elseif difference:sub(1, 1) == '-' then
    redis.pcall('INCRBY', key, difference:sub(2))
  else
    redis.pcall('INCRBY', key, '-' .. difference)
  end
end
local answers = {}
for i = 1, #KEYS / 2 do
  local key, record, a = KEYS[2 * i - 1], KEYS[2 * i], 7 * (i - 1) + 2
  local writer, generation, state, exists, difference = ARGV[a + 1], ARGV[a + 2], ARGV[a + 3], ARGV[a + 4], ARGV[a + 7]
  local fields = redis.pcall('HMGET', record, 'generation', writer)
  local trouble = failed(fields)
  if not trouble then
    local found_generation, found_state = fields[1] or '', fields[2] or ''
    local existed = redis.call('EXISTS', key)
    if found_generation ~= generation or found_state ~= state or (generation == '' and tostring(existed) ~= exists) then
      local listed = found_generation == '' and redis.pcall('SISMEMBER', ARGV[1], key) == 1
      answers[i] = {'x', found_generation, found_state, tostring(existed), listed and '1' or '0'}
    else
      trouble = difference ~= '0' and failed(redis.pcall('INCRBY', key, difference))
      if not trouble and (generation == '' or ARGV[a + 5] ~= state) then
        if generation == '' then
          trouble = failed(redis.pcall('HSET', record, 'generation', ARGV[a + 6], writer, ARGV[a + 5]))
        else
          trouble = failed(redis.pcall('HSET', record, writer, ARGV[a + 5]))
        end
        if trouble and difference ~= '0' then
          take_back(key, existed, difference)
        elseif not trouble and (generation == '' or state == '') then
          redis.pcall('SADD', ARGV[1], key)
        end
      end
      if not trouble then answers[i] = {'m'} end
    end
  end
  if trouble then
    if not about_the_row(trouble) then return redis.error_reply(trouble) end
    answers[i] = {'r', trouble}
  end
end
local epoch = redis.pcall('GET', ARGV[2])
answers[#answers + 1] = type(epoch) == 'string' and epoch or ''
return answers
)";

// KEYS: counter, record, ... per row. ARGV: per row the number of writers, then the writers. Answers {value or false,
// generation or false, state or false, ...} per row; a value that is no text is the empty string, a record that is no hash
// has none of them.
inline constexpr std::string_view read_counters = R"(
local answers, a = {}, 1
for i = 1, #KEYS / 2 do
  local value = redis.pcall('GET', KEYS[2 * i - 1])
  if type(value) == 'table' then
    if not value.err:find('^WRONGTYPE') then return redis.error_reply(value.err) end
    value = ''
  end
  local count = tonumber(ARGV[a])
  local fields = redis.pcall('HMGET', KEYS[2 * i], 'generation', unpack(ARGV, a + 1, a + count))
  if fields.err and not fields.err:find('^WRONGTYPE') then return redis.error_reply(fields.err) end
  local answer = {value}
  for f = 1, count + 1 do answer[f + 1] = not fields.err and fields[f] or false end
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

// KEYS: lease. ARGV: holder, ttl in ms, a token that must be exceeded. Answers {granted, token, ms left}. The token lives on
// in a hash without expiry and is the server's time in microseconds at least, so that it never goes back with the store.
// One above token_max (runtime/fencing_token.hpp) is none: there adding one may change nothing.
inline constexpr std::string_view lease = R"(
local function token_of(text)
  local token = tonumber(text or '')
  return token and token >= 0 and token < 8000000000000000 and math.floor(token) or 0
end
local time = redis.call('TIME')
local now_ms = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local held = redis.call('HMGET', KEYS[1], 'holder', 'until', 'token')
local token, above, ends = token_of(held[3]), token_of(ARGV[3]), tonumber(held[2] or '') or 0
local alive = held[1] and held[1] ~= '' and ends > now_ms and ends - now_ms <= 600000
if alive and held[1] ~= ARGV[1] then
  return {0, string.format('%.0f', token), ends - now_ms}
end
if not alive or token <= above then
  token = math.max(token + 1, tonumber(time[1]) * 1000000 + tonumber(time[2]), above + 1)
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
// or 0 where the fence has seen a newer order. A fence that nobody can have written (no order, or a token above token_max) holds up
// nobody. What has this very order already is not made to last longer: a write that a server which stood still carries out late,
// after its repetition, makes nothing young again.
inline constexpr std::string_view fenced_set = R"(
local seen = redis.pcall('GET', KEYS[2])
local digits = ('%d'):rep(15)
local is_order = type(seen) == 'string' and seen:find('^0000[0-7]' .. digits .. ' 0%d%d%d%d' .. digits .. '$')
if is_order and seen > ARGV[1] then
  return 0
end
redis.call('SET', KEYS[2], ARGV[1])
if ARGV[3] == '' then
  redis.call('SET', KEYS[1], ARGV[2])
else
  local ttl, left = tonumber(ARGV[3]), seen == ARGV[1] and redis.call('PTTL', KEYS[1]) or 0
  redis.call('SET', KEYS[1], ARGV[2], 'PX', left > 0 and math.min(left, ttl) or ttl)
end
return 1
)";

// KEYS: records. ARGV: Unix seconds. Removes the fields of writers that were retired before.
inline constexpr std::string_view forget_retired = R"(
for _, record in ipairs(KEYS) do
  local fields = redis.pcall('HGETALL', record)
  for f = 2, fields.err and 0 or #fields, 2 do
    local retired = fields[f]:match('^%d+ %d+ r(%d+)$')
    if retired and tonumber(retired) < tonumber(ARGV[1]) then
      redis.pcall('HDEL', record, fields[f - 1])
    end
  end
end
return 1
)";

} // namespace holdfast::redis_scripts

namespace holdfast {

enum class redis_script : std::uint8_t {
  merge,
  read_counters,
  raise,
  lease,
  return_lease,
  fenced_set,
  forget_retired,
  rolling_window,
  smooth_rate,
  note_process
};

inline constexpr std::array redis_script_texts{redis_scripts::merge,        redis_scripts::read_counters,
                                               redis_scripts::raise,        redis_scripts::lease,
                                               redis_scripts::return_lease, redis_scripts::fenced_set,
                                               redis_scripts::forget_retired, redis_scripts::rolling_window,
                                               redis_scripts::smooth_rate,  redis_scripts::note_process};

constexpr std::string_view text_of(redis_script which) noexcept {
  return redis_script_texts[static_cast<std::size_t>(which)];
}

} // namespace holdfast
