-- Sizes and banned functions: lua5.4 functions.lua SOURCE_ROOT. Prints TAP.
local root = arg[1]
package.path = root .. "/tests/lint/?.lua"
local source = require "source"

local MAX_FILE, MAX_FUNCTION = 600, 70

-- name -> what to use instead. `except` lists the folders where it has its one rightful place.
local banned = {
  assert = { "INVARIANT for our own bugs, an error for everything else" },
  atoi = { "a checked reader from host/base" },
  sprintf = { "struct buf or snprintf" },
  strcpy = { "struct buf" },
  strtok = { "struct bytes" },
  gets = { "struct buf" },
  scanf = { "a checked reader from host/base" },
  alloca = { "an array or struct buf" },
  system = { "posix_spawn" },
  popen = { "posix_spawn" },
  localtime = { "base/clock.h" },
  gmtime = { "base/clock.h" },
  mktime = { "base/clock.h" },
  exit = { "an error the caller can see", except = { "host/cli/", "tests/" } },
  getenv = { "host_api.env, or the cli", except = { "host/cli/", "tests/" } },
  strtol = { "a checked reader from host/base", except = { "host/base/" } },
  sleep = { "a timer, or waiting for the thing itself" },
  cJSON_Parse = { "base/json.h" },
  cJSON_Print = { "base/json.h" },
}

-- Others of the same family follow the rule of the first.
local family = {
  atof = "atoi", atol = "atoi", atoll = "atoi",
  vsprintf = "sprintf",
  strcat = "strcpy", strncat = "strcpy", strncpy = "strcpy", stpcpy = "strcpy",
  strtok_r = "strtok",
  sscanf = "scanf", fscanf = "scanf", vscanf = "scanf", vsscanf = "scanf", vfscanf = "scanf",
  localtime_r = "localtime", gmtime_r = "gmtime",
  secure_getenv = "getenv",
  strtoul = "strtol", strtoll = "strtol", strtoull = "strtol", strtoimax = "strtol",
  strtoumax = "strtol", strtod = "strtol", strtof = "strtol", strtold = "strtol",
  usleep = "sleep", nanosleep = "sleep",
  cJSON_ParseWithLength = "cJSON_Parse", cJSON_ParseWithOpts = "cJSON_Parse",
  cJSON_ParseWithLengthOpts = "cJSON_Parse",
  cJSON_PrintUnformatted = "cJSON_Print", cJSON_PrintBuffered = "cJSON_Print",
  cJSON_PrintPreallocated = "cJSON_Print",
}

local function rule_of(name)
  return banned[name] or banned[family[name]]
end

local function excepted(rule, path)
  for _, prefix in ipairs(rule.except or {}) do
    if path:sub(1, #prefix) == prefix then return true end
  end
  return false
end

local long_files, long_functions, calls, unfinished, names = {}, {}, {}, {}, {}

local function add(list, ...)
  list[#list + 1] = string.format(...)
end

-- Linux braces: a function's body is from a "{" to a "}" in the first column.
local function check_code(path, code)
  local head, start
  local total = source.each_line(code, function(n, line)
    if line:match("^[%a_]") then head = line:match("([%w_]+)%s*%(") or head end
    if line:match("^{") then start = n end
    if start and line:match("^}") then
      local length = n - start + 1
      if length > MAX_FUNCTION then
        add(long_functions, "%s:%d: %s has %d lines, the limit is %d", path, start,
          head or "a function", length, MAX_FUNCTION)
      end
      start = nil
    end
    for before, name in line:gmatch("()([%a_][%w_]*)%s*%(") do
      local rule = rule_of(name)
      local member = line:sub(1, before - 1):match("[.>]%s*$")
      if rule and not member and not excepted(rule, path) then
        add(calls, "%s:%d: %s is banned; use %s", path, n, name, rule[1])
      end
    end
  end)
  if total > MAX_FILE then
    add(long_files, "%s: %d lines, the limit is %d", path, total, MAX_FILE)
  end
end

local words = { "TO" .. "DO", "FIX" .. "ME", "XX" .. "X", "HA" .. "CK" }

local function check_words(path, text)
  source.each_line(text, function(n, line)
    for _, word in ipairs(words) do
      if line:find("%f[%w]" .. word .. "%f[%W]") then
        add(unfinished, "%s:%d: %s: finish it, or say what is so on purpose", path, n, word)
      end
    end
  end)
end

local dumps = { util = true, utils = true, misc = true, common = true, helpers = true }

local everywhere = { "host", "plugin", "tests", "lua", "scripts" }
for _, path in ipairs(source.files(root, { "host", "plugin", "tests" }, "*.[ch]")) do
  local text = source.read(root, path)
  check_code(path, source.code(text))
  check_words(path, text)
end
for _, pattern in ipairs { "*.lua", "*.py", "*.sh", "meson.build", "*.md" } do
  for _, path in ipairs(source.files(root, everywhere, pattern)) do
    local text = source.read(root, path)
    check_words(path, text)
    local total = source.each_line(text, function() end)
    if total > MAX_FILE then
      add(long_files, "%s: %d lines, the limit is %d", path, total, MAX_FILE)
    end
  end
end
for _, path in ipairs(source.files(root, everywhere, "*.*")) do
  local name = path:match("([^/.]+)%.[^/]*$")
  if name and dumps[name] then
    add(names, "%s: a file is one noun; say which", path)
  end
end

local tap = source.tap()
tap:check(("no file is longer than %d lines"):format(MAX_FILE), long_files)
tap:check(("no function is longer than %d lines"):format(MAX_FUNCTION), long_functions)
tap:check("no banned function is called", calls)
tap:check("nothing is marked as unfinished", unfinished)
tap:check("every file is named after what it holds", names)
tap:finish()
