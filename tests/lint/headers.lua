-- Every header compiles alone, and twice: lua5.4 headers.lua SOURCE_ROOT COMPILER [FLAG ...].
-- Prints TAP.
local root = arg[1]
package.path = root .. "/tests/lint/?.lua"
local source = require "source"

local flags = table.concat({ table.unpack(arg, 2) }, " ")
local compile = "printf '#include \"%s\"\\n#include \"%s\"\\n' | " .. flags ..
  " -std=c11 -D_GNU_SOURCE -Wall -Wextra -Wpedantic -Werror -fsyntax-only -x c" ..
  " -I '" .. root .. "/host' -I '" .. root .. "/plugin' - 2>&1"

local tap = source.tap()
for _, path in ipairs(source.files(root, { "host", "plugin" }, "*.h")) do
  local full = root .. "/" .. path
  local said, well = source.command(compile:format(full, full))
  tap:check(path .. " compiles alone", well and {} or said)
end
tap:finish()
