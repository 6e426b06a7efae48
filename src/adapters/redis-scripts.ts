/*
 * What the shared tier does inside Redis. Each script touches one key, so that it runs in a Cluster. The reading of a
 * slot is `decodeSlot` of slot.ts again, and `rank` its merge law; doubles are exact there as they are here. `pcall`
 * makes a key of another type unreadable, and so empty, like any other content that is not ours.
 */

/** A pattern of one to sixteen of `one`: Lua has no counted repetition. */
const upTo16 = (one: string) => one + `${one}?`.repeat(15)
const position = `${upTo16('%d')}%.${upTo16('[0-9A-Za-z]')}|`

/**
 * KEYS slot; ARGV tag of the lease, its ms, bound for a life without one. Answers 1 leased, 0 held, or `ms|state`: one
 * string and a pattern without captures, since this is what a check waits for. A lease that would never end is no
 * lease. One's own lease is found when the command was delivered twice.
 */
export const readOrLeaseScript = `
local text = redis.pcall('GET', KEYS[1])
if type(text) == 'string' then
  if string.find(text, '^1[VTN]|${position}') then
    local left = redis.call('PTTL', KEYS[1])
    if left < 0 then
      left = tonumber(ARGV[3])
      redis.pcall('PEXPIRE', KEYS[1], left)
    end
    return left .. '|' .. text
  end
  if text == ARGV[1] then return 1 end
  local id = string.match(text, '^1L|([^|]+)|')
  if id and #id <= 64 and redis.call('PTTL', KEYS[1]) >= 0 then return 0 end
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
`

/** KEYS slot; ARGV expected tag, next text or '' for nothing, ms. Answers 1 if it did. */
export const swapScript = `
if redis.pcall('GETRANGE', KEYS[1], 0, #ARGV[1] - 1) ~= ARGV[1] then return 0 end
if ARGV[2] == '' then
  redis.call('UNLINK', KEYS[1])
else
  redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
end
return 1
`

/** KEYS slot; ARGV next text, ms. Answers 1 if it was written. `rank` is nil for what cannot be read. */
export const mergeScript = `
local kinds = { N = 1, V = 2, T = 3 }
local function rank(text)
  if type(text) ~= 'string' then return nil end
  if string.find(text, '^1L|[^|]+|') then return -1 end
  if not string.find(text, '^1[VTN]|${position}') then return nil end
  return tonumber(string.match(text, '%d+', 4)) * 4 + kinds[string.sub(text, 2, 2)]
end
local current = rank(redis.pcall('GET', KEYS[1]))
if current and rank(ARGV[1]) <= current then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
`
