-- Shell and Lua files parse, and shellcheck agrees where it is installed:
-- lua5.4 scripts.lua SOURCE_ROOT. Prints TAP.
local root = arg[1]
package.path = root .. "/tests/lint/?.lua"
local source = require "source"

local folders = { "lua", "scripts", "tests", ".ci" }
local tap = source.tap()

local lua_problems = {}
for _, path in ipairs(source.files(root, folders, "*.lua")) do
  local chunk, message = loadfile(root .. "/" .. path, "t")
  if not chunk then lua_problems[#lua_problems + 1] = message end
end
tap:check("every Lua file parses", lua_problems)

local shell, shell_problems, unexecutable = {}, {}, {}
for _, path in ipairs(source.files(root, folders, "*")) do
  local first = source.read(root, path):sub(1, 80)
  if first:match("^#!%S*/bash") or first:match("^#!%S*/sh") or first:match("^#!/usr/bin/env bash") or
    path:match("%.sh$") then
    shell[#shell + 1] = path
    local said, well = source.command(("bash -n '%s/%s' 2>&1"):format(root, path))
    if not well then table.move(said, 1, #said, #shell_problems + 1, shell_problems) end
  end
  if first:match("^#!") then
    local _, executable = source.command(("test -x '%s/%s'"):format(root, path))
    if not executable then unexecutable[#unexecutable + 1] = path .. ": chmod +x" end
  end
end
tap:check("every shell script parses", shell_problems)
tap:check("what starts with #! can be run", unexecutable)

local name = "shellcheck has nothing to say"
local _, found = source.command("shellcheck --version 2>/dev/null")
if found then
  local said, well = source.command(("cd '%s' && shellcheck -x -P SCRIPTDIR -f gcc %s 2>&1")
    :format(root, table.concat(shell, " ")))
  tap:check(name, well and {} or said)
else
  tap:skip(name, "shellcheck is not installed")
end
tap:finish()
