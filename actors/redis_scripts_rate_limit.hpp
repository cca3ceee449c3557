// The scripts that decide rate limits in Redis: the same states and the same answers as runtime/rolling_window.cpp and
// runtime/smooth_rate.cpp, which a test holds them to. Every number is an integer below 2^53, which Lua's doubles hold
// exactly. KEYS: the limit's key. ARGV: limit, window in us, hold in us, least (0: whole amounts only), forced, then the amounts.
// Answers {granted, or -1 for a refusal; remaining; retry after in us, -1 for never} per amount, flat. Whatever is written
// expires; a key that somebody made permanent gets its expiry back.
#pragma once

#include <string_view>

namespace holdfast::redis_scripts {

inline constexpr std::string_view rolling_window = R"(
local key, limit, window, hold = KEYS[1], tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local least, forced = tonumber(ARGV[4]), tonumber(ARGV[5])
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local head, size = redis.call('GETRANGE', key, 0, 63), redis.call('STRLEN', key)
local magic = head:sub(1, 4)
local answers = {}

local function repair_expiry(from)
  if size > 0 and redis.call('PTTL', key) == -1 then
    redis.call('PEXPIRE', key, math.floor((from + window) / 1000) + 2)
  end
end

if magic == 'hfs1' then
  repair_expiry(0)
  local wait = math.max(redis.call('PTTL', key) * 1000, 1)
  for i = 6, #ARGV do
    local never = tonumber(ARGV[i]) > limit and least == 0
    answers[#answers + 1], answers[#answers + 2], answers[#answers + 3] = -1, 0, never and -1 or wait
  end
  return answers
end

local skew, last, used, newest, newest_count, first, oldest, cells, capacity = 0, 0, 0, 0, 0, 0, 0, 0, 0
local known = false
if magic == 'hfr1' and #head == 64 then
  local h = {struct.unpack('>I8I8I8I8I8I8I4I4I4', head, 5)}
  known = h[9] <= 1024 and size == 64 + 12 * h[9] and h[8] <= h[9] and h[7] <= h[9]
  for i = 1, 6 do known = known and h[i] <= 9007199254740992 end
  if known then skew, last, used, newest, newest_count, first, oldest, cells, capacity = unpack(h, 1, 9) end
end
local went_back = now + skew < last
if went_back then skew = last - now end
now = now + skew

local chunk_at, chunk = -1, ''
local function cell(index)
  local at = (oldest + index) % capacity
  if at - at % 64 ~= chunk_at then
    chunk_at = at - at % 64
    chunk = redis.call('GETRANGE', key, 64 + 12 * chunk_at, 831 + 12 * chunk_at)
  end
  return struct.unpack('>I8I4', chunk, 12 * (at - chunk_at) + 1)
end

while cells > 0 and first + window <= now do
  local _, count = cell(0)
  used = math.max(used - count, 0)
  oldest, cells = (oldest + 1) % capacity, cells - 1
  first = cells > 0 and cell(0) or 0
end
if cells == 0 and newest + window <= now then used, newest, newest_count = 0, 0, 0 end

local part = limit > 1000 and math.floor((window + 63) / 64) or 1
local stamp = now + hold
stamp = math.max(newest, stamp + math.fmod(part - math.fmod(stamp, part), part))
local added = math.min(forced, math.max(limit - used, 0))

local function wait_for(needed)
  for i = 0, cells - 1 do
    local at, count = cell(i)
    needed = needed - count
    if needed <= 0 then return math.max(at + window - now, 1) end
  end
  return math.max(((newest_count >= needed or added == 0) and newest or stamp) + window - now, 1)
end

local waits = {}
for i = 6, #ARGV do
  local amount, free = tonumber(ARGV[i]), math.max(limit - used - added, 0)
  local wanted = least > 0 and math.min(amount, math.max(free, least)) or amount
  local granted, retry = -1, -1
  if wanted <= free then
    granted, retry, free = wanted, 0, free - wanted
    added = added + wanted
    waits = {}
  elseif wanted <= limit then
    local needed = used + added + wanted - limit
    waits[needed] = waits[needed] or wait_for(needed)
    retry = waits[needed]
  end
  answers[#answers + 1], answers[#answers + 2], answers[#answers + 3] = granted, free, retry
end
if added == 0 and not went_back then
  repair_expiry(math.max(newest - now, 0))
  return answers
end

local whole, closed, closed_at = not known and '' or nil, nil, 0
if added > 0 and newest_count > 0 and stamp ~= newest and cells < 1024 then
  closed = struct.pack('>I8I4', newest, newest_count)
  if cells == capacity then
    whole = ''
    if capacity > 0 then
      whole = redis.call('GETRANGE', key, 64 + 12 * oldest, -1)
      if oldest > 0 then whole = whole .. redis.call('GETRANGE', key, 64, 63 + 12 * oldest) end
    end
    capacity, oldest = math.max(capacity * 2, 8), 0
    whole = whole .. closed .. string.rep('\0', 12 * (capacity - cells - 1))
  end
  closed_at = (oldest + cells) % capacity
  if cells == 0 then first = newest end
  cells, newest_count = cells + 1, 0
end
if added > 0 then newest, newest_count, used = stamp, newest_count + added, used + added end
head = struct.pack('>c4I8I8I8I8I8I8I4I4I4', 'hfr1', skew, now, used, newest, newest_count, first, oldest, cells, capacity)
local ttl = math.floor((math.max(newest - now, 0) + window) / 1000) + 2
if whole then
  redis.call('SET', key, head .. whole, 'PX', ttl)
else
  if closed then redis.call('SETRANGE', key, 64 + 12 * closed_at, closed) end
  redis.call('SETRANGE', key, 0, head)
  redis.call('PEXPIRE', key, ttl)
end
return answers
)";

inline constexpr std::string_view smooth_rate = R"(
local key, limit, window, least = KEYS[1], tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[4])
local forced = math.min(tonumber(ARGV[5]), limit)
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local state = redis.call('GETRANGE', key, 0, 44)
local answers = {}

local function answer(granted, remaining, retry)
  answers[#answers + 1], answers[#answers + 2], answers[#answers + 3] = granted, remaining, retry
end
local function repair_expiry(length)
  if state ~= '' and redis.call('PTTL', key) == -1 then redis.call('PEXPIRE', key, math.floor(length / 1000) + 2) end
end

if state:sub(1, 4) == 'hfr1' then
  repair_expiry(window)
  local wait = math.max(redis.call('PTTL', key) * 1000, 1)
  for i = 6, #ARGV do answer(-1, 0, tonumber(ARGV[i]) > limit and least == 0 and -1 or wait) end
  return answers
end

local skew, last, arrival, fraction, parts = 0, 0, 0, 0, 1
if state:sub(1, 4) == 'hfs1' and #state == 44 then
  local s = {struct.unpack('>I8I8I8I8I8', state, 5)}
  local known = true
  for i = 1, 5 do known = known and s[i] <= 9007199254740992 end
  if known then skew, last, arrival, fraction, parts = unpack(s, 1, 5) end
end
local changed = now + skew < last or forced > 0
if now + skew < last then skew = last - now end
now = now + skew
if parts ~= limit and fraction > 0 then arrival, fraction = arrival + 1, 0 end
if arrival < now then arrival, fraction = now, 0 end

local function later(amount)
  local step = amount * window
  local rest = math.fmod(step, limit)
  local us, parts_of_us = arrival + (step - rest) / limit, fraction + rest
  if parts_of_us >= limit then us, parts_of_us = us + 1, parts_of_us - limit end
  return us, parts_of_us
end
local function free()
  if arrival - now >= window then return 0 end
  local room = (window - (arrival - now)) * limit - fraction
  return room > 0 and (room - math.fmod(room, window)) / window or 0
end

if forced > 0 then
  arrival, fraction = later(forced)
  if arrival >= now + window then arrival, fraction = now + window, 0 end
end
for i = 6, #ARGV do
  local amount = tonumber(ARGV[i])
  local us, parts_of_us = later(math.min(amount, limit))
  local ahead = us + (parts_of_us > 0 and 1 or 0) - now
  if amount <= limit and ahead <= window then
    arrival, fraction = us, parts_of_us
    changed = changed or amount > 0
    answer(amount, free(), 0)
  else
    answer(-1, free(), amount > limit and -1 or ahead - window)
  end
end
if changed then
  redis.call('SET', key, struct.pack('>c4I8I8I8I8I8', 'hfs1', skew, now, arrival, fraction, limit), 'PX',
             math.floor((arrival - now) / 1000) + 2)
else
  repair_expiry(arrival - now)
end
return answers
)";

// Which processes there are: each says so now and then. KEYS: a sorted set. ARGV: who, how many us one is remembered.
// Answers their number.
inline constexpr std::string_view note_process = R"(
local time = redis.call('TIME')
local now, span = time[1] * 1000000 + time[2], tonumber(ARGV[2])
redis.call('ZADD', KEYS[1], string.format('%.0f', now), ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', string.format('(%.0f', now - span))
redis.call('ZREMRANGEBYSCORE', KEYS[1], string.format('(%.0f', now + span), '+inf')
redis.call('PEXPIRE', KEYS[1], math.floor(span / 1000) + 1)
return redis.call('ZCARD', KEYS[1])
)";

} // namespace holdfast::redis_scripts
