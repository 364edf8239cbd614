-- One string holds all tokens and each request cuts its own: LuaJIT hashes only a few bytes of a long string, so a
-- million whole requests that differ in the middle would fall into one bucket of its string table.
-- The stride, a prime, visits every token once a round but never two neighbours, which would favour the server's
-- caches; the start differs, for a short run sends only a part of a million.
local tokens, length, count, turn = "", 0, 0, 0
local STRIDE = 611953
local before, after

function init(args)
  local input = assert(io.open(file, "rb"))
  tokens = input:read("*a")
  input:close()
  length = assert(tokens:find("\n", 1, true), "tokens stand one a line")
  count = math.floor(#tokens / length)
  math.randomseed(os.time())
  turn = math.random(count) - 1
  local mark = ("~"):rep(length - 1)
  local body = template:gsub("{token}", mark)
  local whole = wrk.format("POST", path, headers, body)
  local from, to = whole:find(mark, 1, true)
  before, after = whole:sub(1, from - 1), whole:sub(to + 1)
end

function request()
  local at = turn * length
  turn = (turn + STRIDE) % count
  return before .. tokens:sub(at + 1, at + length - 1) .. after
end
