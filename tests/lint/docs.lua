-- Every folder says in one screen what lives in it: lua5.4 docs.lua SOURCE_ROOT. Prints TAP.
local root = arg[1]
package.path = root .. "/tests/lint/?.lua"
local source = require "source"

local MAX_LINES = 70
-- Folders without sources of their own, whose README stands above.
local covered = { ["tests/fuzz/corpus"] = true, ["scripts/orders"] = true }

local folders = {}
for _, pattern in ipairs { "*.c", "*.h", "*.lua", "*.py" } do
  for _, path in ipairs(source.files(root, { "host", "plugin", "lua", "scripts", "tests" }, pattern)) do
    folders[path:match("^(.*)/")] = true
  end
end

local function lines_in(path)
  local file = io.open(root .. "/" .. path)
  if not file then return nil end
  local n = 0
  for _ in file:lines() do n = n + 1 end
  file:close()
  return n
end

local missing, long = {}, {}
for folder in pairs(folders) do
  local path = folder .. "/README.md"
  local lines = lines_in(path)
  if not lines and not covered[folder] then
    missing[#missing + 1] = path .. " is missing: what lives here, what may include what, the life of one request"
  elseif lines and lines > MAX_LINES and folder ~= "lua" then
    long[#long + 1] = ("%s has %d lines; one screen is %d"):format(path, lines, MAX_LINES)
  end
end
table.sort(missing)
table.sort(long)

-- In these folders a README that speaks of files names them all: `gate`, `gate.c` and `ga*.*` each name gate.c
-- and gate.h. What ends in _private is of the files beside it.
local listing = { "^host/", "^plugin/", "^tests/integration$", "^tests/crash$", "^tests/bench$", "^tests/lint$" }

local function lists_its_files(folder)
  for _, pattern in ipairs(listing) do
    if folder:match(pattern) then return true end
  end
end

local function names_in(folder)
  local names = {}
  for _, path in ipairs(source.files(root, { folder }, "*.md")) do
    if path:match("^(.*)/") == folder then
      for name in source.read(root, path):gmatch("`([%w_*]+)%.?[%w*]*`") do
        names[#names + 1] = "^" .. name:gsub("%*", ".*") .. "$"
      end
    end
  end
  return names
end

local function is_named(names, stem)
  for _, pattern in ipairs(names) do
    if stem:match(pattern) then return true end
  end
end

local unnamed = {}
for folder in pairs(folders) do
  local names = lists_its_files(folder) and names_in(folder) or {}
  for _, pattern in ipairs(#names > 0 and { "*.c", "*.h", "*.py", "*.lua" } or {}) do
    for _, path in ipairs(source.files(root, { folder }, pattern)) do
      local own, stem = path:match("^(.*)/([^/]+)%.%w+$")
      if own == folder and not stem:match("_private$") and not is_named(names, stem) then
        unnamed[#unnamed + 1] = ("%s is not named in %s/README.md"):format(path, folder)
      end
    end
  end
end
table.sort(unnamed)

local links = {}
for _, path in ipairs(source.files(root, { "README.md", "host", "plugin", "lua", "scripts", "tests" }, "*.md")) do
  local folder = path:match("^(.*/)") or ""
  for target in source.read(root, path):gmatch("%]%(([^)#]+)") do
    if not target:match("^%a+:") then
      local file = io.open(root .. "/" .. folder .. target)
      if file then file:close() else links[#links + 1] = ("%s: %s is not there"):format(path, target) end
    end
  end
end

local tap = source.tap()
tap:check("every folder has its README", missing)
tap:check("a README is one screen", long)
tap:check("a README names the files of its folder", unnamed)
tap:check("links in the documents lead somewhere", links)
tap:finish()
