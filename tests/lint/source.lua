-- What the lint programs share: listing the project's files, reading C without its comments and
-- strings, and printing TAP.
local source = {}

local function lines_of(command)
  local pipe = assert(io.popen(command))
  local lines = {}
  for line in pipe:lines() do lines[#lines + 1] = line end
  return lines, pipe:close()
end

-- Paths below the folders `where` (a list) whose names match the shell pattern, sorted.
function source.files(root, where, pattern)
  local present = {}
  for _, folder in ipairs(where) do
    if io.open(root .. "/" .. folder) then present[#present + 1] = folder end
  end
  if #present == 0 then return {} end
  local found = lines_of(("cd '%s' && find %s -type f -name '%s'")
    :format(root, table.concat(present, " "), pattern))
  table.sort(found)
  return found
end

function source.command(command)
  return lines_of(command)
end

function source.read(root, path)
  local file = assert(io.open(root .. "/" .. path, "rb"))
  local text = file:read("a")
  file:close()
  return text
end

local function blank(text)
  return (text:gsub("[^\n]", " "))
end

-- C text with every comment, string and character literal blanked out; lines keep their numbers
-- and columns. #include lines keep their file name.
function source.code(text)
  local out, at = {}, 1
  while true do
    local start = text:find("[/\"'#]", at)
    if not start then break end
    out[#out + 1] = text:sub(at, start - 1)
    local two, stop = text:sub(start, start + 1), nil
    if two == "/*" then
      stop = select(2, text:find("*/", start + 2, true)) or #text
      out[#out + 1] = blank(text:sub(start, stop))
    elseif two == "//" then
      stop = (text:find("\n", start, true) or #text + 1) - 1
      out[#out + 1] = blank(text:sub(start, stop))
    elseif two:sub(1, 1) == "#" then
      stop = text:match("^#%s*include[^\n]*()", start)
      stop = stop and stop - 1 or start
      out[#out + 1] = text:sub(start, stop)
    elseif two:sub(1, 1) == "/" then
      stop = start
      out[#out + 1] = "/"
    else
      local quote = two:sub(1, 1)
      stop = start + 1
      while stop <= #text and text:sub(stop, stop) ~= quote do
        stop = stop + (text:sub(stop, stop) == "\\" and 2 or 1)
      end
      out[#out + 1] = quote .. blank(text:sub(start + 1, stop - 1)) .. quote
    end
    at = stop + 1
  end
  out[#out + 1] = text:sub(at)
  return table.concat(out)
end

-- Call fn(number, line) for each line of text.
function source.each_line(text, fn)
  local n = 0
  for line in (text:sub(-1) == "\n" and text or text .. "\n"):gmatch("(.-)\n") do
    n = n + 1
    fn(n, line)
  end
  return n
end

-- Collects named checks, prints them as TAP, ends the program.
function source.tap()
  local tap = { results = {} }

  function tap:check(name, problems)
    self.results[#self.results + 1] = { name = name, problems = problems }
  end

  function tap:skip(name, why)
    self.results[#self.results + 1] = { name = name, problems = {}, skip = why }
  end

  function tap:finish()
    print("TAP version 13")
    print("1.." .. #self.results)
    local all_well = true
    for i, result in ipairs(self.results) do
      for _, problem in ipairs(result.problems) do print("# " .. problem) end
      local well = #result.problems == 0
      all_well = all_well and well
      print(("%s %d - %s%s"):format(well and "ok" or "not ok", i, result.name,
        result.skip and " # SKIP " .. result.skip or ""))
    end
    os.exit(all_well)
  end

  return tap
end

return source
