-- The include arrows: lua5.4 layers.lua SOURCE_ROOT. Prints TAP.
-- A layer may include itself and what is listed for it, so a cycle cannot be written.
local root = arg[1]
package.path = root .. "/tests/lint/?.lua"
local source = require "source"

local base = { "host/base/", "host/plugin_api.h" }

local function on(...)
  local list = { ... }
  table.move(base, 1, #base, #list + 1, list)
  return list
end

-- First match wins. `folders` the layer may include, besides itself.
local layers = {
  { "host/base/", {} },
  { "host/plugin_api.h", { "host/base/" } },
  { "host/net/", on() },
  { "host/audit/", on() },
  { "host/store/", on() },
  { "host/commit/", on("host/audit/", "host/store/", "host/net/loop.h") },
  { "host/lint/", on() },
  { "host/script/", on("host/plugins.", "host/commit/", "host/store/", "host/net/") },
  { "host/plugins.", on("host/script/", "host/commit/", "host/net/") },
  { "host/trigger/", on("host/commit/", "host/net/") },
  { "host/admin/", on("host/store/", "host/commit/", "host/net/") },
  { "host/cli/", { "host/" } },
  { "plugin/aws/", on() },
  { "plugin/local/language/", { "host/base/" } },
  { "plugin/local/core/", { "host/base/", "plugin/local/language/" } },
  { "plugin/local/shell/", on("plugin/aws/", "plugin/sfn/ops.h", "plugin/local/local.h",
      "plugin/local/core/engine.h", "plugin/local/core/jsonw.h") },
  { "plugin/local/", on() },
  { "plugin/sfn/", on("plugin/aws/", "plugin/local/local.h") },
  { "plugin/http/", on() },
  { "plugin/sns/", on("plugin/aws/") },
}

-- Who may see a system library. A header that is not listed is everybody's.
local rooms = {
  { "^lua", { "host/script/" } },
  { "^lauxlib%.h$", { "host/script/" } },
  { "^curl/", { "host/net/" } },
  { "^event2/", { "host/net/" } },
  { "^http_parser%.h$", { "host/net/" } },
  { "^openssl/", { "host/base/", "host/net/", "plugin/aws/" } },
  { "^sqlite3%.h$", { "host/store/", "plugin/local/shell/" } },
  { "^cjson/", { "host/base/" } },
  { "^dlfcn%.h$", { "host/plugins." } },
}

local function starts(path, prefix)
  return path:sub(1, #prefix) == prefix
end

local function layer_of(path)
  for _, layer in ipairs(layers) do
    if starts(path, layer[1]) then return layer end
  end
end

local function exists(path)
  local file = io.open(root .. "/" .. path)
  return file and file:close()
end

local function resolve(from, include)
  for _, folder in ipairs { from:match("^(.*/)"), "host/", "plugin/" } do
    if exists(folder .. include) then return folder .. include end
  end
end

local function may_include(from, to)
  local layer = layer_of(from)
  if starts(to, layer[1]) then return true end
  for _, prefix in ipairs(layer[2]) do
    if starts(to, prefix) then return true end
  end
  return false
end

local function may_see(from, header)
  for _, room in ipairs(rooms) do
    if header:match(room[1]) then
      for _, prefix in ipairs(room[2]) do
        if starts(from, prefix) then return true end
      end
      return false
    end
  end
  return true
end

local arrows, libraries, homes = {}, {}, {}

local function add(list, ...)
  list[#list + 1] = string.format(...)
end

local function check_file(path)
  if not layer_of(path) then
    add(homes, "%s: belongs to no layer; add its folder to tests/lint/layers.lua", path)
    return
  end
  source.each_line(source.read(root, path), function(n, line)
    local own = line:match('^%s*#%s*include%s+"([^"]+)"')
    local system = line:match("^%s*#%s*include%s+<([^>]+)>")
    local to = own and resolve(path, own)
    if own and not to then
      add(arrows, "%s:%d: \"%s\" is in none of the include folders", path, n, own)
    elseif to and not may_include(path, to) then
      add(arrows, "%s:%d: may not include %s", path, n, to)
    end
    if system and not may_see(path, system) then
      add(libraries, "%s:%d: may not include <%s>", path, n, system)
    end
  end)
end

for _, path in ipairs(source.files(root, { "host", "plugin" }, "*.[ch]")) do check_file(path) end

local tap = source.tap()
tap:check("every source file belongs to a layer", homes)
tap:check("includes point down only", arrows)
tap:check("each library is seen by its own room alone", libraries)
tap:finish()
