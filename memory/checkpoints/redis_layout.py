"""How a thread's checkpoints lie in Redis: two keys for each thread, and the scripts that read and write them.

    multidb:cp{tTHREAD}:i   ZSET of names, all of score 0, so that they lie in lexical order
    multidb:cp{tTHREAD}:d   HASH of name -> content; `f` is the largest lease token that was seen

    c NS ID                 a checkpoint: [parent, checkpoint, metadata, names of its channels' values]   (in both keys)
    b NS CHANNEL VERSION    a channel's value, shared by all checkpoints that hold this version           (HASH only)
    w NS ID TASK            a task's writes to a checkpoint: [index, write, index, write, ...]            (in both keys)

The braces make a thread's keys one slot of a cluster. Each script is one atomic step of the server.
"""

from __future__ import annotations

from memory.redis_names import encoded

_QUOTED = str.maketrans({"%": "%25", "{": "%7B", "}": "%7D"})
SCAN_PATTERN = b"multidb:cp{t*}:i"


def keys_of(thread_id: str) -> list[bytes]:
    """Return the thread's index and its contents."""
    stem = b"multidb:cp{t" + encoded(thread_id.translate(_QUOTED)) + b"}"
    return [stem + b":i", stem + b":d"]


def thread_of(index_key: bytes) -> str:
    """Return the thread of an index key."""
    quoted = index_key.removeprefix(b"multidb:cp{t").removesuffix(b"}:i").decode(errors="surrogatepass")
    return quoted.replace("%7D", "}").replace("%7B", "{").replace("%25", "%")


# KEYS: index, contents. ARGV[1] is the caller's lease token, "" for none.
_FENCE = """
local index, contents, token = KEYS[1], KEYS[2], ARGV[1]
if token ~= '' then
  local seen = redis.call('HGET', contents, 'f')
  if seen and tonumber(seen) > tonumber(token) then
    return redis.error_reply('LEASELOST a younger lease was seen')
  end
  if seen ~= token then redis.call('HSET', contents, 'f', token) end
end
"""

# ARGV: token, seconds to live, name, parent, checkpoint, metadata, then (name, '1', value) for each channel's new
# value and (name, '0', '') for each one kept. A kept value that was never stored is not named: nobody could read it.
PUT = (
    _FENCE
    + """
local header = {ARGV[4], ARGV[5], ARGV[6]}
for at = 7, #ARGV, 3 do
  if ARGV[at + 1] == '1' then redis.call('HSET', contents, ARGV[at], ARGV[at + 2]) end
  if ARGV[at + 1] == '1' or redis.call('HEXISTS', contents, ARGV[at]) == 1 then header[#header + 1] = ARGV[at] end
end
redis.call('HSET', contents, ARGV[3], cmsgpack.pack(header))
redis.call('ZADD', index, 0, ARGV[3])
redis.call('EXPIRE', index, ARGV[2])
redis.call('EXPIRE', contents, ARGV[2])
"""
)

# ARGV: token, seconds to live, name, then (index, write). An index from 0 keeps its first write, one below its last.
PUT_WRITES = (
    _FENCE
    + """
local held = redis.call('HGET', contents, ARGV[3])
local writes = held and cmsgpack.unpack(held) or {}
local places = {}
for at = 1, #writes, 2 do places[writes[at]] = at end
for at = 4, #ARGV, 2 do
  local place = places[ARGV[at]]
  if not place then
    place = #writes + 1
    places[ARGV[at]] = place
    writes[place], writes[place + 1] = ARGV[at], ARGV[at + 1]
  elseif tonumber(ARGV[at]) < 0 then
    writes[place + 1] = ARGV[at + 1]
  end
end
redis.call('HSET', contents, ARGV[3], cmsgpack.pack(writes))
redis.call('ZADD', index, 0, ARGV[3])
redis.call('EXPIRE', index, ARGV[2])
redis.call('EXPIRE', contents, ARGV[2])
"""
)

# ARGV: token, seconds a bare fence lives, start of the namespace's names, the rest of one name ('' for the newest).
# Answers nothing, or name, header, (name, value) of the channels, (name, writes) of the tasks.
GET = (
    _FENCE
    + """
if token ~= '' and redis.call('TTL', contents) == -1 then redis.call('EXPIRE', contents, ARGV[2]) end
local name = ARGV[3] .. ARGV[4]
if ARGV[4] == '' then
  name = redis.call('ZREVRANGEBYLEX', index, '(' .. ARGV[3] .. '\\255', '[' .. ARGV[3], 'LIMIT', 0, 1)[1]
end
if not name or not redis.call('ZSCORE', index, name) then return {} end
local packed = redis.call('HGET', contents, name)
if not packed then return {name, {}} end
local header, values, writes = cmsgpack.unpack(packed), {}, {}
for at = 4, #header do
  values[#values + 1] = header[at]
  values[#values + 1] = redis.call('HGET', contents, header[at])
end
local start = 'w' .. string.sub(name, 2)
for _, task in ipairs(redis.call('ZRANGEBYLEX', index, '[' .. start, '(' .. start .. '\\255')) do
  writes[#writes + 1] = task
  writes[#writes + 1] = cmsgpack.unpack(redis.call('HGET', contents, task))
end
return {name, {header[1], header[2], header[3]}, values, writes}
"""
)

# ARGV: seconds the fence lives on, so that an older lease's late write cannot bring anything back.
DELETE = """
local seen = redis.call('HGET', KEYS[2], 'f')
redis.call('UNLINK', KEYS[1], KEYS[2])
if seen then
  redis.call('HSET', KEYS[2], 'f', seen)
  redis.call('EXPIRE', KEYS[2], ARGV[1])
end
"""

# ARGV: names of checkpoints. Their writes go too, and the values that no other checkpoint holds.
DROP = """
local index, contents = KEYS[1], KEYS[2]
local function forget(name)
  redis.call('ZREM', index, name)
  redis.call('HDEL', contents, name)
end
for _, name in ipairs(ARGV) do
  forget(name)
  local start = 'w' .. string.sub(name, 2)
  for _, task in ipairs(redis.call('ZRANGEBYLEX', index, '[' .. start, '(' .. start .. '\\255')) do forget(task) end
end
local held = {}
for _, name in ipairs(redis.call('ZRANGEBYLEX', index, '[c', '(d')) do
  local header = cmsgpack.unpack(redis.call('HGET', contents, name))
  for at = 4, #header do held[header[at]] = true end
end
for _, name in ipairs(redis.call('HKEYS', contents)) do
  if string.sub(name, 1, 1) == 'b' and not held[name] then redis.call('HDEL', contents, name) end
end
"""
