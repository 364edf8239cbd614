-- Whole requests without a body, formatted once; the template is the name of the header that holds the token.
local formatted, count, turn = {}, 0, 0

function init(args)
  headers["Content-Type"] = nil
  for token in io.lines(file) do
    headers[template] = token
    count = count + 1
    formatted[count] = wrk.format("GET", path, headers)
  end
end

function request()
  turn = turn % count + 1
  return formatted[turn]
end
