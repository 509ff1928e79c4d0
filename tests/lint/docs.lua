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
tap:check("links in the documents lead somewhere", links)
tap:finish()
