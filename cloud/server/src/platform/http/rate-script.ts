import { RedisScript } from '../redis/script.ts'

/**
 * The sliding window of `sliding-window.ts` in Redis, for several keys at once: an attempt is counted for all of them or for none. One round trip, and one clock
 * for all processes: that of Redis (another one for tests).
 * KEYS: one hash a limit. ARGV: instant ms or "", how many attempts, then maximum and window ms of each.
 * Answers 1 or 0 (refused), then what is left and the time until more are left of each.
 */
export const rateScript = new RedisScript(`
local now = tonumber(ARGV[1])
if now == nil then
  local time = redis.call('time')
  now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end
local cost = tonumber(ARGV[2])
local passes = 1
local states = {}
for i, key in ipairs(KEYS) do
  local max = tonumber(ARGV[1 + 2 * i])
  local span = tonumber(ARGV[2 + 2 * i])
  local window = math.floor(now / span)
  local kept = redis.call('hmget', key, 'w', 'n', 'b')
  local w, n, b = tonumber(kept[1]), tonumber(kept[2]) or 0, tonumber(kept[3]) or 0
  if w ~= window then
    if w == window - 1 then b = n else b = 0 end
    n = 0
  end
  local passed = now - window * span
  local used = n + math.floor(b * (span - passed) / span)
  if used + cost > max then passes = 0 end
  states[i] = { key, window, n, b, span, passed, max }
end
local answer = { passes }
for i, s in ipairs(states) do
  local key, window, n, b, span, passed, max = s[1], s[2], s[3], s[4], s[5], s[6], s[7]
  if passes == 1 and cost > 0 then
    n = n + cost
    redis.call('hset', key, 'w', window, 'n', n, 'b', b)
    redis.call('pexpire', key, 2 * span)
  end
  local still = math.floor(b * (span - passed) / span)
  local reset = 0
  if still > 0 then reset = math.floor(span * (b - still) / b) + 1 - passed
  elseif n > 0 then reset = span - passed + 1 end
  answer[#answer + 1] = max - n - still
  answer[#answer + 1] = reset
end
return answer
`)

/** Takes one attempt back, where it was counted in the window of now. KEYS: the hash. */
export const giveBackScript = new RedisScript(`
local n = tonumber(redis.call('hget', KEYS[1], 'n'))
if n ~= nil and n > 0 then redis.call('hset', KEYS[1], 'n', n - 1) end
return 0
`)
