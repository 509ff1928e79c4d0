-- The program and its plugins link what they may, and a plugin shows one symbol:
-- lua5.4 links.lua SOURCE_ROOT PROGRAM PLUGIN... Prints TAP.
local root, program, plugins = arg[1], arg[2], { table.unpack(arg, 3) }
package.path = root .. "/tests/lint/?.lua"
local source = require "source"

-- Anything else is an optional feature, with its reason in the README.
local allowed = {
  "^liblua5%.4", "^libcurl", "^libcjson", "^libcrypto", "^libssl", "^libevent", "^libsqlite3",
  "^libhttp_parser", "^libc%.", "^libm%.", "^libpthread%.", "^libdl%.", "^librt%.", "^libgcc_s%.",
  "^ld%-linux",
  "^libz%.", -- optional: gzip files of S3 Inventory
  "^libseccomp%.", -- optional: the system calls that serve refuses itself
}

-- Lua is the program's alone, and so are the network and its loop.
local plugin_needs_not = { "^liblua", "^libcurl", "^libevent", "^libhttp_parser" }

local function matches(name, patterns)
  for _, pattern in ipairs(patterns) do
    if name:match(pattern) then return true end
  end
  return false
end

local function needed(file)
  local names = {}
  for _, line in ipairs((source.command(("readelf -d '%s'"):format(file)))) do
    local name = line:match("%(NEEDED%).*%[(.-)%]")
    if name then names[#names + 1] = name end
  end
  return names
end

local function wrong(file, is_wrong)
  local names, bad = needed(file), {}
  for _, name in ipairs(names) do
    if is_wrong(name) then bad[#bad + 1] = ("%s links %s"):format(file, name) end
  end
  if #names == 0 then bad[1] = file .. ": readelf shows no library at all" end
  return bad
end

local function exported(file)
  local names = {}
  for _, line in ipairs((source.command(("nm -D --defined-only '%s'"):format(file)))) do
    names[#names + 1] = line:match("(%S+)$")
  end
  return names
end

local function name_of(file)
  return file:match("[^/]+$")
end

local tap = source.tap()
for _, file in ipairs { program, table.unpack(plugins) } do
  tap:check(name_of(file) .. " links nothing but its libraries",
    wrong(file, function(library) return not matches(library, allowed) end))
end
for _, plugin in ipairs(plugins) do
  tap:check(name_of(plugin) .. " leaves Lua and the network to the host",
    wrong(plugin, function(library) return matches(library, plugin_needs_not) end))
  local symbols = exported(plugin)
  tap:check(name_of(plugin) .. " shows one symbol, runbook_plugin",
    #symbols == 1 and symbols[1] == "runbook_plugin" and {} or { table.concat(symbols, " ") })
end
tap:finish()
