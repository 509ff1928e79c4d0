-- The C sources are as .clang-format says: lua5.4 format.lua SOURCE_ROOT. Prints TAP.
local root = arg[1]
package.path = root .. "/tests/lint/?.lua"
local source = require "source"

local name = "C sources are formatted"
local tap = source.tap()
local version, found = source.command("clang-format --version 2>/dev/null")
if not found then
  tap:skip(name, "clang-format is not installed")
elseif not version[1]:find("version 14.", 1, true) then
  tap:skip(name, "the layout is defined by clang-format 14, this is " .. version[1])
else
  local files = source.files(root, { "host", "plugin", "tests" }, "*.[ch]")
  local said, well = source.command(("cd '%s' && clang-format --dry-run -Werror %s 2>&1")
    :format(root, table.concat(files, " ")))
  local problems = {}
  for _, line in ipairs(well and {} or said) do
    local place = line:match("^(%S+:%d+):%d+: error:")
    if place then problems[#problems + 1] = place .. ": run clang-format -i on this file" end
  end
  if not well and #problems == 0 then problems = said end
  tap:check(name, problems)
end
tap:finish()
