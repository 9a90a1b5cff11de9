"""How runs lie in Redis, and the scripts that change them: each is one atomic step of the server.

    multidb{runs}:R TENANT RUN            HASH  user, status, last seq, ended, expired, key of its repeat, thread, body,
                                                result
    multidb{runs}:E TENANT RUN            STREAM of its events; the entry SEQ-0 is event SEQ
    multidb{runs}:K TENANT USER KEY       the run that an idempotency key admitted, as TENANT RUN
    multidb{runs}:T TENANT USER THREAD    ZSET of TENANT RUN by number of admission
    multidb{runs}:L TENANT USER THREAD    HASH  holder, token, until (seconds)
    multidb{runs}:U                       ZSET of unfinished runs by number of admission
    multidb{runs}:S                       SET of unfinished runs that were asked to stop
    multidb{runs}:X                       ZSET of runs whose events can expire by the time they ended
    multidb{runs}:N, :F                   number of the last admission, last lease token
    multidb{runs}:W                       STREAM of TENANT RUN whose log has changed; it wakes followers

A run that has ended is forgotten by itself after a time, and so are its key and its events; its place in its thread
goes when the thread gets another run.

The braces make all of it one slot of a cluster: scripts touch several keys.
"""

from __future__ import annotations

PREFIX = b"multidb{runs}:"
_START = "local P = 'multidb{runs}:'\n"
_WAKE = """
local function wake(run) redis.call('XADD', P .. 'W', 'MAXLEN', '~', 10000, '*', 'run', run) end
"""

# ARGV: run, key of its repeat ('' for none), user, thread, status, body. Answers the run that was there, if any.
ADMIT = (
    _START
    + """
local run, key, thread = ARGV[1], ARGV[2], ARGV[4]
if key ~= '' then
  local first = redis.call('GET', P .. key)
  if first then return {'repeat', first} end
end
if redis.call('EXISTS', P .. 'R' .. run) == 1 then return {'same', run} end
for _, old in ipairs(redis.call('ZRANGE', P .. thread, 0, 3)) do
  if redis.call('EXISTS', P .. 'R' .. old) == 0 then redis.call('ZREM', P .. thread, old) end
end
redis.call('PERSIST', P .. thread)
local number = redis.call('INCR', P .. 'N')
redis.call('HSET', P .. 'R' .. run, 'user', ARGV[3], 'status', ARGV[5], 'last', 0, 'expired', 0, 'key', key,
  'thread', thread, 'body', ARGV[6], 'result', '')
redis.call('ZADD', P .. thread, number, run)
if ARGV[5] == 'running' then redis.call('ZADD', P .. 'U', number, run) end
if key ~= '' then redis.call('SET', P .. key, run) end
return {'new', run}
"""
)

# ARGV: run, user, end status ('' to go on), result, time of the end, seconds that the record is kept from then on, then
# (seq, type, data) of each event.
# Answers why nothing was written, and which seq was expected; or 'kept'.
APPEND = (
    _START
    + _WAKE
    + """
local run, ends = ARGV[1], ARGV[3] ~= ''
local head, log = P .. 'R' .. run, P .. 'E' .. run
local user, status, last = unpack(redis.call('HMGET', head, 'user', 'status', 'last'))
if user ~= ARGV[2] then return {'absent', 0} end
if status ~= 'running' then return {'ended', 0} end
last = tonumber(last)
local expected = last + 1
for at = 7, #ARGV, 3 do
  local seq = tonumber(ARGV[at])
  if seq <= last then
    local held = seq > 0 and redis.call('XRANGE', log, seq .. '-0', seq .. '-0')[1]
    if not held or held[2][2] ~= ARGV[at + 1] or held[2][4] ~= ARGV[at + 2] then return {'taken', last + 1} end
  elseif seq ~= expected then
    return {'gap', last + 1}
  else
    expected = expected + 1
  end
end
for at = 7, #ARGV, 3 do
  if tonumber(ARGV[at]) > last then
    redis.call('XADD', log, ARGV[at] .. '-0', 'type', ARGV[at + 1], 'data', ARGV[at + 2])
  end
end
redis.call('HSET', head, 'last', expected - 1)
if ends then
  redis.call('HSET', head, 'status', ARGV[3], 'result', ARGV[4], 'ended', ARGV[5])
  redis.call('ZREM', P .. 'U', run)
  redis.call('SREM', P .. 'S', run)
  redis.call('ZADD', P .. 'X', ARGV[5], run)
  local key, thread = unpack(redis.call('HMGET', head, 'key', 'thread'))
  for _, name in ipairs({head, log, key ~= '' and P .. key or head, thread and P .. thread or head}) do
    redis.call('EXPIRE', name, ARGV[6])
  end
end
wake(run)
return {'kept', expected - 1}
"""
)

# ARGV: run, user, seq, limit. Answers 'absent', 'expired', or whether all is told, and the events.
PAGE = (
    _START
    + """
local run, after = ARGV[1], tonumber(ARGV[3])
local user, status, last, expired = unpack(redis.call('HMGET', P .. 'R' .. run, 'user', 'status', 'last', 'expired'))
if user ~= ARGV[2] then return {'absent', {}} end
last = tonumber(last)
if expired == '1' and after < last then return {'expired', {}} end
local events = {}
if tonumber(ARGV[4]) > 0 then
  local start = math.max(after + 1, 1) .. '-0'
  events = redis.call('XRANGE', P .. 'E' .. run, start, '+', 'COUNT', ARGV[4])
end
local reached = after
if #events > 0 then reached = tonumber(string.match(events[#events][1], '^%d+')) end
return {(status ~= 'running' and reached >= last) and 'complete' or 'more', events}
"""
)

# ARGV: thread's lease, holder, seconds, now ('' for the server's clock). Answers the token, nothing if it is held.
# A token is also never below the server's clock in microseconds: a log that lost its last second cannot repeat one.
LEASE = (
    _START
    + """
local place, clock = P .. ARGV[1], redis.call('TIME')
local now = tonumber(ARGV[4]) or (tonumber(clock[1]) + tonumber(clock[2]) / 1e6)
local holder, token, ends = unpack(redis.call('HMGET', place, 'holder', 'token', 'until'))
if holder and holder ~= ARGV[2] and tonumber(ends) > now then return false end
if not holder or holder ~= ARGV[2] then
  local last = tonumber(redis.call('GET', P .. 'F') or '0')
  token = string.format('%.0f', math.max(last + 1, tonumber(clock[1]) * 1e6 + tonumber(clock[2])))
  redis.call('SET', P .. 'F', token)
end
redis.call('HSET', place, 'holder', ARGV[2], 'token', token, 'until', string.format('%.6f', now + tonumber(ARGV[3])))
if ARGV[4] == '' then redis.call('EXPIRE', place, math.ceil(tonumber(ARGV[3])) + 60) end
return token
"""
)

# ARGV: thread's lease, holder, token.
RELEASE = (
    _START
    + """
local holder, token = unpack(redis.call('HMGET', P .. ARGV[1], 'holder', 'token'))
if holder == ARGV[2] and token == ARGV[3] then redis.call('DEL', P .. ARGV[1]) end
"""
)

# ARGV: run, user. Answers whether there is such a run.
STOP = (
    _START
    + """
local user, status = unpack(redis.call('HMGET', P .. 'R' .. ARGV[1], 'user', 'status'))
if user ~= ARGV[2] then return 0 end
if status == 'running' then redis.call('SADD', P .. 'S', ARGV[1]) end
return 1
"""
)

# ARGV: thread, its lease.
DELETE_THREAD = (
    _START
    + _WAKE
    + """
for _, run in ipairs(redis.call('ZRANGE', P .. ARGV[1], 0, -1)) do
  local key = redis.call('HGET', P .. 'R' .. run, 'key')
  if key and key ~= '' then redis.call('DEL', P .. key) end
  redis.call('UNLINK', P .. 'R' .. run, P .. 'E' .. run)
  redis.call('ZREM', P .. 'U', run)
  redis.call('SREM', P .. 'S', run)
  redis.call('ZREM', P .. 'X', run)
  wake(run)
end
redis.call('DEL', P .. ARGV[1], P .. ARGV[2])
"""
)

# ARGV: time, at most how many runs. Answers how many lost their events.
EXPIRE = (
    _START
    + """
local stale = redis.call('ZRANGEBYSCORE', P .. 'X', '-inf', '(' .. ARGV[1], 'LIMIT', 0, ARGV[2])
for _, run in ipairs(stale) do
  redis.call('UNLINK', P .. 'E' .. run)
  if redis.call('EXISTS', P .. 'R' .. run) == 1 then redis.call('HSET', P .. 'R' .. run, 'expired', 1) end
  redis.call('ZREM', P .. 'X', run)
end
return #stale
"""
)
