local formatted, count, turn = {}, 0, 0

function init(args)
  for body in io.lines(file) do
    count = count + 1
    formatted[count] = wrk.format("POST", path, headers, body)
  end
end

function request()
  turn = turn % count + 1
  return formatted[turn]
end
