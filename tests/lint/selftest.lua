-- The linters find what they are for: lua5.4 selftest.lua SOURCE_ROOT SCRATCH_FOLDER. Prints TAP.
-- Each case is a small tree with one fault; the linter must fail and name it.
local root, scratch = arg[1], arg[2]
package.path = root .. "/tests/lint/?.lua"
local source = require "source"

local long_body = ("\tx++;\n"):rep(69)

local cases = {
  { "layers", "host/base/a.c", '#include "net/b.h"\n', "may not include host/net/b.h" },
  { "layers", "host/base/a.c", '#include "missing.h"\n', "none of the include folders" },
  { "layers", "host/net/a.c", "#include <lua.h>\n", "may not include <lua.h>" },
  { "layers", "plugin/sfn/a.c", "#include <curl/curl.h>\n", "may not include <curl/curl.h>" },
  { "layers", "host/odd/a.c", "int x;\n", "belongs to no layer" },
  { "functions", "host/net/a.c", "void f(void)\n{\n\tstrcpy(a, b);\n}\n", "strcpy is banned" },
  { "functions", "host/net/a.c", "void f(void)\n{\n\tsscanf (a, b);\n}\n", "sscanf is banned" },
  { "functions", "host/net/a.c", "void f(void)\n{\n\texit(1);\n}\n", "exit is banned" },
  { "functions", "host/net/a.c", "void f(void)\n{\n" .. long_body .. "}\n", "f has 71 lines" },
  { "functions", "host/net/a.c", ("\n"):rep(601), "601 lines, the limit is 600" },
  { "functions", "host/net/a.c", "/* TO" .. "DO later */\n", "finish it" },
  { "functions", "host/net/util.c", "int x;\n", "a file is one noun" },
  { "docs", "host/net/README.md", "| `a.c` |\n", "host/net/b.h is not named in host/net/README.md" },
  { "docs", "host/net/README.md", ("\n"):rep(71), "71 lines; one screen is 70" },
  { "docs", "host/net/README.md", "[x](y.md)\n", "host/net/README.md: y.md is not there" },
  { "scripts", "lua/a.lua", "local = 1\n", "expected" },
  { "scripts", "scripts/a.sh", "if true; then\n", "syntax error" },
}

-- Text that looks like a fault and is none.
local innocent = [[
/* strcpy(a, b) and "system(" in words */
const char *f(struct s *s)
{
	s->exit(1);
	api.system("x");
	return "strtok(\"a\") // not a comment";
}
]]

local function write(path, text)
  local folder = scratch .. "/" .. path:match("^(.*)/")
  source.command(("mkdir -p '%s'"):format(folder))
  local file = assert(io.open(scratch .. "/" .. path, "w"))
  file:write(text)
  file:close()
end

local function lint(name)
  local said, well = source.command(("cd '%s' && for f in source %s; do cat '%s'/tests/lint/$f.lua" ..
    " > tests/lint/$f.lua; done; '%s' tests/lint/%s.lua '%s' 2>&1")
    :format(scratch, name, root, arg[-1], name, scratch))
  return table.concat(said, "\n"), well
end

local function fresh()
  source.command(("rm -rf '%s' && mkdir -p '%s/tests/lint'"):format(scratch, scratch))
  write("host/net/b.h", "")
end

local tap = source.tap()
for _, case in ipairs(cases) do
  local name, path, text, want = table.unpack(case)
  fresh()
  write(path, text)
  local said, well = lint(name)
  local caught = not well and said:find(want, 1, true)
  tap:check(("%s finds: %s"):format(name, want), caught and {} or { "it said: " .. said:gsub("\n", "\n# ") })
end
fresh()
write("host/net/a.c", innocent)
local said, well = lint("functions")
tap:check("words in comments, strings and members are not calls", well and {} or { (said:gsub("\n", "\n# ")) })
source.command(("rm -rf '%s'"):format(scratch))
tap:finish()
